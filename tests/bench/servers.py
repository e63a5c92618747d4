"""Starts what is measured over the wire, each a process of its own, held to cores or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.machine import resident_bytes

START_S = 60.0
STOP_S = 30.0

_POLL_S = 0.002

ONE_CORE: tuple[int, ...] = (0,)
GENERATOR_CORE = 1


@dataclass(frozen=True, slots=True)
class Running:
    """A server that serves.

    Args:
        address: host and port.
        pids: its processes that serve; those of `rashpath serve` are its workers.
        start_s: seconds from the start of the process until it was known to serve.
    """

    address: str
    pids: tuple[int, ...]
    start_s: float

    def resident_mib(self) -> float:
        """Returns the resident memory of the largest of its processes, in MiB."""
        return max(resident_bytes(pid) for pid in self.pids) / 2**20


@contextmanager
def rashpath(
    folder: Path,
    *,
    cores: Sequence[int] = (),
    **settings: object,
) -> Iterator[Running]:
    """Runs `rashpath serve`; at the end it must stop with exit code 0.

    Args:
        folder: for its ledger, log and ready file; must be empty.
        cores: the cores that it is held to; none: any.
        settings: by name; audit is off unless they say otherwise.
    """
    ready, log = folder / "address", folder / "log.jsonl"
    given: dict[str, object] = {
        "address": "127.0.0.1:0",
        "ready_file": ready,
        "audit_mode": "off",
        "audit_url": f"sqlite:///{folder}/audit.db",
        "log_level": "warning",
    }
    given |= settings
    variables = {f"RASHPATH_{name.upper()}": str(value) for name, value in given.items()}
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RASHPATH_")}
    with log.open("wb") as stream:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "rashpath.service"],
            env=kept | variables,
            stdin=subprocess.DEVNULL,
            stderr=stream,
            preexec_fn=_holding(cores),
        )
        try:
            while not ready.exists():
                if process.poll() is not None or time.perf_counter() > began + START_S:
                    raise RuntimeError(f"the server does not start:\n{log.read_text()}")
                time.sleep(_POLL_S)
            took = time.perf_counter() - began
            pids = _children(process.pid) if int(str(given.get("workers", 1))) > 1 else ()
            yield Running(ready.read_text().strip(), pids or (process.pid,), took)
            process.send_signal(signal.SIGTERM)
            if process.wait(STOP_S):
                raise RuntimeError(f"the server failed:\n{log.read_text()}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def module(name: str, *arguments: str, cores: Sequence[int] = ()) -> Iterator[Running]:
    """Runs a server of the benchmark that prints its port; it is killed at the end.

    Args:
        name: full name of the module.
        arguments: its arguments.
        cores: the cores that it is held to; none: any.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_holding(cores),
    )
    try:
        assert process.stdout is not None  # a pipe was asked for
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"`{name}` does not start")
        yield Running(f"127.0.0.1:{port}", (process.pid,), time.perf_counter() - began)
    finally:
        process.kill()
        process.wait()


def _holding(cores: Sequence[int]) -> Callable[[], None] | None:
    if not cores:
        return None
    return lambda: os.sched_setaffinity(0, set(cores))


def _children(pid: int) -> tuple[int, ...]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return tuple(int(word) for word in text.split())
