"""The cases that a released guideline must answer as it did when it was released."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rashpath.facts import FactsError
from rashpath.guideline import DecisionGraph
from rashpath.guideline.release import ReleaseError, certificate_of, release_path
from rashpath.readings.self_test import MOST, compact, count_of, failures, write_self_test
from rashpath.readings.walk import walk
from rashpath.service.guidelines import GuidelinesError, load_guidelines
from tests.release.conftest import Draft
from tests.shipped import CONTENT

CASES = {
    "spreading": "facts: {rash: {trend: SPREADING}}\n",
    "nothing": "{}\n",
    "heavy": "patient: {age_years: 40, weight_kg: 95}\n",
}


@pytest.fixture
def cases(tmp_path: Path) -> list[Path]:
    """Three case files: with `facts`, empty, and bare facts."""
    folder = tmp_path / "cases"
    folder.mkdir()
    for name, text in CASES.items():
        (folder / f"{name}.yaml").write_text(text)
    return sorted(folder.iterdir())


def edit(draft: Draft, key: str, value: object) -> None:
    """Changes what the first case of a release file is expected to answer."""
    path = release_path(draft.path)
    content = json.loads(path.read_text())
    content["self_test"][0]["answer"][key] = value
    path.write_text(json.dumps(content))


def test_what_is_kept_is_what_is_answered(draft: Draft, cases: list[Path]) -> None:
    """The release file holds each case with its answer, and the certificate stays."""
    draft.certify()
    graph = draft.load()
    assert write_self_test(graph, draft.path, cases) == len(CASES)
    kept = json.loads(release_path(draft.path).read_text())["self_test"]
    assert [each["name"] for each in kept] == ["cases/heavy", "cases/nothing", "cases/spreading"]
    assert kept[2]["facts"] == {"rash": {"trend": "SPREADING"}}
    assert kept[1]["answer"] == compact(walk(graph, {}))
    assert failures(graph, draft.path) == ()
    assert count_of(graph, draft.path) == len(CASES)
    assert certificate_of(graph, draft.path)[1] == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("status", "UNKNOWN"),
        ("urgency", "NEVER"),
        ("applies", ["nothing"]),
        ("undetermined", ["nothing"]),
        ("findings", {"x": "y"}),
        ("doses_mg", {"x": 1.0}),
        ("more", 1),
    ],
)
def test_another_answer_is_found(draft: Draft, cases: list[Path], key: str, value: object) -> None:
    """Each part of an answer counts, and what differs is named; such a guideline is not served."""
    write_self_test(draft.load(), draft.path, cases)
    edit(draft, key, value)
    said = f"`cases/heavy` has another `{key}` than released"
    assert failures(draft.load(), draft.path) == (said,)
    assert load_guidelines(draft.folder).default_id == "small"
    with pytest.raises(GuidelinesError, match=f"fails its self-test: {said}"):
        load_guidelines(draft.folder, self_test=True)


def test_a_case_that_cannot_be_read_fails(draft: Draft, cases: list[Path]) -> None:
    """A damaged case is a failure, not one case less."""
    write_self_test(draft.load(), draft.path, cases)
    path = release_path(draft.path)
    content = json.loads(path.read_text())
    content["self_test"][0]["facts"] = {"rash": {"trend": "SIDEWAYS"}}
    content["self_test"][1] = 3
    path.write_text(json.dumps(content))
    assert failures(draft.load(), draft.path) == ("a case of it cannot be read",) * 2
    path.write_text(json.dumps(content | {"self_test": 3}))
    with pytest.raises(ReleaseError, match="is no list"):
        failures(draft.load(), draft.path)
    with pytest.raises(GuidelinesError, match="its self-test cannot run"):
        load_guidelines(draft.folder, self_test=True)


def test_a_self_test_is_of_one_text(draft: Draft, cases: list[Path]) -> None:
    """What another text answered is not asked of this one."""
    write_self_test(draft.load(), draft.path, cases)
    edit(draft, "status", "UNKNOWN")
    draft.replace("decimal: 90.0", "decimal: 91.0")
    assert count_of(draft.load(), draft.path) == 0
    assert failures(draft.load(), draft.path) == ()


def test_a_self_test_is_small_and_sound(draft: Draft, cases: list[Path]) -> None:
    """Too many cases, none, or a faulty one: nothing is written."""
    for files in ([], cases * MOST):
        with pytest.raises(FactsError, match="a self-test has 1 to 50 cases"):
            write_self_test(draft.load(), draft.path, files)
    cases[0].write_text("patient: {age_years: 400}\n")
    with pytest.raises(FactsError):
        write_self_test(draft.load(), draft.path, cases)
    assert not release_path(draft.path).exists()


def test_the_shipped_guideline_passes_its_self_test(graph: DecisionGraph) -> None:
    """What comes with rashpath answers as it was released."""
    path = Path(str(CONTENT))
    assert count_of(graph, path) >= 10, (
        "write it with `rashpath guideline release --self-test tests/cases/tensions`"
    )
    assert failures(graph, path) == ()
