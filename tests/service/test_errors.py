"""The catalogue of errors, and how a refusal travels."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2

from rashpath.facts.errors import Problem, Reason
from rashpath.service.errors import (
    FieldFault,
    Refusal,
    field_faults,
    invalid,
    reason_name,
    rich_status,
    status_code,
)
from rashpath.v1.errors_pb2 import ErrorReason

REASONS = [each for each in ErrorReason.values() if each]


@pytest.mark.parametrize("reason", REASONS, ids=reason_name)
def test_every_reason_has_a_status_code(reason: ErrorReason.ValueType) -> None:
    """No entry of the catalogue is without a canonical code."""
    assert status_code(reason) not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN)
    assert Refusal(reason, "").code is status_code(reason)


@pytest.mark.parametrize("reason", Reason)
def test_every_kind_of_faulty_fact_has_a_reason(reason: Reason) -> None:
    """What the facts can be refused for, the catalogue names; the shown text is the private one."""
    problem = Problem(reason, "patient.weight_kg", "is 8341.75", "is too much")
    (fault,) = field_faults([problem], unnamed="patient_case")
    assert fault.field == "patient.weight_kg"
    assert fault.description == "is too much"
    assert fault.reason in REASONS


def test_a_status_carries_all_details() -> None:
    """Reason, fields, facts for programs, and when to come back."""
    reason = ErrorReason.ERROR_REASON_OVERLOADED
    fault = FieldFault("why[0]", "no", ErrorReason.ERROR_REASON_OUT_OF_RANGE)
    status = rich_status(Refusal(reason, "busy", (fault,), {"a": "b"}, 1.25))
    info, request, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(request)
    assert status.details[2].Unpack(retry)
    assert (status.code, status.message) == (8, "busy")
    assert (info.reason, info.domain, dict(info.metadata)) == ("OVERLOADED", "rashpath", {"a": "b"})
    (violation,) = request.field_violations
    assert (violation.field, violation.reason) == ("why[0]", "OUT_OF_RANGE")
    assert (retry.retry_delay.seconds, retry.retry_delay.nanos) == (1, 250_000_000)


def test_a_status_stays_small_enough_for_trailers() -> None:
    """A request with hundreds of faults gets the first ones and the number of the others."""
    reason = ErrorReason.ERROR_REASON_OUT_OF_RANGE
    faults = tuple(FieldFault(f"group.fact_{n}", "x" * 700, reason) for n in range(300))
    status = rich_status(invalid(faults))
    assert status.ByteSize() < 5000
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(request)
    shown = len(request.field_violations)
    assert shown >= 1
    assert info.metadata["fields_left_out"] == str(300 - shown)
    assert "299 more" in status.message
