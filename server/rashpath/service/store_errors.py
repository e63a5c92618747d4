"""What the ledger cannot do, as refusals."""

from __future__ import annotations

from rashpath.audit.errors import (
    DecisionErasedError,
    DecisionNotFoundError,
    KeyUnknownError,
    LedgerDamagedError,
    QueueFullError,
    RequestIdReusedError,
    StoreError,
    StoreUnavailableError,
)
from rashpath.audit.reading import PageTokenError
from rashpath.service.errors import FieldFault, Refusal
from rashpath.v1.errors_pb2 import ErrorReason


def refusal_of(error: StoreError) -> Refusal:
    """Returns the refusal that an error of the ledger means to a caller."""
    text = str(error)
    match error:
        case QueueFullError():
            reason = ErrorReason.ERROR_REASON_AUDIT_QUEUE_FULL
            return Refusal(reason, text, retry_after_s=error.retry_after_s)
        case StoreUnavailableError():
            reason = ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE
            # What the store said may name files and addresses of the operator.
            text = "the audit ledger cannot be reached, so nothing is answered; try again"
            return Refusal(reason, text, retry_after_s=error.retry_after_s)
        case RequestIdReusedError():
            reason = ErrorReason.ERROR_REASON_REQUEST_ID_REUSED
            metadata = {"decision_id": error.decision_id}
            return Refusal(reason, text, (FieldFault("request_id", text, reason),), metadata)
        case DecisionNotFoundError():
            reason = ErrorReason.ERROR_REASON_DECISION_NOT_FOUND
            return Refusal(reason, text, (FieldFault("decision_id", text, reason),))
        case DecisionErasedError():
            reason = ErrorReason.ERROR_REASON_DECISION_ERASED
            return Refusal(reason, text, (FieldFault("decision_id", text, reason),))
        case KeyUnknownError():
            return Refusal(ErrorReason.ERROR_REASON_KEY_UNKNOWN, text)
        case LedgerDamagedError():
            return Refusal(ErrorReason.ERROR_REASON_LEDGER_DAMAGED, text)
        case PageTokenError():
            reason = ErrorReason.ERROR_REASON_INVALID_REQUEST
            return Refusal(reason, text, (FieldFault("page_token", text, reason),))
        case _:
            return Refusal(ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE, text, retry_after_s=1.0)
