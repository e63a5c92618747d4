"""What happens at the bound of the exact reading: it is said, and nothing is guessed."""

from __future__ import annotations

import pytest

from rashpath.expression.decision_diagram import DEFAULT_LIMIT
from rashpath.facts.dictionary import Choice
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.answer import answer
from rashpath.readings.walk import Verdict, walk
from rashpath.v1 import decision_pb2
from tests.guideline.wide import WANTED, facts_of, wide

INSIDE, BEYOND = 8, 22
"""Halves of the facts: the diagrams grow with two to their power."""

PRESENT, ANOTHER = 0, 1
"""Places of a fact's first and second value."""


@pytest.fixture(scope="module")
def beyond() -> DecisionGraph:
    """A guideline whose diagrams do not fit the bound."""
    return load_bytes(wide(BEYOND), "wide.yaml")


def value(graph: DecisionGraph, path: str, place: int) -> int:
    """Returns the number of a choice's value."""
    kind = graph.dictionary[path].kind
    assert isinstance(kind, Choice)
    return kind.values[place].number


def test_bound_is_what_the_documents_say():
    """All diagrams of a guideline together have at most half a million nodes."""
    assert DEFAULT_LIMIT == 500_000


def test_inside_the_bound_verdicts_are_exact():
    """A node whose diagram fits is never marked."""
    graph = load_bytes(wide(INSIDE), "wide.yaml")
    step = walk(graph, {}).step(WANTED)
    assert (step.verdict, step.not_refined) == (Verdict.UNDETERMINED, False)
    assert step.decisive == facts_of(INSIDE)


def test_beyond_the_bound_a_verdict_is_open_and_marked(beyond):
    """Where the diagram does not fit, what Kleene's tables leave open stays open, and says so."""
    assert WANTED not in beyond.reach.nodes
    step = walk(beyond, {}).step(WANTED)
    assert (step.verdict, step.not_refined) == (Verdict.UNDETERMINED, True)
    assert step.decisive == facts_of(BEYOND)


def test_beyond_the_bound_an_answer_says_so(beyond):
    """The mark reaches the caller, with every unknown fact on the way as a question."""
    shown = answer(walk(beyond, {}))
    (recommendation,) = shown.recommendations
    assert recommendation.verdict == decision_pb2.VERDICT_UNDETERMINED
    assert recommendation.not_refined
    assert tuple(recommendation.decisive_facts) == facts_of(BEYOND)
    assert {question.fact for question in shown.questions} == set(facts_of(BEYOND))


@pytest.mark.parametrize("place", range(BEYOND))
def test_beyond_the_bound_enough_facts_settle_it(beyond, place):
    """Kleene's tables are sound: one pair that is there settles the recommendation."""
    paths = facts_of(BEYOND)
    pair = (paths[place], paths[BEYOND + place])
    step = walk(beyond, {path: value(beyond, path, PRESENT) for path in pair}).step(WANTED)
    assert (step.verdict, step.not_refined, step.decisive) == (Verdict.APPLIES, False, ())


def test_beyond_the_bound_all_facts_settle_it(beyond):
    """With every fact given nothing is open, whatever fits."""
    facts = {path: value(beyond, path, ANOTHER) for path in facts_of(BEYOND)}
    walked = walk(beyond, facts)
    assert walked.step(WANTED).verdict is Verdict.DOES_NOT_APPLY
    assert [step.node.id for step in walked.steps if step.not_refined] == []
