"""Every scenario of `make load`, for some seconds each; the soak for an hour where it is wanted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.load.full_disk import full_disk
from tests.load.scenarios import SCENARIOS, Scenario
from tests.load.soak import soak

LONG = [pytest.mark.long]

SOAK_S = float(os.environ.get("SOAK_SECONDS", "3600"))
"""Seconds of the long soak."""


RUNS = [
    pytest.param(each, each.short_s or 20.0, id=each.name, marks=[] if each.short_s else LONG)
    for each in SCENARIOS
]
"""Each with its seconds of load; one whose short form is elsewhere is run with the long tests."""


@pytest.mark.parametrize(("scenario", "seconds"), RUNS)
def test_what_was_answered_is_recorded_once(
    scenario: Scenario, seconds: float, tmp_path: Path
) -> None:
    """Whatever befalls the server, each decision that a caller holds is in the ledger, once, as it
    was answered; each answer is the expected one; the ledger verifies and replays. The long form is
    `make load`."""
    report = scenario.run(tmp_path / "scenario", seconds, print)
    figures = report.figures
    assert figures.faults == []
    assert (figures.lost, figures.duplicated, figures.wrong) == (0, 0, 0)
    assert figures.sent - sum(figures.given_up.values()) == figures.answered > 0
    assert 0 < figures.decisions <= figures.accepted == figures.records
    assert figures.checkpoints > 0
    assert figures.replayed == min(figures.records, 20 if scenario.run is soak else 40)


@pytest.mark.long
def test_a_full_disk_where_nothing_may_be_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way of filling a disk, for machines that allow no mount; its short form is above,
    on such machines."""
    monkeypatch.setattr("tests.load.full_disk.shutil.which", lambda _: None)
    report = full_disk(tmp_path / "full", 5.0, print)
    assert report.figures.faults == []
    assert (report.figures.lost, report.figures.duplicated, report.figures.wrong) == (0, 0, 0)
    assert "no file system may be mounted" in report.done


@pytest.mark.long
def test_a_soak_keeps_memory_and_loses_nothing(tmp_path: Path) -> None:
    """The soak for as long as SOAK_SECONDS says, an hour else; its short form is above."""
    report = soak(tmp_path / "soak", SOAK_S, lambda text: print(text, file=sys.stderr))
    assert report.figures.faults == []
    assert (report.figures.lost, report.figures.duplicated, report.figures.wrong) == (0, 0, 0)
    assert report.figures.answered > SOAK_S
