"""The command `cohort`: what it prints, writes and refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rashpath.cli import main
from rashpath.cli.errors import CommandError, ExitCode


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a folder."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("rashpath")), "cohort", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_verdicts_counts_and_picture_are_written(tmp_path: Path) -> None:
    """A CSV of cases gives a CSV of verdicts, a summary, and what is missing most often."""
    (tmp_path / "cases.csv").write_text(
        "id,rash.trend,infection.eye\na,SPREADING,PRESENT\nb,IMPROVING,\nc,,\n"
    )
    done = run(
        tmp_path,
        *("cases.csv", "-o", "out.csv", "--key", "id"),
        *("--outputs", "continue_and_review,emergency_review,urgency_not_excluded"),
    )
    assert (done.returncode, done.stderr) == (0, "wrote out.csv: 3 cases\n")
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "id,continue_and_review,emergency_review,urgency_not_excluded",
        "a,DOES_NOT_APPLY,APPLIES,EMERGENCY",
        "b,APPLIES,UNDETERMINED,EMERGENCY",
        "c,UNDETERMINED,UNDETERMINED,EMERGENCY",
    ]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["continue_and_review", "1", "1", "1"] in lines
    assert ["emergency_review", "1", "2", "0"] in lines
    assert ["patient.sex", "3", "100.0%"] in lines


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cases.csv",), "error: name a file with `-o FILE`"),
        (("none.csv", "-o", "o.csv"), "error: `none.csv`: no such file"),
        (("cases.csv", "-o", "o.xlsx"), "error: `o.xlsx` ends in none of .parquet, .csv"),
        (("cases.csv", "-o", "o.csv"), 'error: cases.csv row 1: `rash.trend` is "WORSE"'),
        (("--sql", "trino", "--outputs", "x"), "error: `x` is not an output"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    """Bad input ends with 2, says what is wrong, and writes nothing."""
    (tmp_path / "cases.csv").write_text("rash.trend\nWORSE\n")
    done = run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
    assert [each.name for each in tmp_path.iterdir()] == ["cases.csv"]


@pytest.mark.parametrize(("option", "name"), [("-o", "kept.csv"), ("--flow", "kept.svg")])
def test_what_is_there_is_replaced_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str
) -> None:
    """Yesterday's verdicts are not lost to a slip; `--force` says that they may be."""
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text("rash.trend\nSPREADING\n")
    Path(name).write_text("yesterday's")
    words = ["cohort", "cases.csv", option, name, "--outputs", "urgency"]
    with pytest.raises(CommandError) as refused:
        main.run(words)
    assert refused.value.lines == (f"`{name}` is there already; `--force` replaces it",)
    assert refused.value.exit_code == ExitCode.BAD_INPUT
    assert Path(name).read_text() == "yesterday's"
    assert main.run([*words, "--force"]) == ExitCode.ANSWERED
    assert not Path(name).read_bytes().startswith(b"yesterday")


def test_a_picture_that_is_there_keeps_verdicts_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files are looked at first: nothing is half done."""
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text("rash.trend\nSPREADING\n")
    Path("flow.svg").write_text("yesterday's")
    with pytest.raises(CommandError, match=r"`flow\.svg` is there already"):
        main.run(["cohort", "cases.csv", "-o", "verdicts.csv", "--flow", "flow.svg"])
    assert not Path("verdicts.csv").exists()


def test_the_cases_are_never_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when asked, and not under another name of the same file."""
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text("rash.trend\nSPREADING\n")
    Path("link.csv").symlink_to("cases.csv")
    for name in ("cases.csv", "./cases.csv", "link.csv"):
        with pytest.raises(CommandError, match="is the table of cases"):
            main.run(["cohort", "cases.csv", "-o", name, "--outputs", "urgency", "--force"])
    assert Path("cases.csv").read_text() == "rash.trend\nSPREADING\n"
