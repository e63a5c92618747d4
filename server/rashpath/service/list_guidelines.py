"""ListGuidelines: lists the guidelines that the server serves."""

from __future__ import annotations

from rashpath.facts.wording import Audience
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import check_envelope
from rashpath.v1.guideline_service_pb2 import ListGuidelinesRequest, ListGuidelinesResponse


def list_guidelines(
    guidelines: Guidelines, request: ListGuidelinesRequest
) -> ListGuidelinesResponse:
    """Returns every guideline, by id and then from the lowest version up.

    Raises:
        Refusal: the request has unknown fields.
    """
    check_envelope(request)
    infos = [graph.info(Audience.CLINICIAN) for graph in guidelines.all()]
    return ListGuidelinesResponse(guidelines=infos)
