"""Assembles the record of a decision and its content, ready to be chained and written.

Whatever is hashed is stored as the very bytes that were hashed: a message is serialised once. The
record holds nothing from which a patient's data could be told; that is all in the content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from rashpath.audit.content import Question, content_from
from rashpath.audit.envelope import FORMAT, Seal, Sealed
from rashpath.audit.packing import Dictionary
from rashpath.guideline import DecisionGraph
from rashpath.guideline.model import SEMANTICS_VERSION
from rashpath.readings.compiled.pieces import tag_of, texts, varint
from rashpath.readings.walk import Walked
from rashpath.v1 import audit_pb2
from rashpath.v1.decision_service_pb2 import EvaluateRequest

ANONYMOUS = "anonymous"
"""The caller where the server authenticated none."""

LONGEST_REASON = 500

_ID, _TIME, _REQUEST_HASH = (
    tag_of(audit_pb2.AuditRecord, name) for name in ("id", "time", "request_hash")
)
_COMMITMENT, _CIPHERTEXT = (
    tag_of(audit_pb2.AuditRecord, name) + varint(hashlib.sha256().digest_size)
    for name in ("envelope_commitment", "ciphertext_digest")
)
_DECISION = audit_pb2.AuditRecord(kind=audit_pb2.RECORD_KIND_DECISION).SerializeToString()
_SECONDS, _NANOS = (
    varint(Timestamp.DESCRIPTOR.fields_by_name[name].number << 3) for name in ("seconds", "nanos")
)


class Decided(NamedTuple):
    """A decision that was made and is to be recorded before it is answered.

    Args:
        question: what was asked.
        caller: who asked, as the server authenticated them; empty: `anonymous`.
        walk: the walk that decided.
        answer: the `EvaluateResponse` in the very bytes that will be sent, decision id included.
        decision_id: its id.
        engine_version: version of the software.
    """

    question: Question
    caller: str
    walk: Walked
    answer: bytes | memoryview
    decision_id: str
    engine_version: str


class Entry(NamedTuple):
    """A record that waits for its place in a chain.

    Args:
        id: id of the decision or event.
        kind: what it is a record of.
        time_us: when it was assembled, microseconds since 1970, UTC.
        caller: who asked.
        request_hash: keyed hash of the caller's request id; empty where there is none.
        guideline_id: id of the guideline; empty for an erasure.
        subject: for an erasure, the decision that is erased; else empty.
        head: the bytes of the `AuditRecord` but for its place in a chain.
        sealed: the content; None for an erasure.
        request: the request, to tell a repeated one from another; None without a request id.
        graph: the guideline, to be kept; None for an erasure.
    """

    id: str
    kind: audit_pb2.RecordKind.ValueType
    time_us: int
    caller: str
    request_hash: bytes
    guideline_id: str
    subject: str
    head: bytes
    sealed: Sealed | None
    request: EvaluateRequest | None
    graph: DecisionGraph | None


def assemble(
    decided: Decided, seal: Seal, time_us: int, dictionary: Dictionary | None = None
) -> Entry:
    """Returns the record of a decision with its sealed content; see `assemble_all`."""
    (entry,) = assemble_all((decided,), seal, time_us, dictionary)
    return entry


def assemble_all(
    decided: Sequence[Decided], seal: Seal, time_us: int, dictionary: Dictionary | None = None
) -> list[Entry]:
    """Returns the records of decisions with their sealed contents, in order.

    One after another takes half as long as each between two decisions: what packs, seals and hashes
    stays in the processor's caches.

    Args:
        decided: the decisions, by one guideline.
        seal: seals the contents.
        time_us: now, microseconds since 1970, UTC.
        dictionary: what the contents are packed with; None: nothing, which costs more time and
            room.
    """
    contents = (content_from(each.question, each.answer, each.walk) for each in decided)
    sealed = seal.seal_all([each.decision_id for each in decided], contents, dictionary)
    kind_and_time = _DECISION + _time_bytes(time_us)
    packing = _packing_bytes(FORMAT, "" if dictionary is None else dictionary.digest)
    found = []
    for each, content in zip(decided, sealed, strict=True):
        question, caller, walk, _, id, engine_version = each
        caller = caller or ANONYMOUS
        graph, request = walk.graph, question.request
        request_hash = b"" if request is None else seal.request_hash(caller, request.request_id)
        # A message may be joined from the bytes of its fields.
        head = (
            texts(_ID, (id,)),
            kind_and_time,
            _caller_bytes(caller),
            _field(_REQUEST_HASH, request_hash) if request_hash else b"",
            _maker_bytes(graph, engine_version),
            _COMMITMENT,
            content.commitment,
            _CIPHERTEXT,
            content.digest,
            packing,
        )
        entry = Entry(
            id,
            audit_pb2.RECORD_KIND_DECISION,
            time_us,
            caller,
            request_hash,
            graph.guideline.id,
            "",
            b"".join(head),
            content,
            request,
            graph,
        )
        found.append(entry)
    return found


def assemble_erasure(
    id: str, subject: str, reason: str, caller: str, engine_version: str, time_us: int
) -> Entry:
    """Returns the record of the erasure of a decision's content.

    Args:
        id: id of the erasure.
        subject: id of the decision.
        reason: why, in the caller's words, without patient data; cut at 500 characters.
        caller: who asked for it; empty: `anonymous`.
        engine_version: version of the software.
        time_us: now, microseconds since 1970, UTC.
    """
    record = audit_pb2.AuditRecord(
        id=id,
        kind=audit_pb2.RECORD_KIND_ERASURE,
        caller=caller or ANONYMOUS,
        engine_version=engine_version,
        semantics_version=SEMANTICS_VERSION,
        subject=subject,
        reason=reason[:LONGEST_REASON],
    )
    record.time.FromMicroseconds(time_us)
    return Entry(
        id=id,
        kind=record.kind,
        time_us=time_us,
        caller=record.caller,
        request_hash=b"",
        guideline_id="",
        subject=subject,
        head=record.SerializeToString(deterministic=True),
        sealed=None,
        request=None,
        graph=None,
    )


def _field(tag: bytes, value: bytes) -> bytes:
    return b"".join((tag, varint(len(value)), value))


def _time_bytes(time_us: int) -> bytes:
    seconds, micros = divmod(time_us, 1_000_000)
    time = _SECONDS + varint(seconds) if seconds else b""
    if micros:
        time += _NANOS + varint(micros * 1000)
    return b"".join((_TIME, varint(len(time)), time))


@lru_cache(maxsize=256)
def _caller_bytes(caller: str) -> bytes:
    return audit_pb2.AuditRecord(caller=caller).SerializeToString(deterministic=True)


@lru_cache(maxsize=32)
def _maker_bytes(graph: DecisionGraph, engine_version: str) -> bytes:
    record = audit_pb2.AuditRecord(
        guideline_id=graph.guideline.id,
        guideline_version=graph.guideline.version,
        guideline_digest=graph.digest,
        engine_version=engine_version,
        semantics_version=SEMANTICS_VERSION,
    )
    return record.SerializeToString(deterministic=True)


@lru_cache(maxsize=64)
def _packing_bytes(content_format: int, dictionary_digest: str) -> bytes:
    record = audit_pb2.AuditRecord(
        content_format=content_format, dictionary_digest=dictionary_digest
    )
    return record.SerializeToString(deterministic=True)
