"""`rashpath explain`: why, why not, and what if."""

from __future__ import annotations

import json

import pytest


def test_why_not_names_the_facts_that_refuse(run, data):
    """What refuses a recommendation is told with the values that decided."""
    done = run("explain", str(data / "spreading.yaml"), "--why-not", "acyclovir_oral_hiv_zoster")
    assert done.returncode == 0, done.stderr
    assert "acyclovir_oral_hiv_zoster" in done.stdout
    assert "does not apply" in done.stdout
    assert "  flag: " in done.stdout


def test_why_gives_the_reasons(run, data):
    """What applies is told with its reasons."""
    done = run("explain", str(data / "spreading.yaml"), "--why", "start_foscarnet")
    assert done.returncode == 0, done.stderr
    assert "start_foscarnet" in done.stdout
    assert "because" in done.stdout


def test_without_a_question_the_whole_way_is_told(run, data):
    """The explanation goes from the start to every recommendation."""
    done = run("explain", str(data / "spreading.yaml"))
    assert done.returncode == 0, done.stderr
    for heading in ("The way", "What applies", "What is open", "What does not apply"):
        assert heading in done.stdout


def test_what_if_lists_what_changes(run, data):
    """A change of one fact is compared with the decision as it is."""
    done = run("explain", str(data / "spreading.yaml"), "--what-if", "rash.trend=IMPROVING")
    assert done.returncode == 0, done.stderr
    assert "What if rash.trend = IMPROVING" in done.stdout
    assert "start_foscarnet: APPLIES -> DOES_NOT_APPLY" in done.stdout


def test_what_if_makes_a_fact_unknown(run, data):
    """Nothing behind the equals sign makes the fact unknown."""
    done = run("explain", str(data / "spreading.yaml"), "--what-if", "immune.hiv=")
    assert done.returncode == 0, done.stderr
    assert "What if immune.hiv unknown" in done.stdout
    assert "test_hiv: APPLIES -> UNDETERMINED" in done.stdout


def test_json_is_the_message(run, data):
    """Programs get the explanation with proto field names."""
    done = run("explain", str(data / "spreading.yaml"), "--why", "test_hiv", "--format", "json")
    explained = json.loads(done.stdout)
    assert [each["id"] for each in explained["recommendations"]] == ["test_hiv"]


def test_patient_wording_has_no_dose(run, data):
    """The explanation for patients has no dose."""
    done = run(
        "explain", str(data / "spreading.yaml"), "--why", "start_foscarnet", "--audience", "patient"
    )
    assert done.returncode == 0, done.stderr
    assert "mg/kg" not in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("rash.trned=SPREADING", "`rash.trned` is not a fact; did you mean `rash.trend`?"),
        ("rash.trend=GROWING", "not one of IMPROVING, UNCHANGED, SPREADING"),
        ("rash.trend", "not of the form `fact=value`"),
        ("patient.age_years=200", "outside 0 to 120 years"),
    ],
)
def test_a_bad_change_exits_with_2(run, data, change, words):
    """A what-if that names no fact, or no value of it, is refused."""
    done = run("explain", str(data / "spreading.yaml"), "--what-if", change)
    assert done.returncode == 2
    assert words in done.stderr


def test_an_unknown_recommendation_exits_with_3(run, data):
    """A misspelt recommendation is not found, and the nearest one is named."""
    done = run("explain", str(data / "spreading.yaml"), "--why", "start_foscarnt")
    assert done.returncode == 3
    assert "did you mean `start_foscarnet`?" in done.stderr
