"""The page of load and faults has the figures that are kept, and nothing of its own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.load.kept import keep, read
from tests.load.page import BEGIN, END, PAGE, figures, page
from tests.load.report import Report
from tests.load.scenarios import SCENARIOS
from tests.load.settling import Figures


def report(**more: object) -> Report:
    """Returns a report of a scenario that went well, but for what is changed."""
    of = Figures(sent=1200, answered=1199, accepted=900, retried=7)
    of.given_up = Counter({"UNAVAILABLE": 1})
    of.refused = Counter({"UNAVAILABLE DRAINING": 4})
    of.unanswered = Counter({"UNAVAILABLE": 3})
    for name, value in more.items():
        setattr(of, name, value)
    return Report("killed", "a worker killed", 90.4, of, ["back after 2 s"])


def test_the_page_says_what_is_kept() -> None:
    """Whoever changes a figure by hand, or forgets to write the page anew, is found."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(read(), text) == text


def test_every_scenario_is_on_the_page() -> None:
    """No scenario lacks its figures, and none is there of which nothing is known any more."""
    assert set(read()) == {each.name for each in SCENARIOS}


def test_the_kept_figures_have_nothing_lost() -> None:
    """What is shown went well; what did not would have to be mended first."""
    bad = {
        name: of
        for name, run in read().items()
        if any((of := run["figures"])[each] for each in ("lost", "duplicated", "wrong", "faults"))
    }
    assert bad == {}


def test_figures_are_shown_with_what_failed(tmp_path: Path) -> None:
    """A row for each scenario, and below it what was done, noted, refused, and found."""
    path = tmp_path / "figures.json"
    keep(report(lost=2, faults=["decision X was answered and is not in the ledger"]), path)
    shown = figures(read(path))
    assert "| killed | 90 | 1,200 | 1,199 | 900 | 2 | 0 | 0 | 4 | 3 | 7 |" in shown
    assert "**killed**: a worker killed." in shown
    assert "- back after 2 s." in shown
    assert "- Without a request id, and so not sent again: 1 UNAVAILABLE." in shown
    assert "- Attempts without an answer: 3 UNAVAILABLE, 4 UNAVAILABLE DRAINING." in shown
    assert "- **FAULT**: decision X was answered and is not in the ledger." in shown


def test_a_new_run_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    """The newest figures of a scenario are kept, those of others stay."""
    path = tmp_path / "figures.json"
    keep(report(), path)
    other = report()
    other.scenario = "soak"
    keep(other, path)
    keep(report(sent=5), path)
    kept = json.loads(path.read_text())
    assert {name: run["figures"]["sent"] for name, run in kept.items()} == {
        "killed": 5,
        "soak": 1200,
    }
    assert {"date", "version", "machine"} <= set(kept["killed"])


def test_a_page_without_marks_is_refused() -> None:
    """What is around the figures stays; without the marks nobody knows where they go."""
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert page({}, text).startswith(f"before\n{BEGIN}\n")
    assert page({}, text).endswith(f"{END}\nafter\n")
    assert "old" not in page({}, text)
    with pytest.raises(ValueError, match="lacks"):
        page({}, "before and after")
