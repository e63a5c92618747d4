"""The soak: mixed load for long, with reloads and kills, while memory, files and latency are kept.

What memory may do was said before it was measured: see the constants.
"""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rashpath.v1.audit_pb2 import Checkpoint
from tests.bench.machine import cpu_seconds
from tests.load.crowd import Crowd, crowd
from tests.load.expected import BOTH, book_of
from tests.load.journal import OK, Call, percentile
from tests.load.report import Progress, Report, silent
from tests.load.settling import settle
from tests.load.site import (
    config_of,
    events,
    keep_checkpoint,
    open_files,
    resident_mib,
    site,
    wait,
    workers,
)
from tests.service.conftest import RunningServer
from tests.service.reload.folders import SHIPPED, put, shipped

MOST_MIB = 400.0
"""Resident memory that no worker may ever exceed."""

GROWTH_MIB = 32.0
"""What the highest memory of a worker's last ten minutes may be above that of its first ten."""

GROWTH_FILES = 16
"""The same of its open files."""

SETTLED_S = 600.0
"""Ten minutes; growth is judged of processes that live for three times as long."""

RATE = 40.0
"""Calls a second: half a core and more, so that a machine can do something else meanwhile."""

_RELOAD_S, _KILL_S, _CHECKPOINT_S = 240.0, 400.0, 600.0


@dataclass(slots=True)
class Sample:
    """One look at a process: seconds since the start of the soak, memory, open files."""

    at_s: float
    mib: float
    files: int


@dataclass(slots=True)
class Life:
    """What was seen of one process."""

    samples: list[Sample] = field(default_factory=list)
    cpu_s: float = 0.0


def soak(folder: Path, seconds: float, progress: Progress = silent, rate: float = RATE) -> Report:
    """Runs the soak.

    Args:
        folder: for the ledger, logs and journals; made here. An hour takes some gigabytes.
        seconds: of load.
        progress: told what goes on, a line a minute.
        rate: calls a second.
    """
    guidelines = folder / "guidelines"
    guidelines.mkdir(parents=True)
    put(guidelines, BOTH[0], shipped(f"{BOTH[0]}.yaml").decode(), guideline=SHIPPED)
    book = book_of(BOTH)
    settings: dict[str, object] = {
        "workers": 2,
        "guideline_dir": guidelines,
        "audit_checkpoint_every": 2000,
    }
    run = _Soak(seconds, guidelines, progress)
    with site(folder / "site", settings) as place:
        server = place.start()
        many = 2 if seconds > SETTLED_S else 1
        with crowd(
            folder / "calls",
            server.address,
            book,
            rate=rate,
            processes=many,
            threads=6 // many,
        ) as callers:
            wait(callers.count)
            run.go(server, callers)
            callers.end()
            calls = callers.calls()
        wait(lambda: len(events(server, "guidelines reloaded")) >= run.reloads)
        run.checkpoints.append(keep_checkpoint(server.address))
        code = server.stop()
        reloaded = len(events(server, "guidelines reloaded"))
        figures = settle(
            calls,
            book,
            config_of(place),
            checkpoints=run.checkpoints,
            sample=200 if seconds > SETTLED_S else 20,
            progress=progress,
        )
        size_mib = place.ledger.stat().st_size / 2**20
    figures.faults += run.faults()
    if code:
        figures.faults.append(f"the server ended with {code}")
    if reloaded != run.reloads:
        figures.faults.append(f"{run.reloads} reloads were asked for, {reloaded} took place")
    notes = [
        f"{run.kills} workers killed, each replaced by one that serves within "
        f"{min(run.back_s):.1f} to {max(run.back_s):.1f} s",
        f"{reloaded} reloads of the guideline, each to another version",
        f"{run.cores(seconds):.2f} cores for the server and its callers",
        f"ledger of {size_mib:,.0f} MiB",
        *run.memory_notes(),
    ]
    return Report(
        "soak",
        f"mixed load on two workers; the guideline reloaded {reloaded} times, a worker killed "
        f"{run.kills} times",
        seconds,
        figures,
        notes,
        {"by minute": [_HEADS, *run.minutes(calls)]},
    )


_HEADS = ["minute", "calls", "p50 ms", "p99 ms", "longest ms", "retried", "MiB", "files"]


