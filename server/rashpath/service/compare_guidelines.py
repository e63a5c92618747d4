"""CompareGuidelines: tells what two guidelines decide differently, over all cases."""

from __future__ import annotations

from functools import lru_cache

from rashpath.guideline import DecisionGraph
from rashpath.readings.difference import DifferenceError, compare
from rashpath.readings.difference.message import message
from rashpath.service.errors import FieldFault, invalid
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import check_envelope
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import CompareGuidelinesRequest, CompareGuidelinesResponse


def compare_guidelines(
    guidelines: Guidelines, request: CompareGuidelinesRequest
) -> CompareGuidelinesResponse:
    """Compares two guidelines that are served; takes seconds where much differs.

    Raises:
        Refusal: the request has unknown fields, a guideline is not served as named, or the two
            have no type of case in common.
    """
    check_envelope(request)
    before = guidelines.select(request.before)
    after = guidelines.select(request.after)
    try:
        response = CompareGuidelinesResponse()
        response.CopyFrom(_compared(before, after))
        return response
    except DifferenceError as error:
        reason = ErrorReason.ERROR_REASON_TYPE_WRONG
        raise invalid((FieldFault("after", str(error), reason),)) from None


# Guidelines do not change while they are served, and are few.
@lru_cache(maxsize=16)
def _compared(before: DecisionGraph, after: DecisionGraph) -> CompareGuidelinesResponse:
    return message(compare(before, after))
