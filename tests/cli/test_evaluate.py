"""`rashpath evaluate` with one case: every format, every kind of bad input."""

from __future__ import annotations

import json

import pytest
import yaml

TYPO_ERRORS = """\
error: typo.yaml:3: `rash.trned` is not a fact; did you mean `rash.trend`?
error: typo.yaml:7: `renal.serum_creatinine_mg_dl` is 88, outside 0.2 to 25 mg/dL \
(is it in umol/L? then 1.0)
2 errors, nothing evaluated
"""


def test_text_tells_what_to_do_first(run, data):
    """The page has the urgency, what to do with its citations, what is open and what to ask."""
    done = run("evaluate", str(data / "spreading.yaml"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    page = done.stdout
    headline = " ".join(page.splitlines()[:2])
    assert "guideline 1.0.0 (under review, last updated 2025-07-11), digest " in headline
    assert "SAME DAY (EMERGENCY not excluded)    29 settled, 2 open" in page
    assert "30 mg/kg" in page
    assert "2100 mg a dose" in page
    assert "Ask next" in page
    assert page.index("Do today") < page.index("Open") < page.index("Ask next")
    assert all(len(line) <= 100 for line in page.splitlines())


def test_text_of_an_empty_case_is_short(run):
    """With nothing known, the page asks a few questions and does not list everything."""
    done = run("evaluate", "-", text="{}")
    assert done.returncode == 0, done.stderr
    assert "EMERGENCY not excluded" in done.stdout
    assert "more; `rashpath ask` goes through them" in done.stdout
    assert len(done.stdout.splitlines()) < 60


def test_patient_text_has_no_dose(run, data):
    """The page for patients has their wording, without doses in milligrams."""
    done = run("evaluate", str(data / "spreading.yaml"), "--audience", "patient")
    assert done.returncode == 0, done.stderr
    assert " mg" not in done.stdout
    assert "mg/kg" not in done.stdout


def test_json_is_the_message_with_proto_names(run, data):
    """Programs get proto field names and full enum names."""
    done = run("evaluate", str(data / "spreading.yaml"), "--format", "json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["status"] == "DECISION_STATUS_NEEDS_FACTS"
    assert answer["urgency"] == "URGENCY_SAME_DAY"
    assert answer["urgency_not_excluded"] == "URGENCY_EMERGENCY"
    assert {each["verdict"] for each in answer["recommendations"]} == {
        "VERDICT_APPLIES",
        "VERDICT_UNDETERMINED",
    }


def test_full_view_lists_all_recommendations(run, data):
    """With the full view, what does not apply is listed too."""
    done = run("evaluate", str(data / "spreading.yaml"), "--format", "json", "--view", "full")
    assert len(json.loads(done.stdout)["recommendations"]) == 31


def test_yaml_says_the_same_as_json(run, data):
    """YAML and JSON hold the same answer, but for its id."""
    answers = [
        yaml.safe_load(run("evaluate", str(data / "spreading.yaml"), "--format", each).stdout)
        for each in ("yaml", "json")
    ]
    for answer in answers:
        assert answer.pop("decision_id")
    assert answers[0] == answers[1]


def test_local_answers_as_the_server_does(run, alone, data):
    """In process the answer is the same, but for its id."""
    arguments = ("evaluate", str(data / "spreading.yaml"), "--format", "json")
    remote, local = (
        json.loads(run(*arguments).stdout),
        json.loads(alone(*arguments, "--local").stdout),
    )
    assert remote.pop("decision_id") != local.pop("decision_id")
    assert remote == local


def test_stdin_and_json_names_are_read(run):
    """A case may come through a pipe, as JSON with JSON names."""
    done = run("evaluate", "-", "--format", "json", text='{"patient": {"ageYears": 45}}')
    assert done.returncode == 0, done.stderr


def test_typos_are_told_with_file_and_line(run, data, tmp_path):
    """Each fault names file, line and field, with the nearest name or the probable unit."""
    (tmp_path / "typo.yaml").write_text((data / "typo.yaml").read_text())
    done = run("evaluate", str(tmp_path / "typo.yaml"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.replace(f"{tmp_path}/", "") == TYPO_ERRORS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the input is empty"),
        ("rash: {trend: SPREADING, trend: IMPROVING}", "given twice"),
        ('patient: {age_years: "45"}', "`patient.age_years` is text"),
        ("patient: {age_years: 45.5}", "whole number"),
        ("patient: {weight_kg: .nan}", "not a number"),
        ("patient: {weight_kg: .inf}", "infinite"),
        ("patient: {age_years: true}", "`patient.age_years` is true"),
        ("patient: {age_years: 121}", "outside 0 to 120 years"),
        ("rash: {trend: GROWING}", "not one of IMPROVING, UNCHANGED, SPREADING"),
        ("rash: {trend: 3}", "`rash.trend`"),
        ("- 1\n- 2", "a list"),
        ("[" * 5000, "deeper than 64"),
        (b"\x00\xff\xfe", "not UTF-8"),
        (b"a" * 10_000_000, "more than 1048576"),
        ("patient: {age_years: null}", "null"),
    ],
)
def test_bad_input_names_the_fault(run, text, words):
    """Whatever is wrong with a case is told on stderr, and nothing is evaluated."""
    done = run("evaluate", "-", text=text)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.endswith("1 error, nothing evaluated\n")


def test_an_empty_file_name_is_bad_input(run):
    """An unset variable of the shell is not taken for this folder."""
    done = run("evaluate", "")
    assert done.returncode == 2
    assert done.stderr == "error: ``: cannot be read\n1 error, nothing evaluated\n"


def test_the_next_command_can_be_typed_as_it_stands(alone, tmp_path):
    """Who decides without a server is not sent to one; a name with a blank is quoted."""
    (tmp_path / "a case.yaml").write_text("{}")
    done = alone("evaluate", str(tmp_path / "a case.yaml"), "--local")
    assert f"rashpath explain '{tmp_path}/a case.yaml' --local" in " ".join(done.stdout.split())


def test_a_file_that_is_not_there_is_bad_input(run):
    """A missing file is named."""
    done = run("evaluate", "nowhere.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: nowhere.yaml: no such file")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--guideline", "measles"], "`measles` is not served; known: "),
        (["--guideline", "@9.9.9"], "is not served; known: `1.0.0`"),
        (["--digest", "0" * 64], "has the digest"),
    ],
)
def test_an_unknown_guideline_exits_with_3(run, data, arguments, words):
    """A guideline, version or digest that is not there is not found, and the known ones named."""
    done = run("evaluate", str(data / "spreading.yaml"), *arguments)
    assert done.returncode == 3
    assert done.stdout == ""
    assert words in done.stderr


def test_local_refuses_as_the_server_does(run, alone, data):
    """In process the errors are the same."""
    arguments = ("evaluate", str(data / "spreading.yaml"), "--guideline", "measles")
    remote, local = run(*arguments), alone(*arguments, "--local")
    assert (local.returncode, local.stderr) == (remote.returncode, remote.stderr)
