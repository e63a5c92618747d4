"""Real servers: processes of their own, on free ports of the loopback, with their logs in files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rashpath.client import Client
from rashpath.v1.decision_service_pb2 import BatchEvaluateRequest, EvaluateRequest
from tests.conformance.expectations import case_files

START_S = 30.0
STOP_S = 15.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server process that serves."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def client(self, **options: Any) -> Client:
        """Returns a client of the server that never tries twice."""
        return Client(self.address, **{"retries": 0, "timeout_s": 10.0} | options)

    def lines(self) -> list[dict[str, Any]]:
        """Returns what the server has logged; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal, waits for the end, and returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_S)


Start = Callable[..., RunningServer]


def clean_environment(**variables: str) -> dict[str, str]:
    """Returns this process's environment without any setting but the given ones."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RASHPATH_")}
    return kept | variables


def launch(folder: Path, settings: dict[str, object]) -> RunningServer:
    """Starts a server with the given settings, whose log and ledger lie in a folder.

    Batches are not limited unless a test says so: those that keep a server busy for some seconds
    (`work_for`) are the larger the faster the machine.
    """
    ready = folder / "address"
    given = {"address": "127.0.0.1:0", "ready_file": ready, "drain_grace_s": 5}
    given |= {"max_batch": 100_000}
    given |= {"audit_url": f"sqlite:///{folder}/audit.db"} | settings
    variables = {f"RASHPATH_{name.upper()}": str(value) for name, value in given.items()}
    log = folder / "log.jsonl"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "rashpath.service"],
            env=clean_environment(**variables),
            stderr=stream,
        )
    end = time.monotonic() + START_S
    while not ready.exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.02)
    return RunningServer(ready.read_text().strip(), process, log)


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts servers with the given settings; those that still run are stopped at the end."""
    running: list[RunningServer] = []

    def start(**settings: object) -> RunningServer:
        running.append(launch(tmp_path_factory.mktemp("server"), settings))
        return running[-1]

    yield start
    for server in running:
        if server.process.poll() is None:
            server.process.terminate()
    for server in running:
        server.process.wait(STOP_S)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests that do not stop it, with the settings of `launch`."""
    server = launch(tmp_path_factory.mktemp("server"), {})
    yield server
    server.stop()


@pytest.fixture(scope="session")
def work_for(server: RunningServer) -> Callable[[float], BatchEvaluateRequest]:
    """Makes a batch of cases that keeps a server busy for about so many seconds.

    A case with a few facts takes longer to decide than one with none, and its answer is shorter.
    """
    slow = min(case_files(), key=lambda each: abs(len(each.facts) - 15)).case
    one = EvaluateRequest(patient_case=slow)
    with server.client(timeout_s=60) as client:
        client.batch_evaluate([one] * 5)
        started = time.perf_counter()
        client.batch_evaluate([one] * 20)
        case_s = (time.perf_counter() - started) / 20

    def make(seconds: float) -> BatchEvaluateRequest:
        return BatchEvaluateRequest(requests=[one] * max(4, round(seconds / case_s)))

    return make


@pytest.fixture
def client(server: RunningServer) -> Iterator[Client]:
    """A client of the default server."""
    with server.client() as client:
        yield client


@pytest.fixture(scope="session")
def environment() -> Callable[..., dict[str, str]]:
    """Makes an environment for a process, without any setting but the given ones."""
    return clean_environment
