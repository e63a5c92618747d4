"""Every deliberate fault in the shipped guideline is found, by what the documentation says."""

from __future__ import annotations

import pytest

from tests.proof.seeded_faults import BEGIN, DOCS, END, find
from tests.proof.seeds import SEEDS
from tests.shipped import Copy

QUICK = (
    "an overlap: confirmed resistance counts as suspected too",
    "acyclovir allowed under a drug reaction",
    "two foscarnet rows swapped",
    "a caution that always warns",
    "a statement without a home",
    "the zoster dose of the article one step lower",
)
"""Faults that are seeded in every run of the tests, one of each kind."""


def documented() -> dict[str, tuple[str, str]]:
    """Returns by fault what finds it and what shows it, as the documentation has it."""
    page = DOCS.read_text(encoding="utf-8")
    rows = page.split(BEGIN)[1].split(END)[0].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    return {what: (finder, shown) for _, what, finder, shown in cells}


DOCUMENTED = documented()


def test_the_table_holds_every_fault() -> None:
    """Forty faults or more are seeded; none survives; the page lists them all, in order."""
    assert list(DOCUMENTED) == [seed.what for seed in SEEDS]
    assert len(SEEDS) >= 40
    assert [what for what, (finder, _) in DOCUMENTED.items() if finder == "NOTHING"] == []
    assert all(shown for _, shown in DOCUMENTED.values())


def test_the_faults_are_of_many_kinds() -> None:
    """Loading, the proof and the cases each find some that the others do not."""
    finders = [finder for finder, _ in DOCUMENTED.values()]
    assert sum(finder.startswith("load") for finder in finders) >= 10
    assert sum(finder.startswith("invariant.") for finder in finders) >= 10
    assert sum(finder.startswith("case ") for finder in finders) >= 10
    assert {"conditions", "dose_total", "recommendations"} <= set(finders)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, id=seed.what, marks=() if seed.what in QUICK else pytest.mark.long)
        for seed in SEEDS
    ],
)
def test_a_fault_is_found(seed: Copy) -> None:
    """What the page names finds the fault, by a case or in words."""
    finder, _ = DOCUMENTED[seed.what]
    found = find(seed, among=finder)
    assert found is not None
    assert found.finder == finder
    assert found.shown
