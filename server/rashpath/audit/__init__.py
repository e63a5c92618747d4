"""The audit ledger: every decision is recorded before it is answered, and can be proven later."""

from rashpath.audit.config import AuditConfig
from rashpath.audit.ledger import Ledger
from rashpath.audit.opening import OpenStore, open_ledger, open_to_read
from rashpath.audit.outcome import Outcome, Recorded, Refused, Repeated
from rashpath.audit.record import Decided, assemble

__all__ = [
    "AuditConfig",
    "Decided",
    "Ledger",
    "OpenStore",
    "Outcome",
    "Recorded",
    "Refused",
    "Repeated",
    "assemble",
    "open_ledger",
    "open_to_read",
]
