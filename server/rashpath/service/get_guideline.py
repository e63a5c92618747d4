"""GetGuideline: serves one guideline, whole."""

from __future__ import annotations

from rashpath.facts.wording import Audience
from rashpath.guideline.release import Certificate
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import check_envelope
from rashpath.v1.guideline_service_pb2 import (
    GetGuidelineRequest,
    GetGuidelineResponse,
    ProofCertificate,
    ProvedProperty,
)


def get_guideline(guidelines: Guidelines, request: GetGuidelineRequest) -> GetGuidelineResponse:
    """Returns one guideline as it was loaded, with its review, and with its proof certificate.

    Raises:
        Refusal: the request has unknown fields, or the guideline is not served as named.
    """
    check_envelope(request)
    graph = guidelines.select(request.guideline)
    response = GetGuidelineResponse(
        info=graph.info(Audience.CLINICIAN),
        guideline=graph.guideline,
        review_history=guidelines.reviews.get(graph.digest, ()),
    )
    certificate = guidelines.certificates.get(graph.digest)
    if certificate is not None:
        response.certificate.CopyFrom(_message(certificate, graph.digest))
    return response


def _message(certificate: Certificate, digest: str) -> ProofCertificate:
    message = ProofCertificate(
        digest=digest,
        semantics_version=certificate.semantics_version,
        solver=certificate.solver,
        solver_version=certificate.solver_version,
        seconds=certificate.seconds,
        properties=[
            ProvedProperty(id=each.id, text=each.text, checked=each.checked, notes=each.notes)
            for each in certificate.properties
        ],
    )
    message.prove_time.FromJsonString(certificate.proved_at)
    return message
