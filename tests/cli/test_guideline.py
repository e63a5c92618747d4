"""`rashpath guideline`: list, show, lint, trace."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CONTENT = ROOT / "graph" / "rashpath" / "content" / "valacyclovir_spreading_rash" / "1.0.0.yaml"
CASES = ROOT / "tests" / "cases"


def test_list_names_id_version_and_review(run):
    """Each guideline stands with its version and where it is in its review."""
    done = run("guideline", "list")
    assert done.returncode == 0, done.stderr
    assert "valacyclovir_spreading_rash 1.0.0  under review" in done.stdout


def test_list_as_json(run):
    """Programs get the message."""
    listed = json.loads(run("guideline", "list", "--format", "json").stdout)
    assert listed["guidelines"][0]["id"] == "valacyclovir_spreading_rash"


def test_show_lists_the_recommendations(run):
    """The page has every recommendation with urgency and citations."""
    done = run("guideline", "show")
    assert done.returncode == 0, done.stderr
    assert "  - start_foscarnet: " in done.stdout
    assert "31 recommendations" in done.stdout


def test_show_tells_who_reviewed_it(run):
    """The steps of the review stand there with who and when; nobody has approved it."""
    done = run("guideline", "show")
    assert done.returncode == 0, done.stderr
    review = done.stdout.partition("\nReview\n")[2].partition("\n\n")[0].splitlines()
    assert all(re.match(r"  - \d{4}-\d\d-\d\d  ", line) for line in review)
    assert "submitted: the rashpath authors, written from" in review[0]
    assert "under review: the rashpath authors, open to review" in review[1]
    assert "approved" not in "".join(review)


def test_shown_yaml_is_a_guideline_file(run, alone, tmp_path):
    """What `show` writes as YAML is sound and has the same digest."""
    shown = run("guideline", "show", "valacyclovir_spreading_rash@1.0.0", "--format", "yaml")
    copy = tmp_path / "copy.yaml"
    copy.write_text(shown.stdout)
    digest = json.loads(run("guideline", "list", "--format", "json").stdout)["guidelines"][0]
    done = alone("guideline", "lint", str(copy))
    assert done.returncode == 0, done.stdout
    assert f"digest {digest['digest'][:8]}" in done.stdout


def test_show_of_an_unknown_guideline_exits_with_3(run):
    """The known ones are named."""
    done = run("guideline", "show", "measles")
    assert done.returncode == 3
    assert "valacyclovir_spreading_rash" in done.stderr


def test_lint_tells_file_line_and_path(alone, tmp_path):
    """A faulty guideline is told fault by fault, and the exit code is 5."""
    text = CONTENT.read_text(encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace("review_status:", "review_statsu:", 1), encoding="utf-8")
    line = 1 + text[: text.index("review_status:")].count("\n")
    done = alone("guideline", "lint", str(CONTENT), str(broken))
    assert done.returncode == 5
    assert f"{CONTENT}: valacyclovir_spreading_rash 1.0.0 is sound: " in done.stdout
    assert f"{broken}:{line}: `review_statsu`" in done.stdout
    assert "in 1 of 2 files" in done.stderr


def test_trace_gives_every_statement_a_row(run):
    """All 38 statements and 12 page features are traced."""
    done = run("guideline", "trace", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    ids = [f"S{number}" for number in range(1, 39)] + [f"N{number}" for number in range(1, 13)]
    assert sorted(row["statement"] for row in rows) == sorted(ids)
    by_id = {row["statement"]: row for row in rows}
    assert "start_foscarnet" in by_id["S18"]["recommendations"].split()
    assert "node start_foscarnet" in by_id["S18"]["cited by"]


def test_trace_names_the_cases(run, tmp_path):
    """A case that expects a recommendation stands in the rows that it rests on."""
    folder = tmp_path / "cases" / "hiv"
    folder.mkdir(parents=True)
    (folder / "one.yaml").write_text("facts: {}\nexpect: {applies: [test_hiv]}\n")
    done = run(
        "guideline", "trace", "--cases", str(tmp_path / "cases"), "--format", "csv", "--check"
    )
    rows = {row["statement"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert "hiv/one.yaml" in rows["S8"]["cases"]
    assert done.returncode == 5
    assert "no case expects `test_hiv` not to apply" in done.stderr
    assert "no case expects `test_hiv` to apply\n" not in done.stderr


def test_the_matrix_has_no_gap(run):
    """Every statement has a home, and every recommendation cases that have it on and off."""
    done = run("guideline", "trace", "--cases", str(CASES), "--check")
    assert done.returncode == 0, done.stderr
    assert "0 gaps" in done.stdout


def test_markdown_is_two_tables(run):
    """The matrix and the hazards can be put into a document."""
    text = run("guideline", "trace", "--format", "markdown").stdout
    matrix, hazards = (
        [line.replace("\\|", "") for line in part.splitlines() if line.startswith("|")]
        for part in text.split("## Hazards")
    )
    assert len(matrix) == 2 + 38 + 12
    assert {line.count("|") for line in matrix} == {9}
    assert len(hazards) == 2 + 13
    assert {line.count("|") for line in hazards} == {8}


def test_hazards_are_traced_to_cases(run):
    """Each invariant is a row with what it speaks of and the cases that exercise it."""
    done = run("guideline", "trace", "--cases", str(CASES), "--format", "csv", "--table", "hazards")
    assert done.returncode == 0, done.stderr
    rows = {row["invariant"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert len(rows) == 13
    floor = rows["no_foscarnet_dose_below_floor"]
    assert floor["recommendations"] == "start_foscarnet"
    assert floor["definitions"].split() == ["foscarnet_floor", "clearance_per_kg"]
    assert "foscarnet/c2_45m_70_1_1.yaml" in floor["cases on"].split()
    assert "foscarnet/weight_unknown.yaml" in floor["cases off"].split()


def test_the_matrix_is_a_page_too(run):
    """With `--format html` the matrix is one page to file or print."""
    done = run("guideline", "trace", "--cases", str(CASES), "--format", "html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert "every_red_flag_is_an_emergency" in done.stdout


def test_lint_of_a_yaml_that_is_no_guideline(alone, tmp_path):
    """Another YAML file is refused, not crashed on."""
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({"rash": {"trend": "SPREADING"}}))
    done = alone("guideline", "lint", str(other))
    assert done.returncode == 5
    assert f"{other}:1: " in done.stdout
