"""What a suite of cases is to show of a guideline, and what one case shows of it.

A goal is a plain tuple, so that goals can be counted, compared and written down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rashpath.expression.evaluate import MISSING, Case, Facts, number
from rashpath.expression.tree import Compare, Computed, FactNumber
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import WholeNumber
from rashpath.guideline.model import DecisionGraph, Finding, Recommendation
from rashpath.readings.coverage.conditions import (
    Leaf,
    Reading,
    Written,
    leaves_of,
    read,
    written_conditions,
)
from rashpath.readings.walk import Outcome, Verdict, Walk, walk


@dataclass(frozen=True, slots=True, order=True)
class LeafTurns:
    """A leaf, true or false in a case, decides its condition alone there.

    Args:
        condition: name of the condition.
        leaf: which leaf, from 0, in reading order.
        truth: the leaf's truth in the case.
        outcome: the condition's truth in the case: TRUE, FALSE, or UNKNOWN.
    """

    condition: str
    leaf: int
    truth: bool
    outcome: str


@dataclass(frozen=True, slots=True, order=True)
class AtThreshold:
    """A number that decides alone lies just below a threshold, on it, or just above it."""

    condition: str
    leaf: int
    side: int


@dataclass(frozen=True, slots=True, order=True)
class UnknownDecides:
    """A fact is the only one for which a verdict waits."""

    fact: str
    node: str


@dataclass(frozen=True, slots=True, order=True)
class NodeIs:
    """A node is reached, ruled out, or undetermined."""

    node: str
    verdict: str


@dataclass(frozen=True, slots=True, order=True)
class BranchIs:
    """A branch is taken, refused, or open."""

    tail: str
    head: str
    outcome: str


@dataclass(frozen=True, slots=True, order=True)
class Tells:
    """The case tells a guideline with a slip from the guideline."""

    operator: str
    place: str


Goal = LeafTurns | AtThreshold | UnknownDecides | NodeIs | BranchIs | Tells


class Conditions:
    """The conditions of one guideline with their leaves, read case by case.

    Args:
        graph: the guideline.
    """

    def __init__(self, graph: DecisionGraph) -> None:
        self.graph = graph
        self.written: tuple[Written, ...] = written_conditions(graph)
        self.leaves: dict[str, tuple[Leaf, ...]] = {
            part.name: leaves_of(part.condition) for part in self.written
        }

    def readings(self, walked: Walk) -> Iterator[tuple[Written, Reading]]:
        """Yields every condition that a walk asks, with what the case makes of it."""
        for part in self.written:
            if part.node and walked.step(part.node).verdict is not Verdict.APPLIES:
                continue
            yield part, read(part.condition, self.leaves[part.name], walked.facts)

    def shown_by_graph(self, facts: Facts) -> Iterator[Goal]:
        """Yields the goals of nodes, branches and unknown facts that a case reaches."""
        yield from _of_graph(walk(self.graph, Case(facts)))

    def shown(self, facts: Facts) -> frozenset[Goal]:
        """Returns every goal that a case reaches."""
        return self.look(facts)[0]

    def look(self, facts: Facts) -> tuple[frozenset[Goal], tuple[tuple[Written, Reading], ...]]:
        """Returns every goal that a case reaches, and what it makes of each condition."""
        walked = walk(self.graph, Case(facts))
        readings = tuple(self.readings(walked))
        goals = set(_of_graph(walked))
        for part, reading in readings:
            goals.update(self._of_reading(part, reading, walked.facts))
        return frozenset(goals), readings

    def _of_reading(self, part: Written, reading: Reading, facts: Facts) -> Iterator[Goal]:
        leaves = self.leaves[part.name]
        for index, turns in enumerate(reading.turning):
            if not turns:
                continue
            truth = reading.truths[index] is Truth.TRUE
            yield LeafTurns(part.name, index, truth, reading.outcome.value)
            leaf = leaves[index]
            if isinstance(leaf, Compare):
                side = side_of(self.graph, leaf, facts)
                if side is not None:
                    yield AtThreshold(part.name, index, side)


def _of_graph(walked: Walk) -> Iterator[Goal]:
    for step in walked.steps:
        yield NodeIs(step.node.id, step.verdict.value)
        for edge in step.edges:
            if edge.outcome is not Outcome.UNVISITED:
                yield BranchIs(edge.edge.tail, edge.edge.head, edge.outcome.value)
        if isinstance(step.node, Recommendation | Finding) and len(step.decisive) == 1:
            yield UnknownDecides(step.decisive[0], step.node.id)


def beside(graph: DecisionGraph, leaf: Compare) -> tuple[float, float, float]:
    """Returns the values just below a threshold, on it, and just above it.

    Whole numbers stand one apart, decimal ones by half a hundredth of the threshold.
    """
    constant = float(leaf.right.value)
    if isinstance(leaf.left, FactNumber) and isinstance(
        graph.dictionary[leaf.left.fact].kind, WholeNumber
    ):
        return constant - 1, constant, constant + 1
    step = abs(constant) / 200 or 0.005
    # A constant that was multiplied out can lie beside what a number rounded to 9 decimals can be.
    return round(constant - step, 9), round(constant, 9), round(constant + step, 9)


def side_of(graph: DecisionGraph, leaf: Compare, facts: Facts) -> int | None:
    """Returns -1, 0 or 1 where a number lies just below, on or just above its threshold."""
    value = number(leaf.left, facts)
    if value is MISSING:
        return None
    below, at, above = beside(graph, leaf)
    if value == at:
        return 0
    reach = (above - below) / 2 * 1.001
    if abs(value - at) > reach:
        return None
    return -1 if value < at else 1


def in_range(graph: DecisionGraph, leaf: Compare, value: float) -> bool:
    """Tells whether a number can have a value."""
    match leaf.left:
        case FactNumber(fact):
            kind = graph.dictionary[fact].kind
            return value in kind.hard  # type: ignore[union-attr] # no choice is compared
        case Computed():
            return leaf.left.minimum <= value <= leaf.left.maximum


def pair(shown: Collection[Goal], condition: str, leaf: int) -> str:
    """Tells how some cases show a leaf to turn its condition alone, from both sides.

    Masking MC/DC: one case has the leaf true and one has it false, in each its flip alone would
    turn the condition, and the condition differs between the two.

    Returns:
        `known` where the condition is true in one and false in the other, `open` where it is
        unknown in one of them (the flip of the leaf opens or settles it), else empty.
    """
    sides = [
        {
            outcome
            for outcome in ("TRUE", "FALSE", "UNKNOWN")
            if LeafTurns(condition, leaf, truth, outcome) in shown
        }
        for truth in (True, False)
    ]
    if {("TRUE", "FALSE"), ("FALSE", "TRUE")} & {(a, b) for a in sides[0] for b in sides[1]}:
        return "known"
    return "open" if any(a != b for a in sides[0] for b in sides[1]) else ""
