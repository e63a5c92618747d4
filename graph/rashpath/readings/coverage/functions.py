"""Builds what a case can see of a guideline as decision diagrams, with parts of it replaced.

Two guidelines (one of them changed), or one guideline with a definition held true and held false,
are built over common levels: where the diagrams have the same number, no case can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.levels import levels_of
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Choose,
    Compare,
    Condition,
    DoseGiven,
    Exists,
    Given,
    Named,
    Not,
    OneOf,
    Or,
    Undetermined,
)
from rashpath.guideline.model import (
    Caution,
    Contradiction,
    DecisionGraph,
    Finding,
    NotCovered,
    Recommendation,
    Start,
)
from rashpath.readings.coverage.conditions import leaves_of, written_conditions

LIMIT = 6_000_000


def common_diagrams(*graphs: DecisionGraph) -> Diagrams:
    """Returns empty diagrams over all levels that some guidelines need together."""
    conditions = [part.condition for graph in graphs for part in written_conditions(graph)]
    dictionary = graphs[0].dictionary
    return Diagrams(levels_of(conditions, dictionary), limit=LIMIT)


class Functions:
    """Conditions of one guideline as diagrams.

    Args:
        graph: the guideline.
        diagrams: hold the result; their levels are those of the guideline, or more.
        replaced: definitions that stand for another diagram than their own.
    """

    def __init__(
        self, graph: DecisionGraph, diagrams: Diagrams, replaced: Mapping[str, int] | None = None
    ) -> None:
        self._graph = graph
        self._diagrams = diagrams
        self._named: dict[str, int] = dict(replaced or {})

    def of(self, condition: Condition) -> int:
        """Returns the diagram of a condition."""
        diagrams = self._diagrams
        match condition:
            case Always() | Compare() | OneOf() | Given():
                return diagrams.of(condition)
            case Exists():
                return self.of(condition.computed.valid_when)
            case Named():
                if condition.id not in self._named:
                    self._named[condition.id] = self.of(condition.condition)
                return self._named[condition.id]
            case Not():
                return diagrams.negate(self.of(condition.operand))
            case And():
                return diagrams.conjoin(self.of(operand) for operand in condition.operands)
            case Or():
                return diagrams.disjoin(self.of(operand) for operand in condition.operands)
            case Choose():
                return self._choose(
                    self.of(condition.test), self.of(condition.then), self.of(condition.otherwise)
                )
            case Applies() | Undetermined() | DoseGiven():
                raise ValueError("a term about a decision has no diagram")
            case _:
                assert_never(condition)

    def with_leaf(self, condition: Condition, place: int, value: int) -> int:
        """Returns the diagram of a condition in which one leaf stands for another diagram.

        Args:
            condition: the condition.
            place: which of its leaves, from 0, in reading order.
            value: what it stands for.
        """
        parts = (
            value if index == place else self.of(leaf)
            for index, leaf in enumerate(leaves_of(condition))
        )
        return self._combine(condition, iter(tuple(parts)))

    def turns(self, condition: Condition, place: int) -> int:
        """Returns where the flip of one leaf alone turns its condition."""
        return self.differ(
            self.with_leaf(condition, place, TRUE), self.with_leaf(condition, place, FALSE)
        )

    def differ(self, one: int, other: int) -> int:
        """Returns where two diagrams differ."""
        return differ(self._diagrams, one, other)

    def seen(self, *, all_nodes: bool = False) -> dict[str, int]:
        """Returns all that an answer shows: verdicts, doses, warnings, notes, each by a name.

        Args:
            all_nodes: also the nodes that are neither recommendation nor finding.
        """
        return dict(self._seen(all_nodes=all_nodes))

    def _seen(self, *, all_nodes: bool) -> Iterator[tuple[str, int]]:
        graph, diagrams = self._graph, self._diagrams
        reached: dict[str, int] = {}
        for node in graph.order:
            reached[node.id] = (
                TRUE
                if isinstance(node, Start)
                else diagrams.disjoin(
                    diagrams.conjoin((reached[edge.tail], self.of(edge.condition)))
                    for edge in graph.into(node.id)
                )
            )
            if all_nodes or isinstance(node, Recommendation | Finding):
                yield node.id, reached[node.id]
            for index, flag in enumerate(node.flags):
                if flag.when is not None:
                    shown = diagrams.conjoin((reached[node.id], self.of(flag.when)))
                    yield f"{node.id}, flag {index + 1}", shown
            if isinstance(node, Recommendation):
                yield from self._of_recommendation(node, reached[node.id])
        said: list[Contradiction | Caution | NotCovered]
        said = [*graph.contradictions, *graph.cautions, *graph.not_covered]
        for part in said:
            yield f"said: {part.id}", self.of(part.condition)
        yield "danger", self.of(graph.red_flag.condition)

    def _of_recommendation(self, node: Recommendation, reached: int) -> Iterator[tuple[str, int]]:
        diagrams = self._diagrams
        for index, note in enumerate(node.notes):
            if note.when is not None:
                yield (
                    f"{node.id}, note {index + 1}",
                    diagrams.conjoin((reached, self.of(note.when))),
                )
        if node.regimen is None:
            return
        for index, row in enumerate(node.regimen.rows):
            yield f"{node.id}, row {index + 1}", diagrams.conjoin((reached, self.of(row.when)))
        for part in node.regimen.gate:
            closed = diagrams.negate(self.of(part.condition))
            yield f"{node.id}, {part.id} closed", diagrams.conjoin((reached, closed))

    def _choose(self, test: int, then: int, otherwise: int) -> int:
        diagrams = self._diagrams
        return diagrams.disjoin(
            (
                diagrams.conjoin((test, then)),
                diagrams.conjoin((diagrams.negate(test), otherwise)),
            )
        )

    def _combine(self, condition: Condition, parts: Iterator[int]) -> int:
        diagrams = self._diagrams
        match condition:
            case Always():
                return TRUE if condition.value else FALSE
            case Compare() | OneOf() | Given() | Exists() | Named():
                return next(parts)
            case Not():
                return diagrams.negate(self._combine(condition.operand, parts))
            case And():
                return diagrams.conjoin([self._combine(each, parts) for each in condition.operands])
            case Or():
                return diagrams.disjoin([self._combine(each, parts) for each in condition.operands])
            case Choose():
                test = self._combine(condition.test, parts)
                then = self._combine(condition.then, parts)
                return self._choose(test, then, self._combine(condition.otherwise, parts))
            case Applies() | Undetermined() | DoseGiven():
                raise ValueError("a term about a decision has no diagram")
            case _:
                assert_never(condition)


def differ(diagrams: Diagrams, one: int, other: int) -> int:
    """Returns where two diagrams differ."""
    if one == other:
        return FALSE
    return diagrams.disjoin(
        (
            diagrams.conjoin((one, diagrams.negate(other))),
            diagrams.conjoin((diagrams.negate(one), other)),
        )
    )
