"""Batches whose decisions are recorded: each answer with its own record, many records a commit."""

from __future__ import annotations

import itertools
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy import select

from rashpath.audit.tables import HEADS
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
)
from rashpath.v1.errors_pb2 import ErrorReason
from tests.service.ledgers import (
    IMPROVING,
    OWN_CHANNEL,
    SPREADING,
    database,
    reading,
    recorded_ids,
    requests,
    verified,
)
from tests.service.metrics.scraping import until
from tests.service.test_audit_faults import kill_under_load, locked, soon

BATCH = "/rashpath.v1.DecisionService/BatchEvaluate"


def commits(path: Path) -> list[int]:
    """Returns how many records each commit of a ledger of one chain has, the first commit first."""
    with reading(path) as opened, opened.store.read() as connection:
        lengths = connection.execute(select(HEADS.c.length).order_by(HEADS.c.length)).scalars()
        return [after - before for before, after in itertools.pairwise([0, *lengths])]


def test_each_answer_of_a_batch_is_that_of_its_own_record(start_server: Callable[..., Any]) -> None:
    """In several commits, with a faulty case between them: what is recorded under the id of an
    answer is this case and this answer."""
    asked = requests(300)
    asked[130] = EvaluateRequest(patient_case={"patient": {"age_years": 300}})
    server = start_server()
    with server.client(timeout_s=60) as client:
        results = client.batch_evaluate(asked).results
        assert [each.index for each in results] == list(range(300))
        assert [each.index for each in results if each.HasField("error")] == [130]
        assert "patient.age_years" in results[130].error.fields[0].field
        for each in [*results[:130:16], *results[131::16]]:
            shown = client.get_decision(each.response.decision_id).decision
            assert shown.patient_case == asked[each.index].patient_case
            assert shown.response == each.response
    answered = [each.response.decision_id for each in results if each.index != 130]
    assert recorded_ids(database(server)) == answered
    assert sum(commits(database(server))) == 299
    assert len(commits(database(server))) < 100


def test_no_commit_of_a_batch_has_more_records_than_one_may(
    start_server: Callable[..., Any],
) -> None:
    """`audit_batch_limit` holds for the records of a batch too."""
    server = start_server(audit_batch_limit=5)
    with server.client(timeout_s=30) as client:
        results = client.batch_evaluate(requests(32)).results
    assert [each.HasField("error") for each in results] == [False] * 32
    found = commits(database(server))
    assert sum(found) == 32
    assert max(found) == 5


def test_a_queue_that_is_full_refuses_some_of_a_batch(start_server: Callable[..., Any]) -> None:
    """While the ledger stands still, no more of a batch waits than `audit_queue_limit`; the other
    cases are refused, each in its place, and what is answered is what was recorded."""
    server = start_server(
        audit_queue_limit=3, audit_busy_timeout_s=30, metrics_address="127.0.0.1:0"
    )
    asked = [EvaluateRequest(patient_case=each) for each in (SPREADING, IMPROVING)] * 30
    with (
        server.client(timeout_s=30) as client,
        ThreadPoolExecutor(1) as caller,
    ):
        with locked(database(server)):
            batch = caller.submit(client.batch_evaluate, asked)
            until(server, lambda found: found.value("rashpath_decisions_total") == 60)
            time.sleep(0.2)
            assert not batch.done()
        results = batch.result(30).results
        taken = [each for each in results if not each.HasField("error")]
        refused = [each.error for each in results if each.HasField("error")]
        assert {each.code for each in refused} == {"RESOURCE_EXHAUSTED"}
        assert {each.reason for each in refused} == {ErrorReason.ERROR_REASON_AUDIT_QUEUE_FULL}
        assert 3 <= len(taken) <= 6
        for each in taken:
            shown = client.get_decision(each.response.decision_id).decision
            assert shown.patient_case == asked[each.index].patient_case
    assert recorded_ids(database(server)) == [each.response.decision_id for each in taken]


def test_one_request_id_twice_in_a_batch_is_one_decision(start_server: Callable[..., Any]) -> None:
    """The same case gets the same answer, another case is refused in its place; whether the first
    is recorded by then or waits in the same commit."""
    same = EvaluateRequest(patient_case=SPREADING, request_id="ward/1")
    other = EvaluateRequest(patient_case=IMPROVING, request_id="ward/1")
    server = start_server()
    with server.client(timeout_s=30) as client:
        results = client.batch_evaluate([same, same, other, same]).results
    assert [each.HasField("error") for each in results] == [False, False, True, False]
    assert results[2].error.reason == ErrorReason.ERROR_REASON_REQUEST_ID_REUSED
    assert results[0].response == results[1].response == results[3].response
    assert recorded_ids(database(server)) == [results[0].response.decision_id]


