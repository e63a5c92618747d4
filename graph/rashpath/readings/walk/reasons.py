"""Finds what decides a condition: the fewest comparisons or definitions that make it what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    Leaf,
    Named,
    Not,
    OneOf,
    Or,
    Undetermined,
)
from rashpath.expression.truth import Truth


def deciding(condition: Condition, facts: Facts) -> tuple[Leaf, ...]:
    """Returns the comparisons that make a condition what it is, in reading order, each once.

    A conjunction is true for all its parts, and false for its first false one; a disjunction the
    other way round. An unknown condition is so for its unknown parts.
    """
    return tuple(dict.fromkeys(_leaves(condition, facts)))


def grounds(condition: Condition, facts: Facts) -> tuple[Named, ...]:
    """Returns the outermost definitions that make a condition what it is, each once."""
    parts = _deciding(condition, facts, opened=False)
    return tuple({part.id: part for part in parts if isinstance(part, Named)}.values())


def _leaves(condition: Condition, facts: Facts) -> Iterator[Leaf]:
    for part in _deciding(condition, facts, opened=True):
        assert not isinstance(part, Named)
        yield part


def _deciding(condition: Condition, facts: Facts, *, opened: bool) -> Iterator[Leaf | Named]:
    match condition:
        case Always() | Applies() | Undetermined() | DoseGiven():
            return
        case Compare() | OneOf() | Given():
            yield condition
        case Exists():
            yield from _deciding(condition.computed.valid_when, facts, opened=opened)
        case Named() if not opened:
            yield condition
        case Named():
            yield from _deciding(condition.condition, facts, opened=opened)
        case Not():
            yield from _deciding(condition.operand, facts, opened=opened)
        case And():
            yield from _parts(condition.operands, facts, settles=Truth.FALSE, opened=opened)
        case Or():
            yield from _parts(condition.operands, facts, settles=Truth.TRUE, opened=opened)
        case Choose():
            yield from _deciding(condition.test, facts, opened=opened)
            match evaluate(condition.test, facts):
                case Truth.TRUE:
                    yield from _deciding(condition.then, facts, opened=opened)
                case Truth.FALSE:
                    yield from _deciding(condition.otherwise, facts, opened=opened)
                case Truth.UNKNOWN:
                    yield from _deciding(condition.then, facts, opened=opened)
                    yield from _deciding(condition.otherwise, facts, opened=opened)
        case _:
            assert_never(condition)


def _parts(
    operands: Iterable[Condition], facts: Facts, *, settles: Truth, opened: bool
) -> Iterator[Leaf | Named]:
    truths = [(operand, evaluate(operand, facts)) for operand in operands]
    settling = next((operand for operand, truth in truths if truth is settles), None)
    if settling is not None:
        yield from _deciding(settling, facts, opened=opened)
        return
    unknown = [operand for operand, truth in truths if truth is Truth.UNKNOWN]
    for operand in unknown or [operand for operand, _ in truths]:
        yield from _deciding(operand, facts, opened=opened)
