"""Comparisons and arithmetic in the solver's terms."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import assert_never

from rashpath.expression.evaluate import DECIMALS
from rashpath.expression.tree import (
    Arithmetic,
    AsDecimal,
    ChooseNumber,
    Combine,
    Computed,
    Constant,
    FactNumber,
    Number,
    Operator,
)
from rashpath.readings.proof.solver import NumberTerm, Term, as_real, conj, constant, disj, is_real

HALF_STEP = Fraction(1, 2 * 10**DECIMALS)
"""A rounded number differs from the exact one by at most this."""


def compare(value: NumberTerm, operator: Operator, bound: float | Fraction) -> Term:
    """Returns a comparison of a number with a constant."""
    right: NumberTerm = constant(bound)
    exact = Fraction(bound)
    left = value
    if exact.denominator == 1 and not is_real(value):
        right = int(exact)
    else:
        left = as_real(value)
    match operator:
        case Operator.LESS:
            return left < right
        case Operator.LESS_OR_EQUAL:
            return left <= right
        case Operator.EQUAL:
            return left == right
        case Operator.NOT_EQUAL:
            return left != right
        case Operator.GREATER_OR_EQUAL:
            return left >= right
        case Operator.GREATER:
            return left > right
        case _:
            assert_never(operator)


def among(value: NumberTerm, numbers: Iterable[int]) -> Term:
    """Returns where a whole number is one of some."""
    return disj(value == number for number in numbers)


def near(value: NumberTerm, exact: NumberTerm) -> Term:
    """Returns where a number can be the rounding of another."""
    step = constant(HALF_STEP)
    return conj((value - exact <= step, exact - value <= step))


def is_linear(number: Number) -> bool:
    """Tells whether a formula is linear in the facts."""
    match number:
        case Constant() | FactNumber():
            return True
        case Computed():
            return True  # a value of its own, which is tied where it is made
        case AsDecimal():
            return is_linear(number.operand)
        case Combine():
            if not (is_linear(number.left) and is_linear(number.right)):
                return False
            match number.operator:
                case Arithmetic.ADD | Arithmetic.SUBTRACT:
                    return True
                case Arithmetic.MULTIPLY:
                    return isinstance(number.left, Constant) or isinstance(number.right, Constant)
                case Arithmetic.DIVIDE:
                    return isinstance(number.right, Constant)
                case _:
                    assert_never(number.operator)
        case ChooseNumber():
            return is_linear(number.then) and is_linear(number.otherwise)
        case _:
            assert_never(number)
