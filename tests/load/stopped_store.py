"""Takes the store away: a PostgreSQL that hangs, stops or crashes; an SQLite that is locked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from rashpath.audit.signing import SigningKey
from rashpath.client import Client
from tests.load.crowd import crowd
from tests.load.database import database
from tests.load.expected import book_of
from tests.load.report import Progress, Report, silent
from tests.load.settling import settle
from tests.load.site import config_of, keep_checkpoint, site, wait
from tests.service.conftest import RunningServer
from tests.service.test_audit_faults import locked

RATE = 40.0
TIMEOUT_S = 10.0
"""Of one attempt: longer than the five seconds after which a store that hangs counts as failed."""

_LONG_S = 60.0

Fault = tuple[str, Callable[[], AbstractContextManager[None]]]
"""What is done to the store, in words, and what does it for as long as a context lasts."""


def stopped_postgresql(folder: Path, seconds: float, progress: Progress = silent) -> Report:
    """Stops a PostgreSQL server, crashes it, and freezes it, each under load, and brings it back.

    Args:
        folder: for journals, logs and keys; made here.
        seconds: of load; under a minute it is not frozen, which takes long to notice.
        progress: told what goes on.
    """
    folder.mkdir(parents=True)
    SigningKey.generate().save(folder / "signing.json")
    with database() as store:
        settings: dict[str, object] = {
            "workers": 2,
            "audit_url": store.url,
            "audit_signing_key_file": folder / "signing.json",
        }
        faults: list[Fault] = [
            ("stopped", partial(store.stopped, "fast")),
            ("crashed", partial(store.stopped, "immediate")),
        ]
        done = "PostgreSQL stopped (fast) and crashed (immediate)"
        if seconds >= _LONG_S:
            faults.append(("frozen", store.frozen))
            done = "PostgreSQL stopped (fast), crashed (immediate) and frozen (SIGSTOP)"
        done += ", and started again"
        return _take_away("stopped PostgreSQL", done, faults, settings, folder, seconds, progress)


def locked_sqlite(folder: Path, seconds: float, progress: Progress = silent) -> Report:
    """Locks an SQLite ledger by another writer under load, and lets it go.

    Args:
        folder: for journals, logs and the ledger; made here.
        seconds: of load.
        progress: told what goes on.
    """
    folder.mkdir(parents=True)
    lock = partial(locked, folder / "site" / "audit.db")
    faults: list[Fault] = [("locked", lock)] * max(1, round(seconds / 45))
    done = f"the SQLite file locked by another writer, {len(faults)} times"
    return _take_away("locked SQLite", done, faults, {"workers": 2}, folder, seconds, progress)


def _take_away(
    name: str,
    done: str,
    faults: Sequence[Fault],
    settings: dict[str, object],
    folder: Path,
    seconds: float,
    progress: Progress,
) -> Report:
    book = book_of()
    part_s = seconds / (2 * len(faults) + 1)
    notes: list[str] = []
    away: list[tuple[float, float]] = []
    unnoticed: list[str] = []
    with site(folder / "site", settings) as place:
        server = place.start()
        with crowd(
            folder / "calls", server.address, book, rate=RATE, timeout_s=TIMEOUT_S
        ) as callers:
            wait(callers.count)
            began = time.monotonic()
            time.sleep(part_s)
            kept = [keep_checkpoint(server.address)]
            for what, fault in faults:
                with fault():
                    from_s, from_wall_s = time.monotonic(), time.time()
                    progress(f"the store is {what}")
                    noticed = wait(partial(_refuses, server))
                    noticed_s = time.monotonic() - from_s
                    if not noticed:
                        unnoticed.append(what)
                    time.sleep(max(0.0, part_s - noticed_s))
                    until_wall_s = time.time()
                away.append((from_wall_s, until_wall_s))
                started = time.monotonic()
                back = wait(partial(_serves, server))
                back_s = time.monotonic() - started
                notes.append(
                    f"{what} for {until_wall_s - from_wall_s:.1f} s: the health said NOT_SERVING "
                    f"{f'after {noticed_s:.1f} s' if noticed else 'never'}, and SERVING "
                    f"{f'{back_s:.1f} s after it was back' if back else 'never again'}"
                )
                progress(notes[-1])
                time.sleep(part_s)
            callers.end()
            took_s = time.monotonic() - began
            calls = callers.calls()
        kept.append(keep_checkpoint(server.address))
        code = server.stop()
        figures = settle(calls, book, config_of(place), checkpoints=kept, progress=progress)
    if code:
        figures.faults.append(f"the server ended with {code}")
    figures.faults += [f"the health does not tell that the store is {what}" for what in unnoticed]
    if not figures.refused["UNAVAILABLE AUDIT_UNAVAILABLE"]:
        figures.faults.append("nothing was refused while the store was away")
    while_away = sum(
        len(call.decisions)
        for call in calls
        for start, end in away
        # What was under way when it went may end a moment later. A locked SQLite can be read, so
        # what was recorded before may be answered again.
        if start + 0.5 < call.ended_s - call.latency_s and call.ended_s < end
        if call.kind != "repeat" and call.attempts == 1
    )
    if while_away:
        figures.faults.append(f"{while_away} decisions were answered while the store was away")
    notes.append("no new decision that was asked for while the store was away was answered then")
    return Report(name, done, took_s, figures, notes)


def _refuses(server: RunningServer) -> bool:
    return _healths(server) == {False}


def _serves(server: RunningServer) -> bool:
    return _healths(server) == {True}


def _healths(server: RunningServer) -> set[bool]:
    """Returns what the workers say of their health, as far as a few connections can tell."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    found = set()
    for _ in range(5):
        with Client(server.address, retries=0, timeout_s=20, channel_options=options) as client:
            found.add(client.healthy())
    return found
