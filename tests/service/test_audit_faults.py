"""A ledger that cannot be written, and servers that are killed: no answer without its record."""

from __future__ import annotations

import random
import resource
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from rashpath.client import Overloaded, Unavailable
from rashpath.client.errors import error_of
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase, Rash, Trend
from tests.service.ledgers import EVALUATE, OWN_CHANNEL, database, recorded_ids, verified

SPREADING = PatientCase(rash=Rash(trend=Trend.TREND_SPREADING))
ONE = EvaluateRequest(patient_case=SPREADING).SerializeToString()
RECORDED = ("", "rashpath.v1.DecisionService", "rashpath.v1.AuditService")
ROOM = 36 * 1024
"""Bytes of the largest file on the full disk: enough for the log, too few for any commit."""

STATELESS = "rashpath.v1.GuidelineService"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the write lock of a database, as another process would that hangs."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def soon(holds: Callable[[], bool], seconds: float = 8) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def expect_refused_then_served(server: Any, mend: Callable[[], None]) -> None:
    """Checks a server whose ledger fails now, and again after it was mended.

    Args:
        server: the server.
        mend: lets its ledger be written again.
    """
    with server.client(timeout_s=20) as client:
        with pytest.raises(Unavailable) as refused:
            client.evaluate(SPREADING)
        assert (refused.value.code, refused.value.reason) == ("UNAVAILABLE", "AUDIT_UNAVAILABLE")
        assert refused.value.retry_after_s
        assert str(server.log.parent) not in refused.value.message
        soon(lambda: not client.healthy())
        assert [client.healthy(name) for name in RECORDED] == [False] * 3
        assert client.healthy(STATELESS)
        mend()
        soon(lambda: all(client.healthy(name) for name in RECORDED))
        answer = client.evaluate(SPREADING)
    assert recorded_ids(database(server))[-1] == answer.decision_id
    assert verified(database(server)).sound
    events = [each["event"] for each in server.lines()]
    assert "the ledger cannot be written; decisions are refused" in events
    assert "the ledger can be written again" in events


def test_a_locked_ledger_lets_nothing_be_answered(start_server: Callable[..., Any]) -> None:
    """While another process holds the ledger, decisions are refused and the health says so; then
    the server serves again by itself."""
    server = start_server()
    holding = locked(database(server))
    holding.__enter__()
    expect_refused_then_served(server, lambda: holding.__exit__(None, None, None))
    assert len(recorded_ids(database(server))) == 1


def test_how_long_a_lock_is_waited_for_is_a_setting(start_server: Callable[..., Any]) -> None:
    """A server that is told to wait for a fifth of a second refuses long before the usual five."""
    server = start_server(audit_busy_timeout_s=0.2)
    with server.client(timeout_s=20) as client, locked(database(server)):
        started = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            client.evaluate(SPREADING)
        waited_s = time.monotonic() - started
    assert refused.value.reason == "AUDIT_UNAVAILABLE"
    assert 0.2 <= waited_s < 4


def test_a_full_disk_lets_nothing_be_answered(start_server: Callable[..., Any]) -> None:
    """Where no file can grow any more, decisions are refused until there is room again."""
    server = start_server()
    with server.client() as client:
        first = client.evaluate(SPREADING).decision_id
    pid = server.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, hard))
    with server.client() as client:
        batch = client.batch_evaluate([EvaluateRequest(patient_case=SPREADING)] * 2)
    assert [each.error.code for each in batch.results] == ["UNAVAILABLE"] * 2
    expect_refused_then_served(
        server, lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    )
    ids = recorded_ids(database(server))
    assert ids[0] == first
    assert len(ids) == 2


def test_the_health_stays_away_for_as_long_as_the_disk_is_full(
    start_server: Callable[..., Any],
) -> None:
    """Nobody calls a server that is NOT_SERVING, so no call can show it that the disk is still
    full: it looks by itself, and is not misled by a transaction that needs no room."""
    server = start_server()
    pid = server.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, hard))
    with server.client(timeout_s=20) as client:
        with pytest.raises(Unavailable):
            client.evaluate(SPREADING)
        soon(lambda: not client.healthy())
        end = time.monotonic() + 2.5  # it looks each second
        while time.monotonic() < end:
            assert not client.healthy()
            time.sleep(0.1)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        soon(client.healthy)


