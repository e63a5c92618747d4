"""Several processes behind one port."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from rashpath.v1.facts_pb2 import PatientCase


@pytest.fixture(scope="module")
def shared(start_server: Callable[..., Any]) -> Any:
    """A server of two workers on a port that the parent found."""
    return start_server(workers=2)


def pids(server: Any) -> list[int]:
    """Returns the processes that ever served, parent and workers, in the order of the log."""
    return [
        each["pid"] for each in server.lines() if each["event"].startswith("rashpath serving on")
    ]


def serving(server: Any, count: int) -> list[int]:
    """Waits until that many workers have begun to serve, and returns their processes."""
    end = time.monotonic() + 20
    while True:
        found = [pid for pid in pids(server) if pid != server.process.pid]
        if len(found) >= count:
            return found
        assert time.monotonic() < end
        time.sleep(0.05)


def test_two_workers_share_the_port(shared: Any) -> None:
    """Connections, not calls, are spread: of many, each worker gets some."""
    assert len(serving(shared, 2)) == 2
    before = len(shared.lines())
    for _ in range(40):
        # A channel of its own for every call: grpc would share the connection of like channels.
        options = [("grpc.use_local_subchannel_pool", 1)]
        with shared.client(channel_options=options) as client:
            client.evaluate(PatientCase())
    assert len([each for each in shared.lines()[before:] if each["event"] == "call"]) == 40
    assert {each["worker"] for each in shared.lines()[before:]} == set(serving(shared, 2))


def test_a_worker_that_dies_is_replaced(shared: Any) -> None:
    """The loss of one process is not the loss of the server."""
    first = serving(shared, 2)
    os.kill(first[0], signal.SIGKILL)
    assert len(serving(shared, len(first) + 1)) == len(first) + 1
    with shared.client(retries=3) as client:
        client.evaluate(PatientCase())


def test_a_stop_drains_all_workers(start_server: Callable[..., Any]) -> None:
    """SIGTERM to the parent ends every worker in good order."""
    server = start_server(workers=2)
    workers = serving(server, 2)
    assert server.stop() == 0
    stopped = {each["pid"] for each in server.lines() if each["event"] == "stopped"}
    assert set(workers) <= stopped


def test_no_worker_outlives_its_parent(start_server: Callable[..., Any]) -> None:
    """Even where the parent is killed outright, the port is free soon after."""
    server = start_server(workers=2)
    workers = serving(server, 2)
    server.stop(signal.SIGKILL)
    end = time.monotonic() + 10
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Tells whether a process runs; one that has ended and waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
