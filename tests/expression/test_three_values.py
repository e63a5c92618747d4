"""Conditions have three values; the tables hold from the text of a condition to its answer."""

from __future__ import annotations

import itertools

import pytest

from rashpath.expression import Truth, compile_condition, evaluate
from rashpath.facts import Plain, fill, given
from rashpath.v1 import facts_pb2
from tests.expression.language import DICTIONARY, message_of, names

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
VALUES = (T, F, U)

P, Q, R = "renal.stable == PRESENT", "rash.severe == PRESENT", "rash.disseminated == PRESENT"
PRESENCE = {T: 1, F: 2}
PAIRS = list(itertools.product(VALUES, VALUES))

AND = {(T, T): T, (T, F): F, (T, U): U, (F, F): F, (F, U): F, (U, U): U}
OR = {(T, T): T, (T, F): T, (T, U): T, (F, F): F, (F, U): U, (U, U): U}
XOR = {(T, T): F, (T, F): T, (T, U): U, (F, F): F, (F, U): U, (U, U): U}
IMPLIES = {
    (T, T): T,
    (T, F): F,
    (T, U): U,
    (F, T): T,
    (F, F): T,
    (F, U): T,
    (U, T): T,
    (U, F): U,
    (U, U): U,
}


def read(text: str, *values: Truth) -> Truth:
    """Returns the answer to a condition over the findings P, Q and R, from text and message."""
    paths = [condition.split()[0] for condition in (P, Q, R)]
    case = message_of(
        {
            path: PRESENCE[value]
            for path, value in zip(paths, values, strict=False)
            if value is not U
        }
    )
    return evaluate(compile_condition(text, names()), given(case, DICTIONARY))


def symmetric(table: dict[tuple[Truth, Truth], Truth], left: Truth, right: Truth) -> Truth:
    """Returns the entry of a table that holds both ways round."""
    return table[left, right] if (left, right) in table else table[right, left]


@pytest.mark.parametrize(("left", "right"), PAIRS)
class TestTables:
    """Each table, entry by entry."""

    def test_and(self, left: Truth, right: Truth) -> None:
        """Both findings: one absent settles it, else one unknown leaves it open."""
        assert symmetric(AND, left, right) is read(f"{P} && {Q}", left, right)

    def test_or(self, left: Truth, right: Truth) -> None:
        """Either finding: one present settles it, else one unknown leaves it open."""
        assert symmetric(OR, left, right) is read(f"{P} || {Q}", left, right)

    def test_xor_as_a_choice(self, left: Truth, right: Truth) -> None:
        """Exactly one finding: open while either is unknown."""
        assert symmetric(XOR, left, right) is read(f"({P}) ? !({Q}) : ({Q})", left, right)

    def test_xor_as_a_sum(self, left: Truth, right: Truth) -> None:
        """Exactly one finding, written with and, or and not: the same table."""
        text = f"(({P}) && !({Q})) || (!({P}) && ({Q}))"
        assert symmetric(XOR, left, right) is read(text, left, right)

    def test_implies(self, left: Truth, right: Truth) -> None:
        """One finding requires the other: only an absent first or present second settles it."""
        assert IMPLIES[left, right] is read(f"!({P}) || ({Q})", left, right)


@pytest.mark.parametrize(("value", "negated"), [(T, F), (F, T), (U, U)])
def test_not(value: Truth, negated: Truth) -> None:
    """The negation of what is unknown is unknown."""
    assert negated is read(f"!({P})", value)
    assert value is read(f"!!({P})", value)


@pytest.mark.parametrize(
    ("test", "then", "otherwise"), list(itertools.product(VALUES, VALUES, VALUES))
)
def test_choice(test: Truth, then: Truth, otherwise: Truth) -> None:
    """A choice by what is unknown is unknown unless both sides are the same known value."""
    expected = {T: then, F: otherwise, U: then if then is otherwise else U}[test]
    assert expected is read(f"({P}) ? ({Q}) : ({R})", test, then, otherwise)


@pytest.mark.parametrize(
    ("trend", "expected"), [(None, U), ("IMPROVING", F), ("UNCHANGED", T), ("SPREADING", T)]
)
def test_in_is_a_disjunction(trend: str | None, expected: Truth) -> None:
    """Being in a list is the same as being equal to one of its values."""
    case = fill(facts_pb2.PatientCase, {"rash": {} if trend is None else {"trend": trend}})
    facts = given(case, DICTIONARY)
    listed = compile_condition("rash.trend in [SPREADING, UNCHANGED]", names())
    spelt = compile_condition("rash.trend == SPREADING || rash.trend == UNCHANGED", names())
    assert expected is evaluate(listed, facts)
    assert expected is evaluate(spelt, facts)


def test_in_all_values_is_open_while_unknown() -> None:
    """Even a list of all values is unknown by the tables; the exact reading settles it."""
    condition = compile_condition("renal.stable in [PRESENT, ABSENT]", names())
    assert U is evaluate(condition, {})


@pytest.mark.parametrize(("facts", "expected"), [({}, F), ({"renal.stable": 2}, T)])
def test_has_is_never_unknown(facts: dict[str, float], expected: Truth) -> None:
    """Whether a fact is given is decided on the case as it is."""
    assert expected is evaluate(compile_condition("has(renal.stable)", names()), facts)


@pytest.mark.parametrize("empty", [{}, {"renal": {}}, {"renal": {"stable": "FINDING_UNSPECIFIED"}}])
def test_unspecified_is_not_given(empty: Plain) -> None:
    """An explicit unspecified value and an empty group are the same as unset."""
    facts = given(fill(facts_pb2.PatientCase, empty), DICTIONARY)
    assert F is evaluate(compile_condition("has(renal.stable)", names()), facts)
    assert U is evaluate(compile_condition("renal.stable == PRESENT", names()), facts)


@pytest.mark.parametrize(
    ("facts", "valid", "small"),
    [
        ({}, U, U),
        ({"renal.stable": 2}, F, F),
        ({"renal.stable": 1}, T, U),
        ({"renal.stable": 1, "patient.age_years": 120}, T, T),
        ({"patient.age_years": 120}, U, U),
        ({"patient.age_years": 30}, U, F),
        ({"patient.age_years": 120, "renal.creatinine_clearance_ml_min": 200.0}, U, U),
    ],
)
def test_unknown_passes_through_arithmetic(
    facts: dict[str, float], valid: Truth, small: Truth
) -> None:
    """A computed number is unknown while an input that it needs is, and only then."""
    assert valid is evaluate(compile_condition("valid(extent)", names()), facts)
    condition = compile_condition("valid(extent) && extent <= 20.0", names())
    assert small is evaluate(condition, facts)


@pytest.mark.parametrize(
    ("clearance", "weight", "enough"),
    [(13.2, 33.0, T), (13.199999999, 33.0, T), (13.1999, 33.0, F)],
)
def test_computed_numbers_are_rounded_before_they_are_compared(
    clearance: float, weight: float, enough: Truth
) -> None:
    """A clearance of 13.2 over 33 kg is 0.4, though the machine makes it a hair less."""
    assert 13.2 / 33.0 < 0.4
    facts = {
        "renal.stable": 1,
        "renal.creatinine_clearance_ml_min": clearance,
        "patient.weight_kg": weight,
    }
    condition = compile_condition("valid(extent) && extent >= 0.4", names())
    assert enough is evaluate(condition, facts)


@pytest.mark.parametrize("value", VALUES)
def test_a_truth_is_no_boolean(value: Truth) -> None:
    """No code path can take an unknown for a no by accident: it raises."""
    with pytest.raises(TypeError, match="not a boolean"):
        bool(value)
