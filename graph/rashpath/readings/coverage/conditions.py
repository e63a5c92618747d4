"""Lists every condition that a guideline writes, with its leaves: what coverage is counted in.

A leaf is what a condition combines with `&&`, `||`, `!` and `? :`: a comparison, `has()`, `valid()`
or a definition by its name. A definition is a condition of its own, with leaves of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from rashpath.expression.evaluate import Facts, evaluate
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
    tests_in,
)
from rashpath.expression.truth import Truth, conjoin, disjoin, negate
from rashpath.facts.plain import Path
from rashpath.guideline.model import (
    Caution,
    Contradiction,
    DecisionGraph,
    NotCovered,
    Recommendation,
)

Leaf = Compare | OneOf | Given | Exists | Named


class Kind(Enum):
    """Where a condition stands."""

    DEFINITION = "definition"
    BRANCH = "branch"
    ROW = "dose row"
    CONTRADICTION = "contradiction"
    CAUTION = "caution"
    NOT_COVERED = "not covered"
    FLAG = "flag"
    NOTE = "note"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Written:
    """One condition as the guideline file has it.

    Args:
        name: what it is called in reports, such as `failing` or `danger_question -> no_danger`.
        kind: where it stands.
        path: its place in the guideline message; of a formula's test, the place of the formula.
        condition: its tree.
        node: the node that must be reached for it to be asked; empty where it is asked always.
    """

    name: str
    kind: Kind
    path: Path
    condition: Condition
    node: str = ""


def written_conditions(graph: DecisionGraph) -> tuple[Written, ...]:
    """Returns every condition of a guideline, in the order of the file's sections."""
    return tuple(_written(graph))


def _written(graph: DecisionGraph) -> Iterator[Written]:
    guideline = graph.guideline
    for index, number in enumerate(guideline.computed_numbers):
        formula = graph.computed[number.id].number.formula
        for count, test in enumerate(tests_in(formula)):
            path: Path = ("computed_numbers", index, "formula")
            yield Written(f"{number.id}, test {count + 1}", Kind.FORMULA, path, test)
    for index, definition in enumerate(guideline.definitions):
        condition = graph.definitions[definition.id].condition
        yield Written(definition.id, Kind.DEFINITION, ("definitions", index, "when"), condition)
    said: tuple[tuple[str, Kind, tuple[Contradiction | Caution | NotCovered, ...]], ...] = (
        ("contradictions", Kind.CONTRADICTION, graph.contradictions),
        ("cautions", Kind.CAUTION, graph.cautions),
        ("not_covered", Kind.NOT_COVERED, graph.not_covered),
    )
    for section, kind, parts in said:
        for index, part in enumerate(parts):
            yield Written(part.id, kind, (section, index, "when"), part.condition)
    for index, each in enumerate(guideline.nodes):
        yield from _of_node(graph, each.id, ("nodes", index))
    for index, edge in enumerate(guideline.edges):
        compiled = next(e for e in graph.out_of(edge.from_node) if e.head == edge.to_node)
        if compiled.written is not None:
            name = f"{edge.from_node} -> {edge.to_node}"
            path = ("edges", index, "when")
            yield Written(name, Kind.BRANCH, path, compiled.written, edge.from_node)


def _of_node(graph: DecisionGraph, id: str, path: Path) -> Iterator[Written]:
    node = graph.by_id[id]
    for index, flag in enumerate(node.flags):
        if flag.when is not None:
            place = (*path, "flags", index, "when")
            yield Written(f"{id}, flag {index + 1}", Kind.FLAG, place, flag.when, id)
    if not isinstance(node, Recommendation):
        return
    for index, note in enumerate(node.notes):
        place = (*path, "recommendation", "notes", index)
        if note.when is not None:
            name = f"{id}, note {index + 1}"
            yield Written(name, Kind.NOTE, (*place, "when"), note.when, id)
        for number, flag in enumerate(note.flags):
            if flag.when is not None:
                name = f"{id}, note {index + 1}, flag {number + 1}"
                flagged = (*place, "flags", number, "when")
                yield Written(name, Kind.FLAG, flagged, flag.when, id)
    if node.regimen is not None:
        for index, row in enumerate(node.regimen.rows):
            place = (*path, "recommendation", "regimen", "rows", index, "when")
            yield Written(f"{id}, row {index + 1}", Kind.ROW, place, row.when, id)


def leaves_of(condition: Condition) -> tuple[Leaf, ...]:
    """Returns the leaves of a condition in reading order; one that occurs twice stands twice."""
    return tuple(_leaves(condition))


def _leaves(condition: Condition) -> Iterator[Leaf]:
    match condition:
        case Always() | Applies() | Undetermined() | DoseGiven():
            return
        case Compare() | OneOf() | Given() | Exists() | Named():
            yield condition
        case Not():
            yield from _leaves(condition.operand)
        case And() | Or():
            for operand in condition.operands:
                yield from _leaves(operand)
        case Choose():
            for part in (condition.test, condition.then, condition.otherwise):
                yield from _leaves(part)
        case _:
            assert_never(condition)


def combine(condition: Condition, truths: Sequence[Truth]) -> Truth:
    """Returns the truth of a condition from the truths of its leaves, by Kleene's tables.

    Args:
        condition: the condition.
        truths: one for each leaf, in the order of :func:`leaves_of`.
    """
    return _combine(condition, iter(truths))


def _combine(condition: Condition, truths: Iterator[Truth]) -> Truth:
    match condition:
        case Always():
            return Truth.of(condition.value)
        case Compare() | OneOf() | Given() | Exists() | Named():
            return next(truths)
        case Not():
            return negate(_combine(condition.operand, truths))
        case And():
            return conjoin([_combine(operand, truths) for operand in condition.operands])
        case Or():
            return disjoin([_combine(operand, truths) for operand in condition.operands])
        case Choose():
            test = _combine(condition.test, truths)
            then = _combine(condition.then, truths)
            otherwise = _combine(condition.otherwise, truths)
            match test:
                case Truth.TRUE:
                    return then
                case Truth.FALSE:
                    return otherwise
                case Truth.UNKNOWN:
                    return then if then is otherwise else Truth.UNKNOWN
        case Applies() | Undetermined() | DoseGiven():
            raise ValueError("a term about a decision is no condition of a graph")
        case _:
            assert_never(condition)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one case makes of one condition.

    Args:
        truths: the truth of each leaf.
        outcome: the truth of the condition.
        turning: for each leaf, whether its flip alone would turn the condition.
    """

    truths: tuple[Truth, ...]
    outcome: Truth
    turning: tuple[bool, ...]


def read(condition: Condition, leaves: Sequence[Leaf], facts: Facts) -> Reading:
    """Reads a condition in a case, and asks of each leaf whether it decides alone.

    Args:
        condition: the condition.
        leaves: its leaves.
        facts: the given facts.
    """
    truths = tuple(evaluate(leaf, facts) for leaf in leaves)
    outcome = combine(condition, truths)
    turning = []
    for index, truth in enumerate(truths):
        if truth is Truth.UNKNOWN:
            turning.append(False)
            continue
        flipped = (*truths[:index], negate(truth), *truths[index + 1 :])
        turning.append(combine(condition, flipped) is not outcome)
    return Reading(truths, outcome, tuple(turning))
