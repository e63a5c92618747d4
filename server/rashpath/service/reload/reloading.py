"""Reloads the guidelines in two steps: everybody loads and checks, then everybody swaps.

Whatever is wrong with what lies on disk, and whoever finds it, the guidelines that serve go on
serving: nothing is swapped before every process has loaded, checked and tried the new ones.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rashpath.service.log import Log
from rashpath.service.metrics import catalogue
from rashpath.service.metrics.snapshot import Snapshot
from rashpath.service.reload.generation import content_digest, copy_guidelines


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What came of loading.

    Args:
        guidelines: what was loaded, `ID@VERSION` and digest.
        problems: what is wrong; empty: all of it may serve.
    """

    guidelines: tuple[str, ...]
    problems: tuple[str, ...]


class Participant(Protocol):
    """A process that serves guidelines."""

    async def load(self, folder: Path) -> LoadReport | None:
        """Loads, checks and tries those of a folder beside those that serve; None: it has ended."""

    async def swap(self) -> bool:
        """Serves what it has loaded from now on; tells whether it does."""

    async def keep(self) -> None:
        """Forgets what it has loaded, and says in its health that a reload was refused."""


class Reloading:
    """Reloads when asked to, and when files change. Close it at the end.

    Args:
        folder: where the guidelines lie; None: those that come with rashpath.
        participants: returns the processes that serve now.
        log: the log.
        accepted: told the copy that will serve, before anybody swaps; it stays there until the
            next one serves.
        in_use: returns the copies from which somebody may still load; they stay too.
        serving: digest of the files that serve; None: not known.
    """

    def __init__(
        self,
        folder: Path | None,
        participants: Callable[[], Sequence[Participant]],
        log: Log,
        *,
        accepted: Callable[[Path], None] = lambda _: None,
        in_use: Callable[[], Collection[Path | None]] = tuple,
        serving: str | None = None,
    ) -> None:
        self._folder = folder
        self._participants = participants
        self._log = log
        self._accepted = accepted
        self._in_use = in_use
        self._tried = serving
        self._asked = asyncio.Event()
        self._copies: list[Path] = []
        self._outcomes = {"SWAPPED": 0, "REFUSED": 0}
        self.refused = False
        """Whether the last reload was refused."""

    def copy(self) -> Path:
        """Copies the guidelines to a folder that only this user can read; returns it.

        Raises:
            OSError: a file cannot be read, or there is no place for the copy.
        """
        place = Path(tempfile.mkdtemp(prefix="rashpath-guidelines-"))
        self._copies.append(place)
        self._tried = copy_guidelines(self._folder, place)
        return place

    def close(self) -> None:
        """Removes the copies."""
        self._remove(self._copies)

    def ask(self) -> None:
        """Asks for a reload; several that are asked for during one become one."""
        self._asked.set()

    async def run(self, watch_s: float) -> None:
        """Reloads until cancelled.

        Args:
            watch_s: seconds between looks at whether the files have changed; 0: only when asked.
                What has changed must look the same twice, so that nothing half-written is tried.
        """
        seen = self._tried
        while True:
            try:
                async with asyncio.timeout(watch_s or None):
                    await self._asked.wait()
            except TimeoutError:
                try:
                    now = await asyncio.to_thread(content_digest, self._folder)
                except OSError:
                    continue  # such as a file that is being replaced
                settled, seen = now == seen, now
                if not settled or now == self._tried:
                    continue
            self._asked.clear()
            await self.reload()

    async def reload(self) -> None:
        """Reloads once."""
        started = time.perf_counter()
        before = list(self._copies)
        everybody = tuple(self._participants())
        try:
            copy = await asyncio.to_thread(self.copy)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            await self._refuse((f"the guidelines cannot be copied: {reason}",), everybody)
            return
        report = await self._load(copy, everybody)
        if report.problems:
            self._remove([copy])
            await self._refuse(report.problems, everybody)
            return
        # INVARIANT: who starts from here on starts with the new ones.
        self._accepted(copy)
        swapped = await asyncio.gather(*(each.swap() for each in everybody))
        used = self._in_use()
        self._remove([each for each in before if each not in used])
        self.refused = False
        self._outcomes["SWAPPED"] += 1
        self._log.info(
            "guidelines reloaded",
            guidelines=list(report.guidelines),
            processes=sum(swapped),
            duration_ms=round((time.perf_counter() - started) * 1000),
        )

    def put(self, snapshot: Snapshot) -> None:
        """Adds to a snapshot how reloads ended."""
        for outcome, times in self._outcomes.items():
            snapshot.put(catalogue.RELOADS, times, outcome)
        snapshot.put(catalogue.RELOAD_REFUSED, int(self.refused))

    async def _load(self, copy: Path, everybody: Sequence[Participant]) -> LoadReport:
        found = await asyncio.gather(*(each.load(copy) for each in everybody))
        reports = [report for report in found if report is not None]
        if not reports:
            return LoadReport((), ("no process was there to check them; try again",))
        problems = dict.fromkeys(problem for report in reports for problem in report.problems)
        return LoadReport(reports[0].guidelines, tuple(problems))

    async def _refuse(self, problems: Sequence[str], everybody: Sequence[Participant]) -> None:
        self.refused = True
        self._outcomes["REFUSED"] += 1
        await asyncio.gather(*(each.keep() for each in everybody))
        self._log.error("guidelines refused; those before go on serving", problems=list(problems))

    def _remove(self, copies: Sequence[Path]) -> None:
        for copy in tuple(copies):
            shutil.rmtree(copy, ignore_errors=True)
            self._copies.remove(copy)
