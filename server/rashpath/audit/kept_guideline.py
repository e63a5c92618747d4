"""Keeps guidelines in the ledger: the very JSON that has the digest, and loads them from it."""

from __future__ import annotations

import hashlib
import json

import rfc8785
from google.protobuf.json_format import MessageToDict
from sqlalchemy import select

from rashpath.audit.errors import LedgerDamagedError
from rashpath.audit.store import Store
from rashpath.audit.tables import GUIDELINES
from rashpath.guideline import DecisionGraph, GuidelineError, load_bytes


def canonical(graph: DecisionGraph) -> bytes:
    """Returns the canonical JSON of a guideline and its fact dictionary; its SHA-256 is the digest.

    Raises:
        ValueError: it is not; then the rules of the digest and this function have parted.
    """
    content = rfc8785.dumps(
        {
            "guideline": MessageToDict(graph.guideline, preserving_proto_field_name=True),
            "facts": graph.dictionary.canonical(),
        }
    )
    if digest_of(content) != graph.digest:
        raise ValueError("the canonical guideline does not have the guideline's digest")
    return content


def digest_of(content: bytes) -> str:
    """Returns the digest of canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class KeptGuidelines:
    """Loads guidelines from a ledger, each once.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loaded: dict[str, DecisionGraph] = {}

    def content(self, digest: str) -> bytes | None:
        """Returns the canonical JSON of a digest; None if it is not kept.

        Raises:
            LedgerDamagedError: what is kept does not have the digest.
            StoreUnavailableError: the store cannot be read.
        """
        with self._store.read() as connection:
            content = connection.execute(
                select(GUIDELINES.c.content).where(GUIDELINES.c.digest == digest)
            ).scalar()
        if content is not None and digest_of(content) != digest:
            raise LedgerDamagedError(f"the guideline kept as `{digest}` does not have this digest")
        return None if content is None else bytes(content)

    def graph(self, digest: str) -> DecisionGraph | None:
        """Returns the guideline of a digest; None if it is not kept.

        Where this software has another fact dictionary than was recorded, the digest of what is
        returned differs.

        Raises:
            GuidelineError: this software cannot load it any more.
            LedgerDamagedError: what is kept does not have the digest.
            StoreUnavailableError: the store cannot be read.
        """
        if digest not in self._loaded:
            content = self.content(digest)
            if content is None:
                return None
            text = json.dumps(json.loads(content)["guideline"]).encode()
            self._loaded[digest] = load_bytes(text, f"ledger:{digest[:12]}")
        return self._loaded[digest]


__all__ = ["GuidelineError", "KeptGuidelines", "canonical", "digest_of"]
