"""A ledger with everything in it, an intruder, and what intruders do to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import Message

from rashpath.audit.ledger import Ledger
from rashpath.audit.verify import verify
from rashpath.v1.audit_pb2 import AuditRecord, Checkpoint, LedgerFault
from rashpath.v1.audit_pb2 import LedgerFaultKind as Kind
from tests.audit.intruder import Intruder, altered


@dataclass(frozen=True, slots=True)
class Scene:
    """A ledger of two chains with everything in it, and an intruder.

    The first chain has commits of 1, 4 and 3 records and an erasure; the second one of 2 records.
    """

    ledger: Ledger
    intruder: Intruder
    first: str
    second: str
    checkpoint: Checkpoint

    def faults(
        self, checkpoint: Checkpoint | None = None, *, keys: bool = True
    ) -> list[LedgerFault]:
        """Returns what a verification finds."""
        seal = self.ledger.reader.seal if keys else None
        found = verify(self.ledger.store, self.ledger.key.trusted, seal, checkpoint)
        assert found.sound == (not found.faults)
        return list(found.faults)

    def first_bad(self, checkpoint: Checkpoint | None = None) -> tuple[str, str, int]:
        """Returns kind, chain and place of the first fault that names a chain."""
        fault = next(fault for fault in self.faults(checkpoint) if fault.chain)
        kind = Kind.Name(fault.kind).removeprefix("LEDGER_FAULT_KIND_")
        return kind, fault.chain, fault.sequence

    def id(self, sequence: int, chain: str = "") -> str:
        """Returns the id of a record."""
        key = {"chain": chain or self.first, "sequence": sequence}
        id: str = self.intruder.get("records", "id", key)
        return id


@dataclass(frozen=True, slots=True)
class Original:
    """A sound ledger that is only ever copied."""

    folder: Path
    database: str
    first: str
    second: str
    checkpoint: Checkpoint


def edits(message: Message) -> Iterator[bytes]:
    """Yields the bytes of a message with each of its fields changed, alone."""
    for field in message.DESCRIPTOR.fields:
        changed = type(message)()
        changed.CopyFrom(message)
        if field.is_repeated:
            if not len(getattr(changed, field.name)):
                continue
            del getattr(changed, field.name)[-1]
        elif field.message_type is not None:
            getattr(changed, field.name).seconds += 1
        elif field.enum_type is not None:
            setattr(changed, field.name, 3 - getattr(changed, field.name))
        else:
            setattr(changed, field.name, altered(getattr(changed, field.name)))
        yield changed.SerializeToString(deterministic=True)


def cut_off(scene: Scene, where: str, *values: object) -> None:
    """Deletes records with all that belongs to them but their heads."""
    chosen = f"(SELECT id FROM records WHERE {where})"
    scene.intruder.run(f"DELETE FROM envelopes WHERE id IN {chosen}", *values)
    scene.intruder.run(f"DELETE FROM data_keys WHERE id IN {chosen}", *values)
    scene.intruder.run(f"DELETE FROM requests WHERE decision_id IN {chosen}", *values)
    scene.intruder.run(f"DELETE FROM records WHERE {where}", *values)


def rehash(scene: Scene, sequence: int) -> list[bytes]:
    """Changes the caller of a record and hashes the rest of its chain anew; returns all hashes."""
    hashes: list[bytes] = []
    for place, body in scene.intruder.run(
        "SELECT sequence, body FROM records WHERE chain = ? ORDER BY sequence", scene.first
    ):
        record = AuditRecord.FromString(body)
        if place == sequence:
            record.caller = "nobody"
        if place > sequence:
            record.previous_hash = hashes[-1]
        if place >= sequence:
            body = record.SerializeToString(deterministic=True)
            key = {"chain": scene.first, "sequence": place}
            scene.intruder.set("records", "body", body, key)
        hashes.append(hashlib.sha256(body).digest())
    return hashes
