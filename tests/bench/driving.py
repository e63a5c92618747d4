"""Sets the load generator on servers: requests in bytes, points taken quietly, medians."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from google.protobuf.message import Message

from rashpath.v1.decision_service_pb2 import BatchEvaluateRequest, EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.generator import Load, Result
from tests.bench.guidelines import shipped
from tests.bench.machine import Taken, quietly
from tests.bench.points import Pace
from tests.bench.servers import GENERATOR_CORE, Running
from tests.bench.whole_cases import KINDS, whole_cases

EVALUATE = "/rashpath.v1.DecisionService/Evaluate"
BATCH = "/rashpath.v1.DecisionService/BatchEvaluate"


class BenchError(Exception):
    """A measurement that means nothing: a call failed, or there is no server."""


def evaluate_bodies(cases: Sequence[PatientCase]) -> list[str]:
    """Returns serialised Evaluate requests, in hexadecimal."""
    return [_hex(EvaluateRequest(patient_case=case)) for case in cases]


def batch_bodies(cases: Sequence[PatientCase]) -> list[str]:
    """Returns one serialised batch of the cases."""
    requests = [EvaluateRequest(patient_case=case) for case in cases]
    return [_hex(BatchEvaluateRequest(requests=requests))]


def apply(load: Load) -> Result:
    """Runs the load generator in a process of its own.

    Raises:
        BenchError: it ended with an error, or a call did not come back with OK.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.generator"],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"the load generator failed:\n{done.stderr}")
    result = Result(**json.loads(done.stdout))
    if result.failed:
        raise BenchError(f"calls failed: {result.statuses}")
    return result


def known_bodies(pace: Pace) -> list[str]:
    """Returns Evaluate requests of the shipped guideline in which every fact is known."""
    return evaluate_bodies(whole_cases(shipped(), KINDS[0], pace.cases))


def take(pace: Pace, load: Load, pids: Sequence[int]) -> Taken[Result]:
    """Applies a load, and again where others used the machine.

    Args:
        pace: how often it may be taken again.
        load: the load.
        pids: the processes of all servers that run meanwhile.
    """
    return quietly(lambda: apply(load), retakes=pace.retakes_now(), pids=pids)


def load_of(
    pace: Pace,
    server: Running,
    method: str,
    bodies: list[str],
    *,
    held: bool = True,
    seconds: float | None = None,
) -> Load:
    """Returns a load of the pace's length; `held` puts the generator on a core of its own."""
    return Load(
        server.address,
        method,
        bodies,
        warm_up_s=pace.warm_up_s,
        seconds=pace.window_s if seconds is None else seconds,
        pids=list(server.pids),
        core=GENERATOR_CORE if held else None,
    )


def pids_of(running: dict[int, Running] | dict[str, Running]) -> list[int]:
    """Returns the processes of some servers."""
    return [pid for server in running.values() for pid in server.pids]


def middle(results: Sequence[Result]) -> Result:
    """Returns the result of the median rate."""
    return sorted(results, key=lambda result: result.rate)[len(results) // 2]


def folder(stack: ExitStack) -> Path:
    """Returns a new folder, which is removed when the stack is closed."""
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rashpath-bench-")))


def _hex(message: Message) -> str:
    return message.SerializeToString().hex()
