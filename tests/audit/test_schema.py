"""Checks that the database itself refuses changes, and that its tables come of age in order."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import select

from rashpath.audit import open_ledger, open_to_read
from rashpath.audit.errors import SchemaError
from rashpath.audit.migrations import STEPS, VERSION, migrate, version_of
from rashpath.audit.store import Store, open_store
from rashpath.audit.tables import DATA_KEYS, METADATA, RECORDS
from rashpath.audit.verify import verify
from tests.audit.conftest import SQLITE
from tests.audit.decisions import entry
from tests.audit.intruder import altered

WAIT_S = 20


@pytest.fixture
def filled(ledger, graph):
    """A ledger with a row in every table."""
    from rashpath.audit.checkpoint import create_checkpoint

    ledger.submit([entry(graph, ledger.reader.seal, request_id="r-1")]).result(WAIT_S)
    create_checkpoint(ledger.store, ledger.key, 1)
    return ledger


@pytest.fixture
def plain(place, filled):
    """A connection as any program with the database's password has it."""
    connection = (
        sqlite3.connect(place.file, isolation_level=None, timeout=5)
        if place.kind == SQLITE
        else psycopg.connect(place.config.url, autocommit=True)
    )
    yield connection
    connection.close()


DATABASE_ERRORS = (sqlite3.DatabaseError, psycopg.DatabaseError)


def test_database_refuses_to_change_a_row(plain, place):
    """No column of any table can be updated."""
    mark = "?" if place.kind == SQLITE else "%s"
    for table in METADATA.sorted_tables:
        for column in table.columns:
            old = plain.execute(f"SELECT {column.name} FROM {table.name}").fetchone()[0]
            with pytest.raises(DATABASE_ERRORS, match="append-only"):
                plain.execute(f"UPDATE {table.name} SET {column.name} = {mark}", (altered(old),))


def test_database_refuses_to_delete_a_row(plain):
    """Nothing is deleted but data keys."""
    for table in METADATA.sorted_tables:
        if table is not DATA_KEYS:
            with pytest.raises(DATABASE_ERRORS, match="append-only"):
                plain.execute(f"DELETE FROM {table.name}")


def test_database_refuses_to_replace_a_row(plain, place):
    """What looks like an insert but replaces a row changes nothing."""
    for table in METADATA.sorted_tables:
        names = [column.name for column in table.columns]
        keys = [column.name for column in table.primary_key]
        select_all = f"SELECT {', '.join(names)} FROM {table.name}"
        before = plain.execute(select_all).fetchall()
        other = [
            old if name in keys else altered(old)
            for name, old in zip(names, before[0], strict=True)
        ]
        if place.kind == SQLITE:
            marks = ", ".join("?" * len(names))
            statement = f"INSERT OR REPLACE INTO {table.name} VALUES ({marks})"
        else:
            rest = [name for name in names if name not in keys] or keys
            statement = (
                f"INSERT INTO {table.name} VALUES ({', '.join(['%s'] * len(names))}) "
                f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET "
                + ", ".join(f"{name} = EXCLUDED.{name}" for name in rest)
            )
        # Refused or without effect, as suits the table.
        with contextlib.suppress(*DATABASE_ERRORS):
            plain.execute(statement, other)
        assert plain.execute(select_all).fetchall() == before


def test_postgresql_refuses_to_truncate(new_database):
    """Emptying a table at one stroke is refused too; SQLite has no such statement."""
    url = new_database()
    open_store(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        for table in METADATA.sorted_tables:
            with pytest.raises(psycopg.DatabaseError, match="append-only"):
                connection.execute(f"TRUNCATE {table.name} CASCADE")


def test_data_key_can_be_deleted(plain):
    """Deletion of data keys is what erases a content."""
    plain.execute("DELETE FROM data_keys")
    assert plain.execute("SELECT count(*) FROM data_keys").fetchone() == (0,)


def make_version(place, number):
    """Makes a ledger as an older software would have left it."""
    store = open_store_without_tables(place)
    with store.write() as connection:
        migrate(connection, STEPS[:number])
    return store


def open_store_without_tables(place):
    """Opens a store as it is."""
    from rashpath.audit import store as module

    address = module._address(place.config.url)
    if place.kind == SQLITE:
        return Store(module._sqlite(address, 2.0, make=True))
    return Store(module._postgresql(address, 2.0))


def test_ledger_of_version_1_is_brought_up_and_goes_on(place, graph):
    """An old ledger keeps its records, gets the new tables, and takes new records."""
    make_version(place, 1).close()
    with pytest.raises(SchemaError, match="version 1"):
        open_to_read(place.config)
    ledger = open_ledger(place.config)
    ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    with ledger.store.read() as connection:
        assert version_of(connection) == VERSION
    assert verify(ledger.store, ledger.key.trusted).sound
    ledger.close(WAIT_S)


def test_newer_ledger_is_refused(place):
    """A software that is too old for a ledger leaves it alone."""
    store = make_version(place, VERSION)
    with store.write() as connection:
        migrate(connection, (*STEPS, lambda _: None))
    store.close()
    for opens in (open_ledger, open_to_read):
        with pytest.raises(SchemaError, match="newer"):
            opens(place.config)


def test_failed_step_leaves_nothing_behind(place):
    """A step that fails half way leaves the tables as they were before it."""
    store = make_version(place, 1)

    def fails(connection):
        STEPS[1](connection)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"), store.write() as connection:
        migrate(connection, (STEPS[0], fails))
    store.close()
    open_store(place.config.url).close()


def test_several_processes_may_start_at_once(place):
    """Whoever comes first makes the tables; the others find them."""
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda _: open_store(place.config.url), range(6)))
    with stores[0].read() as connection:
        assert version_of(connection) == VERSION
        assert list(connection.execute(select(RECORDS))) == []
    for store in stores:
        store.close()


def test_sqlite_file_is_for_its_owner_only(tmp_path):
    """Nobody else on the machine reads the ledger's file."""
    open_store(f"sqlite:///{tmp_path}/new.db").close()
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


def test_sqlite_writes_are_durable(tmp_path):
    """Each commit is on the disk before it is confirmed: WAL with synchronous FULL."""
    store = open_store(f"sqlite:///{tmp_path}/new.db")
    with store.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    store.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_postgresql_writes_are_durable(new_database):
    """A database whose default is to confirm before the disk has it is told otherwise."""
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    store = open_store(url)
    with store.write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()
