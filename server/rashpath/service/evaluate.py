"""Evaluate: decides one case."""

from __future__ import annotations

from rashpath.readings.answer import answer
from rashpath.readings.walk import walk
from rashpath.service.decision_id import DecisionIds
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import audience_of, case_facts, check_envelope, require_case
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse


def evaluate(
    guidelines: Guidelines, ids: DecisionIds, request: EvaluateRequest
) -> EvaluateResponse:
    """Returns the decision of one case.

    Raises:
        Refusal: no case, faulty fields, or a guideline that is not served as named.
    """
    check_envelope(request)
    graph = guidelines.select(request.guideline)
    require_case(request)
    facts = case_facts(graph, request.patient_case)
    full = request.view == View.VIEW_FULL
    response = answer(walk(graph, facts), audience=audience_of(request.audience), full=full)
    response.decision_id = ids.next()
    return response