class _Soak:
    """What is done and seen while the callers call."""

    def __init__(self, seconds: float, guidelines: Path, progress: Progress) -> None:
        self._seconds = seconds
        self._guidelines = guidelines
        self._progress = progress
        self._began_s = 0.0
        self._wall_s = 0.0
        self._lives: defaultdict[int, Life] = defaultdict(Life)
        self._callers: dict[int, float] = {}
        self.checkpoints: list[Checkpoint] = []
        self.reloads = 0
        self.kills = 0
        self.back_s: list[float] = []

    def go(self, server: RunningServer, callers: Crowd) -> None:
        """Does what is due, until the time is over."""
        self._began_s, self._wall_s = time.monotonic(), time.time()
        every_s = min(10.0, self._seconds / 20)
        # Shares of the time at which each thing is done for the first time, and how often.
        due = {
            self._reload: _moments(self._seconds, _RELOAD_S, 0.25),
            self._kill: _moments(self._seconds, _KILL_S, 0.5),
            self._keep_checkpoint: _moments(self._seconds, _CHECKPOINT_S, 0.4),
            self._tell: _moments(self._seconds, 60.0, 0.9),
        }
        sample_at = 0.0
        while (now := time.monotonic() - self._began_s) < self._seconds:
            if now >= sample_at:
                sample_at = now + every_s
                self._sample(server, callers, now)
            for task, moments in due.items():
                if moments and now >= moments[0]:
                    moments.pop(0)
                    task(server, callers)
            time.sleep(0.05)
        self._sample(server, callers, self._seconds)

    def faults(self) -> list[str]:
        """Returns what was seen that must not be."""
        found = []
        for pid, life in self._lives.items():
            most = max(sample.mib for sample in life.samples)
            if most > MOST_MIB:
                found.append(f"process {pid} took {most:.0f} MiB, more than {MOST_MIB:.0f}")
            if (grown := _growth(life)) is None:
                continue
            mib, files = grown
            if mib > GROWTH_MIB:
                found.append(f"process {pid} grew by {mib:.1f} MiB, more than {GROWTH_MIB:.0f}")
            if files > GROWTH_FILES:
                found.append(f"process {pid} holds {files} files more, above {GROWTH_FILES}")
        return found

    def memory_notes(self) -> list[str]:
        """Returns what memory and files did, in words."""
        lives = self._lives.values()
        most = max(sample.mib for life in lives for sample in life.samples)
        files = max(sample.files for life in lives for sample in life.samples)
        notes = [f"at most {most:.0f} MiB resident (bound {MOST_MIB:.0f}) and {files} open files"]
        for life in lives:
            if (grown := _growth(life)) is not None:
                lived = (life.samples[-1].at_s - life.samples[0].at_s) / 60
                notes.append(
                    f"over {lived:.0f} min one process changed by {grown[0]:+.1f} MiB (bound "
                    f"{GROWTH_MIB:+.0f}) and {grown[1]:+d} files (bound {GROWTH_FILES:+d})"
                )
        return notes

    def cores(self, seconds: float) -> float:
        """Returns the cores that the server and its callers used on average."""
        used = sum(life.cpu_s for life in self._lives.values()) + sum(self._callers.values())
        return used / seconds

    def minutes(self, calls: Sequence[Call]) -> list[list[float]]:
        """Returns a row for each minute: calls, latencies, retries, memory, files."""
        by_minute: defaultdict[int, list[Call]] = defaultdict(list)
        for call in calls:
            by_minute[max(0, int((call.ended_s - self._wall_s) // 60))].append(call)
        rows = []
        for minute, ended in sorted(by_minute.items()):
            taken = [call.latency_s * 1000 for call in ended if call.outcome == OK]
            seen = [
                sample
                for life in self._lives.values()
                for sample in life.samples
                if int(sample.at_s // 60) == minute
            ]
            rows.append(
                [
                    float(minute),
                    float(len(ended)),
                    round(percentile(taken, 0.5), 1),
                    round(percentile(taken, 0.99), 1),
                    round(max(taken, default=0.0), 1),
                    float(sum(call.attempts - 1 for call in ended)),
                    round(max((sample.mib for sample in seen), default=0.0), 1),
                    float(max((sample.files for sample in seen), default=0)),
                ]
            )
        return rows

    def _reload(self, server: RunningServer, _: Crowd) -> None:
        other = self._guidelines / SHIPPED / f"{BOTH[1]}.yaml"
        if other.exists():
            other.unlink()
        else:
            put(self._guidelines, BOTH[1], guideline=SHIPPED)
        server.process.send_signal(signal.SIGHUP)
        self.reloads += 1

    def _kill(self, server: RunningServer, _: Crowd) -> None:
        """Kills the younger worker, so that the elder lives through all."""
        size = server.log.stat().st_size
        started = time.monotonic()
        os.kill(workers(server)[-1], signal.SIGKILL)
        self.kills += 1
        if not wait(partial(events, server, "rashpath serving on", size)):
            raise RuntimeError("a killed worker is not replaced")
        self.back_s.append(time.monotonic() - started)

    def _keep_checkpoint(self, server: RunningServer, _: Crowd) -> None:
        self.checkpoints.append(keep_checkpoint(server.address))

    def _tell(self, _: RunningServer, callers: Crowd) -> None:
        now = time.monotonic() - self._began_s
        newest = {pid: life.samples[-1] for pid, life in self._lives.items()}
        memory = ", ".join(f"{pid} {sample.mib:.0f} MiB" for pid, sample in newest.items())
        self._progress(
            f"{now:.0f} s: {callers.count()} calls, {self.cores(now):.2f} cores; {memory}"
        )

    def _sample(self, server: RunningServer, callers: Crowd, now: float) -> None:
        for pid in (server.process.pid, *workers(server)):
            mib, files = resident_mib(pid), open_files(pid)
            if mib and files:
                life = self._lives[pid]
                life.samples.append(Sample(now, mib, files))
                life.cpu_s = _cpu_s(pid) or life.cpu_s
        for process in callers.processes:
            self._callers[process.pid] = _cpu_s(process.pid)


def _growth(life: Life) -> tuple[float, int] | None:
    """Returns by how much memory and files of a long life grew; None: it was not long."""
    first, last = life.samples[0].at_s, life.samples[-1].at_s
    if last - first < 3 * SETTLED_S:
        return None
    early = [each for each in life.samples if each.at_s <= first + SETTLED_S]
    late = [each for each in life.samples if each.at_s >= last - SETTLED_S]
    mib = max(each.mib for each in late) - max(each.mib for each in early)
    files = max(each.files for each in late) - max(each.files for each in early)
    return mib, files


def _moments(seconds: float, every_s: float, share: float) -> list[float]:
    """Returns when something is done: again and again, or once where there is no time for that.

    Args:
        seconds: of the soak.
        every_s: seconds between two times.
        share: of the soak, where it is shorter.
    """
    if seconds < 2 * every_s:
        return [seconds * share]
    return [every_s * number for number in range(1, int(seconds / every_s) + 1)][:-1]


def _cpu_s(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
