"""Slips of an author in the shipped guideline do not survive, and equal guidelines are equal."""

from __future__ import annotations

import pytest

from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.coverage.generate import Generation
from rashpath.readings.coverage.mutants import document_of, mutants, mutated
from rashpath.readings.coverage.sameness import difference
from rashpath.readings.coverage.slips import moved_values
from rashpath.readings.walk import walk
from tests.coverage.decision_table import TABLE, faults_of_table
from tests.coverage.mutation import run
from tests.coverage.record import RECORD, record
from tests.guideline.small import NAME, TEXT, edited

SAMPLE = 50
"""Of so many mutants one is run by `make test`; `make mutation` runs them all."""


@pytest.fixture(scope="module")
def small() -> DecisionGraph:
    """The toy guideline."""
    return load_bytes(TEXT.encode(), NAME)


def test_a_sample_of_slips_does_not_survive(graph: DecisionGraph) -> None:
    """Each is refused at load, found by a case or the record, or proved to change nothing."""
    found = list(run(mutants(graph)[::SAMPLE]))
    assert [each.mutant.diff() for each in found if each.survives] == []
    assert sum(bool(each.refused) for each in found) > 20
    assert sum(bool(each.generated) for each in found) > 20


@pytest.mark.long
def test_no_slip_survives(graph: DecisionGraph) -> None:
    """The same for all."""
    found = list(run(mutants(graph)))
    assert [each.mutant.diff() for each in found if each.survives] == []


def test_every_slip_is_made(graph: DecisionGraph) -> None:
    """Each kind of slip occurs, each mutant once, and always the same."""
    made = mutants(graph)
    assert {each.operator for each in made} >= {
        "threshold moved",
        "named number moved",
        "comparison flipped",
        "closed and open swapped",
        "&& and || swapped",
        "negation added",
        "negation dropped",
        "value swapped",
        "leaf dropped",
        "branches swapped",
        "branch deleted",
        "branch led elsewhere",
        "dose digit changed",
        "interval changed",
        "row conditions swapped",
        "urgency changed",
        "gives changed",
        "citation dropped",
        "flag dropped",
        "has() dropped",
        "definition swapped",
        "number swapped",
    }
    assert len({each.id for each in made}) == len(made)
    assert made == mutants(graph)


def test_the_plain_document_is_the_guideline(graph: DecisionGraph) -> None:
    """What mutants are made from loads as the very guideline, so that a mutant has one slip."""
    whole = mutants(graph)[0]
    unchanged = type(whole)("none", (), "", "", "", False, ())
    assert load_bytes(mutated(document_of(graph), unchanged)).digest == graph.digest


@pytest.mark.parametrize(
    ("value", "moved"), [(7, (6, 8)), (50.0, (45.0, 49.5, 50.5, 55.0)), (0.0, ())]
)
def test_a_threshold_moves_by_a_step(value: float, moved: tuple[float, ...]) -> None:
    """Whole numbers by one, decimal ones by a hundredth and a tenth."""
    assert moved_values(value) == moved


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("when: grown && coherent", "when: coherent && grown"),
        ("when: grown && coherent", "when: grown && coherent && grown"),
        (
            "(valid(extent) && extent > limit) || danger",
            "danger || (valid(extent) && extent > limit)",
        ),
        ('when: "!contradicted"', 'when: "!(contradicted || contradicted)"'),
        ("when: rash.trend == SPREADING\n", "when: rash.trend in [SPREADING]\n"),
    ],
)
def test_another_way_to_say_the_same_is_the_same(small: DecisionGraph, old: str, new: str) -> None:
    """A refactoring is proved to change no case."""
    assert difference(small, load_bytes(edited(old, new).encode(), NAME)).regions == {}


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("extent > limit) || danger", "extent >= limit) || danger", "tell"),
        ("dose_mg_per_kg: 2, ", "dose_mg_per_kg: 3, ", "act, row 1"),
        ("140.0 - double", "141.0 - double", "number extent"),
        ("patient.weight_kg > 120.0", "patient.weight_kg > 121.0", "said: heavy"),
        (
            "          when: patient.age_years > 60",
            "          when: patient.age_years > 61",
            "act, note 1",
        ),
    ],
)
def test_a_difference_is_shown_by_a_case(
    small: DecisionGraph, old: str, new: str, seen: str
) -> None:
    """Where two guidelines differ, a case is found whose answers differ."""
    other = load_bytes(edited(old, new).encode(), NAME)
    found = difference(small, other)
    assert seen in found.regions
    case = found.case(Generation(small).base)
    assert case is not None
    assert walk(small, case).facts == case


def test_the_guideline_says_what_the_decision_logic_says(graph: DecisionGraph) -> None:
    """Urgency, treatment and statements of each recommendation are those of the table."""
    assert {node.id for node in graph.recommendations} == set(TABLE)
    assert faults_of_table(graph) == []


def test_the_record_is_current(graph: DecisionGraph) -> None:
    """What changed in citations, flags and notes was read: `python -m tests.coverage.record`."""
    assert record(graph.guideline) == RECORD.read_text(encoding="utf-8")
