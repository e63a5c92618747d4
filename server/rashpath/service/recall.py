"""Brings back a recorded decision: its guideline as it was, and the case as it was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rashpath.guideline import DecisionGraph
from rashpath.service.errors import FieldFault, Refusal
from rashpath.v1.audit_pb2 import RecordedDecision
from rashpath.v1.errors_pb2 import ErrorReason

_TELLS_OF_A_DECISION = (
    ErrorReason.ERROR_REASON_DECISION_NOT_FOUND,
    ErrorReason.ERROR_REASON_DECISION_ERASED,
    ErrorReason.ERROR_REASON_LEDGER_DAMAGED,
    ErrorReason.ERROR_REASON_KEY_UNKNOWN,
)
"""Refusals that say whether a decision is there."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recorded decision with its content, and the guideline that decided it."""

    graph: DecisionGraph
    decision: RecordedDecision


Recall = Callable[[str], Recalled]
"""Returns the recorded decision of an id, or raises a refusal."""


def nothing_recorded(decision_id: str) -> Recalled:
    """Refuses: no ledger is kept here.

    Raises:
        Refusal: always (AUDIT_OFF).
    """
    reason = ErrorReason.ERROR_REASON_AUDIT_OFF
    text = "`decision_id` needs the audit ledger, and none is kept here"
    raise Refusal(reason, text, (FieldFault("decision_id", text, reason),))


def own_only(recall: Recall, caller: str) -> Recall:
    """Returns a recall for somebody who may see no decisions but those that they asked for.

    Whether a decision of another one is there cannot be told from the refusal.

    Args:
        recall: returns any recorded decision.
        caller: who asks, as the ledger names them.
    """

    def recall_own(decision_id: str) -> Recalled:
        try:
            recalled = recall(decision_id)
        except Refusal as refusal:
            if refusal.reason in _TELLS_OF_A_DECISION:
                raise _not_own() from None
            raise
        if not caller or recalled.decision.record.caller != caller:
            raise _not_own()
        return recalled

    return recall_own


def _not_own() -> Refusal:
    reason = ErrorReason.ERROR_REASON_PERMISSION_DENIED
    text = "no decision of this id can be shown that you asked for; other ones need an `auditor`"
    return Refusal(reason, text, (FieldFault("decision_id", text, reason),))
