"""Tells whether two conditions of a warning, note or flag show it in the same cases.

They are read by what is known (Kleene's tables), not by what holds in every completion: a warning
is shown where its condition is known to hold, a note or flag unless it is known to fail. So they
are compared in every case of the facts that they read, each known and unknown.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rashpath.expression.decision_diagram import FALSE, Diagrams, Restriction
from rashpath.expression.evaluate import evaluate
from rashpath.expression.levels import ChoiceLevel, GivenLevel, NumberLevel
from rashpath.expression.tree import Condition, Given, OneOf, computed_in, facts_of
from rashpath.expression.truth import Truth
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.coverage.conditions import Kind, written_conditions

Partial = Mapping[str, int | float | None]
"""Facts that are given with their values, or known not to be given: None."""

_MOST_CASES = 100_000
_SAID = frozenset((Truth.FALSE, Truth.UNKNOWN))
_NOTED = frozenset((Truth.FALSE,))


@dataclass(frozen=True, slots=True)
class Shown:
    """When something is shown beside a verdict; ``hidden_if`` its condition has such a truth."""

    condition: Condition
    hidden_if: frozenset[Truth]
    node: str


def shown_pairs(
    one: DecisionGraph, other: DecisionGraph
) -> Iterator[tuple[str, str, Shown, Shown]]:
    """Yields what two guidelines show on different conditions: its name and node, and both."""
    left, right = _shown_by(one), _shown_by(other)
    for name in left:
        if name in right and left[name] != right[name]:
            yield name, left[name].node, left[name], right[name]


def _shown_by(graph: DecisionGraph) -> dict[str, Shown]:
    found: dict[str, Shown] = {}
    for part in written_conditions(graph):
        match part.kind:
            case Kind.CAUTION | Kind.NOT_COVERED:
                found[f"said: {part.name}"] = Shown(part.condition, _SAID, "")
            case Kind.FLAG | Kind.NOTE:
                found[part.name] = Shown(part.condition, _NOTED, part.node)
            case _:
                continue
    return found


def told_apart(
    one: Shown, other: Shown, reached: int, diagrams: Diagrams
) -> tuple[Partial, ...] | None:
    """Returns in which cases of its facts something is shown otherwise; empty is a proof of none.

    Args:
        one: when it is shown.
        other: when it is shown in the other guideline.
        reached: where the node that it stands on is reached; where that is ruled out, nothing is.
        diagrams: hold that region.

    Returns:
        The cases; None where there are too many to try, or where a computed number is read.
    """
    conditions = (one.condition, other.condition)
    if any(True for condition in conditions for _ in computed_in(condition)):
        return None
    facts = tuple(dict.fromkeys(fact for each in conditions for fact in facts_of(each)))
    values = [(None, *_kinds(fact, diagrams)) for fact in facts]
    if math.prod(len(each) for each in values) > _MOST_CASES:
        return None
    found: list[Partial] = []
    for chosen in itertools.product(*values):
        partial = dict(zip(facts, chosen, strict=True))
        given = {fact: value for fact, value in partial.items() if value is not None}
        hidden = evaluate(one.condition, given) in one.hidden_if
        if hidden is (evaluate(other.condition, given) in other.hidden_if):
            continue
        if _restricted(partial, diagrams).reduce(reached) != FALSE:
            found.append(partial)
    return tuple(found)


def _kinds(fact: str, diagrams: Diagrams) -> tuple[int | float, ...]:
    """Returns values of a fact that stand for all of its values; one, where none is read."""
    for level in diagrams.levels:
        match level:
            case ChoiceLevel(name) if name == fact:
                return level.values
            case NumberLevel(name) if name == fact:
                return tuple(samples[0] for samples in level.partition.samples)
            case _:
                continue
    return (1,)


def _restricted(partial: Partial, diagrams: Diagrams) -> Restriction:
    regions: list[int | None] = []
    for level in diagrams.levels:
        region = None
        match level:
            case GivenLevel(fact) if fact in partial:
                region = int(partial[fact] is not None)
            case ChoiceLevel(fact) if (value := partial.get(fact)) is not None:
                region = level.values.index(int(value))
            case NumberLevel(fact) if (value := partial.get(fact)) is not None:
                region = level.partition.region(value)
            case _:
                pass
        regions.append(region)
    return Restriction(diagrams, regions)


def literals(diagrams: Diagrams, known: Mapping[str, int | float]) -> int:
    """Returns the diagram that is true where some choices have given values.

    Numbers are left out: they are rare in such conditions, and whoever asks tries the case anyway.
    """
    parts = []
    for level in diagrams.levels:
        match level:
            case ChoiceLevel(fact) if fact in known:
                parts.append(diagrams.of(OneOf(fact, (int(known[fact]),), ("",))))
            case GivenLevel(fact) if fact in known:
                parts.append(diagrams.of(Given(fact)))
            case _:
                continue
    return diagrams.conjoin(parts)
