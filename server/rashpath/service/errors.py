"""Why the service refuses a request, and how a refusal travels.

The catalogue of reasons is the enum `ErrorReason` of the contract, each value with its canonical
status code; there is no second list. This is the one module of the service that names gRPC codes.
No text here holds a value of a patient: faults of facts enter with their private text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from rashpath.facts.errors import Problem, RashpathError, Reason
from rashpath.v1 import errors_pb2
from rashpath.v1.errors_pb2 import ErrorReason

DOMAIN = "rashpath"
"""The domain of every `ErrorInfo` that the service sends."""

DETAILS_KEY = "grpc-status-details-bin"
"""The trailer that carries the rich status."""

_PREFIX = "ERROR_REASON_"
_LARGEST_STATUS = 4000
"""Bytes of a rich status: trailers travel beside it, and clients refuse more than 8 KiB."""

_LONGEST_MESSAGE = 500
_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}

_BY_PROBLEM: Mapping[Reason, ErrorReason.ValueType] = {
    Reason.SYNTAX: ErrorReason.ERROR_REASON_DOCUMENT_MALFORMED,
    Reason.TOO_LARGE: ErrorReason.ERROR_REASON_TOO_LARGE,
    Reason.UNKNOWN_FIELD: ErrorReason.ERROR_REASON_FIELD_UNKNOWN,
    Reason.DUPLICATE_FIELD: ErrorReason.ERROR_REASON_DOCUMENT_MALFORMED,
    Reason.WRONG_TYPE: ErrorReason.ERROR_REASON_TYPE_WRONG,
    Reason.NOT_FINITE: ErrorReason.ERROR_REASON_NOT_FINITE,
    Reason.OUT_OF_RANGE: ErrorReason.ERROR_REASON_OUT_OF_RANGE,
    Reason.UNDEFINED_VALUE: ErrorReason.ERROR_REASON_VALUE_UNDEFINED,
}


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One faulty field of a request.

    Args:
        field: path within the case for facts (`rash.trend`), else within the request
            (`guideline.version`, `why[0]`).
        description: what is wrong, without patient values.
        reason: the kind of fault.
    """

    field: str
    description: str
    reason: ErrorReason.ValueType


class Refusal(RashpathError):  # noqa: N818 - not a fault of ours, but an outcome
    """A request that gets no answer, and why.

    Args:
        reason: entry of the catalogue; it decides the status code.
        message: what is wrong and what to do, without patient values.
        fields: the faulty fields, in the order of the request.
        metadata: facts for programs, such as the digest that is served.
        retry_after_s: seconds after which the same request may do better; None: it will not.
    """

    def __init__(
        self,
        reason: ErrorReason.ValueType,
        message: str,
        fields: tuple[FieldFault, ...] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.fields = fields
        self.metadata: Mapping[str, str] = metadata or {}
        self.retry_after_s = retry_after_s

    @property
    def code(self) -> grpc.StatusCode:
        """The canonical status code of the reason."""
        return status_code(self.reason)


@lru_cache(maxsize=64)
def status_code(reason: ErrorReason.ValueType) -> grpc.StatusCode:
    """Returns the status code that the catalogue gives a reason.

    Example:
        >>> status_code(ErrorReason.ERROR_REASON_DIGEST_MISMATCH).name
        'FAILED_PRECONDITION'
    """
    options = ErrorReason.DESCRIPTOR.values_by_number[reason].GetOptions()
    number = options.Extensions[errors_pb2.status_code]
    return _GRPC_CODES[number] if number else grpc.StatusCode.UNKNOWN


def reason_name(reason: ErrorReason.ValueType) -> str:
    """Returns the name of a reason as it travels, without its prefix.

    Example:
        >>> reason_name(ErrorReason.ERROR_REASON_OVERLOADED)
        'OVERLOADED'
    """
    return ErrorReason.Name(reason).removeprefix(_PREFIX)


def field_faults(problems: Iterable[Problem], *, unnamed: str) -> tuple[FieldFault, ...]:
    """Returns the faults of facts as field faults, with their private texts.

    Args:
        problems: the faults.
        unnamed: the field to name where a fault has none.
    """
    return tuple(
        FieldFault(each.field or unnamed, each.private_text, _BY_PROBLEM[each.reason])
        for each in problems
    )


def invalid(fields: tuple[FieldFault, ...]) -> Refusal:
    """Returns the refusal of a request with faulty fields."""
    first = fields[0].description
    more = f"; and {len(fields) - 1} more" if len(fields) > 1 else ""
    shown = first[: _LONGEST_MESSAGE - len(more)]
    return Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, f"{shown}{more}", fields)


def rich_status(refusal: Refusal) -> status_pb2.Status:
    """Returns the `google.rpc.Status` of a refusal.

    Field violations that would make the status larger than trailers may be are left out, and
    `ErrorInfo.metadata["fields_left_out"]` counts them.
    """
    info = error_details_pb2.ErrorInfo(
        reason=reason_name(refusal.reason), domain=DOMAIN, metadata=dict(refusal.metadata)
    )
    status = status_pb2.Status(
        code=refusal.code.value[0], message=refusal.message[:_LONGEST_MESSAGE]
    )
    details = [any_pb2.Any()]
    if refusal.fields:
        room = _LARGEST_STATUS - status.ByteSize() - info.ByteSize()
        request, left_out = _bad_request(refusal.fields, room)
        if left_out:
            info.metadata["fields_left_out"] = str(left_out)
        details.append(any_pb2.Any())
        details[-1].Pack(request)
    details[0].Pack(info)
    if refusal.retry_after_s is not None:
        wait = duration_pb2.Duration(nanos=round(refusal.retry_after_s * 1e9) % 10**9)
        wait.seconds = int(round(refusal.retry_after_s * 1e9) // 10**9)
        details.append(any_pb2.Any())
        details[-1].Pack(error_details_pb2.RetryInfo(retry_delay=wait))
    status.details.extend(details)
    return status


def _bad_request(
    fields: tuple[FieldFault, ...], room: int
) -> tuple[error_details_pb2.BadRequest, int]:
    request = error_details_pb2.BadRequest()
    for index, fault in enumerate(fields):
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=fault.field[:_LONGEST_MESSAGE],
            description=fault.description[:_LONGEST_MESSAGE],
            reason=reason_name(fault.reason),
        )
        room -= violation.ByteSize() + 4
        if room < 0 and index:
            return request, len(fields) - index
        request.field_violations.append(violation)
    return request, 0
