"""A program that records decisions without end, and tells of each once it may be answered.

    python -m tests.audit.writing URL KEYRING SIGNING_KEY NAME COUNT
    python -m tests.audit.writing URL KEYRING SIGNING_KEY --kill TIMES

Each line of its output is the id of a decision that is recorded. NAME becomes the caller. The
second form starts the first one again and again, each time in a new process, and kills it with
signal 9 at a random moment under load.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from importlib.resources import files
from itertools import count
from pathlib import Path

from rashpath.audit import AuditConfig, Recorded, assemble, open_ledger
from rashpath.audit.errors import StoreError
from rashpath.audit.sortable_id import now_us
from rashpath.guideline import DecisionGraph, load
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from tests.audit.decisions import decided, some_cases

CALLERS = 8
LONGEST_LIFE_S = 0.15
FOREVER = 1 << 40


def write(config: AuditConfig, graph: DecisionGraph, name: str, most: int) -> None:
    """Records with several callers at once."""
    ledger = open_ledger(config)
    cases = some_cases(4)
    numbers = count()

    def call() -> None:
        while (number := next(numbers)) < most:
            request = EvaluateRequest(
                patient_case=cases[number % len(cases)],
                request_id=f"{name}-{number}" if number % 2 else "",
            )
            made = assemble(decided(graph, request, name), ledger.reader.seal, now_us())
            try:
                (outcome,) = ledger.submit([made]).result()
            except StoreError:
                continue
            assert isinstance(outcome, Recorded)
            os.write(sys.stdout.fileno(), f"{outcome.decision_id}\n".encode())

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()


def kill(config: AuditConfig, graph: DecisionGraph, times: int) -> None:
    """Starts a writer and kills it, again and again."""
    dice = random.Random(times)
    for case in some_cases(4):
        decided(graph, EvaluateRequest(patient_case=case))
    for number in range(times):
        before = os.fstat(sys.stdout.fileno()).st_size
        # INVARIANT: this process has no threads and no open store, so that it may fork.
        child = os.fork()
        if not child:
            write(config, graph, f"writer-{number}", FOREVER)
            os._exit(1)
        while os.fstat(sys.stdout.fileno()).st_size == before:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, LONGEST_LIFE_S))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL


def main(url: str, keyring: str, signing_key: str, name: str, number: str) -> None:
    """Writes or kills, as the arguments say."""
    content = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
    graph = load(Path(str(content)))
    config = AuditConfig(
        url,
        keyring_file=Path(keyring),
        signing_key_file=Path(signing_key),
        busy_timeout_s=20.0,
        checkpoint_every=50,
    )
    if name == "--kill":
        kill(config, graph, int(number))
    else:
        write(config, graph, name, int(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
