"""Somebody with full rights on the database, but without the keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg

from tests.audit.conftest import SQLITE, Place


class Intruder:
    """Changes what the database would refuse to change.

    Args:
        place: the ledger.
    """

    def __init__(self, place: Place) -> None:
        self.sqlite = place.kind == SQLITE
        if self.sqlite:
            self._connection: Any = sqlite3.connect(place.file, isolation_level=None, timeout=10)
            self._connection.execute("PRAGMA foreign_keys=OFF")
            names = self._connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for (name,) in names:
                self._connection.execute(f"DROP TRIGGER {name}")
        else:
            self._connection = psycopg.connect(place.config.url, autocommit=True)
            self._connection.execute("SET session_replication_role = replica")

    def run(self, statement: str, *values: object) -> list[Sequence[Any]]:
        """Runs a statement with `?` for its values; returns its rows, if it has any."""
        if not self.sqlite:
            statement = statement.replace("?", "%s")
        cursor = self._connection.execute(statement, values)
        return [] if cursor.description is None else list(cursor.fetchall())

    def close(self) -> None:
        """Leaves."""
        self._connection.close()

    def set(self, table: str, column: str, value: object, key: dict[str, object]) -> None:
        """Changes one field of the row with a key."""
        where = " AND ".join(f"{name} = ?" for name in key)
        self.run(f"UPDATE {table} SET {column} = ? WHERE {where}", value, *key.values())

    def get(self, table: str, column: str, key: dict[str, object]) -> Any:
        """Returns one field of the row with a key."""
        where = " AND ".join(f"{name} = ?" for name in key)
        return self.run(f"SELECT {column} FROM {table} WHERE {where}", *key.values())[0][0]


def altered(value: Any) -> Any:
    """Returns a value that differs a little."""
    match value:
        case bytes() if value:
            middle = len(value) // 2
            return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
        case bytes():
            return b"x"
        case int():
            return value + 1000
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1") if value else "x"
        case _:
            raise ValueError(type(value).__name__)
