"""`rashpath evaluate` with many cases: one line each, in order, whatever is wrong with some."""

from __future__ import annotations

import json


def test_several_files_give_ndjson_in_order(run, data):
    """A faulty file in the middle gives an error in its place and stops nothing."""
    names = ["spreading.yaml", "typo.yaml", "spreading.yaml"]
    done = run("evaluate", *(str(data / name) for name in names))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [line["index"] for line in lines] == [0, 1, 2]
    assert [sorted(line) for line in lines] == [
        ["index", "response"],
        ["error", "index"],
        ["index", "response"],
    ]
    error = lines[1]["error"]
    assert error["code"] == "INVALID_ARGUMENT"
    assert [field["field"] for field in error["fields"]] == [
        "rash.trned",
        "renal.serum_creatinine_mg_dl",
    ]
    assert "88" not in json.dumps(error)


def test_ndjson_counts_lines_that_are_not_blank(run):
    """Each kind of bad line is an item; blank lines are skipped and not counted."""
    batch = "\n".join(
        [
            '{"rash": {"trend": "SPREADING"}}',
            "",
            "not json",
            '{"patient": {"age_years": 200}}',
            "   ",
            "{}",
            '{"rash": {"trend": "GROWING"}}',
            '{"patient": {"weight_kg": NaN}}',
            '{"rash": {"trend": "IMPROVING"}, "rash": {}}',
        ]
    )
    done = run("evaluate", "--batch", "-", text=batch)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [line["index"] for line in lines] == list(range(7))
    assert ["response" in line for line in lines] == [True, False, False, True, False, False, False]
    assert "standard input:3: not valid JSON" in lines[1]["error"]["message"]
    assert lines[2]["error"]["fields"][0]["field"] == "patient.age_years"
    assert "200" not in json.dumps(lines[2])
    assert lines[6]["error"]["message"] == "standard input:9: `rash` is given twice"


def test_a_sound_batch_over_several_requests_exits_with_0(run, tmp_path):
    """More cases than one request takes come back in order."""
    path = tmp_path / "cases.ndjson"
    ages = [20 + number for number in range(40)]
    path.write_text("".join(f'{{"patient": {{"age_years": {age}}}}}\n' for age in ages))
    done = run("evaluate", "--batch", str(path))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["index"] for line in lines] == list(range(40))
    assert all("response" in line for line in lines)


def test_batch_answers_as_a_single_case_does(run, data):
    """An item of a batch holds the answer that the case gets alone."""
    single = json.loads(run("evaluate", str(data / "spreading.yaml"), "--format", "json").stdout)
    done = run("evaluate", str(data / "spreading.yaml"), str(data / "spreading.yaml"))
    items = [json.loads(line)["response"] for line in done.stdout.splitlines()]
    ids = {each.pop("decision_id") for each in [single, *items]}
    assert len(ids) == 3
    assert items == [single, single]


def test_an_unreadable_file_is_an_item(run, data):
    """A file that is not there does not stop the others."""
    done = run("evaluate", "nowhere.yaml", str(data / "spreading.yaml"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert lines[0] == {
        "index": 0,
        "error": {
            "code": "INVALID_ARGUMENT",
            "message": "nowhere.yaml: no such file or directory",
            "fields": [],
        },
    }
    assert "response" in lines[1]


def test_an_unknown_guideline_is_an_error_of_each_item(run):
    """What no case can get is told for each of them."""
    done = run("evaluate", "--batch", "-", "--guideline", "measles", text="{}\n{}\n")
    codes = [json.loads(line)["error"]["code"] for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert codes == ["NOT_FOUND", "NOT_FOUND"]


def test_an_empty_batch_is_answered(run):
    """No case, no line, no error."""
    done = run("evaluate", "--batch", "-", text="\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
