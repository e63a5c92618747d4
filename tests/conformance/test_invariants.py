"""The invariants that the guideline states are never false, and the built-in properties hold."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from rashpath.expression.truth import Truth
from rashpath.guideline import DecisionGraph
from rashpath.guideline.model import Recommendation
from rashpath.readings.invariants import holds
from rashpath.readings.walk import Verdict, walk
from tests.conformance.expectations import DICTIONARY, case_files
from tests.conformance.strategies import full_cases, lifelike_cases, partial_cases

_SLOW = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


FILES = [case.facts for case in case_files()]


def violated(graph: DecisionGraph, facts: dict[str, int | float]) -> list[str]:
    """Returns the invariants that are false in a case."""
    walked = walk(graph, facts)
    return [part.id for part in graph.invariants if holds(part, walked) is Truth.FALSE]


def test_the_invariants_hold_in_every_case_file(graph: DecisionGraph) -> None:
    """No case file violates an invariant."""
    assert {c.name: v for c in case_files() if (v := violated(graph, dict(c.facts)))} == {}


@_SLOW
@given(facts=partial_cases(DICTIONARY) | lifelike_cases(DICTIONARY, FILES, most_unknown=20))
def test_the_invariants_hold_in_partial_cases(
    graph: DecisionGraph, facts: dict[str, int | float]
) -> None:
    """Whatever is unknown, no invariant is false."""
    assert violated(graph, facts) == []


@_SLOW
@given(facts=full_cases(DICTIONARY))
def test_the_invariants_hold_in_full_cases(
    graph: DecisionGraph, facts: dict[str, int | float]
) -> None:
    """With every fact given each invariant is true, not merely unknown."""
    walked = walk(graph, facts)
    unproved = [part.id for part in graph.invariants if holds(part, walked) is not Truth.TRUE]
    assert unproved == []


@_SLOW
@given(facts=partial_cases(DICTIONARY) | lifelike_cases(DICTIONARY, FILES, most_unknown=20))
def test_a_dose_stands_only_where_everything_is_known_to_allow_it(
    graph: DecisionGraph, facts: dict[str, int | float]
) -> None:
    """Milligrams are the row's dose times the weight, and stand only behind an open gate."""
    walked = walk(graph, facts)
    for id, dose in walked.doses.items():
        if dose.mg is None:
            assert dose.withheld
            continue
        node = graph.by_id[id]
        assert isinstance(node, Recommendation)
        assert node.regimen is not None
        assert dose.row is not None
        assert walked.step(id).verdict is Verdict.APPLIES
        assert walked.contradictions == ()
        assert dose.mg == round(dose.row.dose_mg_per_kg * facts["patient.weight_kg"], 9)
        per_kg = walked.computed["clearance_per_kg"].value
        assert per_kg is not None
        assert per_kg >= 0.4
        for path in ("long_qt", "interacting_drug", "uncorrected_electrolytes"):
            assert facts[f"foscarnet.{path}"] == 2


def test_the_daily_dose_never_rises_as_clearance_falls(graph: DecisionGraph) -> None:
    """Milligrams per kilogram and day fall with the rows, though single doses do not."""
    node = graph.by_id["start_foscarnet"]
    assert isinstance(node, Recommendation)
    assert node.regimen is not None
    daily = [row.dose_mg_per_kg * 24 / row.interval_hours for row in node.regimen.rows]
    assert daily == [120, 90, 70, 50, 40, 35]
