"""Numbers in SQL that come out as they do in Python, to the last bit.

A computed number is rounded to 9 decimals before it is compared. Databases round in ways of their
own, so nothing is rounded here: rounding never turns two numbers round, so that "rounded at least
1.4" is "at least the smallest number that rounds to 1.4 or more", which is found once, here.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final, assert_never

import ibis

from rashpath.expression.evaluate import DECIMALS
from rashpath.expression.partition import Partition
from rashpath.expression.tree import Operator
from rashpath.readings.cohort.truth import Value
from rashpath.readings.cohort.word import Word

_EXACT_DIGITS: Final = 15
"""Decimal literals of so many digits reach every database's doubles unchanged."""


def double(number: float) -> Value:
    """Returns a number as a double-precision constant, exact also where literals are decimals."""
    text = repr(float(number))
    if "e" not in text and sum(letter.isdigit() for letter in text) <= _EXACT_DIGITS:
        return ibis.literal(float(number), "float64")
    return ibis.literal(text, "string").cast("float64")


def compare(value: Value, operator: Operator, threshold: float, *, rounded: bool) -> Value:
    """Returns a comparison with a constant as a boolean; NULL where the value is.

    Args:
        value: a number column.
        operator: how it is compared.
        threshold: with what.
        rounded: the value counts as rounded to 9 decimals.
    """
    match operator:
        case Operator.GREATER_OR_EQUAL:
            return value >= _bound(threshold, rounded=rounded)
        case Operator.LESS:
            return value < _bound(threshold, rounded=rounded)
        case Operator.GREATER:
            return _above(value, threshold, rounded=rounded)
        case Operator.LESS_OR_EQUAL:
            return _at_most(value, threshold, rounded=rounded)
        case Operator.EQUAL:
            if not rounded:
                return value == double(threshold)
            return (value >= _bound(threshold, rounded=True)) & _at_most(
                value, threshold, rounded=True
            )
        case Operator.NOT_EQUAL:
            if not rounded:
                return value != double(threshold)
            return (value < _bound(threshold, rounded=True)) | _above(
                value, threshold, rounded=True
            )
        case _:
            assert_never(operator)


def region_word(value: Value, partition: Partition, *, rounded: bool) -> Value:
    """Returns a number as the word of its regions; unknown where it is NULL.

    What lies outside the number's range may come out as any region: it is refused elsewhere.
    """
    branches: list[tuple[Value, int]] = []
    for slot, region in enumerate(partition.regions[:-1]):
        index, on_threshold = divmod(slot, 2)
        operator = Operator.LESS_OR_EQUAL if on_threshold else Operator.LESS
        if branches and branches[-1][1] in (region, -1):
            branches.pop()
        test = compare(value, operator, partition.thresholds[index], rounded=rounded)
        branches.append((test, region))
    last = partition.regions[-1] if partition.regions[-1] >= 0 else branches.pop()[1]
    if branches and branches[-1][1] == last:
        branches.pop()
    word = Word(len(partition.samples))
    return ibis.cases(
        (value.isnull(), word.unknown),
        *((test, word.known(max(region, 0))) for test, region in branches),
        else_=word.known(last),
    )


def _above(value: Value, threshold: float, *, rounded: bool) -> Value:
    if not rounded:
        return value > double(threshold)
    return value >= double(least_rounding_to(math.nextafter(threshold, math.inf)))


def _at_most(value: Value, threshold: float, *, rounded: bool) -> Value:
    if not rounded:
        return value <= double(threshold)
    return value < double(least_rounding_to(math.nextafter(threshold, math.inf)))


def _bound(threshold: float, *, rounded: bool) -> Value:
    return double(least_rounding_to(threshold) if rounded else threshold)


@cache
def least_rounding_to(threshold: float) -> float:
    """Returns the smallest number that is at least a threshold once it is rounded to 9 decimals.

    >>> least_rounding_to(0.4) < 0.4, round(least_rounding_to(0.4), 9)
    (True, 0.4)
    """
    width = 10.0**-DECIMALS + 4 * math.ulp(threshold)
    low, high = threshold - width, threshold + width
    assert round(low, DECIMALS) < threshold <= round(high, DECIMALS)
    while math.nextafter(low, high) < high:
        middle = low + (high - low) / 2
        if round(middle, DECIMALS) >= threshold:
            high = middle
        else:
            low = middle
    return high
