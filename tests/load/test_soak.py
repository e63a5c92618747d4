"""The soak's own judgement: memory and files that grow are found, and what is due is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.journal import percentile
from tests.load.report import silent
from tests.load.soak import GROWTH_FILES, GROWTH_MIB, MOST_MIB, Life, Sample, _moments, _Soak


def life(minutes: int, mib_a_minute: float = 0.0, files_a_minute: int = 0) -> Life:
    """Returns the life of a process of 150 MiB and 30 files, seen each minute."""
    return Life(
        [
            Sample(60.0 * minute, 150 + mib_a_minute * minute, 30 + files_a_minute * minute)
            for minute in range(minutes + 1)
        ]
    )


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (life(60), ""),
        # 50 minutes lie between the two spans that are compared.
        (life(60, GROWTH_MIB / 50 - 0.01), ""),
        (life(60, GROWTH_MIB / 50 + 0.01), "grew by 32.5 MiB"),
        (life(30, files_a_minute=1), f"holds 20 files more, above {GROWTH_FILES}"),
        (life(5, (MOST_MIB - 150) / 5 + 1), "took 405 MiB"),
        # Too short a life to be judged by its growth.
        (life(20, 2.0, 2), ""),
    ],
)
def test_growth_is_judged_by_the_bounds(seen: Life, told: str) -> None:
    """A process that lives long may not grow, and none may be larger than the bound."""
    soak = _Soak(3600.0, Path(), silent)
    soak._lives[1] = seen
    faults = soak.faults()
    assert [told in fault for fault in faults] == [True] * bool(told)


def test_what_is_due_is_done_again_and_again_or_once() -> None:
    """In an hour something is done each ten minutes, but not at its very end; in a short soak it is
    done once."""
    assert _moments(3600.0, 600.0, 0.5) == [600.0, 1200.0, 1800.0, 2400.0, 3000.0]
    assert _moments(10.0, 600.0, 0.5) == [5.0]


def test_percentiles_are_values_that_were_seen() -> None:
    """The 99th of a hundred is the last but one, and one value is each of its percentiles."""
    assert percentile([float(each) for each in range(1, 101)], 0.99) == 99.0
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0
