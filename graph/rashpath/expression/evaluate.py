"""Evaluates conditions and formulas over the facts that are given, in three values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Final, Literal, NoReturn, assert_never

from rashpath.expression.errors import ExpressionError
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Arithmetic,
    AsDecimal,
    Choose,
    ChooseNumber,
    Combine,
    Compare,
    Computed,
    Condition,
    Constant,
    DoseGiven,
    Exists,
    FactNumber,
    Given,
    Named,
    Not,
    Number,
    OneOf,
    Operator,
    Or,
    Undetermined,
)
from rashpath.expression.truth import Truth, conjoin, disjoin, negate

Facts = Mapping[str, int | float]
"""The given facts by path; a choice by the number of its value. What is not in it is unknown."""


class Case(dict[str, int | float]):
    """The given facts of one case, which also remember what was worked out from them.

    Definitions and computed numbers occur in many conditions; with a plain mapping each is worked
    out anew. The facts must not change once they are evaluated.
    """

    __slots__ = ("numbers", "truths")

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.truths: dict[str, Truth] = {}
        self.numbers: dict[str, Known] = {}


DECIMALS: Final = 9
"""Computed numbers are rounded to this many decimals before they are compared."""


class Missing(Enum):
    """The value of a number that is not known or does not exist. It has no truth in Python."""

    MISSING = "MISSING"

    def __bool__(self) -> NoReturn:
        raise TypeError("a missing number is not a boolean")


MISSING: Final = Missing.MISSING
Known = int | float | Literal[Missing.MISSING]

COMPARE: Final[Mapping[Operator, Callable[[float, float], bool]]] = {
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.GREATER_OR_EQUAL: operator.ge,
    Operator.GREATER: operator.gt,
}
COMBINE: Final[Mapping[Arithmetic, Callable[[float, float], float]]] = {
    Arithmetic.ADD: operator.add,
    Arithmetic.SUBTRACT: operator.sub,
    Arithmetic.MULTIPLY: operator.mul,
    Arithmetic.DIVIDE: operator.truediv,
}


def evaluate(condition: Condition, facts: Facts) -> Truth:
    """Evaluates a condition by Kleene's tables.

    Args:
        condition: any condition but those of invariants.
        facts: the given facts, within their hard ranges.

    Returns:
        TRUE and FALSE are final for every completion of the unknown facts; UNKNOWN may still be
        settled by looking at all completions, which is the decision diagram's work.

    Example:
        >>> from rashpath.expression.tree import FactNumber, Compare, Operator, Constant
        >>> age = FactNumber("patient.age_years")
        >>> adult = Compare(age, Operator.GREATER_OR_EQUAL, Constant(18))
        >>> evaluate(adult, {"patient.age_years": 17}), evaluate(adult, {})
        (<Truth.FALSE: 'FALSE'>, <Truth.UNKNOWN: 'UNKNOWN'>)
    """
    match condition:
        case Always():
            return Truth.of(condition.value)
        case Compare():
            left = number(condition.left, facts)
            if left is MISSING:
                return Truth.UNKNOWN
            return Truth.of(COMPARE[condition.operator](left, condition.right.value))
        case OneOf():
            value = facts.get(condition.fact)
            return Truth.UNKNOWN if value is None else Truth.of(value in condition.values)
        case Given():
            return Truth.of(condition.fact in facts)
        case Exists():
            return evaluate(condition.computed.valid_when, facts)
        case Named():
            return _named(condition, facts)
        case Not():
            return negate(evaluate(condition.operand, facts))
        case And():
            return conjoin(evaluate(operand, facts) for operand in condition.operands)
        case Or():
            return disjoin(evaluate(operand, facts) for operand in condition.operands)
        case Choose():
            return _choose(condition, facts)
        case Applies() | Undetermined() | DoseGiven():
            raise ExpressionError("a term about a decision stands outside an invariant")
        case _:
            assert_never(condition)


def number(value: Number, facts: Facts) -> Known:
    """Evaluates a number.

    Returns:
        The value, a computed one rounded to 9 decimals; MISSING where an input that matters is
        unknown, or where a computed number is known not to exist.
    """
    match value:
        case Constant():
            return value.value
        case FactNumber():
            return facts.get(value.fact, MISSING)
        case Computed():
            return _computed(value, facts)
        case AsDecimal():
            raw = number(value.operand, facts)
            return raw if raw is MISSING else float(raw)
        case Combine():
            left, right = number(value.left, facts), number(value.right, facts)
            if left is MISSING or right is MISSING:
                return MISSING
            return COMBINE[value.operator](left, right)
        case ChooseNumber():
            match evaluate(value.test, facts):
                case Truth.TRUE:
                    return number(value.then, facts)
                case Truth.FALSE:
                    return number(value.otherwise, facts)
                case Truth.UNKNOWN:
                    then, otherwise = number(value.then, facts), number(value.otherwise, facts)
                    return then if then is not MISSING and then == otherwise else MISSING
        case _:
            assert_never(value)


def waits_for(value: Number, facts: Facts) -> tuple[str, ...]:
    """Returns the unknown facts that a number waits for, in reading order.

    A branch that the given facts rule out is not waited for.
    """
    return tuple(dict.fromkeys(_waits_for(value, facts)))


def _waits_for(value: Number, facts: Facts) -> Iterator[str]:
    match value:
        case Constant():
            return
        case FactNumber():
            if value.fact not in facts:
                yield value.fact
        case Computed():
            yield from _waits_for(value.formula, facts)
        case AsDecimal():
            yield from _waits_for(value.operand, facts)
        case Combine():
            yield from _waits_for(value.left, facts)
            yield from _waits_for(value.right, facts)
        case ChooseNumber():
            if number(value, facts) is not MISSING:
                return
            test = evaluate(value.test, facts)
            if test is Truth.UNKNOWN:
                yield from unknown_in(value.test, facts)
            if test is not Truth.FALSE:
                yield from _waits_for(value.then, facts)
            if test is not Truth.TRUE:
                yield from _waits_for(value.otherwise, facts)
        case _:
            assert_never(value)


def unknown_in(condition: Condition, facts: Facts) -> Iterator[str]:
    """Yields the unknown facts that keep a condition from being settled by Kleene's tables."""
    if evaluate(condition, facts) is not Truth.UNKNOWN:
        return
    match condition:
        case Always() | Given() | Applies() | Undetermined() | DoseGiven():
            return
        case Compare():
            yield from waits_for(condition.left, facts)
        case OneOf():
            yield condition.fact
        case Exists():
            yield from unknown_in(condition.computed.valid_when, facts)
        case Named():
            yield from unknown_in(condition.condition, facts)
        case Not():
            yield from unknown_in(condition.operand, facts)
        case And() | Or():
            for operand in condition.operands:
                yield from unknown_in(operand, facts)
        case Choose():
            for part in (condition.test, condition.then, condition.otherwise):
                yield from unknown_in(part, facts)
        case _:
            assert_never(condition)


def _named(condition: Named, facts: Facts) -> Truth:
    if not isinstance(facts, Case):
        return evaluate(condition.condition, facts)
    truth = facts.truths.get(condition.id)
    if truth is None:
        truth = facts.truths[condition.id] = evaluate(condition.condition, facts)
    return truth


def _computed(computed: Computed, facts: Facts) -> Known:
    if isinstance(facts, Case) and computed.id in facts.numbers:
        return facts.numbers[computed.id]
    value: Known = MISSING
    if evaluate(computed.valid_when, facts) is not Truth.FALSE:
        raw = number(computed.formula, facts)
        value = raw if raw is MISSING else round(float(raw), DECIMALS)
    if isinstance(facts, Case):
        facts.numbers[computed.id] = value
    return value


def _choose(condition: Choose, facts: Facts) -> Truth:
    match evaluate(condition.test, facts):
        case Truth.TRUE:
            return evaluate(condition.then, facts)
        case Truth.FALSE:
            return evaluate(condition.otherwise, facts)
        case Truth.UNKNOWN:
            then = evaluate(condition.then, facts)
            return then if then is evaluate(condition.otherwise, facts) else Truth.UNKNOWN
