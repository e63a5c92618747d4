"""Roles, and which of them may call what: one table for every method of every service.

Some methods look further, at what the request asks for; their rules are the functions below the
table. A method that is not in the table cannot be served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rashpath.service.errors import Refusal
from rashpath.v1.decision_service_pb2 import ExplainPathRequest
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import RenderDiagramRequest


class Role(StrEnum):
    """What somebody is trusted with."""

    CALLER = "caller"
    AUDITOR = "auditor"
    AUTHOR = "author"


Roles = frozenset[Role]

ALL_ROLES: Roles = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whom the server knows.

    Args:
        name: unique among all callers, as the ledger records it.
        roles: what they may do; empty: nothing.
    """

    name: str
    roles: Roles


_CALLER = frozenset({Role.CALLER})
_AUDITOR = frozenset({Role.AUDITOR})
_AUTHOR = frozenset({Role.AUTHOR})

_DECISION = "rashpath.v1.DecisionService"
_GUIDELINE = "rashpath.v1.GuidelineService"
_AUDIT = "rashpath.v1.AuditService"

POLICY: Mapping[str, Roles] = {
    f"{_DECISION}.Evaluate": _CALLER,
    f"{_DECISION}.BatchEvaluate": _CALLER,
    # A case, or a decision of one's own: a caller. Any recorded decision: an auditor.
    f"{_DECISION}.ExplainPath": _CALLER | _AUDITOR,
    f"{_GUIDELINE}.ListGuidelines": ALL_ROLES,
    # Out of the ledger: an auditor or an author.
    f"{_GUIDELINE}.GetGuideline": ALL_ROLES,
    # The graph alone: all. The way of a case: a caller. Of a recorded decision: an auditor.
    f"{_GUIDELINE}.RenderDiagram": ALL_ROLES,
    f"{_GUIDELINE}.CompareGuidelines": _AUTHOR,
    f"{_AUDIT}.GetDecision": _AUDITOR,
    f"{_AUDIT}.ListDecisions": _AUDITOR,
    f"{_AUDIT}.VerifyLedger": _AUDITOR,
    f"{_AUDIT}.ReplayDecision": _AUDITOR,
    f"{_AUDIT}.CreateCheckpoint": _AUDITOR,
    f"{_AUDIT}.EraseDecision": _AUDITOR,
}
"""Full name of each method, and the roles of which one is enough."""


def require(roles: Roles, enough: Roles, what: str) -> None:
    """Refuses who has none of some roles.

    Args:
        roles: those of the caller.
        enough: those of which one is enough.
        what: what was asked for, for the message.

    Raises:
        Refusal: the caller has none of them (PERMISSION_DENIED).
    """
    if not roles & enough:
        needed = " or ".join(f"`{each}`" for each in sorted(enough))
        raise denied(f"{what} needs the role {needed}")


def require_for_explanation(roles: Roles, request: ExplainPathRequest) -> None:
    """Refuses an explanation that a caller's roles do not allow.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if not request.decision_id:
        require(roles, _CALLER, "the explanation of a case")


def require_for_picture(roles: Roles, request: RenderDiagramRequest) -> None:
    """Refuses a picture that a caller's roles do not allow.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    match request.WhichOneof("overlay"):
        case "decision_id":
            require(roles, _AUDITOR, "the picture of a recorded decision")
        case "patient_case":
            require(roles, _CALLER, "the picture of a case")


def may_read_kept_guidelines(roles: Roles) -> bool:
    """Tells whether guidelines out of the ledger may be read."""
    return bool(roles & (_AUDITOR | _AUTHOR))


def may_read_all_decisions(roles: Roles) -> bool:
    """Tells whether decisions that others asked for may be read."""
    return bool(roles & _AUDITOR)


def denied(text: str) -> Refusal:
    """Returns the refusal of somebody who is known but may not do this."""
    return Refusal(ErrorReason.ERROR_REASON_PERMISSION_DENIED, text)
