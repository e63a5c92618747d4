"""Writes a group of records in one transaction: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select
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

_TOGETHER = (128, 32, 8, 1)
"""Rows of one statement, the most first; SQLite takes 32,766 values in one."""


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
    _insert_rows(
        connection,
        RECORDS,
        [
            (
                entry.id,
                position.chain,
                position.count + number,
                entry.kind,
                entry.time_us,
                entry.guideline_id,
                entry.subject,
                body,
            )
            for number, (entry, body) in enumerate(zip(entries, bodies, strict=True), 1)
        ],
    )
    sealed = [(entry.id, entry.sealed) for entry in entries if entry.sealed is not None]
    if sealed:
        _insert_rows(
            connection,
            ENVELOPES,
            [
                (id, each.envelope.nonce, each.envelope.tags, each.envelope.ciphertext)
                for id, each in sealed
            ],
        )
        _insert_rows(
            connection, DATA_KEYS, [(id, each.key_id, each.wrapped_key) for id, each in sealed]
        )
    subjects = [entry.subject for entry in entries if entry.subject]
    if subjects:
        store.lock_keys(connection)
        connection.execute(delete(DATA_KEYS).where(DATA_KEYS.c.id.in_(subjects)))
    position = Position(position.chain, position.count + len(entries), hashes[-1])
    head = sign_head(position, hashes, key, entries[-1].time_us)
    connection.execute(
        insert(HEADS),
        {
            "chain": position.chain,
            "length": position.count,
            "body": head.SerializeToString(deterministic=True),
        },
    )
    return position


def _insert_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[str | int | bytes, ...]]
) -> None:
    """Inserts rows that give each column of a table, in its order.

    Through the driver: SQLAlchemy would take as long to look at each value as SQLite to write it.
    SQLite gets many rows in one statement: the lock of the interpreter is given away at each, and
    while decisions are made a handover costs more than writing the row.
    """
    names = ", ".join(column.name for column in table.columns)
    width = len(table.columns)
    if connection.dialect.paramstyle != "qmark":
        marks = ", ".join(["%s"] * width)
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows)
        )
        return
    marks = f"({', '.join('?' * width)})"
    start = 0
    for size in _TOGETHER:
        # A few sizes only, so that each statement is prepared once.
        while len(rows) - start >= size:
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} ({names}) VALUES {', '.join([marks] * size)}",
                tuple(chain.from_iterable(rows[start : start + size])),
            )
            start += size


def _insert_new(store: Store, table: Any) -> Any:
    """Returns an insert that leaves alone what is already there."""
    dialect = sqlite if store.sqlite else postgresql
    return dialect.insert(table).on_conflict_do_nothing()
