"""What a bad request gets, at the level of the wire: a code, a reason, and the field by name."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from rashpath.client.errors import ClientError, error_of
from rashpath.service.settings import Settings
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
    FactChange,
    GuidelineSelector,
)
from rashpath.v1.facts_pb2 import Patient, PatientCase, Renal

EVALUATE = "/rashpath.v1.DecisionService/Evaluate"
EXPLAIN = "/rashpath.v1.DecisionService/ExplainPath"
BATCH = "/rashpath.v1.DecisionService/BatchEvaluate"
LIST = "/rashpath.v1.GuidelineService/ListGuidelines"
GET = "/rashpath.v1.GuidelineService/GetGuideline"

UNKNOWN_FIELD = b"\xf8\x3f\x01"
"""Field 1023, a varint: what a newer client may send."""


@pytest.fixture(scope="module")
def channel(server: Any) -> Iterator[grpc.Channel]:
    """A bare channel, over which any bytes can be sent."""
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def refused(channel: grpc.Channel, method: str, data: bytes) -> ClientError:
    """Sends bytes and returns the error that they get."""
    with pytest.raises(grpc.RpcError) as failure:
        channel.unary_unary(method)(data, timeout=10)
    return error_of(failure.value)


def with_case(data: bytes) -> bytes:
    """Returns an EvaluateRequest whose case is those bytes."""
    return b"\x0a" + bytes([len(data)]) + data


def weight(value: float) -> bytes:
    """Returns an EvaluateRequest with that weight."""
    return EvaluateRequest(
        patient_case=PatientCase(patient=Patient(weight_kg=value))
    ).SerializeToString()


def the_case(**groups: Any) -> PatientCase:
    """Returns a case."""
    return PatientCase(**groups)


FIELD_FAULTS = [
    pytest.param(weight(math.nan), "patient.weight_kg", "NOT_FINITE", id="nan"),
    pytest.param(weight(math.inf), "patient.weight_kg", "NOT_FINITE", id="infinity"),
    pytest.param(weight(-math.inf), "patient.weight_kg", "NOT_FINITE", id="minus-infinity"),
    pytest.param(weight(0.99), "patient.weight_kg", "OUT_OF_RANGE", id="too-light"),
    pytest.param(weight(400.1), "patient.weight_kg", "OUT_OF_RANGE", id="too-heavy"),
    pytest.param(
        EvaluateRequest(
            patient_case=PatientCase(renal=Renal(serum_creatinine_mg_dl=88))
        ).SerializeToString(),
        "renal.serum_creatinine_mg_dl",
        "OUT_OF_RANGE",
        id="wrong-unit",
    ),
    pytest.param(
        with_case(b"\x12\x02\x08\x4d"), "rash.trend", "VALUE_UNDEFINED", id="undefined-enum-number"
    ),
    pytest.param(
        with_case(b"\x12\x03" + UNKNOWN_FIELD), "rash", "FIELD_UNKNOWN", id="unknown-fact"
    ),
    pytest.param(with_case(UNKNOWN_FIELD), "patient_case", "FIELD_UNKNOWN", id="unknown-group"),
    pytest.param(with_case(b"") + UNKNOWN_FIELD, "", "FIELD_UNKNOWN", id="unknown-request-field"),
    pytest.param(with_case(b"") + b"\x18\x4d", "view", "VALUE_UNDEFINED", id="undefined-view"),
    pytest.param(
        with_case(b"") + b"\x20\x4d", "audience", "VALUE_UNDEFINED", id="undefined-audience"
    ),
    pytest.param(
        with_case(b"") + b"\x12\x03" + UNKNOWN_FIELD,
        "guideline",
        "FIELD_UNKNOWN",
        id="unknown-selector-field",
    ),
]


@pytest.mark.parametrize(("data", "field", "reason"), FIELD_FAULTS)
def test_a_faulty_field_is_named(
    channel: grpc.Channel, data: bytes, field: str, reason: str
) -> None:
    """A value that no patient can have, or that this server does not know, is never ignored."""
    error = refused(channel, EVALUATE, data)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert [(fault.field, fault.reason) for fault in error.fields] == [(field, reason)]
    assert ("1023" if reason == "FIELD_UNKNOWN" else f"`{field}`") in error.message


def test_every_faulty_field_is_named_at_once(channel: grpc.Channel) -> None:
    """Nobody has to mend a case one error at a time."""
    case = the_case(
        patient={"age_years": 121, "weight_kg": math.nan}, renal={"serum_creatinine_mg_dl": 88}
    )
    error = refused(channel, EVALUATE, EvaluateRequest(patient_case=case).SerializeToString())
    assert [fault.field for fault in error.fields] == [
        "patient.age_years",
        "patient.weight_kg",
        "renal.serum_creatinine_mg_dl",
    ]


@pytest.mark.parametrize("method", [EVALUATE, EXPLAIN])
def test_a_missing_case_is_not_an_empty_one(channel: grpc.Channel, method: str) -> None:
    """A request whose case was forgotten is refused; an empty case would be answered."""
    error = refused(channel, method, b"")
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "CASE_MISSING")
    assert [fault.field for fault in error.fields] == ["patient_case"]


@pytest.mark.parametrize("method", [EVALUATE, EXPLAIN, BATCH, LIST, GET])
@pytest.mark.parametrize(
    "data",
    [b"\xff\xff\xff\xff", b"\x0a\x7f", b"\x00", b'{"patient_case": {}}', b"\x0b" * 200],
    ids=["ones", "cut-off", "zero", "json", "groups"],
)
def test_junk_bytes_are_an_invalid_argument(
    channel: grpc.Channel, method: str, data: bytes
) -> None:
    """Bytes that are no message are the caller's fault, not one of the server."""
    assert refused(channel, method, data).code == "INVALID_ARGUMENT"


