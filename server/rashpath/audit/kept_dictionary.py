"""Reads the dictionaries that contents are packed with from the ledger, each once."""

from __future__ import annotations

from sqlalchemy import Connection, select

from rashpath.audit.packing import Dictionary, dictionary_digest
from rashpath.audit.tables import DICTIONARIES


class KeptDictionaries:
    """The dictionaries of a ledger, as they are asked for."""

    def __init__(self) -> None:
        self._read: dict[str, Dictionary] = {}

    def get(self, connection: Connection, digest: str) -> Dictionary | None:
        """Returns a dictionary by its digest; None if it is not kept as it was, or none is meant.

        Args:
            connection: reads.
            digest: as a record names it; empty: none.
        """
        if digest and digest not in self._read:
            content = connection.execute(
                select(DICTIONARIES.c.content).where(DICTIONARIES.c.digest == digest)
            ).scalar()
            # INVARIANT: rows are never changed, so that what was read once may be kept.
            if content is not None and dictionary_digest(content) == digest:
                self._read[digest] = Dictionary(bytes(content))
        return self._read.get(digest)
