"""ExplainPath: tells how the decision of one case came about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rashpath.facts.assignment import find_fact, parse_value
from rashpath.facts.check import given
from rashpath.facts.errors import FactsError, quoted
from rashpath.guideline import DecisionGraph
from rashpath.readings.explanation import explain
from rashpath.service.decision_id import DecisionIds
from rashpath.service.errors import FieldFault, Refusal, invalid
from rashpath.service.guidelines import Guidelines
from rashpath.service.nearest import nearest
from rashpath.service.recall import Recall
from rashpath.service.request import audience_of, case_facts, check_envelope, require_case
from rashpath.v1.decision_service_pb2 import ExplainPathRequest, ExplainPathResponse, FactChange
from rashpath.v1.errors_pb2 import ErrorReason


@dataclass(frozen=True, slots=True)
class Subject:
    """What is explained: facts under a guideline; `decision_id` is empty unless recorded."""

    graph: DecisionGraph
    facts: dict[str, int | float]
    decision_id: str


def subject_of(guidelines: Guidelines, request: ExplainPathRequest, recall: Recall) -> Subject:
    """Returns what a request wants explained; may read the ledger.

    Raises:
        Refusal: no case and no decision, or both, faulty fields, a guideline that is not served as
            named, or a decision that is not recorded or was erased.
    """
    check_envelope(request)
    if not request.decision_id:
        graph = guidelines.select(request.guideline)
        require_case(request)
        return Subject(graph, case_facts(graph, request.patient_case), "")
    for field in ("patient_case", "guideline"):
        if request.HasField(field):
            text = f"`{field}` does not go together with `decision_id`, which brings its own"
            raise invalid((FieldFault(field, text, ErrorReason.ERROR_REASON_TYPE_WRONG),))
    recalled = recall(request.decision_id)
    facts = given(recalled.decision.patient_case, recalled.graph.dictionary)
    return Subject(recalled.graph, facts, request.decision_id)


def explain_path(
    subject: Subject, ids: DecisionIds, request: ExplainPathRequest
) -> ExplainPathResponse:
    """Returns the explanation of one case's decision.

    Raises:
        Refusal: a recommendation that the guideline has not (RECOMMENDATION_NOT_FOUND), or a change
            that names no fact, no value of it, or a fact twice (WHAT_IF_INVALID).
    """
    graph = subject.graph
    _require_recommendations(graph, "why", request.why)
    _require_recommendations(graph, "why_not", request.why_not)
    _require_recommendations(graph, "what_would_change", request.what_would_change)
    response = explain(
        graph,
        subject.facts,
        why=tuple(request.why),
        why_not=tuple(request.why_not),
        what_if=_changes(graph, request.what_if),
        what_would_change=tuple(dict.fromkeys(request.what_would_change)),
        audience=audience_of(request.audience),
    )
    response.decision.decision_id = subject.decision_id or ids.next()
    return response


def _require_recommendations(graph: DecisionGraph, field: str, ids: Iterable[str]) -> None:
    known = [recommendation.id for recommendation in graph.recommendations]
    reason = ErrorReason.ERROR_REASON_RECOMMENDATION_NOT_FOUND
    for index, each in enumerate(ids):
        if each not in known:
            near = nearest(each, known)
            hint = f"; did you mean `{near}`?" if near is not None else ""
            text = f"{quoted(each)} is not a recommendation of the guideline{hint}"
            raise Refusal(reason, text, (FieldFault(f"{field}[{index}]", text, reason),))


def _changes(graph: DecisionGraph, what_if: Iterable[FactChange]) -> dict[str, int | float | None]:
    """Returns the changed facts by path; None: the fact becomes unknown."""
    changes: dict[str, int | float | None] = {}
    for index, change in enumerate(what_if):
        field = "fact"
        try:
            fact = find_fact(change.fact, graph.dictionary)
            if fact.path in changes:
                raise _invalid(f"what_if[{index}].fact", f"`{fact.path}` is changed twice")
            field = "value"
            changes[fact.path] = parse_value(fact, change.value) if change.value else None
        except FactsError as error:
            text = error.problems[0].private_text
            raise _invalid(f"what_if[{index}].{field}", text) from None
    return changes


def _invalid(field: str, text: str) -> Refusal:
    reason = ErrorReason.ERROR_REASON_WHAT_IF_INVALID
    return Refusal(reason, text, (FieldFault(field, text, reason),))
