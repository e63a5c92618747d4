"""The machine: what it is, and what else used it while a figure was taken."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

DISTURBED_CORES = 0.3
"""Cores that others may use during a point before it is taken again."""

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Returns the processor time of one running process, all its threads, in seconds."""
    # The name in brackets may hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def resident_bytes(pid: int) -> int:
    """Returns the resident memory of one running process, shared pages included."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def busy_seconds() -> float:
    """Returns the processor time that all cores have been busy since the machine started."""
    times = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    # user, nice, system, idle, iowait, irq, softirq, steal
    return sum(int(times[index]) for index in (0, 1, 2, 5, 6, 7)) * _TICK_S


class Watch:
    """Tells how many cores others used while it watched.

    Args:
        pids: running processes that are ours, besides this one and the children it has waited for.
    """

    def __init__(self, pids: Iterable[int] = ()) -> None:
        self._pids = tuple(pids)
        self._began = time.monotonic()
        self._busy = busy_seconds()
        self._own_before = self._own()

    def ours(self) -> float:
        """Returns the seconds of processor time that we have used since the watch began."""
        return self._own() - self._own_before

    def others(self) -> float:
        """Returns the cores that others have used on average since the watch began."""
        elapsed = max(time.monotonic() - self._began, _TICK_S)
        return max(0.0, round((busy_seconds() - self._busy - self.ours()) / elapsed, 2))

    def _own(self) -> float:
        times = os.times()
        here = times.user + times.system + times.children_user + times.children_system
        return here + sum(cpu_seconds(pid) for pid in self._pids)


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """A point, and the cores that others used while it was taken.

    Args:
        value: what was measured.
        others: cores that others used.
        tries: how often it was taken; the quietest one counts.
    """

    value: T
    others: float
    tries: int

    @property
    def disturbed(self) -> bool:
        """Whether others used more than :data:`DISTURBED_CORES`."""
        return self.others > DISTURBED_CORES


def quietly(take: Callable[[], T], *, retakes: int, pids: Iterable[int] = ()) -> Taken[T]:
    """Takes a point, and takes it again where others used the machine; keeps the quietest.

    Args:
        take: measures.
        retakes: how often it may be taken again.
        pids: running processes that belong to the measurement.
    """
    pids = tuple(pids)
    best: Taken[T] | None = None
    for tries in range(1, retakes + 2):
        watch = Watch(pids)
        value = take()
        others = watch.others()
        if best is None or others < best.others:
            best = Taken(value, others, tries)
        if others <= DISTURBED_CORES:
            break
    assert best is not None
    return Taken(best.value, best.others, tries)


def description() -> dict[str, str]:
    """Returns what the machine is."""
    memory = next(
        line.split()[1]
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal")
    )
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "processor": model,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory) / 1024**2:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
