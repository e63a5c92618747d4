"""Evaluate: decides one case."""

from __future__ import annotations

from dataclasses import dataclass

from rashpath.readings.answer import answer
from rashpath.readings.walk import Walk, walk
from rashpath.service.decision_id import DecisionIds
from rashpath.service.errors import FieldFault, Refusal, invalid
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import audience_of, case_facts, check_envelope, require_case
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse
from rashpath.v1.errors_pb2 import ErrorReason

LONGEST_REQUEST_ID = 128
"""Characters of a request id."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that was made: the walk, and the answer that is projected from it."""

    walk: Walk
    response: EvaluateResponse


def decide(guidelines: Guidelines, ids: DecisionIds, request: EvaluateRequest) -> Decision:
    """Decides one case.

    Raises:
        Refusal: no case, faulty fields, or a guideline that is not served as named.
    """
    check_request(request)
    graph = guidelines.select(request.guideline)
    require_case(request)
    walked = walk(graph, case_facts(graph, request.patient_case))
    full = request.view == View.VIEW_FULL
    response = answer(walked, audience=audience_of(request.audience), full=full)
    response.decision_id = ids.next()
    return Decision(walked, response)


def check_request(request: EvaluateRequest) -> None:
    """Checks a request but for its case.

    Raises:
        Refusal: unknown fields, undefined values, or a request id that is too long.
    """
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
