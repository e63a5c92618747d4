"""A store of the ledger: SQLite or PostgreSQL, with the same statements on both.

Writing on SQLite happens in WAL mode with synchronous FULL, under the one write lock that SQLite
has; on PostgreSQL with a synchronous commit. What a commit has confirmed is on the disk.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rashpath.audit.errors import (
    CommitUncertainError,
    SchemaError,
    StoreUnavailableError,
    StoreUrlError,
)
from rashpath.audit.migrations import SQLITE, migrate, require_current
from rashpath.audit.tables import LEDGER, LEDGER_KEY

_WRITES = "rashpath_writes"
_KEY_LOCK = 0x7261_7368_0002
_ROOM = 1 << 20
"""Bytes: more than most commits need, and less than a disk has that is not about to be full."""

_TRANSIENT = frozenset({"40001", "40P01"})
"""SQLSTATEs after which the same transaction may just be tried again."""


class Store:
    """A store of the ledger.

    Args:
        engine: its SQLAlchemy engine, as :func:`open_store` makes it.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def sqlite(self) -> bool:
        """True for SQLite, False for PostgreSQL."""
        return self.engine.dialect.name == SQLITE

    @property
    def path(self) -> Path | None:
        """The file of an SQLite store."""
        return Path(self.engine.url.database or "") if self.sqlite else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yields a connection in a transaction that may write, and commits it at the end.

        Raises:
            CommitUncertainError: the commit failed, and what was written may or may not stand.
            StoreUnavailableError: anything else failed; nothing was written.
        """
        with self._translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            try:
                transaction.commit()
            except SQLAlchemyError as error:
                connection.invalidate()
                raise CommitUncertainError(
                    f"the commit to the ledger failed{_code(error)}"
                ) from None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yields a connection that sees the store as it was at its first query.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        with self._translated(), self.engine.connect() as plain:
            connection = (
                plain
                if self.sqlite
                else plain.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            )
            with connection.begin():
                yield connection

    def require_room(self) -> None:
        """Checks that the disk of an SQLite store has room: a transaction that changes nothing
        succeeds on a full one, and says nothing of the next that does.

        Raises:
            StoreUnavailableError: it has none.
        """
        if self.path is None:
            return
        try:
            with TemporaryFile(dir=self.path.parent) as file:
                file.write(bytes(_ROOM))
                file.flush()
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "no code")
            raise StoreUnavailableError(f"the disk of the ledger has no room (`{code}`)") from None

    def ledger_key(self) -> bytes:
        """Returns the random value of the ledger itself.

        Raises:
            SchemaError: it is gone.
        """
        with self.read() as connection:
            value = connection.execute(
                select(LEDGER.c.value).where(LEDGER.c.name == LEDGER_KEY)
            ).scalar()
        if value is None:
            raise SchemaError("the ledger has lost the value that its hashes are keyed with")
        return bytes(value)

    def lock_keys(self, connection: Connection) -> None:
        """Waits until no other process erases or wraps data keys, until the transaction ends."""
        if not self.sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_KEY_LOCK)))

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, PoolTimeout, sqlite3.Error) as error:
            # Rows of records go to SQLite's driver itself.
            raise StoreUnavailableError(f"the ledger cannot be used{_code(error)}") from error


def open_store(
    url: str,
    *,
    change: bool = True,
    busy_timeout_s: float = 5.0,
) -> Store:
    """Opens a store, and brings its tables to the present version.

    Args:
        url: `sqlite:///FILE` (four slashes for an absolute path) or `postgresql://...`.
        change: whether a store may be made and its tables changed; else it must fit as it is.
        busy_timeout_s: seconds to wait for another process's lock, 0 or more.

    Raises:
        StoreUrlError: the URL cannot be used.
        SchemaError: the tables do not fit.
        StoreUnavailableError: the store cannot be reached.
    """
    address = _address(url)
    if address.get_backend_name() == SQLITE:
        engine = _sqlite(address, busy_timeout_s, make=change)
    else:
        engine = _postgresql(address, busy_timeout_s)
    store = Store(engine)
    try:
        if change:
            with store.write() as connection:
                migrate(connection)
        else:
            with store.read() as connection:
                require_current(connection)
    except BaseException:
        store.close()
        raise
    return store


def may_retry(error: StoreUnavailableError) -> bool:
    """Tells whether the failed transaction may just be tried again: a lost or outdated connection,
    or a deadlock that the database resolved."""
    cause = error.__cause__
    return (
        not isinstance(error, CommitUncertainError)
        and isinstance(cause, DBAPIError)
        and (cause.connection_invalidated or getattr(cause.orig, "sqlstate", None) in _TRANSIENT)
    )


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        # The URL is not shown: it may hold a password.
        raise StoreUrlError("the URL of the ledger cannot be read") from None
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername == SQLITE:
        if not address.database or address.database == ":memory:":
            raise StoreUrlError("the ledger needs a file: `sqlite:///FILE`")
    elif address.drivername != "postgresql+psycopg":
        raise StoreUrlError(
            f"`{address.drivername}` cannot hold a ledger; use `sqlite:///` or `postgresql://`"
        )
    return address


def _sqlite(address: URL, busy_timeout_s: float, *, make: bool) -> Engine:
    path = Path(address.database or "")
    if make:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise StoreUnavailableError(f"the ledger `{path}` cannot be opened: {reason}") from None
    elif not path.is_file():
        raise StoreUrlError(f"there is no ledger `{path}`")
    engine = create_engine(
        address,
        hide_parameters=True,
        connect_args={"timeout": busy_timeout_s, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        _use_wal(connection, busy_timeout_s)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins to read and then writes can fail at once; so say it first.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


_PRIMARY = 0xFF
"""The bits of an SQLite error code that name its kind; the others say more."""


def _use_wal(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    end = time.monotonic() + busy_timeout_s
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # Processes that start at once meet here, and SQLite does not wait by itself. A full
            # disk or a file that is no database does not pass by waiting.
            code = error.sqlite_errorcode & _PRIMARY
            if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _postgresql(address: URL, busy_timeout_s: float) -> Engine:
    ms = int(busy_timeout_s * 1000)
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "rashpath",
            "options": f"-c lock_timeout={ms} -c timezone=UTC",
        },
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('synchronous_commit')")
            if cursor.fetchone()[0] == "off":
                cursor.execute("SET synchronous_commit = on")
        connection.commit()

    return engine


def _code(error: Exception) -> str:
    """Returns the database's own code of an error, for a text; its own words may hold data."""
    cause = getattr(error, "orig", error)
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f" (`{code}`)" if code else ""
