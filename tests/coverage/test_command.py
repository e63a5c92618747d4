"""The commands `guideline coverage` and `guideline generate-cases`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import run_program

SMALL = str(Path(__file__).parents[1] / "guideline" / "small.yaml")


def test_cases_are_written_and_measured(tmp_path: Path) -> None:
    """What is generated for a guideline covers it, and the command says so."""
    made = run_program("guideline", "generate-cases", SMALL, "-o", str(tmp_path))
    assert made.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"conditions.yaml", "unknowns.yaml"}
    shown = run_program(
        "guideline", "coverage", SMALL, "--cases", str(tmp_path), "--format", "json"
    )
    assert shown.returncode == 0
    leaf = json.loads(shown.stdout)["coverage"]["leaf"]
    assert leaf["shown"] == leaf["possible"] > 10


def test_what_is_not_shown_is_listed_with_its_reason() -> None:
    """Without cases everything is missing, and `--check` exits with 5."""
    shown = run_program("guideline", "coverage", SMALL, "--check")
    assert shown.returncode == 5
    assert "leaves that decide alone (MC/DC)" in shown.stdout
    assert "no case was found" in shown.stdout


def test_a_folder_that_is_not_there_is_told() -> None:
    """A misspelt folder is bad input, not an empty suite."""
    shown = run_program("guideline", "coverage", SMALL, "--cases", "no/such/folder")
    assert shown.returncode == 2
    assert "`no/such/folder`: no such folder" in shown.stderr


def test_a_folder_to_write_to_must_be_named() -> None:
    """Nothing is written where nobody asked for it."""
    assert run_program("guideline", "generate-cases", SMALL).returncode == 2
