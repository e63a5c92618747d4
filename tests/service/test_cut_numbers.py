"""Whole numbers that do not fit their fields: what protobuf would cut is refused, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import SourceCodeInfo
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.client.errors import ClientError, error_of
from rashpath.service.cut_numbers import refuse_cut_numbers
from rashpath.service.errors import Refusal, reason_name
from rashpath.service.request import parse
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
)
from rashpath.v1.facts_pb2 import PatientCase
from tests.fuzz.wire import LENGTH, VARINT, encode, varint

DECISIONS = "/rashpath.v1.DecisionService"
EVALUATE = f"{DECISIONS}/Evaluate"

FACTS = [
    (group, fact)
    for group in PatientCase.DESCRIPTOR.fields
    if group.message_type is not None
    for fact in group.message_type.fields
    if fact.type in (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_ENUM)
]
"""Every fact that is sent as a varint, with its group."""


def padded(number: int, size: int) -> bytes:
    """Returns a varint of at least so many bytes."""
    made = bytearray(varint(number))
    while len(made) < size:
        made[-1] |= 128
        made.append(0)
    return bytes(made)


def message(number: int, *parts: bytes) -> bytes:
    """Returns a message in a field."""
    return encode([(number, LENGTH, b"".join(parts))])


def age(sent: bytes) -> bytes:
    """Returns an EvaluateRequest whose patient has an age of those bytes."""
    return message(1, message(1, b"\x08" + sent))


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


CUT = [
    pytest.param(EVALUATE, age(varint(2**32 + 45)), "patient.age_years", id="age"),
    pytest.param(EVALUATE, age(varint(2**63 + 45)), "patient.age_years", id="age-of-64-bits"),
    pytest.param(
        EVALUATE, age(b"\xad" + b"\x80" * 8 + b"\x7e"), "patient.age_years", id="age-beyond-64-bits"
    ),
    pytest.param(
        EVALUATE, message(1, message(2, b"\x08" + varint(2**32 + 3))), "rash.trend", id="choice"
    ),
    pytest.param(EVALUATE, message(1) + b"\x18" + varint(2**32 + 2), "view", id="view"),
    pytest.param(EVALUATE, message(1) + b"\x20" + varint(2**40 + 2), "audience", id="audience"),
    pytest.param(
        f"{DECISIONS}/ExplainPath", age(varint(2**32 + 45)), "patient.age_years", id="explain"
    ),
    pytest.param(
        f"{DECISIONS}/BatchEvaluate",
        message(1, age(b"\x2d")) + message(1, age(varint(2**32 + 45))),
        "requests[1].patient.age_years",
        id="batch",
    ),
    pytest.param(
        "/rashpath.v1.AuditService/ListDecisions",
        b"\x28" + varint(2**32 + 5),
        "page_size",
        id="page-size",
    ),
    pytest.param(
        "/rashpath.v1.GuidelineService/RenderDiagram",
        b"\x40" + varint(2**32 + 150),
        "dots_per_inch",
        id="dots-per-inch",
    ),
    pytest.param(
        "/rashpath.v1.GuidelineService/RenderDiagram",
        b"\x38" + varint(2**32),
        "mask_facts",
        id="flag",
    ),
]


@pytest.mark.parametrize(("method", "data", "field"), CUT)
def test_a_number_that_protobuf_cuts_is_refused_by_name(
    channel: grpc.Channel, method: str, data: bytes, field: str
) -> None:
    """An age of 2^32 + 45 is a fault of the sender, not an age of 45."""
    error = refused(channel, method, data)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert [(each.field, each.reason) for each in error.fields] == [(field, "OUT_OF_RANGE")]
    assert error.message == f"`{field}` has a number that does not fit into 32 bits"


SAME = [
    pytest.param(age(padded(45, 10)), id="more-bytes-than-needed"),
    pytest.param(message(1) + age(b"\x2d"), id="split-message"),
    pytest.param(age(b"\x2c\x08\x2d"), id="last-one-wins"),
    pytest.param(age(padded(44, 6) + b"\x08" + padded(45, 6)), id="last-one-wins-at-length"),
]


@pytest.mark.parametrize("data", SAME)
def test_what_merely_is_written_otherwise_is_answered(channel: grpc.Channel, data: bytes) -> None:
    """What protobuf allows besides the shortest form means what it always did."""
    usual = EvaluateResponse.FromString(channel.unary_unary(EVALUATE)(age(b"\x2d"), timeout=10))
    answer = EvaluateResponse.FromString(channel.unary_unary(EVALUATE)(data, timeout=10))
    usual.decision_id = answer.decision_id = ""
    assert answer == usual


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(FACTS),
    st.integers(0, 2**64 - 1) | st.integers(0, 200).map(lambda low: 2**32 + low),
    st.integers(1, 10),
    st.sampled_from((1, 2)),
)
def test_no_number_is_read_as_another(fact, sent, size, times):
    """Whatever 64 bits are sent for a fact: it is read as that number, or refused by name."""
    group, field = fact
    inner = encode([(field.number, VARINT, padded(sent, size))] * times)
    data = message(1, message(group.number, inner))
    if 2**31 <= sent < 2**64 - 2**31:
        with pytest.raises(Refusal) as refusal:
            parse(EvaluateRequest, data)
        assert {each.field for each in refusal.value.fields} == {f"{group.name}.{field.name}"}
    else:
        case = parse(EvaluateRequest, data).patient_case
        read = getattr(getattr(case, group.name), field.name)
        assert read == (sent if sent < 2**31 else sent - 2**64)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.sampled_from(FACTS), st.integers(0, 2**64 - 1)), max_size=6))
def test_one_misfit_among_many_facts_is_seen(sent):
    """Numbers that shrink and numbers that grow, together, hide nothing from one another."""
    parts = [
        message(group.number, encode([(field.number, VARINT, varint(number))]))
        for (group, field), number in sent
    ]
    misfits = [
        f"requests[0].{group.name}.{field.name}"
        for (group, field), number in sent
        if 2**31 <= number < 2**64 - 2**31
    ]
    found = []
    try:
        parse(BatchEvaluateRequest, message(1, message(1, *parts)))
    except Refusal as refusal:
        found = [each.field for each in refusal.fields]
    assert found == misfits


def test_what_is_unknown_stays_the_concern_of_others():
    """Fields that the contract does not have are refused as unknown ones, whatever they hold."""
    group = b"\x0b\x08" + varint(2**32 + 45) + b"\x0c"
    for data in (b"\xf8\x3f" + varint(2**40), group, b"\x08" + varint(2**40)):
        assert len(parse(ExplainPathRequest, data).SerializeToString()) > 0
    with pytest.raises(Refusal):
        parse(ExplainPathRequest, b"\x30" + varint(2**40))


def test_lists_of_numbers_are_read_too():
    """A list in one piece is looked into, though no request of the contract has one yet."""
    numbers = varint(1) + varint(2**32 + 7)
    with pytest.raises(Refusal) as refusal:
        refuse_cut_numbers(SourceCodeInfo.Location.DESCRIPTOR, message(1, numbers))
    assert [each.field for each in refusal.value.fields] == ["path[0]"]


def test_a_request_of_too_many_fields_is_refused_in_time():
    """What costs more to look at than a case ever does is not looked at."""
    data = age(varint(45) + b"\x08" + padded(45, 6)) + b"\x1a\x00" * 24_000
    with pytest.raises(Refusal) as refusal:
        parse(ExplainPathRequest, data)
    assert reason_name(refusal.value.reason) == "DOCUMENT_MALFORMED"
    assert "20000 fields" in refusal.value.message


def test_one_long_number_does_not_make_a_whole_batch_be_looked_through():
    """Only messages with bytes that a long number would have are read field by field: a batch of
    many whole cases, one number in it written with more bytes than it needs, is answered."""
    case = PatientCase()
    for group, field in FACTS:
        setattr(getattr(case, group.name), field.name, 1)
    many = BatchEvaluateRequest(requests=[EvaluateRequest(patient_case=case)] * 2_000)
    assert len(FACTS) * len(many.requests) > 100_000
    data = many.SerializeToString() + message(1, age(padded(45, 6)))
    last = parse(BatchEvaluateRequest, data).requests[2_000]
    assert last.patient_case.patient.age_years == 45
    with pytest.raises(Refusal) as refusal:
        parse(BatchEvaluateRequest, many.SerializeToString() + message(1, age(varint(2**32 + 45))))
    assert [each.field for each in refusal.value.fields] == ["requests[2000].patient.age_years"]