@pytest.mark.parametrize(
    ("timeout_s", "code"), [(30, "CANCELLED"), (6, "DEADLINE_EXCEEDED")], ids=["cancelled", "late"]
)
def test_a_batch_that_is_given_up_is_not_recorded_to_its_end(
    start_server: Callable[..., Any], timeout_s: float, code: str
) -> None:
    """Of a batch whose caller gave up no more is written than was being written; the ledger goes
    on, and holds no half of a decision."""
    server = start_server(metrics_address="127.0.0.1:0", audit_busy_timeout_s=30)
    one = EvaluateRequest(patient_case=SPREADING)
    data = BatchEvaluateRequest(requests=[one] * 600).SerializeToString()
    with server.client(timeout_s=20) as client:
        with (
            grpc.insecure_channel(server.address, OWN_CHANNEL) as channel,
            locked(database(server)),
        ):
            call = channel.unary_unary(BATCH).future(data, timeout=timeout_s)
            until(server, lambda found: found.value("rashpath_ledger_queue_records") == 600 - 128)
            if code == "CANCELLED":
                call.cancel()
            soon(lambda: code in [each.get("code") for each in server.lines()])
        answer = client.evaluate(SPREADING)
        recorded = recorded_ids(database(server))
        assert recorded[-1] == answer.decision_id
        assert len(recorded) <= 128 + 1
        for id in recorded[::16]:
            assert client.get_decision(id).decision.response.decision_id == id
    assert verified(database(server)).sound
    assert server.stop() == 0


def test_a_stop_waits_for_the_records_of_a_batch(start_server: Callable[..., Any]) -> None:
    """A server that is told to stop while records of a batch wait for the ledger writes them, and
    answers."""
    server = start_server(metrics_address="127.0.0.1:0", audit_busy_timeout_s=30, drain_grace_s=12)
    data = BatchEvaluateRequest(requests=requests(300)).SerializeToString()
    options = [*OWN_CHANNEL, ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(server.address, options) as channel:
        with locked(database(server)):
            call = channel.unary_unary(BATCH).future(data, timeout=60)
            until(server, lambda found: found.value("rashpath_decisions_total") == 300)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert not call.done()
        results = BatchEvaluateResponse.FromString(call.result()).results
    assert server.process.wait(20) == 0
    answered = [each.response.decision_id for each in results]
    assert recorded_ids(database(server)) == answered
    assert len(answered) == 300


@pytest.mark.parametrize("times", [3, pytest.param(100, marks=pytest.mark.long)])
def test_a_kill_loses_no_answered_batch(start_server: Callable[..., Any], times: int) -> None:
    """Servers over one ledger, killed in the midst of batches, have recorded every decision that
    they answered, no half of one, and none twice; whatever stands there is sound."""
    chance = random.Random(times)
    cases = [EvaluateRequest(patient_case=each.patient_case) for each in requests(200)]
    cases[50].patient_case.Clear()
    cases[90] = EvaluateRequest(patient_case={"patient": {"age_years": 300}})
    data = BatchEvaluateRequest(requests=cases).SerializeToString()
    answered: list[str] = []
    kept: Path | None = None
    for _ in range(times):
        server = start_server(**({} if kept is None else {"audit_url": f"sqlite:///{kept}"}))
        kept = kept or database(server)
        answered += batches_until_killed(server, data, chance.uniform(0.02, 0.3))
    assert kept is not None
    assert len(answered) >= 199 * times
    assert len(answered) % 199 == 0
    recorded = recorded_ids(kept)
    assert set(answered) <= set(recorded)
    assert len(set(recorded)) == len(recorded)
    found = verified(kept)
    assert list(found.faults) == []
    assert found.sound


def batches_until_killed(server: Any, data: bytes, seconds: float) -> list[str]:
    """Sends a batch over and over from two callers, kills the server some seconds after the first
    answer, and returns the ids of all decisions that arrived."""
    answered: list[str] = []

    def send() -> None:
        options = [*OWN_CHANNEL, ("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(server.address, options) as channel:
            while True:
                call = channel.unary_unary(BATCH).future(data, timeout=30)
                if call.code() is not grpc.StatusCode.OK:
                    return
                results = BatchEvaluateResponse.FromString(call.result()).results
                answered.extend(
                    each.response.decision_id for each in results if each.HasField("response")
                )

    kill_under_load(server, send, 2, answered, seconds)
    return answered
