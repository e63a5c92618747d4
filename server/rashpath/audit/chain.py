"""The rules of a hash chain: how records are linked, and how heads sign them.

The hash of a record is the SHA-256 of its bytes as stored. Each record holds its chain, its place
in it and the hash of the record before it. Each commit ends with a head that names the hash of
each of its records and is signed: no record can be changed without the key, and each is proven by
itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from rashpath.audit.signing import SigningKey
from rashpath.readings.compiled.pieces import tag_of, texts, varint
from rashpath.v1.audit_pb2 import AuditRecord, SignedHead

_CHAIN = tag_of(AuditRecord, "chain")
_SEQUENCE = varint(AuditRecord.DESCRIPTOR.fields_by_name["sequence"].number << 3)
_PREVIOUS = tag_of(AuditRecord, "previous_hash") + varint(hashlib.sha256().digest_size)

FIRST = bytes(32)
"""What stands for the hash of the record before the first."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a chain has come.

    Args:
        chain: its id.
        count: number of its records.
        hash: hash of the last; 32 zero bytes before the first.
    """

    chain: str
    count: int = 0
    hash: bytes = FIRST


def record_hash(body: bytes) -> bytes:
    """Returns the hash of a record, 32 bytes."""
    return hashlib.sha256(body).digest()


def link_all(heads: Sequence[bytes], position: Position) -> tuple[list[bytes], list[bytes]]:
    """Returns the bytes of records that follow a position one after another, and their hashes.

    Args:
        heads: the bytes of the records but for their places in the chain.
        position: the position before the first.
    """
    bodies, hashes = [], []
    # A message may be joined from the bytes of its fields.
    chain = texts(_CHAIN, (position.chain,)) + _SEQUENCE
    last = position.hash
    for count, head in enumerate(heads, position.count + 1):
        body = b"".join((head, chain, varint(count), _PREVIOUS, last))
        last = record_hash(body)
        bodies.append(body)
        hashes.append(last)
    return bodies, hashes


def sign_head(
    position: Position, hashes: Sequence[bytes], key: SigningKey, time_us: int
) -> SignedHead:
    """Returns the signed head of a commit.

    Args:
        position: the position after it.
        hashes: hashes of its records, in order; at least one.
        key: signs.
        time_us: now, microseconds since 1970, UTC.
    """
    head = SignedHead(
        chain=position.chain, count=position.count, hash=position.hash, record_hashes=hashes
    )
    head.time.FromMicroseconds(time_us)
    key.sign(head)
    return head
