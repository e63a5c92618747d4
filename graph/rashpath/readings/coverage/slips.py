"""Writes a condition with one slip in it, as an author's hand would make it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Choose,
    Compare,
    Condition,
    Constant,
    DoseGiven,
    Exists,
    Given,
    Named,
    Not,
    OneOf,
    Operator,
    Or,
    Undetermined,
)
from rashpath.facts.dictionary import Choice, Dictionary
from rashpath.guideline.model import DecisionGraph

_CLOSED = {
    Operator.LESS: Operator.LESS_OR_EQUAL,
    Operator.LESS_OR_EQUAL: Operator.LESS,
    Operator.GREATER: Operator.GREATER_OR_EQUAL,
    Operator.GREATER_OR_EQUAL: Operator.GREATER,
}
_FLIPPED = {
    Operator.LESS: Operator.GREATER_OR_EQUAL,
    Operator.LESS_OR_EQUAL: Operator.GREATER,
    Operator.GREATER: Operator.LESS_OR_EQUAL,
    Operator.GREATER_OR_EQUAL: Operator.LESS,
    Operator.EQUAL: Operator.NOT_EQUAL,
    Operator.NOT_EQUAL: Operator.EQUAL,
}


def variants(condition: Condition, graph: DecisionGraph) -> Iterator[tuple[str, Condition]]:
    """Yields a condition with one slip somewhere in it."""
    match condition:
        case Always() | Applies() | Undetermined() | DoseGiven():
            return
        case Compare():
            yield from _of_comparison(condition, graph)
            yield "negation added", Not(condition)
        case OneOf():
            yield from _of_choice(condition, graph.dictionary)
            yield "negation added", Not(condition)
        case Given():
            yield "has() dropped", Always(True)
            yield "negation added", Not(condition)
        case Exists():
            yield "valid() dropped", Always(True)
            yield "negation added", Not(condition)
        case Named():
            yield from _of_name(condition, graph)
            yield "negation added", Not(condition)
        case Not():
            yield "negation dropped", condition.operand
            for operator, operand in variants(condition.operand, graph):
                yield operator, Not(operand)
        case And() | Or():
            other = (
                Or(condition.operands) if isinstance(condition, And) else And(condition.operands)
            )
            yield "&& and || swapped", other
            yield from _of_operands(condition, graph)
        case Choose():
            yield "sides swapped", Choose(condition.test, condition.otherwise, condition.then)
            for operator, part in variants(condition.test, graph):
                yield operator, replace(condition, test=part)
            for operator, part in variants(condition.then, graph):
                yield operator, replace(condition, then=part)
            for operator, part in variants(condition.otherwise, graph):
                yield operator, replace(condition, otherwise=part)
        case _:
            assert_never(condition)


def _of_operands(condition: And | Or, graph: DecisionGraph) -> Iterator[tuple[str, Condition]]:
    operands = condition.operands
    for index, operand in enumerate(operands):
        rest = (*operands[:index], *operands[index + 1 :])
        dropped = rest[0] if len(rest) == 1 else replace(condition, operands=rest)
        yield "leaf dropped", dropped
        for operator, part in variants(operand, graph):
            changed = (*operands[:index], part, *operands[index + 1 :])
            yield operator, replace(condition, operands=changed)


def _of_comparison(condition: Compare, graph: DecisionGraph) -> Iterator[tuple[str, Condition]]:
    if condition.operator in _CLOSED:
        opened = _CLOSED[condition.operator]
        yield "closed and open swapped", replace(condition, operator=opened)
    yield "comparison flipped", replace(condition, operator=_FLIPPED[condition.operator])
    for moved in moved_values(condition.right.value):
        yield "threshold moved", replace(condition, right=Constant(moved))
    if condition.right.name:
        other = like(condition.right.name, [n.id for n in graph.guideline.numbers])
        units = {n.id: n.unit for n in graph.guideline.numbers}
        if other and units[other] == units[condition.right.name]:
            yield "number swapped", replace(condition, right=Constant(condition.right.value, other))


def moved_values(value: float) -> tuple[int | float, ...]:
    """Returns a threshold moved by a step: 1 for whole numbers, 1% and 10% for decimal ones."""
    if isinstance(value, int):
        return value - 1, value + 1
    return tuple(float(f"{value * factor:.6g}") for factor in (0.9, 0.99, 1.01, 1.1) if value != 0)


def _of_choice(condition: OneOf, dictionary: Dictionary) -> Iterator[tuple[str, Condition]]:
    kind = dictionary[condition.fact].kind
    assert isinstance(kind, Choice)
    names = {value.number: value.short for value in kind.values}
    chosen = set(condition.values)
    rest = [number for number in names if number not in chosen]

    def of(values: set[int]) -> OneOf:
        ordered = tuple(sorted(values))
        return OneOf(condition.fact, ordered, tuple(names[number] for number in ordered))

    if len(chosen) == 1:
        for number in rest:
            yield "value swapped", of({number})
    for number in condition.values if len(chosen) > 1 else ():
        yield "value dropped", of(chosen - {number})
    if len(rest) > 1:
        for number in rest:
            yield "value added", of(chosen | {number})


def _of_name(condition: Named, graph: DecisionGraph) -> Iterator[tuple[str, Condition]]:
    other = like(condition.id, [id for id in graph.definitions if id != condition.id])
    if other:
        yield "definition swapped", Named(other, graph.definitions[other].condition)


def like(name: str, names: list[str]) -> str:
    """Returns the name that is most easily mistaken for another."""
    others = [each for each in names if each != name]
    return max(
        others, key=lambda each: difflib.SequenceMatcher(None, name, each).ratio(), default=""
    )
