"""Checks that recorded decisions can be made again, byte for byte, or that it is said why not."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from rashpath.audit import assemble
from rashpath.audit.erase import submit_erasure
from rashpath.audit.errors import LedgerDamagedError
from rashpath.audit.record import Decided
from rashpath.audit.replay import Replayer, decide_plainly, differences
from rashpath.audit.tables import GUIDELINES
from rashpath.guideline import GuidelineError, load_bytes
from rashpath.guideline.model import SEMANTICS_VERSION
from rashpath.v1 import guideline_pb2
from rashpath.v1.audit_pb2 import ReplayOutcome
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse
from tests.audit.conftest import SQLITE
from tests.audit.decisions import ENGINE, decided, entry, some_cases
from tests.audit.intruder import Intruder

WAIT_S = 20


def outcome(result):
    """Returns the outcome of a replay in a word."""
    return ReplayOutcome.Name(result.outcome).removeprefix("REPLAY_OUTCOME_")


@pytest.mark.parametrize("view", [View.VIEW_BASIC, View.VIEW_FULL])
@pytest.mark.parametrize("audience", ["AUDIENCE_CLINICIAN", "AUDIENCE_PATIENT"])
@pytest.mark.parametrize("kind", [SQLITE])
def test_recorded_decisions_come_out_byte_for_byte(ledger, graph, view, audience):
    """Every view for every reader is decided again to the very bytes that were sent."""
    made = []
    for case in some_cases(8):
        request = EvaluateRequest(
            patient_case=case, view=view, audience=guideline_pb2.Audience.Value(audience)
        )
        made.append(assemble(decided(graph, request), ledger.reader.seal, 5))
    ledger.submit(made).result(WAIT_S)
    replayer = Replayer(ledger.reader)
    for each in made:
        result = replayer.replay(each.id)
        assert (outcome(result), list(result.differences)) == ("IDENTICAL", [])
        assert result.semantics_version == SEMANTICS_VERSION


def test_other_answer_under_the_same_semantics_is_a_difference(ledger, graph):
    """An engine that now says something else is caught, and the field is named."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)

    def decide(graph, request):
        walked, response = decide_plainly(graph, request)
        response.urgency = guideline_pb2.URGENCY_UNSPECIFIED
        response.recommendations[0].title = "another"
        return walked, response

    result = Replayer(ledger.reader, decide).replay(made.id)
    assert outcome(result) == "DIFFERENT"
    assert "`recommendations[0].title` differs" in result.differences


def test_other_walk_under_the_same_answer_is_a_difference(ledger, graph):
    """The whole walk is compared, also where it does not show in the answer."""
    made = decided(graph, EvaluateRequest(patient_case=some_cases()[2]))
    other = decided(graph, EvaluateRequest(patient_case=some_cases()[9]))
    mixed = Decided(
        made.question, "", other.walk, made.answer, made.decision_id, made.engine_version
    )
    ledger.submit([assemble(mixed, ledger.reader.seal, 5)]).result(WAIT_S)
    result = Replayer(ledger.reader).replay(made.decision_id)
    assert (outcome(result), list(result.differences)) == ("DIFFERENT", ["`walk` differs"])


def test_another_semantics_version_compares_the_fields(ledger, graph):
    """What differs under another semantics version is the engine's difference, not tampering."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)

    def decide(graph, request):
        walked, response = decide_plainly(graph, request)
        response.guideline.semantics_version = "2"
        return walked, response

    def differ(graph, request):
        walked, response = decide(graph, request)
        response.disclaimer = "another"
        return walked, response

    assert outcome(Replayer(ledger.reader, decide, "2").replay(made.id)) == "SAME_FIELDS"
    result = Replayer(ledger.reader, differ, "2").replay(made.id)
    assert (outcome(result), list(result.differences)) == (
        "ENGINE_DIFFERS",
        ["`disclaimer` differs"],
    )
    assert (result.recorded_semantics_version, result.semantics_version) == ("1", "2")


def test_erased_decision_cannot_be_replayed(ledger, graph):
    """A replay of erased content says that it was erased."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)
    submit_erasure(ledger, made.id, "asked for", "", ENGINE).result(WAIT_S)
    assert outcome(Replayer(ledger.reader).replay(made.id)) == "ERASED"


def test_old_guideline_is_replayed_from_the_ledger(ledger, graph):
    """A decision by a version that is served no more is replayed under that version."""
    content = guideline_pb2.Guideline()
    content.CopyFrom(graph.guideline)
    content.version = "0.9.0"
    from google.protobuf.json_format import MessageToJson

    old = load_bytes(MessageToJson(content, preserving_proto_field_name=True).encode())
    made = [entry(old, ledger.reader.seal), entry(graph, ledger.reader.seal)]
    ledger.submit(made).result(WAIT_S)
    replayer = Replayer(ledger.reader)
    assert [outcome(replayer.replay(each.id)) for each in made] == ["IDENTICAL"] * 2
    answer = ledger.reader.decision(made[0].id).response
    assert (answer.guideline.version, answer.guideline.digest) == ("0.9.0", old.digest)


def test_missing_and_changed_guidelines_are_told_apart(place, ledger, graph):
    """A guideline that is gone is missing; one that was changed is damage."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)
    intruder = Intruder(place)
    intruder.run("DELETE FROM guidelines")
    assert outcome(Replayer(ledger.reader).replay(made.id)) == "GUIDELINE_MISSING"
    with ledger.store.write() as connection:
        connection.execute(insert(GUIDELINES), {"digest": graph.digest, "content": b"{}"})
    with pytest.raises(LedgerDamagedError):
        Replayer(ledger.reader).replay(made.id)
    intruder.close()


@pytest.mark.parametrize("kind", [SQLITE])
def test_guideline_that_cannot_be_loaded_any_more_is_the_engines_difference(
    ledger, graph, monkeypatch
):
    """A software that no longer understands an old guideline says so, and accuses nobody."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)

    def refuse(data, source):
        raise GuidelineError([])

    monkeypatch.setattr("rashpath.audit.kept_guideline.load_bytes", refuse)
    result = Replayer(ledger.reader).replay(made.id)
    assert outcome(result) == "ENGINE_DIFFERS"
    assert list(result.differences) == ["this software cannot load the recorded guideline"]


def test_differences_name_fields_and_show_no_values():
    """What differs is named by its path."""
    one, other = EvaluateResponse(), EvaluateResponse()
    for answer, value in ((one, "SECRET"), (other, "OTHER")):
        answer.findings.add(id="a", value=value)
        answer.recommendations.add(id="b").regimen.drug = "c"
    other.recommendations[0].regimen.days = 0
    other.questions.add()
    assert list(differences(one, other)) == [
        "recommendations[0].regimen.days",
        "findings[0].value",
        "questions",
    ]
    assert list(differences(one, one)) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", [SQLITE])
def test_ten_thousand_decisions_come_out_byte_for_byte(ledger, graph):
    """Ten thousand recorded decisions are decided again to the very bytes that were sent."""
    cases = some_cases(60)
    made = [entry(graph, ledger.reader.seal, cases[n % len(cases)]) for n in range(10_000)]
    for start in range(0, len(made), 500):
        ledger.submit(made[start : start + 500]).result(WAIT_S)
    replayer = Replayer(ledger.reader)
    assert {outcome(replayer.replay(each.id)) for each in made} == {"IDENTICAL"}