def test_random_bytes_never_make_the_server_fail(channel: grpc.Channel) -> None:
    """Whatever comes in, the answer is a decision or INVALID_ARGUMENT."""
    noise = random.Random(7)
    method = channel.unary_unary(EVALUATE)
    codes = set()
    for _ in range(200):
        call = method.future(noise.randbytes(noise.randrange(1, 60)), timeout=10)
        codes.add(call.code().name)
    assert codes <= {"OK", "INVALID_ARGUMENT", "NOT_FOUND"}
    assert "INVALID_ARGUMENT" in codes


def test_another_message_is_refused(channel: grpc.Channel) -> None:
    """The bytes of an answer are not taken for a request."""
    data = EvaluateResponse(decision_id="01J", disclaimer="x").SerializeToString()
    assert refused(channel, EVALUATE, data).code == "INVALID_ARGUMENT"


def test_deep_nesting_is_refused(channel: grpc.Channel) -> None:
    """Messages within messages without end do not exhaust the server."""
    data = b""
    for _ in range(300):
        data = b"\x0a" + struct.pack("B", min(len(data), 127)) + data[:127]
    assert refused(channel, EVALUATE, data).code == "INVALID_ARGUMENT"


def test_text_that_is_not_utf8_is_refused(channel: grpc.Channel) -> None:
    """A guideline id in another encoding is an invalid argument."""
    assert refused(channel, EVALUATE, b"\x12\x04\x0a\x02\xff\xfe").code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("method", [EVALUATE, BATCH])
@pytest.mark.parametrize("size", [10_000_000, 20_000_000])
def test_an_oversize_request_is_refused_as_too_large(
    channel: grpc.Channel, method: str, size: int
) -> None:
    """A case of ten megabytes is no case, however it is sent."""
    error = refused(channel, method, b"\x12" + bytes(size))
    if method == BATCH and size == 10_000_000:
        assert error.code == "INVALID_ARGUMENT"  # a batch may be that large, but this is none
    else:
        assert (error.code, error.reason) == ("RESOURCE_EXHAUSTED", "TOO_LARGE")


def test_too_many_cases_are_refused_before_any_is_decided(start_server: Any) -> None:
    """The limit of a batch, a thousand by default, is told with its number."""
    server = start_server(max_batch=Settings.model_fields["max_batch"].default)
    request = BatchEvaluateRequest(requests=[EvaluateRequest(patient_case=PatientCase())] * 1001)
    with grpc.insecure_channel(server.address) as channel:
        error = refused(channel, BATCH, request.SerializeToString())
    assert (error.code, error.reason) == ("RESOURCE_EXHAUSTED", "TOO_LARGE")
    assert [fault.field for fault in error.fields] == ["requests"]
    assert "1000" in error.message


