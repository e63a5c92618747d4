"""Reads decisive facts off what a case leaves of a diagram."""

from __future__ import annotations

from typing import assert_never

from rashpath.expression.decision_diagram import Restriction
from rashpath.expression.evaluate import Facts, waits_for
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, NumberLevel
from rashpath.guideline.model import DecisionGraph


def decisive_facts(
    graph: DecisionGraph, facts: Facts, exact: Restriction, diagram: int
) -> tuple[str, ...]:
    """Returns the unknown facts for which two completions that differ only in them differ.

    A computed number with unknown inputs is an unknown of its own; it counts as the inputs that it
    waits for.

    Args:
        graph: the guideline.
        facts: the given facts.
        exact: the guideline's diagrams for these facts.
        diagram: what is to be settled.

    Returns:
        Their paths, in the order of the facts.
    """
    found: set[str] = set()
    for level in exact.support(exact.reduce(diagram)):
        match level:
            case ChoiceLevel() | NumberLevel():
                found.add(level.fact)
            case ComputedLevel():
                found.update(waits_for(level.computed, facts))
            case GivenLevel():
                raise AssertionError("whether a fact is given is never open")
            case _:
                assert_never(level)
    return tuple(fact.path for fact in graph.dictionary if fact.path in found)
