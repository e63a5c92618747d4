"""Storms of signals: each process gets many, under load, while one server replaces another."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.load.crowd import crowd
from tests.load.expected import book_of
from tests.load.report import Progress, Report, silent
from tests.load.settling import settle
from tests.load.site import (
    Site,
    config_of,
    events,
    free_addresses,
    keep_checkpoint,
    site,
    wait,
    workers,
)
from tests.service.conftest import RunningServer

RATE = 40.0
STOP_S = 60.0
_LONG_S = 15.0
LAME_DUCK_S = 0.5

SPREAD = '{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}'
"""Spreads calls over the servers that say SERVING, as docs/operations.md tells clients to."""


class _Storms:
    """The storms of one run.

    Args:
        place: where the servers run.
        progress: told what goes on.
    """

    def __init__(self, place: Site, progress: Progress) -> None:
        self._place = place
        self._progress = progress
        self.signals = {"SIGHUP": 0, "SIGTERM": 0}
        self.replaced = 0
        self.codes: list[int] = []

    def hang_up(self, server: RunningServer, seconds: float) -> None:
        """Sends SIGHUP to the parent and its workers, again and again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._send(signal.SIGHUP, (server.process.pid, *workers(server)))
            time.sleep(0.02)
        self._progress(f"{self.signals['SIGHUP']} SIGHUP")

    def end_workers(self, server: RunningServer, times: int) -> None:
        """Sends SIGTERM to one worker after the other, five times each."""
        for _ in range(times):
            size = server.log.stat().st_size
            pid = workers(server)[0]
            for _ in range(5):
                self._send(signal.SIGTERM, (pid,))
                time.sleep(0.01)
            if not wait(partial(events, server, "rashpath serving on", size)):
                raise RuntimeError("a worker that was told to end is not replaced")
            self.replaced += 1
        self._progress(f"{self.replaced} workers told to end, each replaced")

    def replace(self, server: RunningServer, address: str) -> RunningServer:
        """Starts a server beside another, and ends that one by a storm; returns the new one."""
        other = self._place.start(address=address)
        self.end(server)
        return other

    def end(self, server: RunningServer) -> None:
        """Sends SIGTERM to the parent and its workers, again and again, until all have ended."""
        end = time.monotonic() + STOP_S
        pids = (server.process.pid, *workers(server))
        while server.process.poll() is None and time.monotonic() < end:
            self._send(signal.SIGTERM, pids)
            time.sleep(0.02)
        self.codes.append(server.process.wait(1))
        self._progress(f"a server ended with {self.codes[-1]}")

    def _send(self, number: signal.Signals, pids: Iterable[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
                self.signals[number.name] += 1


def storms(folder: Path, seconds: float, progress: Progress = silent) -> Report:
    """Runs the storms, one after the other.

    Args:
        folder: for the ledger, logs and journals; made here.
        seconds: of load, about; the storms that end servers take as long as they take. Under a
            quarter of a minute no server is replaced in place, which `killed` does too.
        progress: told what goes on.
    """
    folder.mkdir(parents=True)
    book = book_of()
    addresses = free_addresses(2)
    options = (
        ("grpc.service_config", SPREAD),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
    )
    times = max(1, round(seconds / 30))
    in_place = 0 if seconds < _LONG_S else times
    settings: dict[str, object] = {"workers": 2, "lame_duck_s": LAME_DUCK_S}
    with site(folder / "site", settings) as place:
        run = _Storms(place, progress)
        server = place.start(address=addresses[0])
        target = f"ipv4:{','.join(addresses)}"
        with crowd(folder / "calls", target, book, rate=RATE, options=options) as callers:
            wait(callers.count)
            began = time.monotonic()
            run.hang_up(server, seconds * 0.15)
            wait(partial(events, server, "guidelines reloaded"))
            time.sleep(seconds * 0.05)
            run.end_workers(server, 2 * times - 1)
            reloads = len(events(server, "guidelines reloaded"))
            rolling = time.time()
            for number in range(2 * times - 1):
                server = run.replace(server, addresses[1 - number % 2])
                time.sleep(seconds * 0.1 / times)
            rolled = time.time()
            checkpoint = keep_checkpoint(server.address)
            for _ in range(in_place):
                run.end(server)
                server = place.start(address=server.address)
                time.sleep(seconds * 0.1 / times)
            callers.end()
            took_s = time.monotonic() - began
            calls = callers.calls()
        kept = [checkpoint, keep_checkpoint(server.address)]
        run.end(server)
        figures = settle(calls, book, config_of(place), checkpoints=kept, progress=progress)
    if any(run.codes):
        figures.faults.append(f"servers ended with {run.codes}")
    if not reloads:
        figures.faults.append("no SIGHUP had the guidelines reloaded")
    in_rolling = [call for call in calls if rolling <= call.ended_s <= rolled]
    return Report(
        "storms",
        "SIGHUP and SIGTERM many times a second, to the parent and to workers; servers replaced "
        f"beside each other {2 * times - 1} times and in place {in_place} times",
        took_s,
        figures,
        [
            f"{run.signals['SIGHUP']} SIGHUP became {reloads} reloads",
            f"{run.signals['SIGTERM']} SIGTERM; {run.replaced} workers told to end were replaced; "
            f"{len(run.codes)} servers ended, each with {', '.join(map(str, set(run.codes)))}",
            f"while {2 * times - 1} servers replaced another on two addresses: {len(in_rolling)} "
            f"calls, {sum(call.attempts - 1 for call in in_rolling)} tried again",
            f"the longest wait of a caller, the gaps of replacing in place included, was "
            f"{max(call.whole_s for call in calls):.1f} s",
        ],
    )