@pytest.mark.parametrize(
    ("selector", "code", "reason", "field"),
    [
        ({"id": "no_such"}, "NOT_FOUND", "GUIDELINE_NOT_FOUND", "guideline.id"),
        ({"version": "99.0.0"}, "NOT_FOUND", "VERSION_NOT_FOUND", "guideline.version"),
        ({"digest": "0" * 64}, "FAILED_PRECONDITION", "DIGEST_MISMATCH", "guideline.digest"),
    ],
)
@pytest.mark.parametrize("method", [EVALUATE, EXPLAIN, GET])
def test_a_guideline_that_is_not_served_is_named(
    channel: grpc.Channel, method: str, selector: dict[str, str], code: str, reason: str, field: str
) -> None:
    """A pinned guideline is never quietly replaced by another; the error says what there is."""
    chosen = GuidelineSelector(**selector)
    data = EvaluateRequest(patient_case=PatientCase(), guideline=chosen).SerializeToString()
    if method == GET:
        data = b"\x0a" + bytes([chosen.ByteSize()]) + chosen.SerializeToString()
    error = refused(channel, method, data)
    assert (error.code, error.reason) == (code, reason)
    assert [fault.field for fault in error.fields] == [field]
    listed = channel.unary_unary(GET)(b"", timeout=10)
    if "digest" in selector:
        assert error.metadata["current_digest"].encode() in listed
        assert error.metadata["current_digest"] in error.message
    else:
        assert "known: `" in error.message


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        ({"why": ["nothing_known"]}, "RECOMMENDATION_NOT_FOUND", "why[0]"),
        ({"why_not": ["nothing_known"]}, "RECOMMENDATION_NOT_FOUND", "why_not[0]"),
        (
            {"what_if": [FactChange(fact="rash.trned", value="SPREADING")]},
            "WHAT_IF_INVALID",
            "what_if[0].fact",
        ),
        (
            {"what_if": [FactChange(fact="rash.trend", value="WORSE")]},
            "WHAT_IF_INVALID",
            "what_if[0].value",
        ),
        (
            {"what_if": [FactChange(fact="patient.weight_kg", value="9000")]},
            "WHAT_IF_INVALID",
            "what_if[0].value",
        ),
        (
            {
                "what_if": [
                    FactChange(fact="rash.trend", value="SPREADING"),
                    FactChange(fact="rash.trend"),
                ]
            },
            "WHAT_IF_INVALID",
            "what_if[1].fact",
        ),
    ],
)
def test_a_question_about_nothing_is_refused(
    channel: grpc.Channel, request_: dict[str, Any], reason: str, field: str
) -> None:
    """An explanation of what is not there would mislead."""
    request = ExplainPathRequest(patient_case=PatientCase(), **request_)
    error = refused(channel, EXPLAIN, request.SerializeToString())
    code = "NOT_FOUND" if reason == "RECOMMENDATION_NOT_FOUND" else "INVALID_ARGUMENT"
    assert (error.code, error.reason) == (code, reason)
    assert [fault.field for fault in error.fields] == [field]


def test_a_misspelt_fact_gets_the_nearest_name(channel: grpc.Channel) -> None:
    """Whoever writes `rash.trned` is told of `rash.trend`."""
    request = ExplainPathRequest(
        patient_case=PatientCase(), what_if=[FactChange(fact="rash.trned", value="SPREADING")]
    )
    assert "`rash.trend`" in refused(channel, EXPLAIN, request.SerializeToString()).message


def test_no_error_shows_a_value_of_the_patient(channel: grpc.Channel) -> None:
    """Neither message nor details of an error repeat what the case held."""
    data = EvaluateRequest(
        patient_case=the_case(patient={"weight_kg": 8341.75}, renal={"creatinine_age_hours": 87654})
    )
    change = ExplainPathRequest(
        patient_case=PatientCase(),
        what_if=[FactChange(fact="patient.weight_kg", value="8341.75")],
    )
    for method, request in ((EVALUATE, data), (EXPLAIN, change)):
        with pytest.raises(grpc.RpcError) as failure:
            channel.unary_unary(method)(request.SerializeToString(), timeout=10)
        shown = repr(failure.value) + repr(failure.value.trailing_metadata())
        assert "8341" not in shown
        assert "87654" not in shown


def test_an_unknown_method_is_unimplemented(channel: grpc.Channel) -> None:
    """A method that this server does not have is told apart from a fault."""
    assert refused(channel, "/rashpath.v1.DecisionService/Guess", b"").code == "UNIMPLEMENTED"
