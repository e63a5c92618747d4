"""Checks that what is joined from bytes is what protobuf would write."""

from __future__ import annotations

import pytest

from rashpath.audit import assemble
from rashpath.audit.chain import Position, link_all
from rashpath.audit.content import content_of, walked_nodes
from rashpath.audit.envelope import Seal
from rashpath.guideline.model import SEMANTICS_VERSION
from rashpath.v1 import guideline_pb2
from rashpath.v1.audit_pb2 import RECORD_KIND_DECISION, AuditEnvelope, AuditRecord
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from tests.audit.decisions import ENGINE, decided, dictionary, some_cases

TIME_US = 1_790_000_000_000_007


@pytest.mark.parametrize("pinned", [True, False])
def test_content_is_the_message_of_its_parts(graph, pinned):
    """Case, request, answer, walk and what applies stand in the content as they were."""
    for case in some_cases():
        request = EvaluateRequest(
            patient_case=case,
            view=View.VIEW_FULL if pinned else View.VIEW_BASIC,
            audience=guideline_pb2.AUDIENCE_PATIENT,
            request_id="r-1" if pinned else "",
        )
        if pinned:
            request.guideline.id = graph.guideline.id
        made = decided(graph, request)
        asked = EvaluateRequest()
        asked.CopyFrom(request)
        asked.ClearField("patient_case")
        expected = AuditEnvelope(
            patient_case=case,
            request=asked,
            answer=bytes(made.answer),
            walk=AuditEnvelope.FromString(walked_nodes(made.walk)).walk,
            recommendations=made.walk.applying,
        )
        content = content_of(request, bytes(made.answer), made.walk)
        assert content == expected.SerializeToString(deterministic=True)


@pytest.mark.parametrize("time_us", [0, 5, 2_000_000, TIME_US])
@pytest.mark.parametrize("request_id", ["", "r-1"])
@pytest.mark.parametrize("packed", [True, False])
def test_record_is_the_message_of_its_parts(graph, time_us, request_id, packed):
    """Each field of a record, and its place in a chain, reads as it was written."""
    seal = Seal(None, b"key")
    request = EvaluateRequest(patient_case=some_cases()[0], request_id=request_id)
    made = decided(graph, request, "ward 7")
    words = dictionary(graph) if packed else None
    entry = assemble(made, seal, time_us, words)
    position = Position("C" * 26, 300, bytes(range(32)))
    assert entry.sealed is not None
    expected = AuditRecord(
        id=made.decision_id,
        kind=RECORD_KIND_DECISION,
        caller="ward 7",
        request_hash=seal.request_hash("ward 7", request_id),
        guideline_id=graph.guideline.id,
        guideline_version=graph.guideline.version,
        guideline_digest=graph.digest,
        engine_version=ENGINE,
        semantics_version=SEMANTICS_VERSION,
        envelope_commitment=entry.sealed.commitment,
        ciphertext_digest=entry.sealed.digest,
        chain="C" * 26,
        sequence=301,
        previous_hash=bytes(range(32)),
        content_format=1,
        dictionary_digest=dictionary(graph).digest if packed else "",
    )
    expected.time.FromMicroseconds(time_us)
    ((body,), _) = link_all([entry.head], position)
    assert AuditRecord.FromString(body) == expected
