"""Brings the tables of a store to the present version, step by step.

Each step runs once, in one transaction with the note that it ran, under a lock: several processes
may start at once. A step that has been released is never changed; a new one is added.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Table, func, insert, inspect, select, text
from sqlalchemy.schema import CreateIndex, CreateTable

from rashpath.audit.errors import SchemaError
from rashpath.audit.tables import (
    BY_GUIDELINE,
    BY_SUBJECT,
    BY_TIME,
    CHECKPOINTS,
    DATA_KEYS,
    DICTIONARIES,
    ENVELOPES,
    GUIDELINES,
    HEADS,
    LEDGER,
    LEDGER_KEY,
    RECORDS,
    REQUESTS,
    SCHEMA_VERSION,
)

SQLITE = "sqlite"
MIGRATION_LOCK = 0x7261_7368_0001
"""Names the lock on PostgreSQL under which one process at a time changes the tables."""

_KEY_BYTES = 32
_REFUSAL = "the ledger is append-only"
_SKIPPED = (REQUESTS, GUIDELINES, DICTIONARIES)
"""Tables in which a row that is already there is no fault, but left as it is."""


def version_1(connection: Connection) -> None:
    """Makes the tables, and has the database refuse every change to them."""
    tables = (RECORDS, ENVELOPES, DATA_KEYS, REQUESTS, HEADS, GUIDELINES, CHECKPOINTS, LEDGER)
    for table in tables:
        connection.execute(CreateTable(table))
    connection.execute(CreateIndex(BY_SUBJECT))
    connection.execute(CreateIndex(BY_TIME))
    if connection.dialect.name != SQLITE:
        connection.execute(
            text(
                "CREATE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
            )
        )
        # A ciphertext does not compress: it is stored as it is.
        connection.execute(text("ALTER TABLE envelopes ALTER ciphertext SET STORAGE EXTERNAL"))
    for table in (*tables, SCHEMA_VERSION):
        refuse_changes(connection, table, deletable=table is DATA_KEYS)
    connection.execute(
        insert(LEDGER).values(name=LEDGER_KEY, value=secrets.token_bytes(_KEY_BYTES))
    )


def version_2(connection: Connection) -> None:
    """Lets decisions be listed by guideline without reading all of them."""
    connection.execute(CreateIndex(BY_GUIDELINE))


def version_3(connection: Connection) -> None:
    """Keeps the dictionaries that contents are packed with."""
    connection.execute(CreateTable(DICTIONARIES))
    refuse_changes(connection, DICTIONARIES, deletable=False)


STEPS: Sequence[Callable[[Connection], None]] = (version_1, version_2, version_3)
VERSION = len(STEPS)
"""The version of the tables that this software needs."""


def migrate(connection: Connection, steps: Sequence[Callable[[Connection], None]] = STEPS) -> None:
    """Brings the tables to the newest version; must run inside a transaction that may write.

    Raises:
        SchemaError: they are newer than this software.
    """
    if connection.dialect.name != SQLITE:
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
    present = version_of(connection)
    if present > len(steps):
        raise _too_new(present)
    if not present:
        connection.execute(CreateTable(SCHEMA_VERSION, if_not_exists=True))
    for number, step in enumerate(steps[present:], present + 1):
        step(connection)
        connection.execute(insert(SCHEMA_VERSION).values(version=number))


def require_current(connection: Connection) -> None:
    """Checks that the tables have the version of this software, and changes nothing.

    Raises:
        SchemaError: there is no ledger, or it has another version.
    """
    present = version_of(connection)
    if not present:
        raise SchemaError("there is no ledger in this store")
    if present > VERSION:
        raise _too_new(present)
    if present < VERSION:
        raise SchemaError(
            f"the ledger has version {present}, this software needs {VERSION}; "
            "a server that starts on it brings it there"
        )


def version_of(connection: Connection) -> int:
    """Returns the version of the tables; 0 where there is no ledger."""
    if not inspect(connection).has_table(SCHEMA_VERSION.name):
        return 0
    return connection.execute(select(func.max(SCHEMA_VERSION.c.version))).scalar() or 0


def refuse_changes(connection: Connection, table: Table, *, deletable: bool) -> None:
    """Has the database refuse to change, replace or delete the rows of a table.

    Args:
        connection: inside a transaction that may write.
        table: the table.
        deletable: whether rows may be deleted, though never changed.
    """
    if connection.dialect.name != SQLITE:
        events = "UPDATE" if deletable else "UPDATE OR DELETE"
        for name, rule in (
            ("rows", f"BEFORE {events} ON {table.name} FOR EACH ROW"),
            ("truncate", f"BEFORE TRUNCATE ON {table.name} FOR EACH STATEMENT"),
        ):
            connection.execute(
                text(f"CREATE TRIGGER {table.name}_{name} {rule} EXECUTE FUNCTION ledger_refuses()")
            )
        return
    for event in ("UPDATE",) if deletable else ("UPDATE", "DELETE"):
        connection.execute(
            text(
                f"CREATE TRIGGER {table.name}_{event.lower()} BEFORE {event} ON {table.name} "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        )
    # INSERT OR REPLACE deletes a row without a delete trigger; so it must find none to delete.
    same = " OR ".join(
        "(" + " AND ".join(f"{column} = NEW.{column}" for column in columns) + ")"
        for columns in _unique(table)
    )
    refusal = "RAISE(IGNORE)" if table in _SKIPPED else f"RAISE(ABORT, '{_REFUSAL}')"
    connection.execute(
        text(
            f"CREATE TRIGGER {table.name}_insert BEFORE INSERT ON {table.name} "
            f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {same}) BEGIN SELECT {refusal}; END"
        )
    )


def _unique(table: Table) -> list[list[str]]:
    """Returns the sets of columns by which a new row could replace an old one."""
    found = [[column.name for column in table.primary_key]]
    if table is RECORDS:
        found.append(["chain", "sequence"])
    if table is REQUESTS:
        found.append(["decision_id"])
    return found


def _too_new(present: int) -> SchemaError:
    return SchemaError(
        f"the ledger has version {present}, this software knows {VERSION}; use a newer one"
    )
