"""What is recorded is explained, drawn, replayed, verified, and erased, through the server."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from rashpath.client import (
    Client,
    InvalidCase,
    NotFound,
    PreconditionFailed,
)
from rashpath.client.errors import error_of
from rashpath.v1 import audit_pb2
from rashpath.v1.decision_service_pb2 import GuidelineSelector
from rashpath.v1.guideline_service_pb2 import DiagramFormat
from tests.service.ledgers import (
    IMPROVING,
    SPREADING,
    database,
    requests,
)


def test_a_recorded_decision_is_explained_and_drawn_like_its_case(client: Client) -> None:
    """From the ledger come the same words and the same picture as from the case itself."""
    for request in requests(6):
        case, audience = request.patient_case, request.audience
        decision_id = client.evaluate(case, audience=audience).decision_id
        told = client.explain_path(case, audience=audience)
        retold = client.explain_decision(decision_id, audience=audience)
        assert retold.decision.decision_id == decision_id
        told.decision.decision_id = decision_id
        assert retold == told
    what_if = {"rash.trend": "IMPROVING"}
    told = client.explain_path(case, why=["start_foscarnet"], what_if=what_if)
    retold = client.explain_decision(decision_id, why=["start_foscarnet"], what_if=what_if)
    told.decision.decision_id = decision_id
    assert retold == told


def test_the_picture_of_a_recorded_decision_names_its_record(client: Client) -> None:
    """It differs from that of the case in its footer only, which has the id and the hash."""
    from rashpath.v1.guideline_service_pb2 import RenderDiagramRequest

    decision_id = client.evaluate(SPREADING).decision_id
    shown = client.get_decision(decision_id).decision
    mermaid = DiagramFormat.DIAGRAM_FORMAT_MERMAID
    recorded = client.render_decision(decision_id, format=mermaid).content.decode()
    request = RenderDiagramRequest(patient_case=SPREADING, format=mermaid)
    drawn = client.render_diagram(request).content.decode()
    differing = set(recorded.splitlines()) ^ set(drawn.splitlines())
    added = "\n".join(differing & set(recorded.splitlines()))
    assert decision_id in added
    assert shown.record_hash[:12] in added
    assert len(differing) <= 6


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_recorded_decisions_replay_byte_for_byte(
    start_server: Callable[..., Any], count: int
) -> None:
    """Decisions of all kinds, by the hundred or thousand, come out again as they were sent."""
    wanted = requests(count)
    with start_server().client(timeout_s=120) as client:
        for start in range(0, count, 100):
            results = client.batch_evaluate(wanted[start : start + 100]).results
            assert not any(each.HasField("error") for each in results)
        outcomes = [
            client.replay_decision(each.record.id).result.outcome for each in client.decisions()
        ]
        assert outcomes == [audit_pb2.REPLAY_OUTCOME_IDENTICAL] * count
        assert client.verify_ledger().sound


def test_an_erased_decision_keeps_its_record_only(start_server: Callable[..., Any]) -> None:
    """After an erasure nothing tells of the patient, the record stays, and the ledger verifies."""
    server = start_server()
    with server.client() as client:
        answer = client.evaluate(SPREADING, request_id="erase/1")
        kept = client.evaluate(IMPROVING)
        decision_id = answer.decision_id
        checkpoint = client.create_checkpoint().checkpoint
        with pytest.raises(InvalidCase):
            client.erase_decision(decision_id, "")
        with pytest.raises(NotFound):
            client.erase_decision("01JDB7Q9V2M8K4T6W3XNRYHCFA", "a test")
        erasure = client.erase_decision(decision_id, "asked for by the patient").record_id
        shown = client.get_decision(decision_id).decision
        assert shown.erased
        assert shown.record.guideline_digest == answer.guideline.digest
        for part in ("patient_case", "response", "request"):
            assert not shown.HasField(part)
        assert not shown.walk
        refused: list[Callable[[], object]] = [
            lambda: client.evaluate(SPREADING, request_id="erase/1"),
            lambda: client.explain_decision(decision_id),
            lambda: client.render_decision(decision_id),
            lambda: client.erase_decision(decision_id, "once more"),
        ]
        for ask in refused:
            with pytest.raises(PreconditionFailed) as erased:
                ask()
            assert erased.value.reason == "DECISION_ERASED"
        outcome = client.replay_decision(decision_id).result.outcome
        assert outcome == audit_pb2.REPLAY_OUTCOME_ERASED
        found = client.verify_ledger(checkpoint)
        assert (found.sound, found.erased, found.records) == (True, 1, 3)
        assert found.beyond_checkpoint == 1
        listed = {each.record.id: each.erased for each in client.decisions()}
    assert listed == {decision_id: True, kept.decision_id: False}
    assert erasure not in listed


def test_damage_is_found_through_the_server(start_server: Callable[..., Any]) -> None:
    """Where somebody cut off the newest records, a checkpoint kept elsewhere tells."""
    server = start_server()
    with server.client() as client:
        client.evaluate(SPREADING)
        assert client.verify_ledger().sound
        checkpoint = client.create_checkpoint().checkpoint
        other = client.create_checkpoint().checkpoint
        other.heads[0].hash = bytes(32)
        found = client.verify_ledger(other)
        assert not found.sound
        assert [fault.kind for fault in found.faults] == [
            audit_pb2.LEDGER_FAULT_KIND_SIGNATURE_WRONG
        ]
    empty = start_server()
    url = f"sqlite:///{database(empty)}"
    assert empty.stop() == 0
    shutil.copy(f"{database(server)}.signing-key.json", f"{database(empty)}.signing-key.json")
    forged = start_server(audit_url=url)
    with forged.client() as client:
        found = client.verify_ledger(checkpoint)
        assert [fault.kind for fault in found.faults] == [audit_pb2.LEDGER_FAULT_KIND_CHAIN_MISSING]


def test_a_decision_brings_its_own_guideline(client: Client, server: Any) -> None:
    """A pin beside a decision id is refused, since it could contradict the record."""
    from rashpath.v1.decision_service_pb2 import ExplainPathRequest

    decision_id = client.evaluate(SPREADING).decision_id
    request = ExplainPathRequest(
        decision_id=decision_id, guideline=GuidelineSelector(version="1.0.0")
    )
    with (
        grpc.insecure_channel(server.address) as channel,
        pytest.raises(grpc.RpcError) as failure,
    ):
        channel.unary_unary("/rashpath.v1.DecisionService/ExplainPath")(request.SerializeToString())
    assert error_of(failure.value).code == "INVALID_ARGUMENT"
