"""Verifies a whole ledger, and against a checkpoint that was kept elsewhere.

Each record is checked against the hash that the signed head of its commit names, then its place,
its columns and its content. The ledger is read in one snapshot and in pieces, so that memory stays
bounded and servers may go on recording.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select, union

from rashpath.audit.envelope import Seal
from rashpath.audit.findings import Findings
from rashpath.audit.kept_guideline import digest_of
from rashpath.audit.packing import Dictionary, dictionary_digest
from rashpath.audit.signing import TrustedKeys
from rashpath.audit.store import Store
from rashpath.audit.tables import (
    CHECKPOINTS,
    DATA_KEYS,
    DICTIONARIES,
    ENVELOPES,
    GUIDELINES,
    HEADS,
    RECORDS,
    REQUESTS,
)
from rashpath.audit.verify_chain import ChainCheck, note_missing
from rashpath.audit.verify_record import read_rows
from rashpath.v1.audit_pb2 import Checkpoint
from rashpath.v1.audit_pb2 import LedgerFaultKind as Kind
from rashpath.v1.audit_service_pb2 import VerifyLedgerResponse

_AT_ONCE = 1000


def verify(
    store: Store,
    trusted: TrustedKeys | None,
    seal: Seal | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> VerifyLedgerResponse:
    """Verifies a whole ledger.

    Args:
        store: the ledger.
        trusted: keys whose signatures count; None: the one that the checkpoint brings along, which
            is good for a checkpoint that was kept where nobody could change it.
        seal: opens contents, to compare them with what was recorded; None: only what is stored of
            them is compared.
        checkpoint: one that was kept elsewhere; None: only those in the ledger itself.
        progress: told the number of records that were verified, from time to time.

    Returns:
        What was found; faults by chain and by their place in it, 1000 at most.

    Raises:
        StoreUnavailableError: the store cannot be read.
    """
    if trusted is None:
        key = {} if checkpoint is None else {checkpoint.key_id: checkpoint.public_key}
        trusted = TrustedKeys(key)
    findings = Findings(progress)
    with store.read() as connection:
        kept = _guidelines(connection, findings)
        words = _dictionaries(connection, findings)
        chains = union(select(RECORDS.c.chain), select(HEADS.c.chain))
        for chain in sorted(connection.execute(chains).scalars()):
            ChainCheck(connection, chain, trusted, seal, kept, words, findings).run()
        _leftovers(connection, findings)
        covered = _checkpoints(connection, trusted, checkpoint, findings)
    return findings.response(covered)


def _guidelines(connection: Connection, findings: Findings) -> frozenset[str]:
    """Returns the digests of the guidelines that are kept as they were."""
    kept = set()
    for row in connection.execute(select(GUIDELINES)):
        if digest_of(row.content) == row.digest:
            kept.add(row.digest)
        else:
            findings.note(
                Kind.LEDGER_FAULT_KIND_GUIDELINE_CHANGED,
                f"the guideline kept as `{row.digest}` does not have this digest",
            )
    return frozenset(kept)


def _dictionaries(connection: Connection, findings: Findings) -> dict[str, Dictionary]:
    """Returns the dictionaries that are kept as they were, by digest."""
    kept = {}
    for row in connection.execute(select(DICTIONARIES)):
        if dictionary_digest(row.content) == row.digest:
            kept[row.digest] = Dictionary(bytes(row.content))
        else:
            findings.note(
                Kind.LEDGER_FAULT_KIND_DICTIONARY_CHANGED,
                f"the dictionary kept as `{row.digest}` does not have this digest",
            )
    return kept


def _leftovers(connection: Connection, findings: Findings) -> None:
    """Finds what belongs to no record."""
    for column, kind, text in (
        (ENVELOPES.c.id, Kind.LEDGER_FAULT_KIND_ENVELOPE_CHANGED, "an envelope"),
        (DATA_KEYS.c.id, Kind.LEDGER_FAULT_KIND_ENVELOPE_CHANGED, "a data key"),
        (REQUESTS.c.decision_id, Kind.LEDGER_FAULT_KIND_RECORD_CHANGED, "a request id"),
    ):
        rows = connection.execute(
            select(column)
            .where(~select(RECORDS.c.id).where(RECORDS.c.id == column).exists())
            .order_by(column)
            .limit(_AT_ONCE)
        )
        for id in rows.scalars():
            findings.note(kind, f"{text} belongs to no record", id=id)


def _checkpoints(
    connection: Connection, trusted: TrustedKeys, given: Checkpoint | None, findings: Findings
) -> int:
    """Compares the ledger with its own newest checkpoint and with the given one.

    Returns:
        The number of records that the given one covers.
    """
    newest: Checkpoint | None = None
    for row in connection.execute(select(CHECKPOINTS).order_by(CHECKPOINTS.c.id)):
        newest = Checkpoint.FromString(row.body)
        if newest.id != row.id or not trusted.trusts(newest):
            findings.note(
                Kind.LEDGER_FAULT_KIND_SIGNATURE_WRONG,
                f"the checkpoint `{row.id}` in the ledger bears no good signature",
            )
            newest = None
    if newest is not None:
        _compare(connection, newest, f"the checkpoint `{newest.id}` in the ledger", findings)
    if given is None:
        return 0
    if not trusted.trusts(given):
        findings.note(
            Kind.LEDGER_FAULT_KIND_SIGNATURE_WRONG, "the given checkpoint bears no good signature"
        )
        return 0
    return _compare(connection, given, f"the given checkpoint `{given.id}`", findings)


def _compare(connection: Connection, checkpoint: Checkpoint, name: str, findings: Findings) -> int:
    """Compares the ledger with a checkpoint; returns the number of records that it covers."""
    covered = 0
    for head in checkpoint.heads:
        row = next(read_rows(connection, head.chain, head.count - 1, head.count), None)
        if row is None:
            text = f"{name} counts {head.count} records"
            covered += note_missing(connection, head.chain, head.count, text, findings)
            continue
        covered += head.count
        if row.hash != head.hash:
            findings.at(
                row,
                Kind.LEDGER_FAULT_KIND_RECORD_CHANGED,
                f"the record is not the one that {name} names",
            )
    return covered
