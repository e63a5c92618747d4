"""Every method, through a real server and the real client."""

from __future__ import annotations

import re
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from rashpath.client import Client
from rashpath.v1.decision_pb2 import DecisionStatus, View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, GuidelineSelector
from rashpath.v1.facts_pb2 import PatientCase, Trend

SPREADING = PatientCase(rash={"trend": Trend.TREND_SPREADING})


def test_an_empty_case_is_answered_with_questions(client: Client) -> None:
    """Knowing nothing of a patient is no error."""
    answer = client.evaluate(PatientCase())
    assert answer.status == DecisionStatus.DECISION_STATUS_NEEDS_FACTS
    assert answer.questions
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", answer.decision_id)


def test_the_same_case_gets_the_same_bytes(client: Client) -> None:
    """Two answers to one case differ in their id only, and the later id sorts behind."""
    first, second = client.evaluate(SPREADING), client.evaluate(SPREADING)
    assert first.decision_id < second.decision_id
    first.ClearField("decision_id")
    second.ClearField("decision_id")
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(
        deterministic=True
    )


def test_the_full_view_says_more_than_the_basic_one(client: Client) -> None:
    """What does not apply is told to those who ask for everything."""
    basic = client.evaluate(SPREADING)
    full = client.evaluate(SPREADING, view=View.VIEW_FULL)
    assert len(full.recommendations) > len(basic.recommendations)


def test_a_decision_is_explained(client: Client) -> None:
    """The explanation carries the decision, with an id of its own, and a comparison if asked."""
    recommendation = client.evaluate(SPREADING, view=View.VIEW_FULL).recommendations[0].id
    explained = client.explain_path(
        SPREADING, why=[recommendation], what_if={"rash.trend": "IMPROVING"}
    )
    assert explained.decision.decision_id
    assert [each.id for each in explained.recommendations] == [recommendation]
    assert explained.HasField("what_if")


def test_a_batch_answers_every_case_in_order(client: Client) -> None:
    """A faulty case in the middle has an error of its own; its neighbours are decided."""
    good = EvaluateRequest(patient_case=SPREADING)
    bad = EvaluateRequest(patient_case=PatientCase(renal={"serum_creatinine_mg_dl": 88.0}))
    results = client.batch_evaluate([good, bad, good]).results
    assert [each.index for each in results] == [0, 1, 2]
    assert [each.WhichOneof("result") for each in results] == ["response", "error", "response"]
    assert [each.field for each in results[1].error.fields] == ["renal.serum_creatinine_mg_dl"]
    assert results[1].error.code == "INVALID_ARGUMENT"
    single = client.evaluate(SPREADING)
    for answer in (results[0].response, single):
        answer.ClearField("decision_id")
    assert results[0].response == single


def test_an_empty_batch_has_an_empty_answer(client: Client) -> None:
    """No cases, no results, no error."""
    assert not client.batch_evaluate([]).results


def test_guidelines_are_listed_and_served(client: Client) -> None:
    """What the list names can be fetched, pinned by its digest."""
    listed = client.list_guidelines().guidelines
    assert listed
    for info in listed:
        served = client.get_guideline(
            GuidelineSelector(id=info.id, version=info.version, digest=info.digest)
        )
        assert served.info == info
        assert (served.guideline.id, served.guideline.version) == (info.id, info.version)


def test_an_answer_names_the_guideline_that_gave_it(client: Client) -> None:
    """Id, version and digest of an answer are those of the served guideline."""
    info = client.get_guideline().info
    answer = client.evaluate(PatientCase(), guideline=GuidelineSelector(digest=info.digest))
    assert answer.guideline.digest == info.digest


def test_health_is_told_for_each_service(client: Client) -> None:
    """The server and both its services are healthy; a service that is not there is not."""
    for service in ("", "rashpath.v1.DecisionService", "rashpath.v1.GuidelineService"):
        assert client.healthy(service)
    assert not client.healthy("rashpath.v1.NoService")


def test_reflection_tells_services_and_messages(server: Any) -> None:
    """A client that knows nothing, such as `buf curl`, can ask for all that it needs."""
    with grpc.insecure_channel(server.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(
                file_containing_symbol="rashpath.v1.DecisionService"
            ),
        ]
        listed, found = stub.ServerReflectionInfo(iter(asked), timeout=10)
    names = {each.name for each in listed.list_services_response.service}
    assert {"rashpath.v1.DecisionService", "rashpath.v1.GuidelineService"} <= names
    files = [
        FileDescriptorProto.FromString(each)
        for each in found.file_descriptor_response.file_descriptor_proto
    ]
    assert "rashpath/v1/decision_service.proto" in {each.name for each in files}
