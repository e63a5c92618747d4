"""One call on the wire: from request bytes to response bytes, or to a rich status.

Requests are taken as bytes and parsed here, so that junk is INVALID_ARGUMENT and unknown fields are
seen; grpc's own deserialiser would answer INTERNAL. Every call leaves one line in the log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message

from rashpath.service.application import Application
from rashpath.service.errors import DETAILS_KEY, FieldFault, Refusal, reason_name, rich_status
from rashpath.service.gate import Gate
from rashpath.service.log import Log
from rashpath.service.request import parse
from rashpath.service.settings import Settings
from rashpath.v1 import decision_service_pb2, guideline_service_pb2
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
    ExplainPathResponse,
)
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import GetGuidelineRequest, ListGuidelinesRequest

DECISION_SERVICE = decision_service_pb2.DESCRIPTOR.services_by_name["DecisionService"].full_name
GUIDELINE_SERVICE = guideline_service_pb2.DESCRIPTOR.services_by_name["GuidelineService"].full_name
SERVICES = frozenset({DECISION_SERVICE, GUIDELINE_SERVICE})

_RESULTS_TAG = b"\x0a"
"""Field 1, length-delimited: `BatchEvaluateResponse.results`."""

Context = Any
"""`grpc.aio.ServicerContext`, whose stubs know less than it does."""


@dataclass(slots=True)
class _Call:
    """What is known of one call while it lasts."""

    method: str
    data: bytes
    deadline: float
    started: float = field(default_factory=time.perf_counter)
    told: dict[str, Any] = field(default_factory=dict)


_Work = Callable[[_Call], Awaitable[bytes]]


class Calls:
    """The handlers of the service's methods.

    Args:
        application: answers.
        gate: who may work, and when.
        settings: limits of size and time.
        log: gets one line a call.
    """

    def __init__(self, application: Application, gate: Gate, settings: Settings, log: Log) -> None:
        self._application = application
        self._gate = gate
        self._settings = settings
        self._log = log

    def handlers(self) -> tuple[Any, ...]:
        """Returns the generic handlers to register with a `grpc.aio` server."""
        answers = self._application
        decision = {
            "Evaluate": self._handler("Evaluate", self._one(EvaluateRequest, answers.evaluate)),
            "ExplainPath": self._handler(
                "ExplainPath", self._one(ExplainPathRequest, answers.explain_path)
            ),
            "BatchEvaluate": self._handler(
                "BatchEvaluate", self._batch, self._settings.max_batch_bytes
            ),
        }
        guideline = {
            "ListGuidelines": self._handler(
                "ListGuidelines", self._one(ListGuidelinesRequest, answers.list_guidelines)
            ),
            "GetGuideline": self._handler(
                "GetGuideline", self._one(GetGuidelineRequest, answers.get_guideline)
            ),
        }
        return (
            grpc.method_handlers_generic_handler(DECISION_SERVICE, decision),
            grpc.method_handlers_generic_handler(GUIDELINE_SERVICE, guideline),
        )

    def _one(self, request_type: type[Message], answer: Callable[[Any], Message]) -> _Work:
        async def work(call: _Call) -> bytes:
            async with self._gate.turn(call.deadline):
                response = answer(parse(request_type, call.data))
                call.told |= _about(response)
                return response.SerializeToString()

        return work

    async def _batch(self, call: _Call) -> bytes:
        async with self._gate.turn(call.deadline):
            request = parse(BatchEvaluateRequest, call.data)
            results = self._application.batch_results(request)
        call.told |= {"cases": len(request.requests), "refused_cases": 0}
        parts: list[bytes] = []
        # A cancelled call ends at the next turn: nobody waits for the rest.
        while True:
            async with self._gate.turn(call.deadline):
                result = next(results, None)
                if result is None:
                    return b"".join(parts)
                call.told["refused_cases"] += result.HasField("error")
                encoded = result.SerializeToString()
                parts += (_RESULTS_TAG, _varint(len(encoded)), encoded)

    def _handler(self, method: str, work: _Work, largest: int | None = None) -> Any:
        largest = largest or self._settings.max_request_bytes

        async def handle(data: bytes, context: Context) -> bytes:
            loop = asyncio.get_running_loop()
            call = _Call(method, data, loop.time() + self._seconds(context))
            self._gate.expect()
            context.add_done_callback(lambda _: self._gate.sent())
            try:
                with self._gate.enter():
                    _require_size(data, largest)
                    response = await work(call)
                self._tell(call, context, "OK", response_bytes=len(response))
                return response
            except Refusal as error:
                refusal = error
            except asyncio.CancelledError:
                late = loop.time() >= call.deadline
                self._tell(call, context, "DEADLINE_EXCEEDED" if late else "CANCELLED")
                raise
            except Exception as error:
                refusal = self._application.fault(error)
            return await self._refuse(call, context, refusal)

        return grpc.unary_unary_rpc_method_handler(handle)

    def _seconds(self, context: Context) -> float:
        remaining = context.time_remaining()
        if remaining is None:
            remaining = self._settings.default_deadline_s
        return min(float(remaining), self._settings.max_deadline_s)

    async def _refuse(self, call: _Call, context: Context, refusal: Refusal) -> bytes:
        if "incident" in refusal.metadata:
            call.told["incident"] = refusal.metadata["incident"]
        reason = reason_name(refusal.reason)
        self._tell(call, context, refusal.code.name, reason=reason)
        status = rich_status(refusal)
        details = ((DETAILS_KEY, status.SerializeToString()),)
        await context.abort(refusal.code, status.message, details)
        raise AssertionError("abort never returns")

    def _tell(self, call: _Call, context: Context, code: str, **more: Any) -> None:
        seconds = time.perf_counter() - call.started
        self._log.info(
            "call",
            method=call.method,
            code=code,
            duration_ms=round(seconds * 1000, 3),
            request_bytes=len(call.data),
            peer=str(context.peer()).partition(":")[0],
            **call.told,
            **more,
        )


def _require_size(data: bytes, largest: int) -> None:
    if len(data) > largest:
        reason = ErrorReason.ERROR_REASON_TOO_LARGE
        text = f"the request has {len(data)} bytes, more than {largest}"
        raise Refusal(reason, text, (FieldFault("", text, reason),))


def _about(response: Message) -> dict[str, Any]:
    if isinstance(response, ExplainPathResponse):
        response = response.decision
    if isinstance(response, EvaluateResponse):
        guideline = response.guideline
        return {
            "decision_id": response.decision_id,
            "guideline": f"{guideline.id}@{guideline.version}",
        }
    return {}


def _varint(number: int) -> bytes:
    return bytes(_varint_bytes(number))


def _varint_bytes(number: int) -> Iterator[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number
