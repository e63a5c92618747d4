"""Which calls are sent again, when, and for how long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from rashpath.client import Client, InvalidCase, Overloaded, Unavailable
from rashpath.client.errors import ClientError
from rashpath.client.retry import Retry
from rashpath.v1.decision_service_pb2 import EvaluateResponse
from rashpath.v1.facts_pb2 import PatientCase


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Moves the time on."""
        self.slept.append(seconds)
        self.now += seconds


def run(
    failures: list[ClientError],
    *,
    retries: int = 3,
    timeout_s: float = 10.0,
    jitter: Callable[[], float] = lambda: 1.0,
) -> tuple[Clock, list[float]]:
    """Runs attempts that fail in turn and then succeed; returns clock and times left."""
    clock = Clock()
    left: list[float] = []
    waiting = list(failures)

    def attempt(left_s: float) -> str:
        left.append(left_s)
        if waiting:
            raise waiting.pop(0)
        return "answer"

    retry = Retry(retries, lambda: clock.now, clock.sleep, jitter)
    assert retry.run(attempt, timeout_s) == "answer"
    return clock, left


def lost(retry_after_s: float | None = None) -> Unavailable:
    """Returns a failure that may be tried again."""
    return Unavailable("UNAVAILABLE", "gone", retry_after_s=retry_after_s)


def test_pauses_double_and_stay_within_their_limit() -> None:
    """A server that restarts is not met by a storm."""
    clock, _ = run([lost()] * 7, retries=7, timeout_s=60)
    assert clock.slept == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])


def test_pauses_are_spread() -> None:
    """Clients that lost one server do not come back in one moment."""
    clock, _ = run([lost()] * 2, jitter=lambda: 0.0)
    assert clock.slept == pytest.approx([0.05, 0.1])


def test_a_time_that_the_server_names_is_kept() -> None:
    """Nobody comes back before the server asked for."""
    clock, _ = run([lost(retry_after_s=1.5)])
    assert clock.slept == pytest.approx([1.5])


def test_all_attempts_share_one_deadline() -> None:
    """Pauses and attempts together never take longer than the caller allowed."""
    _, left = run([lost()] * 2, timeout_s=1.0)
    assert left == pytest.approx([1.0, 0.9, 0.7])
    with pytest.raises(Unavailable):
        run([lost(retry_after_s=5)], timeout_s=1.0)


def test_attempts_are_counted() -> None:
    """With the last one failed, its error is raised."""
    with pytest.raises(Unavailable):
        run([lost()] * 4, retries=3)
    with pytest.raises(Unavailable):
        run([lost()], retries=0)


@pytest.mark.parametrize(
    "failure",
    [
        InvalidCase("INVALID_ARGUMENT", "no"),
        Overloaded("RESOURCE_EXHAUSTED", "busy", retry_after_s=0.1),
        ClientError("PERMISSION_DENIED", "no"),
    ],
)
def test_nothing_else_is_tried_again(failure: ClientError) -> None:
    """A faulty case does not get better; a busy server is the caller's to spare."""
    with pytest.raises(type(failure)):
        run([failure])


def test_a_server_that_comes_back_is_found() -> None:
    """Over the wire: the first calls meet nobody, a later attempt meets the server."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    server = grpc.server(ThreadPoolExecutor(1), options=[("grpc.so_reuseport", 0)])
    answers: list[bytes] = []

    def answer(_: bytes, __: grpc.ServicerContext) -> bytes:
        answers.append(EvaluateResponse(decision_id="found").SerializeToString())
        return answers[-1]

    handler = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "rashpath.v1.DecisionService", {"Evaluate": handler}
            ),
        )
    )

    def begin() -> None:
        server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()

    later = threading.Timer(0.4, begin)
    later.start()
    try:
        with Client(f"127.0.0.1:{port}", retries=8, timeout_s=10) as client:
            assert client.evaluate(PatientCase()).decision_id == "found"
    finally:
        later.join()
        server.stop(None).wait()
    assert len(answers) == 1
