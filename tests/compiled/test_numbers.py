"""The kernel counts as the plain walk does, or leaves the case to it."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rashpath.expression import compile_condition
from rashpath.expression.decision_diagram import Diagrams
from rashpath.expression.evaluate import DECIMALS
from rashpath.expression.levels import levels_of
from rashpath.expression.tree import (
    Always,
    Arithmetic,
    AsDecimal,
    Combine,
    Computed,
    Constant,
    FactNumber,
    Number,
)
from rashpath.readings.compiled.lower import Lowering
from tests.compiled.kernel import Kernel
from tests.expression.language import AGE, DICTIONARY, MEASURED, STABLE, TREND, WEIGHT, names

FEW = settings(max_examples=500, deadline=None)
MOST_EXACT = 2**53
"""Below it, a double is no other whole number, rounded."""

FINITE = st.floats(allow_nan=False, allow_infinity=False)
HALVES = st.integers(-(2**40), 2**40).map(lambda n: (n + 0.5) / 10**DECIMALS)
"""As near to the middle between two roundings as a double comes."""


def kernel_of(number: Number) -> Kernel:
    """Returns a kernel that tells one number."""
    lowering = Lowering(DICTIONARY)
    return Kernel(lowering, DICTIONARY, numbers=[lowering.number(number)])


ROUNDING = kernel_of(Computed("it", FactNumber(WEIGHT), Always(True), -math.inf, math.inf))


@settings(FEW, max_examples=2000)
@given(value=FINITE | st.floats(-1e7, 1e7) | HALVES)
@example(value=0.0)
@example(value=-0.0)
@example(value=-1e-12)
@example(value=5e-324)
@example(value=2.5e-9)
@example(value=0.5e-9)
@example(value=9007199.254740991)
@example(value=9007199.254740993)
@example(value=float(MOST_EXACT))
@example(value=1.7976931348623157e308)
def test_rounding_is_that_of_python(value: float) -> None:
    """To 9 decimals, half to even of the exact value; what is too long for it is left."""
    found = ROUNDING.told({WEIGHT: value})
    if found is None:
        assert Fraction(abs(value)) * 10**DECIMALS + 1 >= MOST_EXACT
        assert abs(value) < MOST_EXACT
    else:
        assert repr(found.numbers) == repr([round(value, DECIMALS)])


@given(value=st.floats(-9_000_000, 9_000_000))
def test_no_number_of_a_patient_is_too_long_to_round(value: float) -> None:
    assert ROUNDING.told({WEIGHT: value}) is not None


def whole(operator: Arithmetic, left: int, right: int) -> int:
    """Returns what Python makes of two whole numbers."""
    made = {
        Arithmetic.ADD: left + right,
        Arithmetic.SUBTRACT: left - right,
        Arithmetic.MULTIPLY: left * right,
    }
    return made[operator]


WHOLE = [Arithmetic.ADD, Arithmetic.SUBTRACT, Arithmetic.MULTIPLY]
LONG = st.integers(-MOST_EXACT, MOST_EXACT) | st.integers(-(2**27), 2**27)


@FEW
@given(operator=st.sampled_from(WHOLE), left=LONG, right=LONG)
@example(operator=Arithmetic.ADD, left=MOST_EXACT, right=1)
@example(operator=Arithmetic.ADD, left=MOST_EXACT - 1, right=0)
@example(operator=Arithmetic.SUBTRACT, left=-MOST_EXACT, right=1)
@example(operator=Arithmetic.MULTIPLY, left=2**27, right=2**27 + 1)
def test_whole_numbers_are_exact_or_left(operator: Arithmetic, left: int, right: int) -> None:
    """Python's whole numbers have no end; a double is exact up to 2**53."""
    kernel = kernel_of(Combine(FactNumber(AGE), operator, Constant(right)))
    found = kernel.told({AGE: left})
    exact = whole(operator, left, right)
    if found is None:
        assert abs(exact) >= MOST_EXACT
    else:
        assert found.numbers == [exact]
        assert abs(exact) < MOST_EXACT


def test_a_sum_beyond_what_a_double_counts_is_left() -> None:
    """Also where the sum is 2**53 + 1, which would be rounded to 2**53."""
    kernel = kernel_of(Combine(FactNumber(AGE), Arithmetic.ADD, Constant(MOST_EXACT - 1)))
    assert kernel.told({AGE: 0}) is not None
    assert [kernel.told({AGE: age}) for age in (1, 2, 3)] == [None] * 3


