"""Writes a group of records in one transaction: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from rashpath.audit.chain import Position, link_all, sign_head
from rashpath.audit.kept_guideline import canonical
from rashpath.audit.record import Entry
from rashpath.audit.signing import SigningKey
from rashpath.audit.store import Store
from rashpath.audit.tables import (
    DATA_KEYS,
    DICTIONARIES,
    ENVELOPES,
    GUIDELINES,
    HEADS,
    RECORDS,
    REQUESTS,
)
from rashpath.guideline import DecisionGraph

_TOGETHER = tuple(1 << power for power in reversed(range(8)))
"""Rows of one statement, the most first: few sizes, so that each is prepared once, and few
statements for any number of rows. SQLite takes 32,766 values in one."""


_Value = str | int | bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction wrote.

    Args:
        position: how far the chain has come.
        repeated: for each entry that was not written, since its request id was used before, the
            decision that it was used for.
        kept: digests of the guidelines and dictionaries that the ledger now surely keeps.
    """

    position: Position
    repeated: dict[str, str]
    kept: frozenset[str]


def write(
    connection: Connection,
    store: Store,
    entries: Sequence[Entry],
    position: Position,
    key: SigningKey,
    kept: frozenset[str],
) -> Written:
    """Writes entries behind a position of a chain, but for those whose request id was used before.

    Args:
        connection: inside a transaction that may write.
        store: the store of the connection.
        entries: what to write, in order.
        position: the end of the chain.
        key: signs the new head.
        kept: digests of the guidelines and dictionaries that the ledger is known to keep.

    Returns:
        What was written; it holds once the transaction is committed.
    """
    graphs = {
        entry.graph.digest: entry.graph
        for entry in entries
        if entry.graph is not None and entry.graph.digest not in kept
    }
    for graph in graphs.values():
        keep(connection, store, graph)
    dictionaries = {
        entry.sealed.dictionary.digest: entry.sealed.dictionary
        for entry in entries
        if entry.sealed is not None
        and entry.sealed.dictionary is not None
        and entry.sealed.dictionary.digest not in kept
    }
    for dictionary in dictionaries.values():
        connection.execute(
            _insert_new(store, DICTIONARIES),
            {"digest": dictionary.digest, "content": dictionary.content},
        )
    repeated = _claim(connection, store, entries)
    written = [entry for entry in entries if entry.id not in repeated]
    if written:
        position = _insert(connection, store, written, position, key)
    return Written(position, repeated, frozenset((*graphs, *dictionaries)))


def keep(connection: Connection, store: Store, graph: DecisionGraph) -> None:
    """Keeps a guideline by its digest, if it is not kept yet."""
    connection.execute(
        _insert_new(store, GUIDELINES), {"digest": graph.digest, "content": canonical(graph)}
    )


def _claim(connection: Connection, store: Store, entries: Sequence[Entry]) -> dict[str, str]:
    """Claims the request ids of entries; returns the decisions of those that were taken."""
    claims = [entry for entry in entries if entry.request_hash]
    if not claims:
        return {}
    # In the same order everywhere, two processes cannot wait for each other.
    claims.sort(key=lambda entry: (entry.caller, entry.request_hash))
    connection.execute(
        _insert_new(store, REQUESTS),
        [
            {"caller": each.caller, "request_hash": each.request_hash, "decision_id": each.id}
            for each in claims
        ],
    )
    won = set(
        connection.execute(
            select(REQUESTS.c.decision_id).where(
                REQUESTS.c.decision_id.in_([each.id for each in claims])
            )
        ).scalars()
    )
    return {
        each.id: connection.execute(
            select(REQUESTS.c.decision_id).where(
                REQUESTS.c.caller == each.caller, REQUESTS.c.request_hash == each.request_hash
            )
        ).scalar_one()
        for each in claims
        if each.id not in won
    }


def _insert(
    connection: Connection,
    store: Store,
    entries: Sequence[Entry],
    position: Position,
    key: SigningKey,
) -> Position:
    bodies, hashes = link_all([entry.head for entry in entries], position)
    records: list[_Value] = []
    envelopes: list[_Value] = []
    keys: list[_Value] = []
    chain, number = position.chain, position.count
    for entry, body in zip(entries, bodies, strict=True):
        id, number, sealed = entry.id, number + 1, entry.sealed
        records += (id, chain, number, entry.kind, entry.time_us)
        records += (entry.guideline_id, entry.subject, body)
        if sealed is not None:
            envelopes += (id, sealed.nonce, b"", sealed.ciphertext)
            keys += (id, sealed.key_id, sealed.wrapped_key)
    _insert_rows(connection, RECORDS, records)
    _insert_rows(connection, ENVELOPES, envelopes)
    _insert_rows(connection, DATA_KEYS, keys)
    subjects = [entry.subject for entry in entries if entry.subject]
    if subjects:
        store.lock_keys(connection)
        connection.execute(delete(DATA_KEYS).where(DATA_KEYS.c.id.in_(subjects)))
    position = Position(chain, number, hashes[-1])
    head = sign_head(position, hashes, key, entries[-1].time_us)
    _insert_rows(connection, HEADS, [chain, number, head.SerializeToString(deterministic=True)])
    return position


def _insert_rows(connection: Connection, table: Table, values: Sequence[_Value]) -> None:
    """Inserts rows whose values follow each other, of each column of a table in its order.

    Through the driver: SQLAlchemy would take longer for a statement than SQLite for several rows.
    SQLite gets many rows in one statement: the lock of the interpreter is given away at each, and
    while decisions are made a handover costs more than writing the row.
    """
    width = len(table.columns)
    if connection.dialect.paramstyle != "qmark":
        rows = [tuple(values[start : start + width]) for start in range(0, len(values), width)]
        if rows:
            connection.exec_driver_sql(_statement(table, "%s", 1), rows)
        return
    cursor = connection.connection.cursor()
    try:
        start, left = 0, len(values) // width
        for size in _TOGETHER:
            while left >= size:
                end = start + size * width
                cursor.execute(_statement(table, "?", size), values[start:end])
                start, left = end, left - size
    finally:
        cursor.close()


@lru_cache(maxsize=64)
def _statement(table: Table, mark: str, rows: int) -> str:
    names = ", ".join(column.name for column in table.columns)
    marks = f"({', '.join([mark] * len(table.columns))})"
    return f"INSERT INTO {table.name} ({names}) VALUES {', '.join([marks] * rows)}"


def _insert_new(store: Store, table: Any) -> Any:
    """Returns an insert that leaves alone what is already there."""
    dialect = sqlite if store.sqlite else postgresql
    return dialect.insert(table).on_conflict_do_nothing()
