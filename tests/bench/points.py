"""A measured point: its figures, the goal it is held against, and how quiet the machine was."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

FREE = "free"
HELD = "server core 0, load core 1"

Figure = float | int | str


@dataclass(frozen=True, slots=True)
class Point:
    """One row of a table.

    Args:
        group: the table.
        name: what was measured.
        figures: by heading, in the order of the columns.
        goal: what is to be reached, in words; empty: nothing.
        met: whether it was; None where there is no goal.
        held: which processes were held to which cores.
        others: cores that others used while it was taken.
        tries: how often it was taken.
    """

    group: str
    name: str
    figures: dict[str, Figure]
    goal: str = ""
    met: bool | None = None
    held: str = FREE
    others: float = 0.0
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to measure.

    Args:
        cases: different cases, in process and over the wire; many, so that what an engine keeps
            from one case to the next helps it as little as it would with real patients.
        unseen: cases that an engine meets for the first time.
        rounds: interleaved repeats.
        slice_s: seconds of processor time a contender and round, in process.
        window_s: seconds of a window over the wire.
        warm_up_s: seconds before it.
        retakes: how often a disturbed point is taken again.
        patient_until: time of the monotonic clock after which none is, so that a run on a busy
            machine ends too.
        memory_calls: calls over which memory must stay flat.
        sizes: nodes of the synthetic graphs.
        quick: leaves out what takes long.
    """

    cases: int
    unseen: int
    rounds: int
    slice_s: float
    window_s: float
    warm_up_s: float
    retakes: int
    memory_calls: int
    sizes: tuple[int, ...]
    quick: bool
    patient_until: float = math.inf

    def retakes_now(self) -> int:
        """Returns how often a point that is disturbed now may be taken again."""
        return self.retakes if time.monotonic() < self.patient_until else 0


QUICK = Pace(
    cases=500,
    unseen=20,
    rounds=3,
    slice_s=0.01,
    window_s=0.6,
    warm_up_s=0.2,
    retakes=0,
    memory_calls=0,
    sizes=(30, 100),
    quick=True,
)
FULL = Pace(
    cases=2000,
    unseen=200,
    rounds=7,
    slice_s=0.1,
    window_s=2.0,
    warm_up_s=0.5,
    retakes=2,
    memory_calls=60_000,
    sizes=(30, 100, 300, 1000),
    quick=False,
)
