"""Each property that fails is refuted by the smallest case that shows it, as a case file."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rashpath.facts.check import given
from rashpath.facts.document import parse
from rashpath.facts.message import fill
from rashpath.guideline import DecisionGraph
from rashpath.guideline.load import load_unproved
from rashpath.readings.proof import Refuted, prove
from rashpath.readings.proof.counterexample import counterexample_files
from rashpath.readings.walk import Verdict, walk
from rashpath.v1 import facts_pb2
from tests.guideline.small import NAME, edited

SPREADING, UNCHANGED = 3, 2
PRESENT, ABSENT = 1, 2


def refuted(old: str, new: str, property_id: str) -> tuple[DecisionGraph, Refuted]:
    """Returns the toy guideline with one edit, and how a property of it is refuted."""
    graph, _ = load_unproved(edited(old, new).encode(), NAME)
    (settled,) = prove(graph, only={property_id}).settled
    assert isinstance(settled.outcome, Refuted), settled
    return graph, settled.outcome


@dataclass(frozen=True, slots=True)
class Wrong:
    """An edit of the toy guideline, the property that it breaks, and the case that shows it."""

    old: str
    new: str
    property_id: str
    about: str
    cases: tuple[dict[str, float], ...]


WRONGS = {
    "gap": Wrong(
        "    to_node: rest\n    otherwise: true\n    text: {clinician: small, patient: small}",
        "    to_node: rest\n    when: '!danger && (!valid(extent) || extent < limit)'\n"
        "    text: {clinician: small, patient: small}",
        "branches",
        "`ask_size` has no branch for this case",
        ({"patient.age_years": 50, "renal.stable": PRESENT},),
    ),
    "overlap": Wrong(
        "    when: rash.trend == UNCHANGED\n",
        "    when: rash.trend in [UNCHANGED, SPREADING]\n",
        "branches",
        "`ask_trend` takes both the branch to `act` and that to `steady`",
        ({"rash.trend": SPREADING},),
    ),
    "invariant": Wrong(
        "\"!applies('act') || rash.trend == SPREADING\"",
        "\"!applies('act') || renal.stable == PRESENT\"",
        "invariant.only_what_spreads",
        "`only_what_spreads` is false",
        ({"rash.trend": SPREADING, "renal.stable": ABSENT},),
    ),
    "invariant over what is unknown": Wrong(
        "\"!applies('act') || rash.trend == SPREADING\"",
        "\"!danger || undetermined('act')\"",
        "invariant.only_what_spreads",
        "`only_what_spreads` is false",
        ({"rash.trend": SPREADING, "renal.stable": ABSENT},),
    ),
    "invariant of a dose": Wrong(
        "\"!applies('act') || rash.trend == SPREADING\"",
        "\"!dose_given('act') || patient.age_years > 30\"",
        "invariant.only_what_spreads",
        "`only_what_spreads` is false",
        ({"patient.age_years": 20, "patient.weight_kg": 1.0, "rash.trend": SPREADING},),
    ),
    "dose": Wrong(
        "properties: [DETERMINISTIC]",
        "properties: [DOSE_TOTAL_NEVER_RISES]",
        "dose_total",
        "`act` gives 6 mg/kg a day at the lower `patient.weight_kg` and 2 at the higher",
        ({"patient.weight_kg": 1.0}, {"patient.weight_kg": 100.0}),
    ),
    "rows overlap": Wrong(
        "when: patient.weight_kg > 50.0",
        "when: patient.weight_kg >= 50.0",
        "no_error",
        "rows 1 and 2 of `act` hold together",
        ({"patient.weight_kg": 50.0},),
    ),
    "row missing": Wrong(
        "when: patient.weight_kg > 50.0",
        "when: patient.weight_kg > 60.0",
        "no_error",
        "no row of `act` holds although its gate is open",
        ({"patient.age_years": 20, "patient.weight_kg": 51.0},),
    ),
}


@pytest.mark.parametrize("wrong", WRONGS.values(), ids=WRONGS)
def test_a_fault_is_shown_by_its_smallest_case(wrong: Wrong) -> None:
    """The case has the fewest facts that show the fault, with simple values."""
    _, outcome = refuted(wrong.old, wrong.new, wrong.property_id)
    (found,) = outcome.counterexamples
    assert found.about == wrong.about
    assert found.fewest
    assert tuple(dict(case) for case in found.cases) == wrong.cases


def test_a_counterexample_is_a_case_file() -> None:
    """What is printed can be read again, and the walk of it shows the fault."""
    wrong = WRONGS["invariant"]
    graph, outcome = refuted(wrong.old, wrong.new, wrong.property_id)
    (found,) = outcome.counterexamples
    (text,) = counterexample_files(wrong.property_id, found, graph.dictionary)
    assert text.splitlines()[0] == f"# {wrong.property_id}: {wrong.about}"
    case = fill(facts_pb2.PatientCase, parse(text.encode()).value)
    facts = given(case, graph.dictionary)
    assert facts == found.cases[0]
    assert walk(graph, facts).step("act").verdict is Verdict.APPLIES


def outcome_of(old: str, new: str, property_id: str) -> Refuted:
    """Returns what becomes of a property of the toy guideline with one edit."""
    return refuted(old, new, property_id)[1]


def test_what_no_case_can_show_is_told_in_words() -> None:
    """A dead branch and a constant condition have no case; they are named."""
    dead = outcome_of(
        "    when: rash.trend == UNCHANGED\n",
        "    when: rash.trend == UNCHANGED && rash.trend == SPREADING\n",
        "reachable",
    )
    assert dead == Refuted(
        (),
        (
            "`steady` is reached in no case",
            "the edge from `steady` to `tell` is taken in no case",
            "the edge from `ask_trend` to `steady` is taken in no case",
        ),
    )
    constant = outcome_of(
        "when: patient.weight_kg > 120.0", "when: patient.weight_kg >= 0.0", "conditions"
    )
    assert constant == Refuted((), ("the caution `heavy` is false in no case",))


def test_a_number_read_where_it_does_not_exist_is_shown() -> None:
    """Where a guard is missing, the case in which the number is absent is given."""
    _, outcome = refuted(
        "when: (valid(extent) && extent > limit) || danger",
        "when: extent > limit || danger",
        "no_error",
    )
    assert [found.cases for found in outcome.counterexamples] == [
        ({"renal.stable": ABSENT},),
        ({"renal.stable": ABSENT},),
    ]


def test_defeaters_that_nothing_names_are_shown_with_both_cases(
    monkeypatch: pytest.MonkeyPatch, small: DecisionGraph
) -> None:
    """A fact that withdraws a recommendation without being its defeater is shown, both cases."""
    monkeypatch.setattr(
        "rashpath.readings.proof.monotone.defeaters",
        lambda graph: {node.id: () for node in graph.recommendations},
    )
    (settled,) = prove(small, only={"monotone"}).settled
    assert isinstance(settled.outcome, Refuted)
    (found,) = settled.outcome.counterexamples
    before, after = found.cases
    assert set(after) - set(before) == {"renal.creatinine_clearance_ml_min"}
    verdicts = [walk(small, case).step("tell").verdict for case in found.cases]
    assert verdicts[0] is not Verdict.UNDETERMINED
    assert verdicts[0] is not verdicts[1]
