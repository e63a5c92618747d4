"""Checks what would turn the verdicts of the shipped guideline, case by case."""

from __future__ import annotations

import itertools

import pytest

from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.change import tell, what_would_change
from rashpath.readings.walk import Verdict, walk
from rashpath.v1 import change_pb2
from tests.conformance.expectations import CaseFile, case_files

CASES = case_files()[::60]
FOSCARNET = next(case for case in case_files() if case.name == "foscarnet/age_18")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_set_turns_the_verdict_and_no_part_of_it_does(
    graph: DecisionGraph, case: CaseFile
) -> None:
    """Each set is confirmed by the walk and needs each of its changes; age and sex stay."""
    told = 0
    for node in graph.recommendations[::6]:
        turn = what_would_change(graph, case.facts, node.id, most=3)
        assert turn.verdict is walk(graph, case.facts).step(node.id).verdict
        for each in turn.sets:
            told += 1
            changes = {change.fact: change.after for change in each.changes}
            assert not {"patient.age_years", "patient.sex"} & set(changes)
            for size in range(len(changes)):
                for part in itertools.combinations(changes.items(), size):
                    verdict = walk(graph, {**case.facts, **dict(part)}).step(node.id).verdict
                    assert verdict is not each.after
            assert walk(graph, {**case.facts, **changes}).step(node.id).verdict is each.after
    assert told > 0


def turned(
    graph: DecisionGraph, id: str, audience: Audience = Audience.CLINICIAN, **changed: float
) -> change_pb2.VerdictTurn:
    """Returns what would turn a verdict of the foscarnet case with some facts changed."""
    facts = dict(FOSCARNET.facts)
    facts.update({name.replace("__", "."): value for name, value in changed.items()})
    return tell(graph, what_would_change(graph, facts, id), audience)


def test_distance_to_a_threshold_is_told(graph: DecisionGraph) -> None:
    """A number is told with the limit that counts, its distance, and the nearest value."""
    turn = turned(graph, "recheck_after_adequate_therapy", infection__acyclovir_susceptibility=3)
    (change,) = turn.sets[0].changes
    assert change.fact == "therapy.days_on_therapy"
    assert change.kind == change_pb2.FACT_CHANGE_KIND_CHANGES
    assert (change.before.whole, change.nearest.whole) == (10, 6)
    assert (change.threshold, change.distance) == (6, 4)
    assert change.text == "days on therapy: needs 6 days or less (now 10 days): 4 days less"


def test_a_computed_number_changes_through_its_inputs(graph: DecisionGraph) -> None:
    """What bars foscarnet is a creatinine, through the clearance that is computed from it."""
    turn = turned(graph, "foscarnet_not_recommended_renal")
    by_facts = {tuple(change.fact for change in each.changes): each for each in turn.sets}
    creatinine = by_facts["renal.serum_creatinine_mg_dl",].changes[0]
    assert list(creatinine.through) == ["clearance", "clearance_per_kg"]
    # (140 - 18) / (72 x 0.4) = 4.236 mg/dL is where the clearance per kg falls to 0.4.
    assert creatinine.threshold == pytest.approx(122 / 72 / 0.4, abs=1e-6)
    assert creatinine.nearest.decimal >= creatinine.threshold
    measured = by_facts["renal.creatinine_clearance_ml_min",].changes[0]
    assert measured.kind == change_pb2.FACT_CHANGE_KIND_BECOMES_KNOWN
    assert measured.needs == "less than 28 mL/min"


def test_values_that_do_as_well_are_told_together(graph: DecisionGraph) -> None:
    """Where several values of a choice turn the verdict, they are told in one change."""
    turn = turned(graph, "send_lesion_pcr", infection__lesion_pcr=1)
    assert [each.text for each in turn.sets] == [
        "does not apply if lesion PCR: pending or positive or negative (now not done)"
    ]


def test_patients_are_told_no_numbers(graph: DecisionGraph) -> None:
    """A patient reads no dose, limit or laboratory value, and that it is no advice."""
    for node in graph.recommendations[::4]:
        turn = turned(graph, node.id, Audience.PATIENT)
        assert "no advice to change anything yourself" in turn.text
        for each in turn.sets:
            assert "mg" not in each.text
            for change in each.changes:
                assert not change.HasField("threshold")
                assert not change.HasField("distance")
                assert change.nearest.WhichOneof("value") in (None, "choice")
                assert not any(letter.isdigit() for letter in change.text)


def test_an_undetermined_verdict_is_turned_both_ways(graph: DecisionGraph) -> None:
    """With nothing known, one answer makes the test for HIV apply, and the others rule it out."""
    turn = what_would_change(graph, {}, "test_hiv")
    assert turn.verdict is Verdict.UNDETERMINED
    assert {each.after for each in turn.sets} == {Verdict.APPLIES, Verdict.DOES_NOT_APPLY}
    assert turn.cut == ""
