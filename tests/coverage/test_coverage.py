"""What is counted as covered, and that the shipped guideline is covered whole."""

from __future__ import annotations

import pytest

from rashpath.expression import Names, compile_condition
from rashpath.expression.truth import Truth
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.coverage.conditions import leaves_of, read
from rashpath.readings.coverage.generate import generate
from rashpath.readings.coverage.goals import LeafTurns, pair
from rashpath.readings.coverage.measure import KINDS, Coverage, measure
from rashpath.readings.coverage.suite import SuiteCase, read_suite
from tests.conformance.expectations import CASES, DICTIONARY
from tests.coverage.tables import GENERATED
from tests.guideline.small import NAME, TEXT

NEVER_ALONE = {
    "not_pregnant: `patient.pregnancy == PREGNANT` (leaf 4)",
    "dose_not_comparable: `varicella_zoster_row` (leaf 8)",
    "dose_excessive: `infection.indication == ZOSTER` (leaf 8)",
    "foscarnet_dose_gate: `gate_adult` (leaf 1)",
    "foscarnet_dose_gate: `gate_not_pregnant` (leaf 5)",
    "renal_function_unsettled: `on_dialysis` (leaf 2)",
    "consult_infectious_disease, note 1: `resistance_confirmed` (leaf 1)",
    "start_foscarnet, row 6: `clearance_per_kg >= foscarnet_floor` (leaf 2)",
}
"""Leaves of the shipped guideline that say again what another leaf says: kept for the reader."""


@pytest.fixture(scope="module")
def generated(graph: DecisionGraph) -> tuple[SuiteCase, ...]:
    """The generated cases."""
    return read_suite(GENERATED, graph.dictionary)


@pytest.fixture(scope="module")
def coverage(graph: DecisionGraph, generated: tuple[SuiteCase, ...]) -> Coverage:
    """What the generated cases show alone."""
    return measure(graph, generated)


def test_every_leaf_decides_alone(coverage: Coverage) -> None:
    """MC/DC is 100%: each leaf is shown to turn its condition, or proved unable to."""
    leaves = coverage.of("leaf")
    assert len(leaves) > 600
    assert [item.name for item in leaves if not item.covered and item.possible] == []
    assert {item.name for item in leaves if not item.covered} == NEVER_ALONE


def test_every_threshold_is_shown_from_three_sides(coverage: Coverage) -> None:
    """Just below, on and just above each threshold a case depends on it."""
    assert [
        item.name for item in coverage.of("threshold") if item.possible and not item.covered
    ] == []


def test_nothing_that_could_be_shown_is_not(
    graph: DecisionGraph, generated: tuple[SuiteCase, ...]
) -> None:
    """Both suites together leave no node, branch, leaf, threshold or unknown fact out."""
    both = (*read_suite(CASES, graph.dictionary), *generated)
    measured = measure(graph, both)
    assert {item.name: item.reason for item in measured.gaps} == {}
    assert all(measured.of(kind) for kind in KINDS)


def test_without_cases_nothing_is_covered(graph: DecisionGraph) -> None:
    """The measure can fail: no cases, no coverage, and a reason for each gap."""
    measured = measure(graph, ())
    assert not any(item.covered for item in measured.items)
    assert all(item.reason for item in measured.items)
    assert len([item for item in measured.of("leaf") if item.possible]) > 600


def test_a_guideline_of_another_kind_is_covered_too() -> None:
    """The generator knows no rash: the toy guideline gets cases that show all of its leaves."""
    small = load_bytes(TEXT.encode(), NAME)
    suite = generate(small)
    cases = [SuiteCase(f"c{i}", each.facts, {}, True) for i, each in enumerate(suite.cases)]
    measured = measure(small, cases)
    assert [item.name for item in measured.of("leaf") if not item.covered and item.possible] == []
    assert len(cases) < 60


def test_the_same_guideline_gives_the_same_cases() -> None:
    """Chance in the search is seeded, so that a generated file changes only with its guideline."""
    small = load_bytes(TEXT.encode(), NAME)
    assert generate(small) == generate(small)


@pytest.mark.parametrize(
    ("text", "facts", "turning"),
    [
        (
            "rash.trend == SPREADING && rash.severe == PRESENT",
            {"rash.trend": 3, "rash.severe": 1},
            "TT",
        ),
        (
            "rash.trend == SPREADING && rash.severe == PRESENT",
            {"rash.trend": 3, "rash.severe": 2},
            "-T",
        ),
        (
            "rash.trend == SPREADING && rash.severe == PRESENT",
            {"rash.trend": 1, "rash.severe": 2},
            "--",
        ),
        (
            "rash.trend == SPREADING || rash.severe == PRESENT",
            {"rash.trend": 1, "rash.severe": 2},
            "TT",
        ),
        (
            "rash.trend == SPREADING || rash.severe == PRESENT",
            {"rash.trend": 3, "rash.severe": 2},
            "T-",
        ),
        ("has(rash.trend) && rash.trend == SPREADING", {}, "T-"),
        (
            "rash.severe == PRESENT ? rash.trend == SPREADING : has(rash.trend)",
            {"rash.trend": 1, "rash.severe": 2},
            "T-T",
        ),
    ],
)
def test_a_leaf_that_decides_alone_is_seen(text: str, facts: dict[str, int], turning: str) -> None:
    """A leaf turns its condition where the others leave it to the leaf."""
    condition = compile_condition(text, Names(DICTIONARY))
    reading = read(condition, leaves_of(condition), facts)
    assert "".join("T" if each else "-" for each in reading.turning) == turning


def test_an_unknown_leaf_turns_nothing() -> None:
    """What is not known was not seen to decide."""
    condition = compile_condition("rash.trend == SPREADING", Names(DICTIONARY))
    reading = read(condition, leaves_of(condition), {})
    assert (reading.outcome, reading.turning) == (Truth.UNKNOWN, (False,))


@pytest.mark.parametrize(
    ("sides", "how"),
    [
        ([(True, "TRUE"), (False, "FALSE")], "known"),
        ([(True, "FALSE"), (False, "TRUE")], "known"),
        ([(True, "TRUE"), (False, "UNKNOWN")], "open"),
        ([(True, "TRUE"), (False, "TRUE")], ""),
        ([(True, "TRUE"), (True, "FALSE")], ""),
        ([], ""),
    ],
)
def test_a_pair_needs_both_sides_and_two_outcomes(sides: list[tuple[bool, str]], how: str) -> None:
    """One case with the leaf true, one with it false, and a condition that differs."""
    shown = {LeafTurns("c", 0, truth, outcome) for truth, outcome in sides}
    assert pair(shown, "c", 0) == how
