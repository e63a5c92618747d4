"""Words what an answer shows beside its recommendations: questions, warnings, numbers and more."""

from __future__ import annotations

from collections.abc import Iterator

from rashpath.expression.tree import facts_of
from rashpath.facts.dictionary import Choice, Fact
from rashpath.facts.show import range_text
from rashpath.facts.wording import Audience
from rashpath.guideline.model import (
    Caution,
    Contradiction,
    DecisionGraph,
    NamedComputed,
    NotCovered,
)
from rashpath.readings.walk import ComputedValue, OpenQuestion
from rashpath.readings.words import fact_words
from rashpath.v1 import decision_pb2

IMPLAUSIBLE = "implausible"


def implausible(
    fact: Fact, value: int | float, audience: Audience
) -> decision_pb2.WarningResult | None:
    """Returns the warning about a value outside its plausible range; None where it is within."""
    if isinstance(fact.kind, Choice) or fact.kind.plausible is None:
        return None
    if value in fact.kind.plausible:
        return None
    usual = range_text(fact.kind.plausible, fact.kind.unit)
    text = implausible_words(fact, value, usual, audience)
    return decision_pb2.WarningResult(id=IMPLAUSIBLE, text=text, facts=[fact.path])


def implausible_words(fact: Fact, value: int | float, usual: str, audience: Audience) -> str:
    """Says that a value is outside its usual range, which is given in words."""
    return f"{fact_words(fact, value, audience)}, outside the usual {usual}"


def caution(part: Caution, audience: Audience) -> decision_pb2.WarningResult:
    """Returns a caution that is known to hold."""
    return decision_pb2.WarningResult(
        id=part.id, text=part.text.to(audience), facts=facts_of(part.condition)
    )


def contradiction(part: Contradiction, audience: Audience) -> decision_pb2.ContradictionResult:
    """Returns a contradiction that is known to hold."""
    return decision_pb2.ContradictionResult(
        id=part.id, text=part.text.to(audience), facts=facts_of(part.condition)
    )


def not_covered(part: NotCovered, audience: Audience) -> decision_pb2.NotCoveredResult:
    """Returns what is not covered and is known to matter."""
    return decision_pb2.NotCoveredResult(id=part.id, text=part.text.to(audience))


def question(
    graph: DecisionGraph, question: OpenQuestion, audience: Audience
) -> decision_pb2.Question:
    """Returns a question in words, with its answers."""
    return decision_pb2.Question(
        fact=question.fact,
        text=graph.dictionary[question.fact].question.to(audience),
        settles=question.settles,
        red_flag=question.red_flag,
        urgency=question.urgency,
        unit=_unit(graph, question.fact),
        answers=_answers(graph, question.fact, audience),
    )


def computed_result(
    named: NamedComputed, state: ComputedValue, audience: Audience
) -> decision_pb2.ComputedResult:
    """Returns a computed number with its value, or why there is none."""
    return decision_pb2.ComputedResult(
        id=named.number.id,
        label=named.label.to(audience),
        value=state.value,
        unit=named.unit,
        absent_because=named.invalid_text.to(audience) if state.absent else "",
        waits_for=state.waits_for,
    )


def _unit(graph: DecisionGraph, path: str) -> str:
    kind = graph.dictionary[path].kind
    return "" if isinstance(kind, Choice) else kind.unit


def _answers(graph: DecisionGraph, path: str, audience: Audience) -> Iterator[decision_pb2.Answer]:
    kind = graph.dictionary[path].kind
    if isinstance(kind, Choice):
        for value in kind.values:
            yield decision_pb2.Answer(value=value.name, text=value.label.to(audience))
