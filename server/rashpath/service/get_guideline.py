"""GetGuideline: serves one guideline, whole."""

from __future__ import annotations

from rashpath.facts.wording import Audience
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import check_envelope
from rashpath.v1.guideline_service_pb2 import GetGuidelineRequest, GetGuidelineResponse


def get_guideline(guidelines: Guidelines, request: GetGuidelineRequest) -> GetGuidelineResponse:
    """Returns one guideline as it was loaded.

    Raises:
        Refusal: the request has unknown fields, or the guideline is not served as named.
    """
    check_envelope(request)
    graph = guidelines.select(request.guideline)
    return GetGuidelineResponse(info=graph.info(Audience.CLINICIAN), guideline=graph.guideline)
