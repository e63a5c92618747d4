"""The command `rashpath guideline verify`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rashpath.cli.errors import CommandError, ExitCode
from rashpath.cli.main import run
from rashpath.guideline.release import release_path
from tests.guideline.small import TEXT, edited

BROKEN = edited(
    "when: rash.trend == UNCHANGED\n", "when: rash.trend in [UNCHANGED, SPREADING]\n"
).replace("!applies('act') || rash.trend == SPREADING", "!applies('act')")


def written(folder: Path, text: str) -> Path:
    """Returns a guideline file."""
    path = folder / "0.1.0.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def verify(*words: object) -> int:
    """Runs the command and returns its exit code."""
    return run(["guideline", "verify", *map(str, words)])


def test_a_sound_guideline_is_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each property is listed, and the last line counts them."""
    assert verify(written(tmp_path, TEXT), "--cross-check", 10) == ExitCode.ANSWERED
    shown = capsys.readouterr()
    assert "  proved   branches" in shown.out
    assert "proved   invariant.only_what_spreads" in shown.out
    assert "cross-check: 10 cases, 30 verdicts" in shown.out
    assert "11 of 11 properties proved in" in shown.out
    assert shown.err == ""


def test_a_faulty_guideline_is_refuted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 5, and what fails is shown by its smallest case, which is a case file."""
    path = written(tmp_path, BROKEN)
    found = tmp_path / "found"
    assert verify(path, "--counterexamples", found, "--write") == ExitCode.CHECK_FAILED
    shown = capsys.readouterr()
    assert "  REFUTED  branches" in shown.out
    assert (
        "# invariant.only_what_spreads: `only_what_spreads` is false\n"
        "# fewest facts that show it\n"
        "rash:\n"
        "  trend: SPREADING\n"
    ) in shown.out
    assert "no certificate is written: not all is proved" in shown.err
    assert not release_path(path).exists()
    files = sorted(each.name for each in found.iterdir())
    assert files == ["001_branches.yaml", "002_invariant.only_what_spreads.yaml"]


def test_json_holds_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads results, reasons and counterexamples."""
    path = written(tmp_path, BROKEN)
    assert verify(path, "--format", "json") == ExitCode.CHECK_FAILED
    content = json.loads(capsys.readouterr().out)
    assert content["proved"] is False
    results = {each["id"]: each for each in content["properties"]}
    assert results["total"]["result"] == "PROVED"
    assert results["invariant.only_what_spreads"]["counterexamples"] == [
        {
            "about": "`only_what_spreads` is false",
            "fewest": True,
            "cases": [{"rash.trend": "SPREADING"}],
        }
    ]


def test_the_certificate_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--write` the certificate lies beside the file."""
    path = written(tmp_path, TEXT)
    assert verify(path, "--write") == ExitCode.ANSWERED
    assert "certificate written to" in capsys.readouterr().err
    content = json.loads(release_path(path).read_bytes())
    assert content["guideline"] == "small"
    assert {each["result"] for each in content["proof"]["properties"]} == {"PROVED"}


def test_a_file_that_does_not_load_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no graph there is nothing to prove; the faults are listed as lint does."""
    path = written(tmp_path, TEXT.replace("rash.trend == SPREADING", "rash.trned == SPREADING"))
    assert verify(path) == ExitCode.CHECK_FAILED
    assert f"{path}:" in capsys.readouterr().out


def test_bad_words_are_refused(tmp_path: Path) -> None:
    """A missing file, an unknown guideline and limits that make no sense are bad input."""
    for words, code in (
        ((tmp_path / "nothing.yaml",), ExitCode.BAD_INPUT),
        (("nothing",), ExitCode.NOT_FOUND_OR_PRECONDITION),
        (("--timeout", 0), ExitCode.BAD_INPUT),
        (("--cross-check", -1), ExitCode.BAD_INPUT),
    ):
        with pytest.raises(CommandError) as refused:
            verify(*words)
        assert refused.value.exit_code is code


def test_without_the_solver_the_next_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not installed the extra is told how."""
    for name in [name for name in sys.modules if name.startswith("rashpath.readings.proof")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(CommandError, match="the solver is not installed") as refused:
        verify()
    assert "rashpath[proof]" in refused.value.hint
