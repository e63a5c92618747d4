"""The traceability matrix of a small guideline, row by row."""

from __future__ import annotations

import csv
import io

import pytest
from google.protobuf.json_format import ParseDict

from rashpath.facts import FactsError
from rashpath.guideline.trace import CaseFile, read_cases, trace
from rashpath.guideline.trace_formats import (
    as_csv,
    as_markdown,
    as_text,
    hazards_as_csv,
    summary,
)
from rashpath.v1.guideline_pb2 import Guideline

GUIDELINE = ParseDict(
    {
        "id": "small",
        "version": "1.0.0",
        "statements": [{"id": f"S{number}", "text": f"text {number}"} for number in range(1, 6)],
        "page_features": [
            {"id": "N1", "text": "status", "field": "review_status"},
            {"id": "N2", "text": "name"},
        ],
        "not_actionable": [
            {"id": "S4", "reason": "it names nobody"},
            {"id": "N2", "reason": "a name | decides nothing"},
        ],
        "numbers": [{"id": "long", "whole": 7, "statements": ["S2"]}],
        "definitions": [{"id": "treated", "when": "therapy.days_on_therapy >= long"}],
        "nodes": [
            {"id": "start", "start": {}, "statements": ["S1"]},
            {"id": "is_treated", "decision": {}, "statements": ["S3"]},
            {"id": "consult", "recommendation": {}, "statements": ["S1"]},
            {"id": "wait", "recommendation": {}},
        ],
        "edges": [
            {"from_node": "start", "to_node": "is_treated"},
            {"from_node": "is_treated", "to_node": "consult", "when": "treated"},
            {"from_node": "is_treated", "to_node": "wait", "otherwise": True},
        ],
    },
    Guideline(),
)

CASE = CaseFile("a.yaml", frozenset({"consult"}), frozenset({"wait"}), frozenset({"consult"}))


def rows():
    """Returns the rows by statement."""
    return {row.statement: row for row in trace(GUIDELINE, [CASE]).rows}


def test_a_number_is_traced_to_what_rests_on_it():
    """A statement behind a number reaches each recommendation whose way uses the number."""
    assert rows()["S2"].cited_by == ("number long",)
    assert rows()["S2"].recommendations == ()
    assert rows()["S2"].bears_on == ("consult", "wait")
    assert rows()["S2"].cases == ("a.yaml",)


def test_the_start_carries_no_statement_on():
    """What the root cites is not thereby the ground of everything."""
    assert rows()["S1"].cited_by == ("node start", "node consult")
    assert rows()["S1"].recommendations == ("consult",)
    assert rows()["S1"].bears_on == ()


def test_a_decision_grounds_what_lies_behind_it():
    """A statement that a question comes from reaches both of its answers."""
    assert rows()["S3"].bears_on == ("consult", "wait")


def test_cases_stand_in_the_rows_of_their_recommendations():
    """A case file is named where one of its recommendations is."""
    assert rows()["S1"].cases == ("a.yaml",)
    assert rows()["S4"].cases == ()


def test_gaps_are_named():
    """A statement without a home and a recommendation without cases are gaps."""
    assert trace(GUIDELINE, [CASE]).gaps == (
        "statement S5 has no home",
        "no case expects `consult` not to apply",
        "no case expects `wait` to apply",
    )
    assert trace(GUIDELINE).gaps == ("statement S5 has no home",)
    assert "1 gap (cases were not looked at)" in summary(trace(GUIDELINE))


def test_every_format_has_every_row():
    """Text, CSV and Markdown name each statement and page feature."""
    traced = trace(GUIDELINE, [CASE])
    ids = [row.statement for row in traced.rows]
    assert ids == ["S1", "S2", "S3", "S4", "S5", "N1", "N2"]
    assert [line.split(",")[0] for line in as_csv(traced).splitlines()[1:]] == ids
    table = [line for line in as_markdown(traced).splitlines() if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in table[2:]] == ids
    assert "a name \\| decides nothing" in table[-1]
    text = as_text(traced)
    assert all(f"\n{identifier} " in text for identifier in ids)


