"""The load generator counts what really happened: answers, refusals and broken calls."""

from __future__ import annotations

import time
from typing import Any

import grpc
import pytest

from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
    EvaluateResponse,
)
from rashpath.v1.facts_pb2 import PatientCase, Rash, Trend
from tests.bench import http2, servers
from tests.bench.driving import BATCH, EVALUATE, BenchError, apply
from tests.bench.generator import Connection, Load, generate
from tests.bench.http2 import WireError
from tests.bench.machine import cpu_seconds

SPREADING = EvaluateRequest(patient_case=PatientCase(rash=Rash(trend=Trend.TREND_SPREADING)))
NO_CASE = EvaluateRequest()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A running server without audit."""
    with servers.rashpath(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def endpoint():
    """A running raw endpoint."""
    with servers.module("tests.bench.endpoint", "40000") as running:
        yield running


def load(server, *bodies, method=EVALUATE, **options):
    """Returns a short load."""
    short = {"connections": 2, "in_flight": 4, "warm_up_s": 0.0, "seconds": 0.2} | options
    return Load(server.address, method, [body.hex() for body in bodies], **short)


def answer(connection):
    """Waits for the one answer that is under way and returns its message."""
    connection.bodies = {}
    connection.send(1)
    deadline = time.monotonic() + 30
    while connection.in_flight:
        assert time.monotonic() < deadline
        connection.take()
    ((_, body),) = connection.bodies.items()
    return bytes(body)


def test_answers_are_those_of_a_grpc_client(server):
    """What comes back over our own HTTP/2 is the answer that grpc's client gets."""
    request = http2.Request(EVALUATE, server.address, SPREADING.SerializeToString())
    raw = answer(Connection(server.address, [request]))
    assert raw[0] == 0
    assert int.from_bytes(raw[1:5], "big") == len(raw) - 5
    ours = EvaluateResponse.FromString(raw[5:])
    with grpc.insecure_channel(server.address) as channel:
        call: Any = channel.unary_unary(EVALUATE)
        theirs = EvaluateResponse.FromString(call(SPREADING.SerializeToString(), timeout=10))
    ours.decision_id = theirs.decision_id = ""
    assert ours == theirs


def test_a_request_larger_than_every_window_arrives(server):
    """A batch of some hundred KiB goes out in frames, as the server widens its windows."""
    batch = BatchEvaluateRequest(requests=[SPREADING] * 100)
    batch.requests[0].request_id = "x" * 200_000
    body = batch.SerializeToString()
    assert len(body) > http2.FIRST_WINDOW
    raw = answer(Connection(server.address, [http2.Request(BATCH, server.address, body)]))
    results = BatchEvaluateResponse.FromString(raw[5:]).results
    assert [result.WhichOneof("result") for result in results] == ["error", *["response"] * 99]


def test_refused_calls_are_counted_by_their_status(server):
    """INVALID_ARGUMENT is told as such, however fast it comes back."""
    result = generate(load(server, SPREADING.SerializeToString(), NO_CASE.SerializeToString()))
    assert set(result.statuses) == {"0", "3"}
    assert result.failed == result.statuses["3"] > 0


def test_a_failed_call_fails_the_run(server):
    """A benchmark that would time refusals stops instead."""
    with pytest.raises(BenchError, match=r"calls failed: \{'3': \d+\}"):
        apply(load(server, NO_CASE.SerializeToString()))


def test_unknown_methods_are_failures(server):
    """UNIMPLEMENTED comes in the first headers already, and is counted."""
    result = generate(load(server, b"", method="/rashpath.v1.DecisionService/Nothing"))
    assert set(result.statuses) == {"12"}


def test_figures_of_a_load(server):
    """Calls, rate, times and the server's processor time fit together."""
    before = sum(cpu_seconds(pid) for pid in server.pids)
    body = SPREADING.SerializeToString()
    result = generate(load(server, body, seconds=0.5, pids=list(server.pids)))
    spent = sum(cpu_seconds(pid) for pid in server.pids) - before
    assert result.rate == pytest.approx(result.calls / result.seconds)
    assert result.seconds >= 0.5
    assert 0 < result.p50_ms <= result.p99_ms
    assert 0 < result.server_cpu_s <= spent + 0.02
    assert result.response_bytes > 100


def test_the_window_ends_at_the_most_calls(endpoint):
    """A load of so many calls ends when they have come back."""
    result = generate(load(endpoint, b"x", seconds=60, most=500))
    assert 500 <= result.calls < 510
    assert result.seconds < 30


def test_the_window_waits_for_the_least_calls(server):
    """A window is never empty, however slow a call is."""
    batch = BatchEvaluateRequest(requests=[SPREADING] * 50).SerializeToString()
    result = generate(load(server, batch, method=BATCH, seconds=0.001, least=3))
    assert result.calls >= 3


def test_answers_of_many_frames_are_taken_in(endpoint):
    """An answer longer than a frame counts once, with all its bytes."""
    result = generate(load(endpoint, b"x"))
    assert result.statuses.keys() == {"0"}
    assert result.response_bytes == pytest.approx(40_000)


def test_a_server_that_goes_away_is_an_error(tmp_path):
    """Calls that are cut off never pass for answers."""
    with servers.module("tests.bench.endpoint", "10") as endpoint:
        request = http2.Request(EVALUATE, endpoint.address, b"x")
        connection = Connection(endpoint.address, [request])

    def ask() -> None:
        for _ in range(10):
            connection.send(1)
            connection.take()

    with pytest.raises((WireError, OSError)):
        ask()
