"""Decision diagrams give the exact verdict and the exact decisive facts of any condition."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings

from rashpath.expression import Truth, compile_condition, evaluate
from rashpath.expression.decision_diagram import Diagrams, TooLargeError
from rashpath.expression.levels import (
    levels_of,
)
from rashpath.expression.tree import Condition
from tests import oracle
from tests.expression.answer import VERDICTS, answer_of
from tests.expression.language import CASES, CONDITIONS, DICTIONARY, STABLE, names


def exact(condition: Condition, facts: dict[str, float]) -> oracle.Answer:
    """Returns the engine's verdict and decisive facts."""
    diagrams = Diagrams(levels_of([condition], DICTIONARY))
    diagram = diagrams.of(condition)
    case = diagrams.fixing(facts)
    return answer_of(case, diagram, facts)


@given(CONDITIONS, CASES)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@example("(rash.trend == SPREADING || rash.trend != SPREADING)", {})
@example("(patient.age_years < 121)", {})
@example("(valid(extent) ? extent > 20.0 : heavy)", {"patient.age_years": 30})
@example("(has(patient.age_years) || patient.age_years > 18)", {})
def test_verdict_and_decisive_facts_equal_brute_force(text: str, facts: dict[str, float]) -> None:
    """What a condition gives, and what decides it, is what all completions of the case give."""
    condition = compile_condition(text, names())
    assert oracle.verdict_of(condition, facts, DICTIONARY) == exact(condition, facts)


@given(CONDITIONS, CASES)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_tables_are_sound(text: str, facts: dict[str, float]) -> None:
    """Where the tables of three values say yes or no, every completion agrees."""
    condition = compile_condition(text, names())
    quick = evaluate(condition, facts)
    verdict, _ = exact(condition, facts)
    assert quick is Truth.UNKNOWN or VERDICTS[quick] == verdict


@given(CONDITIONS, CONDITIONS)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_equal_truth_is_one_diagram(left: str, right: str) -> None:
    """De Morgan's law holds by identity: what is always equal is the same diagram."""
    texts = (f"!(({left}) && ({right}))", f"!({left}) || !({right})")
    conditions = [compile_condition(text, names()) for text in texts]
    diagrams = Diagrams(levels_of(conditions, DICTIONARY))
    first, second = (diagrams.of(condition) for condition in conditions)
    assert first == second


def test_the_tables_can_say_unknown_too_often() -> None:
    """A question whose both answers lead to the same place is settled without asking."""
    condition = compile_condition("rash.trend == SPREADING || rash.trend != SPREADING", names())
    assert Truth.UNKNOWN is evaluate(condition, {})
    assert exact(condition, {}) == (oracle.APPLIES, frozenset())


def test_a_fact_that_is_ruled_out_is_not_decisive() -> None:
    """A computed number asks only for the inputs that its formula still waits for."""
    condition = compile_condition("valid(extent) && extent > 20.0", names())
    assert exact(condition, {STABLE: 1})[1] == {"patient.age_years"}
    measured = {STABLE: 1, "renal.creatinine_clearance_ml_min": 100.0}
    assert exact(condition, measured)[1] == {"patient.weight_kg"}
    assert exact(condition, {STABLE: 2}) == (oracle.DOES_NOT_APPLY, frozenset())


def test_a_diagram_larger_than_the_limit_is_refused() -> None:
    """A condition too large to be read exactly says so; it gives no guess."""
    condition = compile_condition("heavy && spreading", names())
    diagrams = Diagrams(levels_of([condition], DICTIONARY), limit=4)
    with pytest.raises(TooLargeError, match="more than 4 nodes"):
        diagrams.of(condition)
    assert len(diagrams) <= 4
