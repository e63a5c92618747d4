"""Erases the content of a decision: its data key is deleted, and that is recorded.

The record stays and verifies; nobody can read its content any more. Backups and the logs of a
database keep the deleted key until they expire; in them it is wrapped by the keyring, where there
is one.
"""

from __future__ import annotations

from concurrent.futures import Future

from rashpath.audit.errors import DecisionErasedError
from rashpath.audit.ledger import Ledger
from rashpath.audit.outcome import Outcome
from rashpath.audit.record import assemble_erasure
from rashpath.audit.sortable_id import now_us, sortable_id


def submit_erasure(
    ledger: Ledger, decision_id: str, reason: str, caller: str, engine_version: str
) -> Future[tuple[Outcome, ...]]:
    """Has the content of a decision erased, in the same commit as the record of the erasure.

    Args:
        ledger: records the erasure.
        decision_id: the decision.
        reason: why, without patient data; at most 500 characters are recorded.
        caller: who asked for it, as the server authenticated them; empty: `anonymous`.
        engine_version: version of the software.

    Returns:
        What `Ledger.submit` returns; the one outcome names the record of the erasure.

    Raises:
        DecisionNotFoundError: it is not in the ledger.
        DecisionErasedError: it was erased before.
        StoreError: the store cannot be read, or takes nothing now.
    """
    if ledger.reader.stored(decision_id).erased:
        raise DecisionErasedError(decision_id)
    time_us = now_us()
    erasure = assemble_erasure(
        sortable_id(time_us), decision_id, reason, caller, engine_version, time_us
    )
    return ledger.submit([erasure])
