"""Finds the case that generated cases start from: nothing open, and as little as can be said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from rashpath.expression.decision_diagram import Diagrams
from rashpath.expression.evaluate import evaluate
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, NumberLevel
from rashpath.expression.tree import facts_of_number, leaves
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice, Fact, WholeNumber
from rashpath.guideline.model import DecisionGraph, Recommendation
from rashpath.readings.coverage.witness import Case
from rashpath.readings.walk import Verdict, walk


def quiet_case(graph: DecisionGraph, read: frozenset[str]) -> Case:
    """Returns a case without an open question in which as little as can be applies.

    Starts from the middle of the usual ranges and the last value of each choice, and takes for one
    fact after the other the value with which least is contradicted, uncomputable and recommended.

    Args:
        graph: the guideline.
        read: the facts whose value some condition or formula reads; no other is given.
    """
    case: Case = {fact.path: _middle(fact) for fact in graph.dictionary if fact.path in read}

    gate = [
        part.condition
        for node in graph.recommendations
        if node.regimen is not None
        for part in node.regimen.gate
    ]
    said = [part.condition for part in graph.cautions]

    def noise(candidate: Case) -> tuple[int, ...]:
        walked = walk(graph, candidate)
        recommended = sum(
            isinstance(step.node, Recommendation) and step.verdict is not Verdict.DOES_NOT_APPLY
            for step in walked.steps
        )
        unmet = sum(
            evaluate(leaf, candidate) is not Truth.TRUE
            for named in graph.computed.values()
            for leaf in leaves(named.number.valid_when)
        )
        closed = sum(evaluate(part, candidate) is not Truth.TRUE for part in gate)
        warned = sum(evaluate(part, candidate) is Truth.TRUE for part in said)
        return len(walked.contradictions), unmet, recommended, closed, warned

    for _ in range(2):
        for fact in graph.dictionary:
            if fact.path in case:
                values = [case[fact.path], *_others(fact)]
                case[fact.path] = min(values, key=lambda value: noise({**case, fact.path: value}))
    return case


def facts_read_in(diagrams: Diagrams) -> frozenset[str]:
    """Returns the facts whose value some condition or formula reads."""
    return frozenset(_read(diagrams))


def _read(diagrams: Diagrams) -> Iterator[str]:
    for level in diagrams.levels:
        match level:
            case ChoiceLevel() | NumberLevel():
                yield level.fact
            case ComputedLevel():
                yield from facts_of_number(level.computed)
            case GivenLevel():
                continue
            case _:
                assert_never(level)


def _others(fact: Fact) -> list[int | float]:
    """Returns other values of a fact: each of a choice, the least of a number."""
    if isinstance(fact.kind, Choice):
        return [value.number for value in fact.kind.values]
    least = (fact.kind.plausible or fact.kind.hard).minimum
    return [round(least) if isinstance(fact.kind, WholeNumber) else least]


def _middle(fact: Fact) -> int | float:
    if isinstance(fact.kind, Choice):
        return fact.kind.values[-1].number
    usual = fact.kind.plausible or fact.kind.hard
    middle = (usual.minimum + usual.maximum) / 2
    return round(middle) if isinstance(fact.kind, WholeNumber) else round(middle, 1)
