"""Verifies one chain: its heads, and each record against the head of its commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from sqlalchemy import Connection, func, select

from rashpath.audit.chain import FIRST
from rashpath.audit.envelope import Seal
from rashpath.audit.findings import Findings
from rashpath.audit.packing import Dictionary
from rashpath.audit.signing import TrustedKeys
from rashpath.audit.tables import HEADS, RECORDS
from rashpath.audit.verify_record import Row, check_content, check_place, read_rows
from rashpath.v1.audit_pb2 import LedgerFaultKind as Kind
from rashpath.v1.audit_pb2 import SignedHead

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _End:
    """How far a verification has come in a chain.

    Args:
        count: records behind it.
        hash: what the next record must name as the hash of the one before it.
        proven: whether a signed head names that hash.
    """

    count: int
    hash: bytes
    proven: bool


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The verification of one chain.

    Args:
        connection: reads.
        chain: the chain.
        trusted: keys whose signatures count.
        seal: opens contents; None: they are not opened.
        guidelines: digests of the guidelines that are kept as they were.
        dictionaries: those that are kept as they were, by digest.
        findings: gets what is found.
    """

    connection: Connection
    chain: str
    trusted: TrustedKeys
    seal: Seal | None
    guidelines: frozenset[str]
    dictionaries: Mapping[str, Dictionary]
    findings: Findings

    def run(self) -> None:
        """Verifies the chain from its first record to its last."""
        self.findings.chains += 1
        end = _End(0, FIRST, proven=True)
        for filed, body in self._heads():
            head = self._good(filed, body)
            if head is None:
                self._bad_head(filed)
                end = self._unsigned(end, filed)
                continue
            start = filed - len(head.record_hashes)
            if start < end.count:
                self.findings.note(
                    Kind.LEDGER_FAULT_KIND_SIGNATURE_WRONG,
                    "two heads name the same record",
                    chain=self.chain,
                    sequence=start + 1,
                )
                end = _End(start, b"", proven=False)
            if start > end.count:
                end = self._unsigned(end, start)
            end = self._signed(end, list(head.record_hashes))
        self._unsigned(end, None)

    def _heads(self) -> Iterator[tuple[int, bytes]]:
        """Yields the heads, by the number of records that they are filed under."""
        length = -1
        while True:
            rows = self.connection.execute(
                select(HEADS.c.length, HEADS.c.body)
                .where(HEADS.c.chain == self.chain, HEADS.c.length > length)
                .order_by(HEADS.c.length)
                .limit(_AT_ONCE)
            ).all()
            for row in rows:
                yield row.length, row.body
            if len(rows) < _AT_ONCE:
                return
            length = rows[-1].length

    def _good(self, filed: int, body: bytes) -> SignedHead | None:
        """Returns a head that is signed and filed as it should be; else None."""
        try:
            head = SignedHead.FromString(body)
        except DecodeError:
            return None
        hashes = head.record_hashes
        good = (
            (head.chain, head.count) == (self.chain, filed)
            and 0 < len(hashes) <= head.count
            and hashes[-1] == head.hash
            and self.trusted.trusts(head)
        )
        return head if good else None

    def _bad_head(self, filed: int) -> None:
        row = next(read_rows(self.connection, self.chain, filed - 1, filed), None)
        self.findings.note(
            Kind.LEDGER_FAULT_KIND_SIGNATURE_WRONG,
            "the head that ends with this record bears no good signature",
            chain=self.chain,
            sequence=filed,
            id="" if row is None else row.id,
        )

    def _signed(self, end: _End, hashes: list[bytes]) -> _End:
        """Verifies the records of a commit whose head is good."""
        last = end.count + len(hashes)
        rows = {
            row.sequence: row for row in read_rows(self.connection, self.chain, end.count, last)
        }
        for sequence, hash in enumerate(hashes, end.count + 1):
            row = rows.get(sequence)
            if row is None:
                self._missing(sequence)
            elif row.hash == hash:
                self._link(row, end)
                self._record(row)
            else:
                self.findings.count_record()
                if row.hash in hashes or row.moved:
                    kind, text = (
                        Kind.LEDGER_FAULT_KIND_ORDER_CHANGED,
                        "another record stands in its place",
                    )
                else:
                    kind, text = (
                        Kind.LEDGER_FAULT_KIND_RECORD_CHANGED,
                        "the record is not what was signed",
                    )
                self.findings.at(row, kind, text)
            end = _End(sequence, hash, proven=True)
        return end

    def _unsigned(self, end: _End, last: int | None) -> _End:
        """Verifies records that no good head names, by their links."""
        first = True
        for row in read_rows(self.connection, self.chain, end.count, last):
            if first:
                text = "from this record on, no good head signs the records"
                self.findings.at(row, Kind.LEDGER_FAULT_KIND_UNSIGNED, text)
                first = False
            if row.sequence == end.count + 1:
                self._link(row, end)
            else:
                self._missing(end.count + 1)
            self._record(row)
            end = _End(row.sequence, row.hash, proven=False)
        if last is not None and end.count < last:
            self._missing(end.count + 1)
            end = _End(last, b"", proven=False)
        return end

    def _link(self, row: Row, end: _End) -> None:
        """Verifies that a record names the hash of the one before it."""
        if not end.hash or row.record.previous_hash == end.hash:
            return
        if end.proven:
            text = "the record does not follow the one before it"
            self.findings.at(row, Kind.LEDGER_FAULT_KIND_ORDER_CHANGED, text)
            return
        for before in read_rows(self.connection, self.chain, end.count - 1, end.count):
            text = "the record is not what the one after it names"
            self.findings.at(before, Kind.LEDGER_FAULT_KIND_RECORD_CHANGED, text)

    def _record(self, row: Row) -> None:
        """Verifies the columns and the content of a record."""
        self.findings.count_record()
        check_place(row, self.findings)
        check_content(row, self.seal, self.dictionaries, self.findings)
        digest = row.record.guideline_digest
        if digest and digest not in self.guidelines:
            text = f"its guideline `{digest}` is not kept as it was"
            self.findings.at(row, Kind.LEDGER_FAULT_KIND_GUIDELINE_CHANGED, text)

    def _missing(self, sequence: int) -> None:
        note_missing(
            self.connection, self.chain, sequence, "a head counts more records", self.findings
        )


def note_missing(
    connection: Connection, chain: str, sequence: int, text: str, findings: Findings
) -> int:
    """Notes that a record is missing: by itself, with all that follow it, or with its chain.

    Returns:
        The number of records up to that place that are there, if those before it all are.
    """
    last = connection.execute(
        select(func.max(RECORDS.c.sequence)).where(RECORDS.c.chain == chain)
    ).scalar()
    if last is None:
        if not findings.has(Kind.LEDGER_FAULT_KIND_CHAIN_MISSING, chain):
            findings.note(Kind.LEDGER_FAULT_KIND_CHAIN_MISSING, text, chain=chain)
        return 0
    if last < sequence:
        if not findings.has(Kind.LEDGER_FAULT_KIND_TRUNCATED, chain):
            findings.note(
                Kind.LEDGER_FAULT_KIND_TRUNCATED, text, chain=chain, sequence=int(last) + 1
            )
        return int(last)
    findings.note(Kind.LEDGER_FAULT_KIND_RECORD_MISSING, text, chain=chain, sequence=sequence)
    return sequence
