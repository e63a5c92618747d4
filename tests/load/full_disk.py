"""Fills the disk that the ledger, its log and all else of the server lie on, and makes room again.

Where a file system of its own may be mounted, that one is filled to its last byte. Elsewhere no
file of the server may grow any more, which the system tells by another error (EFBIG for ENOSPC).
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rashpath.client import Client
from tests.load.crowd import crowd
from tests.load.expected import book_of
from tests.load.report import Progress, Report, silent
from tests.load.settling import settle
from tests.load.site import config_of, events, keep_checkpoint, site, wait, workers
from tests.service.conftest import RunningServer

RATE = 40.0
_SIZE_MIB = 96
_PIECE = 1 << 16
_ROUND_S = 20.0

Fill = Callable[[RunningServer], Callable[[], None]]
"""Fills the disk of a server; what it returns makes room again."""


def full_disk(folder: Path, seconds: float, progress: Progress = silent) -> Report:
    """Fills the disk under load and makes room again, once or more.

    Args:
        folder: for the journals, and for the ledger; made here.
        seconds: of load.
        progress: told what goes on.
    """
    folder.mkdir(parents=True)
    book = book_of()
    rounds = max(1, round(seconds / _ROUND_S))
    part_s = seconds / (3 * rounds)
    notes: list[str] = []
    back_s: list[float] = []
    full: list[tuple[float, float]] = []
    looks: list[bool] = []
    with (
        _disk(folder / "disk") as (disk, kind, fill),
        site(disk / "site", {"workers": 2}) as place,
    ):
        server = place.start()
        with crowd(folder / "calls", server.address, book, rate=RATE, timeout_s=20) as callers:
            wait(callers.count)
            began = time.monotonic()
            for _ in range(rounds):
                time.sleep(part_s)
                checkpoint = keep_checkpoint(server.address)
                make_room = fill(server)
                # It is full when the server says so; what it has room for it may still take.
                noticed = wait(lambda: not _serves(server))
                full_from = time.time()
                progress("the disk is full, and the server says so")
                looks += _looks(server, part_s)
                make_room()
                started = time.monotonic()
                full.append((full_from, time.time()))
                serves = wait(lambda: _serves(server))
                back_s.append(time.monotonic() - started)
                progress(f"there is room; the server serves after {back_s[-1]:.1f} s")
                time.sleep(part_s)
            callers.end()
            took_s = time.monotonic() - began
            calls = callers.calls()
        kept = [checkpoint, keep_checkpoint(server.address)]
        ended = len(events(server, "a worker ended"))
        code = server.stop()
        figures = settle(calls, book, config_of(place), checkpoints=kept, progress=progress)
    if code:
        figures.faults.append(f"the server ended with {code}")
    if not (noticed and serves):
        figures.faults.append("the health does not tell of the full disk, or not of its end")
    if ended:
        figures.faults.append(f"{ended} workers ended for want of room")
    if not figures.refused["UNAVAILABLE AUDIT_UNAVAILABLE"]:
        figures.faults.append("nothing was refused while the disk was full")
    while_full = sum(
        len(call.decisions) for call in calls for start, end in full if start < call.ended_s < end
    )
    notes.append(
        f"while it was full, {sum(end - start for start, end in full):.1f} s in all: "
        f"{while_full} decisions answered, repeated requests and what was under way among them"
    )
    notes.append(f"of {len(looks)} looks at the health meanwhile, {sum(looks)} said SERVING")
    notes.append(f"the server served {max(back_s):.1f} s after there was room, at the latest")
    return Report(
        "full disk",
        f"{kind} filled {rounds} times under load, for {part_s:.0f} s, and emptied",
        took_s,
        figures,
        notes,
    )


@contextmanager
def _disk(folder: Path) -> Iterator[tuple[Path, str, Fill]]:
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MIB}m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        yield folder, "the largest size of the server's files (no file system may be mounted)", _cap
        return
    try:
        yield folder, f"a file system of {_SIZE_MIB} MiB", lambda _: _stuff(folder / "ballast")
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _stuff(ballast: Path) -> Callable[[], None]:
    """Fills the file system of a file that is made."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * _PIECE)
        except OSError:
            pass
    return ballast.unlink


def _cap(server: RunningServer) -> Callable[[], None]:
    """Lets no file of a server grow beyond what the ledger has now."""
    pids = (server.process.pid, *workers(server))
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_PIECE, hard))

    def lift() -> None:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

    return lift


def _looks(server: RunningServer, seconds: float) -> list[bool]:
    """Returns what the health says again and again: whether it serves."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        found.append(_serves(server))
        time.sleep(0.1)
    return found


def _serves(server: RunningServer) -> bool:
    """Tells whether both workers say SERVING, as far as a few connections can tell."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    for _ in range(6):
        with Client(server.address, retries=0, timeout_s=20, channel_options=options) as client:
            if not client.healthy():
                return False
    return True
