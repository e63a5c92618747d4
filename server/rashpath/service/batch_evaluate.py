"""BatchEvaluate: decides many cases; each has a result of its own, and none fails another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rashpath.service.errors import FieldFault, Refusal
from rashpath.service.request import check_envelope
from rashpath.v1.decision_pb2 import CaseError
from rashpath.v1.decision_pb2 import FieldFault as FieldFaultMessage
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResult,
    EvaluateRequest,
    EvaluateResponse,
)
from rashpath.v1.errors_pb2 import ErrorReason


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
