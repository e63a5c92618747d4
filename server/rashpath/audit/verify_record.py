"""Verifies one record: its place in its chain, the columns beside it, and its content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from google.protobuf.message import DecodeError
from sqlalchemy import Connection, and_, select

from rashpath.audit.chain import record_hash
from rashpath.audit.envelope import Envelope, Opened, Seal
from rashpath.audit.errors import KeyUnknownError, LedgerDamagedError
from rashpath.audit.findings import Findings
from rashpath.audit.packing import Dictionary
from rashpath.audit.tables import DATA_KEYS, ENVELOPES, RECORDS, REQUESTS
from rashpath.v1.audit_pb2 import (
    RECORD_KIND_DECISION,
    AuditEnvelope,
    AuditRecord,
    LedgerFaultKind,
)

_AT_ONCE = 500


@dataclass(frozen=True)
class Row:
    """A record with all that is stored about it; without slots, for what is computed once."""

    id: str
    chain: str
    sequence: int
    kind: int
    time_us: int
    guideline_id: str
    subject: str
    body: bytes
    nonce: bytes | None
    tags: bytes
    ciphertext: bytes
    caller: str | None
    request_hash: bytes
    erased: bool
    keys: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def hash(self) -> bytes:
        """Hash of the record as stored."""
        return record_hash(self.body)

    @cached_property
    def record(self) -> AuditRecord:
        """The record; an empty one where the bytes are none."""
        try:
            return AuditRecord.FromString(self.body)
        except DecodeError:
            return AuditRecord()

    @property
    def envelope(self) -> Envelope | None:
        """The sealed content as stored; None where there is none."""
        if self.nonce is None:
            return None
        return Envelope(self.record.content_format, self.nonce, self.tags, self.ciphertext)

    @property
    def moved(self) -> bool:
        """True where the record says of itself that it stands elsewhere."""
        return self.record.id != "" and (self.chain, self.sequence) != (
            self.record.chain,
            self.record.sequence,
        )


def read_rows(connection: Connection, chain: str, after: int, upto: int | None) -> Iterator[Row]:
    """Yields the records of a chain in order.

    Args:
        connection: reads.
        chain: the chain.
        after: the place behind which to begin.
        upto: the last place; None: to the end.
    """
    erasure = RECORDS.alias()
    erasures = (
        select(erasure.c.id)
        .where(erasure.c.subject == RECORDS.c.id, RECORDS.c.kind == RECORD_KIND_DECISION)
        .exists()
    )
    while True:
        wanted = [RECORDS.c.chain == chain, RECORDS.c.sequence > after]
        if upto is not None:
            wanted.append(RECORDS.c.sequence <= upto)
        rows = connection.execute(
            select(
                RECORDS,
                ENVELOPES.c.nonce,
                ENVELOPES.c.tags,
                ENVELOPES.c.ciphertext,
                REQUESTS.c.caller,
                REQUESTS.c.request_hash,
                erasures.label("erased"),
            )
            .outerjoin(ENVELOPES, ENVELOPES.c.id == RECORDS.c.id)
            .outerjoin(REQUESTS, REQUESTS.c.decision_id == RECORDS.c.id)
            .where(and_(*wanted))
            .order_by(RECORDS.c.sequence)
            .limit(_AT_ONCE)
        ).all()
        keys: dict[str, dict[str, bytes]] = {}
        for key in connection.execute(
            select(DATA_KEYS).where(DATA_KEYS.c.id.in_([row.id for row in rows]))
        ):
            keys.setdefault(key.id, {})[key.key_id] = key.wrapped_key
        for row in rows:
            yield Row(**row._asdict(), keys=keys.get(row.id, {}))
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].sequence


def check_place(row: Row, findings: Findings) -> None:
    """Compares a record with where it stands and with the columns beside it."""
    record = row.record
    if row.moved:
        text = "the record stands in another place"
        _note(findings, row, LedgerFaultKind.LEDGER_FAULT_KIND_ORDER_CHANGED, text)
    beside = (row.id, row.kind, row.time_us, row.guideline_id, row.subject)
    if beside != (
        record.id,
        record.kind,
        record.time.ToMicroseconds(),
        record.guideline_id,
        record.subject,
    ):
        text = "a column beside the record was changed"
        _note(findings, row, LedgerFaultKind.LEDGER_FAULT_KIND_RECORD_CHANGED, text)
    claimed = (row.caller, row.request_hash) if row.caller is not None else ("", b"")
    if claimed != ((record.caller, record.request_hash) if record.request_hash else ("", b"")):
        text = "its place among the request ids was changed"
        _note(findings, row, LedgerFaultKind.LEDGER_FAULT_KIND_RECORD_CHANGED, text)


def check_content(
    row: Row, seal: Seal | None, dictionaries: Mapping[str, Dictionary], findings: Findings
) -> None:
    """Compares the content of a record with what the record says of it.

    Args:
        row: the record.
        seal: opens it; None: only what is stored of it is compared.
        dictionaries: those that are kept as they were, by digest.
        findings: gets faults, and counts the contents opened and those erased.
    """
    record = row.record
    changed = LedgerFaultKind.LEDGER_FAULT_KIND_ENVELOPE_CHANGED
    if record.kind != RECORD_KIND_DECISION:
        return
    envelope = row.envelope
    if envelope is None:
        _note(findings, row, changed, "its content is missing")
        return
    digest = record.dictionary_digest
    if digest and digest not in dictionaries:
        text = f"what its content is packed with, the dictionary `{digest}`, is not kept as it was"
        _note(findings, row, LedgerFaultKind.LEDGER_FAULT_KIND_DICTIONARY_CHANGED, text)
    if envelope.digest != record.ciphertext_digest:
        _note(findings, row, changed, "its content is not what was recorded")
        return
    if row.erased:
        findings.erased += 1
        if row.keys:
            _note(findings, row, changed, "it was erased, and yet there is a key to its content")
    elif not row.keys:
        text = "the key of its content is gone, and no erasure is recorded"
        _note(findings, row, LedgerFaultKind.LEDGER_FAULT_KIND_KEY_MISSING, text)
    elif seal is not None and (not digest or digest in dictionaries):
        _open(row, envelope, seal, dictionaries.get(digest), findings)


def _open(
    row: Row, envelope: Envelope, seal: Seal, dictionary: Dictionary | None, findings: Findings
) -> None:
    record, changed = row.record, LedgerFaultKind.LEDGER_FAULT_KIND_ENVELOPE_CHANGED
    opened = Opened(b"", b"")
    try:
        for key_id, wrapped in row.keys.items():
            opened = seal.open(row.id, {key_id: wrapped}, envelope, dictionary)
        content = AuditEnvelope.FromString(opened.content)
    except KeyUnknownError as error:
        _note(findings, row, LedgerFaultKind.LEDGER_FAULT_KIND_KEY_MISSING, str(error))
        return
    except (LedgerDamagedError, DecodeError):
        _note(findings, row, changed, "its content or the key of it is not what was recorded")
        return
    findings.envelopes += 1
    if opened.commitment != record.envelope_commitment:
        _note(findings, row, changed, "its content is not what the record commits to")
    elif seal.request_hash(record.caller, content.request.request_id) != record.request_hash:
        text = "its request id does not have the recorded hash; the index key may be another"
        _note(findings, row, changed, text)


def _note(findings: Findings, row: Row, kind: LedgerFaultKind.ValueType, text: str) -> None:
    """Notes a fault under the record's own id: its bytes are good, its columns may not be."""
    findings.note(kind, text, chain=row.chain, sequence=row.sequence, id=row.record.id or row.id)
