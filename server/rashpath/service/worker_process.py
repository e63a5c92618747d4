"""One worker process as its parent sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rashpath.service.metrics.snapshot import Snapshot
from rashpath.service.pipe import LONGEST_LINE, Asking, EndedError, NoAnswerError
from rashpath.service.reload.reloading import LoadReport
from rashpath.service.settings import Settings

READY = b"ready\n"
"""What a worker writes to its stdout once it serves."""

_COUNT_S = 2.0
"""Seconds to wait for what a worker has counted."""

_LOAD_S = 120.0
"""Seconds to wait until a worker has loaded and checked guidelines."""

_SWAP_S = 10.0
"""Seconds to wait until a worker serves what it has loaded."""


@dataclass(slots=True, eq=False)
class WorkerProcess:
    """One worker process.

    Args:
        process: the process.
        asking: asks it.
        folder: whence it loaded guidelines at its start; None: those that come with rashpath.
        started_s: when, by the monotonic clock.
        counted: what it had counted when it was last asked.
        told: whether it was told to make way for another one.
    """

    process: asyncio.subprocess.Process
    asking: Asking
    folder: Path | None
    started_s: float = field(default_factory=time.monotonic)
    counted: Snapshot = field(default_factory=Snapshot)
    told: bool = False

    @classmethod
    async def start(cls, settings: Settings, folder: Path | None) -> WorkerProcess:
        """Starts a worker; its stdin stays open for as long as the parent lives.

        Args:
            settings: the settings.
            folder: whence it loads guidelines, which may be a copy of what the settings say.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rashpath.service.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C goes to the parent, which passes it on
            limit=LONGEST_LINE,
        )
        assert process.stdin is not None  # pipes were asked for
        assert process.stdout is not None
        place = json.dumps(None if folder is None else str(folder)).encode()
        process.stdin.write(settings.model_dump_json().encode() + b"\n" + place + b"\n")
        return cls(process, Asking(process.stdout, process.stdin), folder)

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.returncode is not None

    async def ready(self) -> bool:
        """Waits until the worker serves; False if it ended instead."""
        assert self.process.stdout is not None  # a pipe was asked for
        return await self.process.stdout.readline() == READY

    def send(self, number: int) -> None:
        """Sends a signal, if the process still runs."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def replace(self) -> None:
        """Has it drain and end, so that another one takes its place, with what serves now."""
        self.told = True
        self.send(signal.SIGTERM)

    async def count(self) -> None:
        """Asks what it has counted; what it said before stays where it does not answer."""
        with contextlib.suppress(NoAnswerError):
            answer = await self.asking.ask("count", _COUNT_S)
            self.counted = Snapshot.of(answer["counted"])

    async def load(self, folder: Path) -> LoadReport | None:
        """Has it load and check guidelines; None if it has ended."""
        try:
            answer = await self.asking.ask("load", _LOAD_S, folder=str(folder))
        except EndedError:
            # Its end is seen in the pipe before the system tells the exit code.
            return None
        except NoAnswerError as error:
            return None if self.ended else LoadReport((), (str(error),))
        return LoadReport(tuple(answer["guidelines"]), tuple(answer["problems"]))

    async def swap(self) -> bool:
        """Has it serve what it has loaded; where it does not, another one takes its place."""
        swapped = False
        with contextlib.suppress(NoAnswerError):
            swapped = bool((await self.asking.ask("swap", _SWAP_S))["swapped"])
        if not swapped:
            self.replace()
        return swapped

    async def keep(self) -> None:
        """Has it forget what it has loaded, and say that a reload was refused."""
        with contextlib.suppress(NoAnswerError):
            await self.asking.ask("keep", _SWAP_S)