DECIMAL = st.floats(-1e12, 1e12)


@FEW
@given(operator=st.sampled_from(Arithmetic), left=DECIMAL, right=DECIMAL)
def test_decimal_arithmetic_is_that_of_python(
    operator: Arithmetic, left: float, right: float
) -> None:
    kernel = kernel_of(Combine(FactNumber(WEIGHT), operator, AsDecimal(FactNumber(MEASURED))))
    found = kernel.told({WEIGHT: left, MEASURED: right})
    if operator is Arithmetic.DIVIDE:
        if right == 0:
            assert found is None
            return
        meant = left / right
    else:
        meant = {
            Arithmetic.ADD: left + right,
            Arithmetic.SUBTRACT: left - right,
            Arithmetic.MULTIPLY: left * right,
        }[operator]
    if math.isinf(meant) or abs(meant) > 2.0**1000:
        assert found is None
    else:
        assert found is not None
        assert repr(found.numbers) == repr([meant])


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_division_by_zero_is_left(zero: float) -> None:
    """Neither infinite nor an error: the plain walk says what it is."""
    kernel = kernel_of(Combine(FactNumber(WEIGHT), Arithmetic.DIVIDE, FactNumber(MEASURED)))
    assert kernel.told({WEIGHT: 70.0, MEASURED: zero}) is None
    found = kernel.told({WEIGHT: 70.0, MEASURED: 2.0})
    assert found is not None
    assert found.numbers == [35.0]


def test_what_is_beyond_measure_is_left() -> None:
    kernel = kernel_of(Combine(FactNumber(WEIGHT), Arithmetic.MULTIPLY, FactNumber(MEASURED)))
    assert kernel.told({WEIGHT: 1e200, MEASURED: 1e200}) is None


@pytest.mark.parametrize("value", [-1, 4, 250, 2**31, -(2**31)])
def test_a_choice_that_is_none_is_left(value: int) -> None:
    """By the tables and by the diagrams alike."""
    condition = compile_condition(f"{TREND} == SPREADING", names())
    lowering = Lowering(DICTIONARY)
    by_table = Kernel(lowering, DICTIONARY, truths=[lowering.truth(condition)])
    assert by_table.told({TREND: 3}) is not None
    assert by_table.told({TREND: value}) is None
    diagrams = Diagrams(levels_of([condition], DICTIONARY))
    by_level = Kernel(Lowering(DICTIONARY), DICTIONARY, diagrams, asked=[diagrams.of(condition)])
    assert by_level.told({TREND: 3}) is not None
    assert by_level.told({TREND: value}) is None


@pytest.mark.parametrize(
    ("text", "fact", "inside", "outside"),
    [
        (f"{AGE} >= 18 && {AGE} <= 120", AGE, [0, 18, 120], [121, 1e300]),
        (f"{AGE} > 0 || {AGE} > 18", AGE, [0, 18, 120], [-1]),
        (f"{WEIGHT} > 1.0 && {WEIGHT} < 400.0", WEIGHT, [1.0, 80.5, 400.0], [0.5, 400.5, -1.0]),
    ],
)
def test_a_number_outside_its_partition_is_left(
    text: str, fact: str, inside: list[float], outside: list[float]
) -> None:
    """Where the diagrams know no region for it, the kernel says nothing."""
    condition = compile_condition(text, names())
    diagrams = Diagrams(levels_of([condition], DICTIONARY))
    kernel = Kernel(Lowering(DICTIONARY), DICTIONARY, diagrams, asked=[diagrams.of(condition)])
    assert [kernel.told({fact: value}) is None for value in inside] == [False] * len(inside)
    assert [kernel.told({fact: value}) is None for value in outside] == [True] * len(outside)


def test_a_computed_number_outside_its_bounds_is_left() -> None:
    """`extent` promises 0 to 250."""
    condition = compile_condition("valid(extent) && extent < 250.0", names())
    diagrams = Diagrams(levels_of([condition], DICTIONARY))
    kernel = Kernel(Lowering(DICTIONARY), DICTIONARY, diagrams, asked=[diagrams.of(condition)])
    facts: dict[str, float] = {STABLE: 1, WEIGHT: 1.0}
    assert kernel.told(facts | {MEASURED: 250.0}) is not None
    assert kernel.told(facts | {MEASURED: 251.0}) is None
