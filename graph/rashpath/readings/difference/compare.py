"""Compares two guidelines over all cases: what differs, in which smallest case, and where."""

from __future__ import annotations

from dataclasses import dataclass

from rashpath.expression.decision_diagram import TooLargeError
from rashpath.expression.evaluate import Facts
from rashpath.facts.errors import RashpathError
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.difference.aspects import Kind, aspects, urgencies
from rashpath.readings.difference.common import Common, Side, common
from rashpath.readings.difference.content import ContentChange, content_changes
from rashpath.readings.difference.look import Difference, Looking
from rashpath.readings.explanation import changes
from rashpath.readings.walk import walk
from rashpath.v1 import decision_pb2


class DifferenceError(RashpathError):
    """Two guidelines that cannot be compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All that differs between two guidelines.

    Args:
        before: the first guideline.
        after: the second one.
        compared: how many aspects were compared; all but `differences` are proved the same.
        differences: what is not proved the same.
        content: what else differs between the files.
        edges: edges of both whose condition differs in some case.
    """

    before: DecisionGraph
    after: DecisionGraph
    compared: int
    differences: tuple[Difference, ...]
    content: tuple[ContentChange, ...]
    edges: frozenset[tuple[str, str]]

    @property
    def equivalent(self) -> bool:
        """True if both decide every case alike, known and unknown facts alike; proved."""
        return not self.differences and not any(change.decides for change in self.content)

    @property
    def same_answers(self) -> bool:
        """True if both are equivalent and say it in the same words, on the same evidence."""
        return self.equivalent and not any(change.shown for change in self.content)


def compare(before: DecisionGraph, after: DecisionGraph) -> Comparison:
    """Compares two guidelines over all cases.

    Args:
        before: the first guideline.
        after: the second one, over the same type of case.

    Raises:
        DifferenceError: the types of their cases differ, or they are too large to be compared.

    Example:
        >>> from importlib.resources import files
        >>> from rashpath.guideline import load
        >>> folder = files("rashpath.content") / "valacyclovir_spreading_rash"
        >>> guideline = load(folder / "1.0.0.yaml")
        >>> compare(guideline, guideline).equivalent
        True
    """
    if before.dictionary.case_type != after.dictionary.case_type:
        raise DifferenceError(
            f"one guideline decides `{before.dictionary.case_type}`, the other "
            f"`{after.dictionary.case_type}`; they have no case in common"
        )
    try:
        diagrams, left, right = common(before, after)
        everything = list(aspects(diagrams, left, right))
        same_urgency = urgencies(diagrams, left, right)
        edges = _changed_edges(diagrams, left, right)
        looking = Looking(diagrams, before, after)
        found = looking.all(
            aspect
            for aspect in everything
            if aspect.before != aspect.after
            or (aspect.kind is Kind.URGENCY and not same_urgency[aspect.value])
        )
    except TooLargeError as error:
        raise DifferenceError(f"the guidelines are too large to be compared: {error}") from None
    return Comparison(
        before,
        after,
        len(everything),
        tuple(found),
        tuple(content_changes(before.guideline, after.guideline)),
        edges,
    )


def _changed_edges(diagrams: Common, before: Side, after: Side) -> frozenset[tuple[str, str]]:
    conditions: list[dict[tuple[str, str], int]] = [
        {
            (edge.tail, edge.head): diagrams.of(side.condition(edge.condition))
            for node in side.graph.order
            for edge in side.graph.out_of(node.id)
        }
        for side in (before, after)
    ]
    first, second = conditions
    return frozenset(key for key in first if key in second and first[key] != second[key])


def changed(
    before: DecisionGraph, after: DecisionGraph, facts: Facts
) -> list[decision_pb2.VerdictChange]:
    """Returns what differs between the answers of two guidelines to one case."""
    return changes(walk(before, facts), walk(after, facts))
