"""Raw bytes as Evaluate, BatchEvaluate and ExplainPath requests, as `rashpath.service.calls` does.

An answer must have been due (see :mod:`tests.fuzz.reading`); of every 32nd input, the
compiled and the plain engine must say the same.
"""

from __future__ import annotations

from functools import cache
from zlib import crc32

from rashpath.readings.engine import GraphEngine
from rashpath.service.application import Application
from rashpath.service.errors import Refusal, rich_status
from rashpath.service.evaluate import refuse_request_id
from rashpath.service.guidelines import load_guidelines
from rashpath.service.request import parse
from rashpath.v1.decision_pb2 import CaseError, View
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
)
from rashpath.v1.errors_pb2 import ErrorReason
from tests.fuzz import wire
from tests.fuzz.outcome import FaultError, Outcome
from tests.fuzz.reading import objection

_SAMPLE = 32
_LARGEST_STATUS = 8 << 10
"""Bytes of a status in trailers: what gRPC takes."""


def _raise(incident: str, error: Exception) -> None:
    """Lets an unexpected exception end the input, instead of becoming INTERNAL."""
    raise error


@cache
def applications() -> tuple[Application, Application]:
    """Returns the service without its transport, once with each engine."""
    guidelines = load_guidelines()
    compiled = Application(guidelines, report=_raise)
    return compiled, Application(guidelines, report=_raise, engine=GraphEngine())


def _sampled(data: bytes) -> bool:
    return crc32(data) % _SAMPLE == 0


def _require_reason(refusal: Refusal) -> None:
    if refusal.reason == ErrorReason.ERROR_REASON_INTERNAL or not refusal.message:
        raise FaultError(f"refused without a reason: {refusal.message}")
    size = len(rich_status(refusal).SerializeToString())
    if size > _LARGEST_STATUS:
        raise FaultError(f"a status of {size} bytes")


def _require_due(data: bytes, request: EvaluateRequest | ExplainPathRequest) -> None:
    why = objection(data, request)
    if why:
        raise FaultError(f"silent answer: {why}")
    if not request.HasField("patient_case"):
        raise FaultError("silent answer: there is no case")


def _said(application: Application, request: EvaluateRequest) -> bytes | Refusal:
    try:
        answer = EvaluateResponse.FromString(application.decide(request).answer)
    except Refusal as refusal:
        return refusal
    answer.decision_id = ""
    return answer.SerializeToString(deterministic=True)


def evaluate(data: bytes) -> Outcome:
    """Feeds one Evaluate request."""
    compiled, plain = applications()
    answer = b""
    try:
        request = parse(EvaluateRequest, data)
    except Refusal as refusal:
        if _sampled(data):
            _require_reason(refusal)
        return Outcome.REFUSED
    try:
        refuse_request_id(request)
        answer = compiled.decide(request).answer
    except Refusal as refusal:
        if not _sampled(data):
            return Outcome.REFUSED
        _require_reason(refusal)
        if refusal.reason != ErrorReason.ERROR_REASON_AUDIT_OFF:
            other = _said(plain, request)
            if not isinstance(other, Refusal) or other.fields != refusal.fields:
                raise FaultError("the engines refuse differently") from None
        return Outcome.REFUSED
    _require_due(data, request)
    if _sampled(data):
        response = EvaluateResponse.FromString(answer)
        if not (response.decision_id and response.status and response.guideline.digest):
            raise FaultError("an answer without id, status or digest")
        response.decision_id = ""
        if response.SerializeToString(deterministic=True) != _said(plain, request):
            raise FaultError("the engines answer differently")
    return Outcome.ANSWERED


def batch_evaluate(data: bytes) -> Outcome:
    """Feeds one BatchEvaluate request; each case must come to what it comes to alone."""
    compiled, _ = applications()
    try:
        request = parse(BatchEvaluateRequest, data)
        response = compiled.batch_evaluate(request)
    except Refusal as refusal:
        _require_reason(refusal)
        return Outcome.REFUSED
    if len(response.results) != len(request.requests):
        raise FaultError("a batch with more or fewer results than cases")
    sent = [content for number, _, content in wire.fields(data) if number == 1]
    outcome = Outcome.REFUSED
    for index, (each, result) in enumerate(zip(request.requests, response.results, strict=True)):
        if result.index != index:
            raise FaultError("results out of order")
        # Serialised anew, unknown fields are kept; as it was sent, numbers are too.
        alone = each.SerializeToString()
        if result.HasField("response"):
            outcome = Outcome.ANSWERED
            _require_due(sent[index], each)
            if evaluate(alone) is not Outcome.ANSWERED:
                raise FaultError("answered in a batch, refused alone")
        else:
            _require_case_error(result.error)
            if evaluate(alone) is not Outcome.REFUSED:
                raise FaultError("refused in a batch, answered alone")
    return outcome


def _require_case_error(error: CaseError) -> None:
    if not (error.code and error.message and error.reason):
        raise FaultError("a case refused without a reason")
    if error.reason == ErrorReason.ERROR_REASON_INTERNAL:
        raise FaultError(error.message)


def explain_path(data: bytes) -> Outcome:
    """Feeds one ExplainPath request; its decision must be that of Evaluate."""
    compiled, _ = applications()
    try:
        request = parse(ExplainPathRequest, data)
        response = compiled.explain_path(request)
    except Refusal as refusal:
        _require_reason(refusal)
        return Outcome.REFUSED
    _require_due(data, request)
    response.decision.decision_id = ""
    same = EvaluateRequest(
        patient_case=request.patient_case,
        guideline=request.guideline,
        view=View.VIEW_FULL,
        audience=request.audience,
    )
    if response.decision.SerializeToString(deterministic=True) != _said(compiled, same):
        raise FaultError("explains another decision than Evaluate makes")
    return Outcome.ANSWERED
