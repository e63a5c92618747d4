"""Servers of a scenario: processes on one ledger, started, looked at, and signalled."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rashpath.audit import AuditConfig
from rashpath.client import Client
from rashpath.v1.audit_pb2 import Checkpoint
from tests.service.conftest import RunningServer, clean_environment

START_S = 120.0
"""Seconds for what takes one or two on a machine that has nothing else to do."""


@dataclass(slots=True)
class Site:
    """A place where servers run over one ledger.

    Args:
        folder: for logs and the ledger.
        settings: of each server, by name; the ledger is an SQLite file here unless they say else.
        variables: of the environment, besides.
    """

    folder: Path
    settings: dict[str, object] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    servers: list[RunningServer] = field(default_factory=list)

    @property
    def ledger(self) -> Path:
        """The file of an SQLite ledger."""
        return self.folder / "audit.db"

    def start(self, **more: object) -> RunningServer:
        """Starts a server and waits until it serves.

        Args:
            more: settings of this server alone.

        Raises:
            RuntimeError: it does not serve.
        """
        folder = self.folder / f"server-{len(self.servers)}"
        folder.mkdir()
        ready, log = folder / "address", folder / "log.jsonl"
        given: dict[str, object] = {
            "address": "127.0.0.1:0",
            "ready_file": ready,
            "audit_url": f"sqlite:///{self.ledger}",
        }
        given |= self.settings | more
        variables = {f"RASHPATH_{name.upper()}": str(value) for name, value in given.items()}
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "rashpath.service"],
                env=clean_environment(**variables, **self.variables),
                stdin=subprocess.DEVNULL,
                stderr=stream,
            )
        server = RunningServer("", process, log)
        self.servers.append(server)
        if not wait(lambda: ready.exists() or process.poll() is not None) or not ready.exists():
            raise RuntimeError(f"the server does not start:\n{log.read_text()[-3000:]}")
        server = RunningServer(ready.read_text().strip(), process, log)
        self.servers[-1] = server
        return server

    def close(self) -> None:
        """Ends what still runs, workers of killed parents too."""
        for server in self.servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
            left = [pid for pid in seen_workers(server) if is_server(pid)]
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            wait(partial(_none_is_server, left))


@contextmanager
def site(folder: Path, settings: dict[str, object], **variables: str) -> Iterator[Site]:
    """Yields a site whose servers are ended at the end.

    Args:
        folder: where it lies; made here.
        settings: of each server.
        variables: of the environment, besides.
    """
    folder.mkdir(parents=True)
    made = Site(folder, settings, variables)
    try:
        yield made
    finally:
        made.close()


def wait(holds: Callable[[], Any], seconds: float = START_S) -> Any:
    """Waits until something holds; returns what it is then, or what it is in the end."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def workers(server: RunningServer) -> list[int]:
    """Returns the worker processes that run now, the oldest first."""
    pid = server.process.pid
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return sorted((int(word) for word in text.split()), key=_started)


def seen_workers(server: RunningServer) -> list[int]:
    """Returns the workers that ever served, by the log, in the order in which they began to."""
    return [
        each["pid"]
        for each in events(server, "rashpath serving on")
        if each["pid"] != server.process.pid
    ]


def events(server: RunningServer, begins: str, since: int = 0) -> list[dict[str, Any]]:
    """Returns the lines of a log whose event begins with some words.

    Args:
        server: the server.
        begins: how the event begins.
        since: byte of the log at which to begin; a line begins there.
    """
    with server.log.open("rb") as log:
        log.seek(since)
        text = log.read()
    whole = text[: text.rfind(b"\n") + 1].decode()
    found = [json.loads(line) for line in whole.splitlines() if begins in line]
    return [line for line in found if line["event"].startswith(begins)]


def is_server(pid: int) -> bool:
    """Tells whether a process is one of ours and runs; a number may be used again."""
    try:
        return b"rashpath.service" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _none_is_server(pids: list[int]) -> bool:
    return not any(is_server(pid) for pid in pids)


def free_addresses(count: int) -> list[str]:
    """Returns addresses of the loopback that are free just now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return found


def resident_mib(pid: int) -> float:
    """Returns the resident memory of a process in MiB; 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files(pid: int) -> int:
    """Returns the number of file descriptors of a process; 0 where it has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _started(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def config_of(place: Site) -> AuditConfig:
    """Returns what opens the ledger of a site to be read."""
    url = str(place.settings.get("audit_url", f"sqlite:///{place.ledger}"))
    key = place.settings.get("audit_signing_key_file")
    return AuditConfig(url, signing_key_file=None if key is None else Path(str(key)))


def keep_checkpoint(address: str, token: str | None = None) -> Checkpoint:
    """Has a server make a checkpoint, and returns it to be kept elsewhere."""
    with Client(address, timeout_s=60, retries=10, token=token) as client:
        return client.create_checkpoint().checkpoint
