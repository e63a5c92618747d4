"""The command `cohort`: what it prints, writes and refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


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