def test_a_full_queue_pushes_back(start_server: Callable[..., Any]) -> None:
    """More than the queue takes is refused with the time to wait; what it took is answered once
    the ledger can be written."""
    server = start_server(audit_queue_limit=2)
    with grpc.insecure_channel(server.address, OWN_CHANNEL) as channel:
        method = channel.unary_unary(EVALUATE)
        with locked(database(server)):
            calls = [method.future(ONE, timeout=20) for _ in range(8)]
            soon(lambda: sum(call.done() for call in calls) >= 3)
            time.sleep(0.5)
            refused = [call for call in calls if call.done()]
            errors = [error_of(call.exception()) for call in refused]
        answered = [call.code() for call in calls if call not in refused]
    assert {type(error) for error in errors} == {Overloaded}
    assert {error.reason for error in errors} == {"AUDIT_QUEUE_FULL"}
    assert all(error.retry_after_s for error in errors)
    assert answered == [grpc.StatusCode.OK] * (8 - len(errors))
    assert len(recorded_ids(database(server))) == len(answered)


def test_who_gave_up_is_not_answered_later(start_server: Callable[..., Any]) -> None:
    """A caller whose deadline passed while the ledger was locked may send the request again with
    its id: it is decided once."""
    server = start_server()
    with server.client() as client:
        with locked(database(server)), pytest.raises(Exception, match=r"deadline|in time"):
            client.evaluate(SPREADING, request_id="slow/1", timeout_s=0.5)
        answer = client.evaluate(SPREADING, request_id="slow/1", timeout_s=10)
        assert client.evaluate(SPREADING, request_id="slow/1") == answer
    assert recorded_ids(database(server)) == [answer.decision_id]


@pytest.mark.parametrize("times", [5, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_loses_no_answered_decision(start_server: Callable[..., Any], times: int) -> None:
    """Servers over one ledger, killed under load at random moments, have recorded all that they
    answered."""
    chance = random.Random(times)
    answered: list[str] = []
    kept: Path | None = None
    for _ in range(times):
        settings = {} if kept is None else {"audit_url": f"sqlite:///{kept}"}
        server = start_server(**settings)
        kept = kept or database(server)
        answered += answered_until_killed(server, chance.uniform(0.05, 0.4))
    assert kept is not None
    assert len(answered) > times
    recorded = recorded_ids(kept)
    assert set(answered) <= set(recorded)
    assert max(Counter(recorded).values()) == 1
    found = verified(kept)
    assert list(found.faults) == []
    assert found.sound


def answered_until_killed(server: Any, seconds: float) -> list[str]:
    """Sends requests from four callers, kills the server after some seconds, and returns the ids
    of all decisions that arrived."""
    from rashpath.v1.decision_service_pb2 import EvaluateResponse

    answered: list[str] = []

    def send() -> None:
        with grpc.insecure_channel(server.address, OWN_CHANNEL) as channel:
            method = channel.unary_unary(EVALUATE)
            while True:
                calls = [method.future(ONE, timeout=10) for _ in range(4)]
                for call in calls:
                    if call.code() is not grpc.StatusCode.OK:
                        continue
                    answered.append(EvaluateResponse.FromString(call.result()).decision_id)
                if any(call.code() is not grpc.StatusCode.OK for call in calls):
                    return

    kill_under_load(server, send, 4, answered, seconds)
    return answered


def kill_under_load(
    server: Any, send: Callable[[], None], count: int, answered: list[str], seconds: float
) -> None:
    """Kills a server some seconds after it gave the first answer, and waits for its callers.

    Args:
        server: the server.
        send: what a caller does until it gets no answer any more.
        count: how many callers there are.
        answered: what arrived.
        seconds: after which it is killed.
    """
    callers = [threading.Thread(target=send) for _ in range(count)]
    for caller in callers:
        caller.start()
    soon(lambda: bool(answered))
    time.sleep(seconds)
    server.stop(signal.SIGKILL)
    for caller in callers:
        caller.join(15)
        assert not caller.is_alive()
