"""Regions and ranges of numbers: what conditions can tell apart, and what a formula can give."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.expression import ExpressionError, Names, compile_formula, number
from rashpath.expression.evaluate import COMPARE
from rashpath.expression.interval import interval
from rashpath.expression.partition import Partition
from rashpath.expression.tree import Constant, Operator
from tests.expression.language import DICTIONARY

LOW, HIGH = 0.0, 10.0

_constants = st.sampled_from((-1.0, 0.0, 0.1, 2.0, 2.5, 7.0, 10.0, 11.0)) | st.floats(-2, 12)
_comparisons = st.lists(st.tuples(st.sampled_from(Operator), _constants), max_size=5)
_decimals = st.sampled_from((LOW, 0.1, 2.0, 2.5, 7.0, HIGH)) | st.floats(LOW, HIGH)


def same_answers(comparisons: list[tuple[Operator, float]], one: float, other: float) -> bool:
    """Tells whether two numbers answer every comparison alike."""
    return all(
        COMPARE[how](one, constant) == COMPARE[how](other, constant)
        for how, constant in comparisons
    )


@given(_comparisons, _decimals, _decimals)
def test_decimals_share_a_region_if_no_comparison_tells_them_apart(
    comparisons: list[tuple[Operator, float]], one: float, other: float
) -> None:
    """The regions are as coarse as the conditions allow, and no coarser."""
    partition = Partition.of(comparisons, LOW, HIGH, whole=False)
    together = partition.region(one) == partition.region(other)
    assert same_answers(comparisons, one, other) == together


@given(_comparisons, st.integers(0, 10), st.integers(0, 10))
def test_whole_numbers_share_a_region_if_no_comparison_tells_them_apart(
    comparisons: list[tuple[Operator, float]], one: int, other: int
) -> None:
    """The same for whole numbers, between which there may be none."""
    partition = Partition.of(comparisons, LOW, HIGH, whole=True)
    together = partition.region(one) == partition.region(other)
    assert same_answers(comparisons, one, other) == together


@given(_comparisons, st.booleans())
def test_samples_lie_in_their_region(
    comparisons: list[tuple[Operator, float]], whole: bool
) -> None:
    """Every region has a value in range that stands for it."""
    partition = Partition.of(comparisons, LOW, HIGH, whole=whole)
    for region, samples in enumerate(partition.samples):
        for sample in samples:
            assert LOW <= sample <= HIGH
            assert not whole or sample == int(sample)
            assert region == partition.region(sample)


def test_no_whole_number_between() -> None:
    """Over 18 and under 19 years is no one."""
    tests = [(Operator.GREATER, 18.0), (Operator.LESS, 19.0)]
    assert len(Partition.of(tests, 0, 120, whole=True).samples) == 2
    assert len(Partition.of(tests, 0, 120, whole=False).samples) == 3


def test_a_value_out_of_range_has_no_region() -> None:
    """A value that should have been refused before is not given a region."""
    partition = Partition.of([(Operator.GREATER, 10.0)], LOW, HIGH, whole=False)
    with pytest.raises(ValueError, match="outside its range"):
        partition.region(10.5)


_FACTS = {
    "patient.age_years": st.integers(0, 120),
    "patient.weight_kg": st.floats(1, 400),
    "patient.height_cm": st.floats(30, 250),
    "renal.serum_creatinine_mg_dl": st.floats(0.2, 25),
}
_LEAVES = st.one_of(
    st.sampled_from(
        (
            "double(patient.age_years)",
            "patient.weight_kg",
            "patient.height_cm",
            "-patient.height_cm",
        )
    ),
    st.floats(-200, 200, allow_subnormal=False).map(lambda value: f"({value!r})"),
)
_DIVISORS = st.sampled_from(
    ("patient.weight_kg", "(72.0 * renal.serum_creatinine_mg_dl)", "(-0.5)", "3.0")
)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("({} / {})".format, inner, _DIVISORS),
        st.builds("(rash.trend == SPREADING ? {} : {})".format, inner, inner),
        st.builds("-{}".format, inner),
    )


@given(
    st.recursive(_LEAVES, _grow, max_leaves=5),
    st.fixed_dictionaries(_FACTS | {"rash.trend": st.integers(1, 3)}),
)
@settings(max_examples=200, deadline=None)
def test_a_range_encloses_every_value(text: str, facts: dict[str, float]) -> None:
    """No case takes a formula out of the range that is computed for it."""
    formula = compile_formula(text, Names(DICTIONARY))
    low, high = interval(formula, DICTIONARY)
    value = number(formula, facts)
    assert isinstance(value, float)
    assert low <= value <= high


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("140.0 - double(patient.age_years)", (20.0, 140.0)),
        ("patient.weight_kg / -2.0", (-200.0, -0.5)),
        ("patient.weight_kg * patient.height_cm", (30.0, 100_000.0)),
        ("rash.trend == SPREADING ? 1.0 : patient.height_cm", (1.0, 250.0)),
    ],
)
def test_ranges(text: str, expected: tuple[float, float]) -> None:
    """Ranges of simple formulas are tight."""
    assert expected == interval(compile_formula(text, Names(DICTIONARY)), DICTIONARY)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("patient.weight_kg * 1e306", "too large to be a number"),
        ("patient.weight_kg * 1e300 * 1e300 - patient.weight_kg * 1e300 * 1e300", "too large"),
        ("patient.weight_kg / (patient.weight_kg * 1e-200 * 1e-200)", "could be zero"),
    ],
)
def test_no_range(text: str, fault: str) -> None:
    """A formula that could overflow, or whose divisor could vanish, has no range."""
    with pytest.raises(ExpressionError, match=fault):
        interval(compile_formula(text, Names(DICTIONARY)), DICTIONARY)


def test_range_of_a_constant() -> None:
    """A constant is its own range."""
    assert interval(Constant(3), DICTIONARY) == (3, 3)
    assert math.isfinite(interval(Constant(0.1), DICTIONARY)[0])
