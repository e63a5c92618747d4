"""`rashpath guideline diff`, and `rashpath explain --what-would-change`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.guideline.small import TEXT, edited

SHIPPED = "valacyclovir_spreading_rash"


@pytest.fixture
def toys(tmp_path: Path) -> tuple[str, str]:
    """Two files: a toy guideline, and one that tells at a smaller extent."""
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text(TEXT)
    after.write_text(edited("limit, decimal: 90.0", "limit, decimal: 80.0"))
    return str(before), str(after)


def test_two_files_need_no_server(alone, toys):
    """Both files are compared in process: the case that shows the difference, and where it lies."""
    done = alone("guideline", "diff", *toys)
    assert done.returncode == 0, done.stderr
    assert "~ recommendation tell" in done.stdout
    assert "A DOES_NOT_APPLY; B APPLIES" in done.stdout
    assert "extent: 90 or less" in done.stdout
    assert "numbers[limit].decimal" in done.stdout


def test_exit_code_tells_a_difference(alone, toys):
    """With `--exit-code`, 5 says that some answer differs, and 0 that none does."""
    before, after = toys
    assert alone("guideline", "diff", before, after, "--exit-code").returncode == 5
    same = alone("guideline", "diff", before, before, "--exit-code")
    assert same.returncode == 0
    assert "Equivalent: both decide every case alike, proved" in same.stdout


def test_json_is_the_message(alone, toys):
    """Programs get the message of the service, with the facts of the case."""
    done = alone("guideline", "diff", *toys, "--format", "json")
    told = json.loads(done.stdout)
    assert "equivalent" not in told
    tell = next(each for each in told["differences"] if each["id"] == "tell")
    assert tell["state"] == "DIFFERENCE_STATE_CONTRARY"
    facts = {each["fact"] for each in tell["witness"]["facts"]}
    assert "renal.stable" in facts


def test_case_files_that_change_are_named(alone, toys, tmp_path):
    """With `--cases`, each case file whose answer differs is named, test cases too."""
    cases = tmp_path / "cases"
    cases.mkdir()
    facts = "patient: {age_years: 55}\nrenal: {stable: PRESENT}\nrash: {trend: IMPROVING}\n"
    (cases / "plain.yaml").write_text(facts)
    (cases / "young.yaml").write_text(facts.replace("55", "30"))
    nested = "".join(f"  {line}\n" for line in facts.splitlines())
    (cases / "test.yaml").write_text(f"title: a test\nfacts:\n{nested}expect: {{}}\n")
    done = alone("guideline", "diff", *toys, "--cases", str(cases), "--format", "json")
    told = json.loads(done.stdout)
    assert told["answers_compared"] == 3
    assert [each["name"] for each in told["changed"]] == ["plain.yaml", "test.yaml"]


def test_recorded_decisions_that_would_change_are_named(alone, run_on_ledger, tmp_path):
    """With `--ledger`, the recorded decisions that the new version would answer otherwise."""
    url, decision_id = run_on_ledger
    copy = tmp_path / "copy.yaml"
    served = alone("guideline", "show", "--local", "--format", "yaml").stdout
    old = "to_node: test_hiv\n  when: immune.hiv == HIV_NOT_TESTED"
    assert served.count(old) == 1
    copy.write_text(served.replace(old, f"{old} && rash.trend == IMPROVING"))
    done = alone(
        "guideline", "diff", SHIPPED, str(copy), "--local", "--ledger", url, "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers_compared"] == 1
    (changed,) = told["changed"]
    assert changed["name"] == decision_id
    assert {"id": "test_hiv", "before": "APPLIES", "after": "DOES_NOT_APPLY"} in changed["changes"]


@pytest.fixture
def run_on_ledger(alone, serve, data, tmp_path) -> tuple[str, str]:
    """The ledger of a server that has stopped, and the id of its one decision."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serve(folder) as address:
        case = str(data / "spreading.yaml")
        done = alone("evaluate", case, "--format", "json", server=address)
    return f"sqlite:///{folder}/audit.db", json.loads(done.stdout)["decision_id"]


def test_served_guidelines_are_compared_by_the_server(run):
    """Two names ask the server; here it serves one version, which equals itself."""
    done = run("guideline", "diff", SHIPPED, f"{SHIPPED}@1.0.0")
    assert done.returncode == 0, done.stderr
    assert "Equivalent" in done.stdout


def test_difference_is_drawn(alone, toys, tmp_path):
    """With `--diagram`, one picture shows both guidelines with what differs marked."""
    picture = tmp_path / "difference.svg"
    done = alone("guideline", "diff", *toys, "--diagram", str(picture))
    assert done.returncode == 0, done.stderr
    assert "changed" in picture.read_text()


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("nowhere.yaml", "nowhere.yaml"), 2, "`nowhere.yaml`: no such file or directory"),
        ((SHIPPED, "valacyclovir", "--local"), 3, "guideline `valacyclovir` is not served"),
        ((SHIPPED, SHIPPED, "--local", "--cases", "nowhere"), 2, "`nowhere`: no such folder"),
        ((SHIPPED, SHIPPED, "--local", "--ledger", "sqlite:///no.db"), 3, "no.db"),
    ],
)
def test_what_is_not_there_is_named(alone, words, code, error):
    """A file, guideline, folder or ledger that is not there is told by name."""
    done = alone("guideline", "diff", *words)
    assert (code, "") == (done.returncode, done.stdout)
    assert error in done.stderr


def test_a_faulty_file_is_refused_with_its_places(alone, toys, tmp_path):
    """A guideline that cannot be loaded is told with file and line, and nothing is compared."""
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text(edited("when: rash.trend == UNCHANGED", "when: rash.trnd == UNCHANGED"))
    done = alone("guideline", "diff", toys[0], str(faulty))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{faulty}:" in done.stderr


def test_what_would_change_is_told(run, data):
    """The changes that turn a verdict are told, and nothing else is explained."""
    words = ("explain", str(data / "spreading.yaml"), "--what-would-change", "start_foscarnet")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "would not apply, if" in done.stdout
    assert "rash trend: improving (now spreading)" in done.stdout
    assert "The way" not in done.stdout
    patient = run(*words, "--audience", "patient").stdout
    assert "no advice to change anything yourself" in " ".join(patient.split())


def test_what_would_change_stands_in_the_json(alone, data):
    """Programs get each set with its changes, through a server or without one."""
    done = alone(
        "explain",
        str(data / "spreading.yaml"),
        "--what-would-change",
        "test_hiv",
        "--format",
        "json",
        "--local",
    )
    told = json.loads(done.stdout)
    assert "recommendations" not in told
    (turn,) = told["turns"]
    assert turn["id"] == "test_hiv"
    assert turn["sets"][0]["changes"][0]["fact"] == "immune.hiv"


def test_an_unknown_recommendation_is_told_with_the_nearest(alone, data):
    """A misspelt id is not found, and the one that was meant is named."""
    done = alone(
        "explain", str(data / "spreading.yaml"), "--what-would-change", "test_hvi", "--local"
    )
    assert done.returncode == 3
    assert "did you mean `test_hiv`" in done.stderr
