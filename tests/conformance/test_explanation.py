"""Explanations say why, why not, what is open and what would change, and nothing else."""

from __future__ import annotations

import re

import pytest

from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.answer import answer
from rashpath.readings.explanation import explain
from rashpath.readings.walk import walk
from rashpath.v1 import decision_pb2, decision_service_pb2
from tests.conformance.expectations import DICTIONARY, CaseFile, case_files

_INSTRUCTION = re.compile(
    r"\b(stop|start|change|increase|reduce) (taking|your|the|a) ", re.IGNORECASE
)
_MILLIGRAMS = re.compile(r"\d\s*(mg|milligram)", re.IGNORECASE)


def texts(message: object) -> list[str]:
    """Returns every string in a message but ids, codes and CEL text."""
    found: list[str] = []
    for field, value in message.ListFields():  # type: ignore[attr-defined] # a protobuf message
        if field.message_type is not None:
            parts = value if field.is_repeated else [value]
            for part in parts:
                found.extend(texts(part))
        elif field.type == field.TYPE_STRING and field.name != "condition":
            found.extend(value if field.is_repeated else [value])
    return found


@pytest.mark.parametrize("case", case_files()[::4], ids=lambda case: case.name)
def test_every_recommendation_is_explained(case: CaseFile, graph: DecisionGraph) -> None:
    """Each recommendation has its verdict and a reason that fits it."""
    explained = explain(graph, case.facts)
    assert [part.id for part in explained.recommendations] == [
        node.id for node in graph.recommendations
    ]
    for part in explained.recommendations:
        outcomes = {reason.outcome for reason in part.reasons}
        match part.verdict:
            case decision_pb2.VERDICT_APPLIES:
                assert outcomes <= {
                    decision_pb2.EDGE_OUTCOME_TAKEN,
                    decision_pb2.EDGE_OUTCOME_OPEN,
                }
            case decision_pb2.VERDICT_DOES_NOT_APPLY:
                assert outcomes == {decision_pb2.EDGE_OUTCOME_REFUSED}
                assert all(reason.because for reason in part.reasons)
            case _:
                assert outcomes == {decision_pb2.EDGE_OUTCOME_OPEN}
                assert part.would_settle


@pytest.mark.parametrize("case", case_files()[::4], ids=lambda case: case.name)
def test_patients_read_no_dose_and_no_instruction(case: CaseFile, graph: DecisionGraph) -> None:
    """Patient wording carries no mg and never tells the reader to change a medicine alone."""
    for message in (
        answer(walk(graph, case.facts), audience=Audience.PATIENT, full=True),
        explain(graph, case.facts, audience=Audience.PATIENT, what_if={"rash.trend": 1}),
    ):
        said = texts(message)
        assert [text for text in said if _MILLIGRAMS.search(text)] == []
        assert [text for text in said if _INSTRUCTION.search(text)] == []


def test_why_not_names_the_first_refusal_with_its_values(graph: DecisionGraph) -> None:
    """A dose that is asked for and refused says which fact refused it and what it would need."""
    case = next(c for c in case_files() if c.name == "foscarnet/c2_45m_70_1_1")
    explained = explain(graph, case.facts, why_not=["acyclovir_oral_hiv_zoster"])
    (part,) = explained.recommendations
    assert part.verdict == decision_pb2.VERDICT_DOES_NOT_APPLY
    assert not part.contrary_to_request
    (reason,) = part.reasons
    assert reason.from_node in {node.id for node in graph.order}
    assert any("needs:" in line for line in reason.because)


def test_what_if_shows_each_change_and_only_those(graph: DecisionGraph) -> None:
    """Changing one fact lists what it turns; changing it to what it is lists nothing."""
    trend = {"rash.trend": 3}
    explained = explain(graph, trend, what_if={"rash.trend": 1})
    changes = {part.id: (part.before, part.after) for part in explained.what_if.changes}
    assert changes["continue_and_review"] == ("DOES_NOT_APPLY", "APPLIES")
    assert changes["look_for_other_cause"] == ("APPLIES", "DOES_NOT_APPLY")
    same = explain(graph, trend, what_if={"rash.trend": 3})
    assert list(same.what_if.changes) == []
    assert same.HasField("what_if")


def test_what_if_can_forget_a_fact(graph: DecisionGraph) -> None:
    """A fact that becomes unknown opens what it had settled."""
    explained = explain(graph, {"rash.trend": 1}, what_if={"rash.trend": None})
    changes = {part.id: (part.before, part.after) for part in explained.what_if.changes}
    assert changes["continue_and_review"] == ("APPLIES", "UNDETERMINED")


def test_dangling_citations_are_shown_as_such(graph: DecisionGraph) -> None:
    """The article's references 3 and 4 are cited but not listed, and the answer says so."""
    citations = {part.statement: part for part in explain(graph, {}).citations}
    assert citations["S13"].number == 3
    assert not citations["S13"].resolved
    assert citations["S37"].number == 4
    assert not citations["S37"].resolved
    assert citations["S18"].resolved


def test_the_answer_names_its_guideline_and_disclaims(graph: DecisionGraph) -> None:
    """Every answer says which content decided, how far it is reviewed, and what it is not."""
    result = answer(walk(graph, {}))
    assert result.guideline.digest == graph.digest
    assert result.guideline.last_updated == "2025-07-11"
    assert len(result.disclaimer) > 40
    assert result.status == decision_pb2.DECISION_STATUS_NEEDS_FACTS


def test_with_no_fact_known_nothing_applies(graph: DecisionGraph) -> None:
    """An empty case is no error: it applies nothing it does not know, and asks."""
    result = answer(walk(graph, {}), full=True)
    applying = [r.id for r in result.recommendations if r.verdict == decision_pb2.VERDICT_APPLIES]
    assert applying == []
    assert {question.fact for question in result.questions} <= {fact.path for fact in DICTIONARY}
    assert result.questions[0].red_flag


def test_the_basic_answer_is_a_part_of_the_full_one(graph: DecisionGraph) -> None:
    """The basic view leaves out, and changes nothing that it keeps."""
    for case in case_files()[::20]:
        walked = walk(graph, case.facts)
        basic, full = answer(walked), answer(walked, full=True)
        kept = {part.id for part in basic.recommendations}
        assert list(basic.recommendations) == [
            part for part in full.recommendations if part.id in kept
        ]
        assert isinstance(basic, decision_service_pb2.EvaluateResponse)
        assert list(basic.questions) == list(full.questions)
        assert all(
            part.verdict == decision_pb2.VERDICT_DOES_NOT_APPLY
            for part in full.recommendations
            if part.id not in kept
        )
