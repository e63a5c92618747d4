"""Encloses all that a formula can give over the hard ranges of its facts."""

from __future__ import annotations

import math
from itertools import product
from typing import assert_never

from rashpath.expression.errors import ExpressionError
from rashpath.expression.evaluate import COMBINE
from rashpath.expression.tree import (
    Arithmetic,
    AsDecimal,
    ChooseNumber,
    Combine,
    Computed,
    Constant,
    FactNumber,
    Number,
)
from rashpath.facts.dictionary import Choice, Dictionary


def interval(number: Number, dictionary: Dictionary) -> tuple[float, float]:
    """Returns bounds on a number over all cases, both included, not necessarily tight.

    Sums and products take their extremes at corners of the operands' ranges; so do quotients, since
    the range of a divisor excludes zero.

    Raises:
        ExpressionError: the number reads a choice, divides by what could be zero, or could be too
            large to be a number.
    """
    match number:
        case Constant():
            return number.value, number.value
        case FactNumber():
            kind = dictionary[number.fact].kind
            if isinstance(kind, Choice):
                raise ExpressionError(f"`{number.fact}` is a choice, where a number is expected")
            return kind.hard.minimum, kind.hard.maximum
        case Computed():
            return number.minimum, number.maximum
        case AsDecimal():
            return interval(number.operand, dictionary)
        case Combine():
            lefts, rights = interval(number.left, dictionary), interval(number.right, dictionary)
            if number.operator is Arithmetic.DIVIDE and rights[0] <= 0 <= rights[1]:
                raise ExpressionError("a divisor could be zero")
            combine = COMBINE[number.operator]
            corners = [combine(left, right) for left, right in product(lefts, rights)]
            if not all(math.isfinite(corner) for corner in corners):
                raise ExpressionError("could be too large to be a number")
            return min(corners), max(corners)
        case ChooseNumber():
            low, high = zip(
                interval(number.then, dictionary),
                interval(number.otherwise, dictionary),
                strict=True,
            )
            return min(low), max(high)
        case _:
            assert_never(number)
