"""Evaluate: decides one case."""

from __future__ import annotations

from typing import NamedTuple

from rashpath.facts.check import has_unknown
from rashpath.readings.compiled.pieces import identified
from rashpath.readings.engine import Engine, Made
from rashpath.readings.walk import Walked
from rashpath.service.decision_id import DecisionIds
from rashpath.service.errors import FieldFault, Refusal, invalid
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import audience_of, case_facts, check_envelope, require_case
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_pb2 import Audience

_VIEWS = frozenset(View.values())
_AUDIENCES = frozenset(Audience.values())
_FULL = View.VIEW_FULL

LONGEST_REQUEST_ID = 128
"""Characters of a request id."""


class Decision(NamedTuple):
    """A decision that was made.

    Args:
        id: its id.
        walk: the way of the case.
        answer: the `EvaluateResponse` in bytes, with the id.
    """

    id: str
    walk: Walked
    answer: bytes


def decide(
    engine: Engine, guidelines: Guidelines, ids: DecisionIds, request: EvaluateRequest
) -> Decision:
    """Decides one case.

    Raises:
        Refusal: no case, faulty fields, or a guideline that is not served as named.
    """
    clean = not has_unknown(request)
    check_request(request, clean=clean)
    graph = guidelines.select(request.guideline)
    require_case(request)
    case = request.patient_case
    made = None
    if clean:
        made = engine.decide(
            graph,
            case,
            audience=audience_of(request.audience),
            full=request.view == _FULL,
        )
    if made is None:
        case_facts(graph, case)
        raise AssertionError("a case is either decided or refused with its faults")
    return with_id(ids.next(), made)


def with_id(id: str, made: Made) -> Decision:
    """Returns a decision with its id."""
    return Decision(id, made.walked, identified(id, made.answer))


def check_request(request: EvaluateRequest, *, clean: bool = False) -> None:
    """Checks a request but for its case.

    Args:
        request: the request.
        clean: whether it is known that neither it nor its case has unknown fields.

    Raises:
        Refusal: unknown fields, undefined values, or a request id that is too long.
    """
    if not (clean and request.view in _VIEWS and request.audience in _AUDIENCES):
        check_envelope(request)
    if len(request.request_id) > LONGEST_REQUEST_ID:
        text = f"`request_id` is longer than {LONGEST_REQUEST_ID} characters"
        raise invalid((FieldFault("request_id", text, ErrorReason.ERROR_REASON_OUT_OF_RANGE),))


def refuse_request_id(request: EvaluateRequest) -> None:
    """Refuses a request id where nothing is recorded that could be repeated.

    Raises:
        Refusal: the request has one (AUDIT_OFF).
    """
    if request.request_id:
        reason = ErrorReason.ERROR_REASON_AUDIT_OFF
        text = "`request_id` needs the audit ledger, and none is kept here"
        raise Refusal(reason, text, (FieldFault("request_id", text, reason),))
