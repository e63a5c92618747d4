"""Too many, too long: what a busy server does, and that good calls go on meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from rashpath.client import Client, DeadlineExceeded, Overloaded
from rashpath.client.errors import error_of
from rashpath.v1.decision_service_pb2 import BatchEvaluateRequest, EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase, Trend
from tests.conformance.expectations import case_files
from tests.service.ledgers import SPREADING

EVALUATE = "/rashpath.v1.DecisionService/Evaluate"
BATCH = "/rashpath.v1.DecisionService/BatchEvaluate"

Work = Callable[[float], BatchEvaluateRequest]

ONE = EvaluateRequest(patient_case=PatientCase(rash={"trend": Trend.TREND_SPREADING}))


@pytest.fixture(scope="module")
def small(start_server: Callable[..., Any]) -> Any:
    """A server that holds two requests at a time, and a second at most for who sets no deadline."""
    return start_server(concurrent_requests=2, default_deadline_s=0.8)


@pytest.fixture(scope="module")
def long(work_for: Work) -> bytes:
    """A batch of several seconds."""
    return work_for(5).SerializeToString()


def test_a_deadline_ends_the_work(server: Any, client: Client, work_for: Work) -> None:
    """A batch whose time is over is given up, and the server takes the next request at once."""
    with pytest.raises(DeadlineExceeded) as late:
        client.batch_evaluate(work_for(2).requests, timeout_s=0.1)
    assert late.value.reason == "DEADLINE_EXCEEDED"
    started = time.monotonic()
    client.evaluate(PatientCase())
    assert time.monotonic() - started < 1
    ended = [each for each in server.lines() if each.get("method") == "BatchEvaluate"]
    assert ended[-1]["code"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


def test_a_caller_without_deadline_gets_that_of_the_server(small: Any, long: bytes) -> None:
    """Nobody waits for ever by forgetting to say how long; the refusal says that nothing was
    decided."""
    with grpc.insecure_channel(small.address) as channel:
        started = time.monotonic()
        with pytest.raises(grpc.RpcError) as late:
            channel.unary_unary(BATCH)(long)
    assert time.monotonic() - started < 4
    error = error_of(late.value)
    assert (error.code, error.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")


def test_no_deadline_is_longer_than_the_server_allows(
    start_server: Callable[..., Any], work_for: Work
) -> None:
    """A caller who would wait for an hour does not hold the server for one."""
    server = start_server(max_deadline_s=0.3)
    with server.client(timeout_s=3600) as client, pytest.raises(DeadlineExceeded) as late:
        client.batch_evaluate(work_for(5).requests)
    assert "nothing was decided" in late.value.message
    assert server.stop() == 0


def test_too_many_requests_are_refused_and_good_ones_go_on(small: Any, long: bytes) -> None:
    """With both places taken by batches a case is refused with a time to come back; before and
    after, cases are answered."""
    with grpc.insecure_channel(small.address) as channel, small.client() as client:
        client.evaluate(PatientCase())
        batch = channel.unary_unary(BATCH)
        held = [batch.future(long, timeout=5)]
        for _ in range(2):
            client.evaluate(PatientCase())  # one place is still free
        held.append(batch.future(long, timeout=5))
        time.sleep(0.3)  # both are in by now: nothing else was sent
        with pytest.raises(Overloaded) as refusal:
            client.evaluate(PatientCase())
        assert refusal.value.retry_after_s == pytest.approx(0.2)
        assert client.healthy()
        for each in held:
            each.cancel()
        _until_answered(client)


def test_a_flood_is_answered_or_refused_and_never_fails(small: Any) -> None:
    """Of a hundred calls at once, each is answered or told that the server is busy."""
    with grpc.insecure_channel(small.address) as channel:
        method = channel.unary_unary(EVALUATE)
        flood = [method.future(ONE.SerializeToString(), timeout=10) for _ in range(100)]
        codes = Counter(each.code().name for each in flood)
    assert set(codes) <= {"OK", "RESOURCE_EXHAUSTED"}
    assert codes["OK"] >= 1
    with small.client() as client:
        _until_answered(client)


def test_a_batch_does_not_hold_up_single_cases(server: Any, client: Client, work_for: Work) -> None:
    """While a batch is decided, health and single cases are answered in between."""
    data = work_for(1.5).SerializeToString()
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(server.address, options) as channel:
        held = channel.unary_unary(BATCH).future(data, timeout=30)
        between = 0
        while not held.done():
            assert client.healthy(timeout_s=1)
            client.evaluate(PatientCase(), timeout_s=1)
            between += 1
        assert held.code() == grpc.StatusCode.OK
    assert between >= 2


def test_who_verifies_holds_up_nobody(start_server: Callable[..., Any]) -> None:
    """While more verifications run than are worked on at a time, requests with an id are answered;
    a verification whose time is over ends, and the server stops at once."""
    server = start_server(drain_grace_s=60)
    with server.client(timeout_s=60) as client:
        # The more is known, the less there is to compute.
        known = max(case_files(), key=lambda each: len(each.facts)).case
        in_time = True
        for _ in range(40):  # the faster the machine, the more records keep a verification busy
            for _ in range(10):
                client.batch_evaluate([EvaluateRequest(patient_case=known)] * 200)
            in_time = _verified_within(client, 0.4)
            if not in_time:
                break
        assert not in_time
        with ThreadPoolExecutor(8) as pool:

            def give_up() -> str:
                with pytest.raises(DeadlineExceeded) as late, server.client() as own:
                    own.verify_ledger(timeout_s=0.2)
                return late.value.code

            waiting = [pool.submit(give_up) for _ in range(8)]
            for number in range(5):
                client.evaluate(SPREADING, request_id=f"busy/{number}", timeout_s=2)
            assert {each.result() for each in waiting} == {"DEADLINE_EXCEEDED"}
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 6


def _verified_within(client: Client, seconds: float) -> bool:
    try:
        client.verify_ledger(timeout_s=seconds)
    except DeadlineExceeded:
        return False
    return True


def _until_answered(client: Client) -> None:
    end = time.monotonic() + 5
    while True:
        try:
            client.evaluate(PatientCase())
        except Overloaded:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            return
