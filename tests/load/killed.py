"""Kills workers and the parent outright, as the system does that has no memory left."""

from __future__ import annotations

import os
import random
import signal
import time
from functools import partial
from pathlib import Path

from tests.load.crowd import crowd
from tests.load.expected import book_of
from tests.load.report import Progress, Report, silent
from tests.load.settling import settle
from tests.load.site import (
    config_of,
    events,
    free_addresses,
    is_server,
    keep_checkpoint,
    seen_workers,
    site,
    wait,
    workers,
)

RATE = 60.0
_BETWEEN_KILLS_S = 12.0
"""A server gives up whose workers die young again and again; from ten seconds they are not."""


def killed(folder: Path, seconds: float, progress: Progress = silent) -> Report:
    """Kills one worker after the other under load, then the parent, and starts another server.

    Args:
        folder: for the ledger, logs and journals; made here.
        seconds: of load, about.
        progress: told what goes on.
    """
    folder.mkdir(parents=True)
    book, chance = book_of(), random.Random(1)
    (address,) = free_addresses(1)
    back_s: list[float] = []
    kills = max(1, round(seconds * 0.7 / _BETWEEN_KILLS_S))
    with site(folder / "site", {"workers": 2, "address": address}) as place:
        server = place.start()
        with crowd(folder / "calls", address, book, rate=RATE) as callers:
            wait(callers.count)
            began = time.monotonic()
            for _ in range(kills):
                time.sleep(seconds * 0.7 / kills * chance.uniform(0.4, 0.6))
                size, started = server.log.stat().st_size, time.monotonic()
                os.kill(chance.choice(workers(server)), signal.SIGKILL)
                if not wait(partial(events, server, "rashpath serving on", size)):
                    raise RuntimeError("a killed worker is not replaced")
                back_s.append(time.monotonic() - started)
                progress(f"a worker was killed; another serves after {back_s[-1]:.1f} s")
                time.sleep(max(0.0, seconds * 0.7 / kills * 0.5 - back_s[-1]))
            checkpoint = keep_checkpoint(address)
            server.process.kill()
            server.process.wait()
            started = time.monotonic()
            left = seen_workers(server)
            gone = wait(lambda: not any(is_server(pid) for pid in left))
            ended_s = time.monotonic() - started
            progress(f"the parent was killed; its workers ended after {ended_s:.1f} s")
            second = place.start()
            again_s = time.monotonic() - started
            time.sleep(max(seconds * 0.15, began + seconds - time.monotonic()))
            callers.end()
            took_s = time.monotonic() - began
            calls = callers.calls()
        kept = [checkpoint, keep_checkpoint(address)]
        code = second.stop()
        figures = settle(calls, book, config_of(place), checkpoints=kept, progress=progress)
    if code:
        figures.faults.append(f"the server ended with {code}")
    if not gone:
        figures.faults.append("workers outlive their killed parent")
    return Report(
        "killed",
        f"`kill -9` of a worker, {kills} times, and of the parent, under load",
        took_s,
        figures,
        [
            f"another worker served {min(back_s):.1f} to {max(back_s):.1f} s after the kill, "
            "the other one all the time",
            f"workers of the killed parent drained and ended within {ended_s:.1f} s; a server "
            f"started then served {again_s:.1f} s after the kill",
            f"the longest wait of a caller, retries included, was "
            f"{max(call.whole_s for call in calls):.1f} s",
        ],
    )
