"""Brings back a recorded decision: its guideline as it was, and the case as it was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rashpath.guideline import DecisionGraph
from rashpath.service.errors import FieldFault, Refusal
from rashpath.v1.audit_pb2 import RecordedDecision
from rashpath.v1.errors_pb2 import ErrorReason


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
