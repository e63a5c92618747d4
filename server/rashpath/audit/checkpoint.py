"""Checkpoints: the heads of all chains at one moment, signed, to be kept elsewhere.

Whoever can write to the store and take away its newest records and heads together leaves a ledger
that fits in itself. A checkpoint that was kept elsewhere tells.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from sqlalchemy import Connection, and_, func, insert, select

from rashpath.audit.errors import KeyFileError, LedgerDamagedError
from rashpath.audit.signing import SigningKey
from rashpath.audit.sortable_id import now_us, sortable_id
from rashpath.audit.store import Store
from rashpath.audit.tables import CHECKPOINTS, HEADS
from rashpath.v1.audit_pb2 import ChainHead, Checkpoint, SignedHead


class CheckpointFileError(KeyFileError):
    """A checkpoint cannot be read from its file, or written to it."""


def create_checkpoint(store: Store, key: SigningKey, time_us: int) -> Checkpoint:
    """Returns a new checkpoint, kept in the store too.

    Args:
        store: the store.
        key: signs.
        time_us: now, microseconds since 1970, UTC.

    Raises:
        StoreUnavailableError: the store cannot be written.
    """
    with store.write() as connection:
        checkpoint = Checkpoint(
            id=sortable_id(time_us), heads=_heads(connection), public_key=key.public
        )
        checkpoint.time.FromMicroseconds(time_us)
        key.sign(checkpoint)
        body = checkpoint.SerializeToString(deterministic=True)
        connection.execute(insert(CHECKPOINTS), {"id": checkpoint.id, "body": body})
    return checkpoint


def newest_checkpoint_us(store: Store) -> int | None:
    """Returns when the newest checkpoint was made, microseconds since 1970; None: there is none.

    Raises:
        StoreUnavailableError: the store cannot be read.
        LedgerDamagedError: what is kept there is no checkpoint.
    """
    # INVARIANT: ids sort by time.
    newest = select(CHECKPOINTS.c.body).order_by(CHECKPOINTS.c.id.desc()).limit(1)
    with store.read() as connection:
        body = connection.execute(newest).scalar()
    if body is None:
        return None
    try:
        return Checkpoint.FromString(body).time.ToMicroseconds()
    except DecodeError:
        raise LedgerDamagedError("the newest checkpoint cannot be read") from None


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """Returns a checkpoint as the JSON text of a file."""
    return json_format.MessageToJson(checkpoint, preserving_proto_field_name=True) + "\n"


def parse_checkpoint(text: str | bytes) -> Checkpoint:
    """Returns the checkpoint of a JSON text; its signature is not looked at.

    Raises:
        CheckpointFileError: it is none.
    """
    try:
        content = json.loads(text)
        if isinstance(content, dict):
            return json_format.ParseDict(content, Checkpoint())
    except (ValueError, RecursionError, json_format.ParseError):
        pass
    raise CheckpointFileError("the checkpoint cannot be read; it must be JSON")


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> Path:
    """Writes a checkpoint to `<id>.checkpoint.json` in a folder; returns the path.

    Raises:
        CheckpointFileError: it cannot be written.
    """
    path = folder / f"{checkpoint.id}.checkpoint.json"
    draft = path.with_suffix(".draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(checkpoint_text(checkpoint))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise CheckpointFileError(f"the checkpoint `{path}` cannot be written: {reason}") from None
    return path


class Checkpoints:
    """Makes a checkpoint each time that enough has been recorded.

    Args:
        store: the store.
        key: signs.
        every: records of this process between two checkpoints; 0: never.
        folder: where they are written besides the store; None: nowhere.
    """

    def __init__(
        self, store: Store, key: SigningKey, *, every: int, folder: Path | None = None
    ) -> None:
        self._store = store
        self._key = key
        self._every = every
        self._folder = folder
        self._since = 0

    def committed(self, records: int) -> None:
        """Takes note of a commit, and makes a checkpoint if it is time.

        Raises:
            StoreError: it cannot be made; the next commit tries again.
        """
        self._since += records
        if self._every and self._since >= self._every:
            checkpoint = create_checkpoint(self._store, self._key, now_us())
            self._since = 0
            if self._folder is not None:
                save_checkpoint(checkpoint, self._folder)


def _heads(connection: Connection) -> list[ChainHead]:
    newest = (
        select(HEADS.c.chain, func.max(HEADS.c.length).label("length"))
        .group_by(HEADS.c.chain)
        .subquery()
    )
    rows = connection.execute(
        select(HEADS.c.chain, HEADS.c.length, HEADS.c.body)
        .join(newest, and_(HEADS.c.chain == newest.c.chain, HEADS.c.length == newest.c.length))
        .order_by(HEADS.c.chain)
    )
    heads = []
    for row in rows:
        head = SignedHead.FromString(row.body)
        if (head.chain, head.count) != (row.chain, row.length):
            raise LedgerDamagedError(f"the head of chain `{row.chain}` is not what was signed")
        heads.append(ChainHead(chain=head.chain, count=head.count, hash=head.hash))
    return heads
