"""What a call can fail with: one base, and a child for each thing that a caller does about it.

Errors are told apart by status code and by the reason from the service's catalogue, never by
their text.
"""

# ruff: noqa: N818 - callers catch what happened: `except NotFound`, not `except NotFoundError`

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DOMAIN = "rashpath"
_DETAILS_KEY = "grpc-status-details-bin"
_BUSY = frozenset({"OVERLOADED", "AUDIT_QUEUE_FULL", "RATE_LIMITED"})
_TOO_LARGE = "TOO_LARGE"


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One faulty field of a request.

    Args:
        field: path within the case for facts (`rash.trend`), else within the request.
        description: what is wrong, without patient values.
        reason: name from the catalogue, such as `OUT_OF_RANGE`; empty where none was sent.
    """

    field: str
    description: str
    reason: str


class ClientError(Exception):
    """A call that got no answer.

    Args:
        code: name of the canonical status code, such as `INVALID_ARGUMENT`.
        message: what is wrong, in words.
        reason: name from the service's catalogue, such as `OUT_OF_RANGE`; empty where the answer
            did not come from the service.
        fields: the faulty fields, in the order of the request.
        retry_after_s: seconds after which the same call may do better; None: the server gave none.
        metadata: facts for programs, such as `current_digest`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reason: str = "",
        fields: tuple[FieldFault, ...] = (),
        retry_after_s: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.fields = fields
        self.retry_after_s = retry_after_s
        self.metadata: Mapping[str, str] = metadata or {}


class InvalidCase(ClientError):
    """The request is faulty; `fields` names what to mend."""


class TooLarge(InvalidCase):
    """The request, the batch or the answer is larger than one side takes."""


class NotFound(ClientError):
    """The guideline, version, recommendation or recorded decision is not there."""


class PreconditionFailed(ClientError):
    """The state of things forbids it; `reason` says which.

    DIGEST_MISMATCH: another digest than the pinned one is served, `metadata["current_digest"]`.
    AUDIT_OFF: the server keeps no ledger. DECISION_ERASED, KEY_UNKNOWN: the content is gone, or
    the server was not given its key.
    """


class RequestIdReused(ClientError):
    """The request id was used for another case or pin; `metadata["decision_id"]` says which."""


class Unauthenticated(ClientError):
    """The server does not know who calls; `metadata["why"]` says what is wrong with the token or
    the certificate, such as `token_expired`."""


class PermissionDenied(ClientError):
    """The server knows who calls, and they may not do this."""


class Overloaded(ClientError):
    """The server has as much work, or as many records to write, as it may have, or this caller
    sends more than one caller may (RATE_LIMITED); try again after `retry_after_s`."""


class Unavailable(ClientError):
    """No server could be reached, it is shutting down, it cannot record what it decides, or it
    cannot check tokens at present."""


class DeadlineExceeded(ClientError):
    """The answer did not come in time."""


class ServerFault(ClientError):
    """The service failed; `metadata["incident"]` names the fault in its log."""


class LedgerDamaged(ServerFault):
    """What the audit ledger holds is not what was recorded; a verification says more."""


_BY_CODE: Mapping[str, type[ClientError]] = {
    "INVALID_ARGUMENT": InvalidCase,
    "NOT_FOUND": NotFound,
    "FAILED_PRECONDITION": PreconditionFailed,
    "ALREADY_EXISTS": RequestIdReused,
    "UNAUTHENTICATED": Unauthenticated,
    "PERMISSION_DENIED": PermissionDenied,
    "UNAVAILABLE": Unavailable,
    # A server that ends cancels the calls that it had not taken up; nobody cancels ours.
    "CANCELLED": Unavailable,
    "DEADLINE_EXCEEDED": DeadlineExceeded,
    "INTERNAL": ServerFault,
    "UNKNOWN": ServerFault,
    "DATA_LOSS": LedgerDamaged,
    "UNIMPLEMENTED": ServerFault,
}


def class_of(code: str, reason: str) -> type[ClientError]:
    """Returns the class of error for a status code and a reason, each by name.

    Example:
        >>> class_of("RESOURCE_EXHAUSTED", "OVERLOADED").__name__
        'Overloaded'
    """
    if code == "RESOURCE_EXHAUSTED":
        # grpc itself gives this code, without a reason, to messages above its limits only.
        return Overloaded if reason in _BUSY else TooLarge
    return _BY_CODE.get(code, ClientError)


def error_of(failure: grpc.RpcError) -> ClientError:
    """Returns the error that a failed call stands for, with all details that were sent."""
    code = failure.code().name if isinstance(failure, grpc.Call) else "UNKNOWN"
    message = (failure.details() if isinstance(failure, grpc.Call) else "") or ""
    reason = ""
    fields: tuple[FieldFault, ...] = ()
    retry_after_s = None
    metadata: dict[str, str] = {}
    for detail in _details(failure):
        info = error_details_pb2.ErrorInfo()
        request = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info) and info.domain == _DOMAIN:
            reason = info.reason
            metadata = dict(info.metadata)
        elif detail.Unpack(request):
            fields = tuple(
                FieldFault(each.field, each.description, each.reason)
                for each in request.field_violations
            )
        elif detail.Unpack(retry):
            retry_after_s = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    if not reason:
        message, reason = _without_service(code, message)
    return class_of(code, reason)(
        code,
        message,
        reason=reason,
        fields=fields,
        retry_after_s=retry_after_s,
        metadata=metadata,
    )


def _details(failure: grpc.RpcError) -> list[any_pb2.Any]:
    if not isinstance(failure, grpc.Call):
        return []
    trailers: Iterable[tuple[str, str | bytes]] = failure.trailing_metadata() or ()
    for key, value in trailers:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return list(status_pb2.Status.FromString(value).details)
            except DecodeError:
                return []
    return []


def _without_service(code: str, message: str) -> tuple[str, str]:
    """Returns words and the reason for what grpc itself says, whose own words help nobody."""
    match code:
        case "UNAVAILABLE":
            return "no server could be reached", "UNREACHABLE"
        case "CANCELLED":
            return "the server ended before it took the call up", "UNREACHABLE"
        case "DEADLINE_EXCEEDED":
            return "the answer did not come in time", "DEADLINE_EXCEEDED"
        case "RESOURCE_EXHAUSTED":
            return "the request or the answer is larger than may be sent", _TOO_LARGE
        case "UNIMPLEMENTED":
            return "the server does not have this method; it may be older than the client", ""
        case _:
            return message or f"the call failed with {code}", ""