def test_case_files_are_read_below_a_folder(tmp_path):
    """Expectations on and off are told apart, and a file that is not YAML is refused."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.yaml").write_text(
        "covers: ['wait:off', T1]\n"
        "expect: {applies_exactly: [consult], regimen: {consult: {dose_mg: 1}}}\n"
    )
    assert read_cases(tmp_path) == [
        CaseFile(
            "deep/one.yaml",
            frozenset({"consult"}),
            frozenset(),
            frozenset({"consult", "wait"}),
            frozenset({"consult"}),
        )
    ]
    (tmp_path / "bad.yaml").write_text("a: b: c")
    with pytest.raises(FactsError):
        read_cases(tmp_path)


GUARDED = Guideline()
GUARDED.CopyFrom(GUIDELINE)
GUARDED.definitions.add(id="late", when="treated || rash.severe == PRESENT", statements=["S3"])
GUARDED.invariants.add(
    id="late_is_consulted", holds="!late || applies('consult')", text="Late is consulted."
)
GUARDED.invariants.add(
    id="no_dose_while_waiting",
    holds="!(dose_given('wait') && applies(\"consult\"))",
    text="No dose while waiting.",
)

DOSED = CaseFile(
    "b.yaml", frozenset(), frozenset({"consult"}), frozenset({"wait"}), frozenset({"wait"})
)
WITHHELD = CaseFile(
    "c.yaml",
    frozenset({"consult"}),
    frozenset(),
    frozenset({"wait"}),
    frozenset(),
    frozenset({"wait"}),
)


def hazards():
    """Returns the hazards by invariant."""
    traced = trace(GUARDED, [CASE, DOSED, WITHHELD])
    return {hazard.id: hazard for hazard in traced.hazards}


def test_a_hazard_names_what_its_invariant_speaks_of():
    """Recommendations and definitions are found in the condition, and what stands behind them."""
    hazard = hazards()["late_is_consulted"]
    assert hazard.recommendations == ("consult",)
    assert hazard.definitions == ("late",)
    assert {"late", "treated", "long"} <= hazard.rests_on
    assert hazard.statements == ("S1", "S2", "S3")


def test_a_hazard_is_exercised_on_and_off():
    """A case exercises it where what it speaks of applies, or is expected not to."""
    hazard = hazards()["late_is_consulted"]
    assert hazard.held_on == ("a.yaml", "c.yaml")
    assert hazard.held_off == ("b.yaml",)


def test_doses_exercise_what_speaks_of_doses():
    """A dose that is shown or withheld counts, not only whether its recommendation applies."""
    hazard = hazards()["no_dose_while_waiting"]
    assert hazard.recommendations == ("consult", "wait")
    assert hazard.held_on == ("a.yaml", "b.yaml", "c.yaml")
    assert hazard.held_off == ("b.yaml", "c.yaml")


def test_statements_name_the_invariants_that_watch_over_them():
    """By the recommendations that cite them, or the definitions that do, directly or below."""
    found = {row.statement: row.invariants for row in trace(GUARDED).rows}
    assert found["S1"] == ("late_is_consulted", "no_dose_while_waiting")
    assert found["S2"] == ("late_is_consulted", "no_dose_while_waiting")
    assert found["S5"] == ()


def test_a_hazard_without_cases_is_a_gap():
    """An invariant that no case exercises is named."""
    assert trace(GUARDED, [CASE]).gaps[-2:] == (
        "no case exercises invariant `late_is_consulted` where what it speaks of does not",
        "no case exercises invariant `no_dose_while_waiting` where what it speaks of does not",
    )
    assert len(trace(GUARDED).gaps) == 1


def test_hazards_stand_in_every_format():
    """Text and Markdown have both tables; CSV has one file each."""
    traced = trace(GUARDED, [CASE, DOSED, WITHHELD])
    rows = list(csv.DictReader(io.StringIO(hazards_as_csv(traced))))
    assert [row["invariant"] for row in rows] == ["late_is_consulted", "no_dose_while_waiting"]
    assert rows[0]["cases on"] == "a.yaml c.yaml"
    for written in (as_text(traced), as_markdown(traced)):
        assert "No dose while waiting." in written
        assert "2 hazards" in written
    assert "Hazards" not in as_text(trace(GUIDELINE))
