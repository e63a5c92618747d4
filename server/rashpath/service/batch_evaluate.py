"""BatchEvaluate: decides many cases; each has a result of its own, and none fails another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rashpath.readings.compiled.pieces import tag_of, varint
from rashpath.service.errors import FieldFault, Refusal
from rashpath.service.request import check_envelope
from rashpath.v1.decision_pb2 import CaseError
from rashpath.v1.decision_pb2 import FieldFault as FieldFaultMessage
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    BatchEvaluateResult,
    EvaluateRequest,
    EvaluateResponse,
)
from rashpath.v1.errors_pb2 import ErrorReason

OF_THE_CALL = (
    ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
    ErrorReason.ERROR_REASON_DRAINING,
)
"""Refusals that end a whole batch, not one of its cases."""


def check_batch(request: BatchEvaluateRequest, most: int) -> None:
    """Checks a batch as a whole, before any case is decided.

    Raises:
        Refusal: more than `most` cases (TOO_LARGE), or an unknown field of the batch itself.
    """
    check_envelope(request, leave="requests")
    count = len(request.requests)
    if count > most:
        reason = ErrorReason.ERROR_REASON_TOO_LARGE
        text = f"`requests` has {count} cases, more than {most}; send several batches"
        raise Refusal(reason, text, (FieldFault("requests", text, reason),))


def results(
    request: BatchEvaluateRequest,
    evaluate: Callable[[EvaluateRequest], EvaluateResponse],
    fault: Callable[[Exception], Refusal],
) -> Iterator[BatchEvaluateResult]:
    """Yields one result a case, in the order of the requests; no fault of one ends the others."""
    for index, each in enumerate(request.requests):
        try:
            yield BatchEvaluateResult(index=index, response=evaluate(each))
        except Refusal as refusal:
            yield BatchEvaluateResult(index=index, error=case_error(refusal))
        except Exception as error:
            yield BatchEvaluateResult(index=index, error=case_error(fault(error)))


def answered(index: int, answer: bytes | memoryview) -> tuple[bytes | memoryview, ...]:
    """Returns an answer as the result of one case, in pieces of a `BatchEvaluateResponse`.

    Args:
        index: place of the case.
        answer: the `EvaluateResponse` in bytes.
    """
    place = _INDICES[index] if index < len(_INDICES) else _index(index)
    length = varint(len(answer))
    size = varint(len(place) + len(_RESPONSE) + len(length) + len(answer))
    return _RESULTS, size, place, _RESPONSE, length, answer


def refused(index: int, refusal: Refusal) -> tuple[bytes, ...]:
    """Returns a refusal as the result of one case, in pieces of a `BatchEvaluateResponse`."""
    error = BatchEvaluateResult(index=index, error=case_error(refusal)).SerializeToString()
    return _RESULTS, varint(len(error)), error


def answers_in(results: bytes) -> list[memoryview]:
    """Returns the answers in bytes of a `BatchEvaluateResponse` whose results are all answers."""
    view = memoryview(results)
    found = []
    at, end = 0, len(results)
    while at < end:
        size, at = _number(results, at + 1)
        stop = at + size
        if results[at] == _INDEX:
            _, at = _number(results, at + 1)
        _, at = _number(results, at + 1)
        found.append(view[at:stop])
        at = stop
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Returns the varint that begins somewhere, and what comes after it."""
    number = shift = 0
    while (byte := data[at]) > 0x7F:
        number |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    return number | byte << shift, at + 1


def _index(index: int) -> bytes:
    """Returns the first field of a batch's result: its place."""
    return BatchEvaluateResult(index=index).SerializeToString()


_RESULTS = tag_of(BatchEvaluateResponse, "results")
_RESPONSE = tag_of(BatchEvaluateResult, "response")
_INDEX = _index(1)[0]
_INDICES = tuple(_index(index) for index in range(1000))


def refusal_of_case(error: Exception, fault: Callable[[Exception], Refusal]) -> Refusal:
    """Returns an error as that of one case of a batch.

    Args:
        error: what was raised.
        fault: returns the refusal of an unexpected exception.

    Raises:
        Refusal: it ends the whole batch.
    """
    if not isinstance(error, Refusal):
        return fault(error)
    if error.reason in OF_THE_CALL:
        raise error
    return error


def case_error(refusal: Refusal) -> CaseError:
    """Returns a refusal as the result of one case of a batch."""
    return CaseError(
        code=refusal.code.name,
        message=refusal.message,
        fields=[
            FieldFaultMessage(field=each.field, description=each.description, reason=each.reason)
            for each in refusal.fields
        ],
        reason=refusal.reason,
    )
