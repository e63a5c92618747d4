"""One call on the wire: from request bytes to response bytes, or to a rich status.

Requests are taken as bytes and parsed by what answers them, so that junk is INVALID_ARGUMENT and
unknown fields are seen; grpc's own deserialiser would answer INTERNAL. Every call leaves one line
in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

from rashpath.service.call import Call, Context, Work
from rashpath.service.errors import DETAILS_KEY, FieldFault, Refusal, reason_name, rich_status
from rashpath.service.gate import Gate
from rashpath.service.identity.door import Door
from rashpath.service.observer import Observer
from rashpath.service.refusals import Refusals
from rashpath.service.settings import Settings
from rashpath.v1.errors_pb2 import ErrorReason

BATCH = "BatchEvaluate"
"""The method whose requests may be larger than those of others."""

_CLOCKS_APART_S = 0.02
"""A caller's time is over a little before ours, since it began before the request came here: what
is given up so shortly before is late, too."""


class Wire:
    """Makes the handlers that a `grpc.aio` server calls.

    Args:
        gate: who may work, and when.
        settings: limits of size and time.
        observer: sees every call.
        door: knows who calls and what they may do; None: everybody may do everything.
        refusals: counts what is refused.
        fault: returns the refusal of an unexpected exception, and reports it.
    """

    def __init__(
        self,
        gate: Gate,
        settings: Settings,
        observer: Observer,
        door: Door | None,
        refusals: Refusals,
        fault: Callable[[Exception], Refusal],
    ) -> None:
        self._gate = gate
        self._settings = settings
        self._observer = observer
        self._door = door
        self._refusals = refusals
        self._fault = fault

    def handler(self, service: str, method: str, work: Work) -> Any:
        """Returns the handler of a method.

        Args:
            service: full name of the service.
            method: name of the method.
            work: answers a call.
        """
        # Every call runs what follows between two rounds of grpc, where nothing is cheap.
        settings, gate, door, observer = self._settings, self._gate, self._door, self._observer
        largest = settings.max_batch_bytes if method == BATCH else settings.max_request_bytes
        longest_s, usual_s = settings.max_deadline_s, settings.default_deadline_s
        name = f"{service}.{method}"

        def sent(_: Context) -> None:
            gate.sent()

        async def handle(data: bytes, context: Context) -> bytes:
            loop = asyncio.get_running_loop()
            left_s = context.time_remaining()
            deadline = loop.time() + min(usual_s if left_s is None else left_s, longest_s)
            call = Call(method, data, deadline, context=context)
            observer.began(call)
            gate.expect()
            context.add_done_callback(sent)
            try:
                if door is not None:
                    door.admit(call, name, context)
                gate.admit(deadline)
                try:
                    if len(data) > largest:
                        raise _too_large(data, largest)
                    response = await work(call)
                finally:
                    gate.leave()
                observer.ended(call, "OK", response_bytes=len(response))
                return response
            except Refusal as error:
                refusal = error
            except asyncio.CancelledError:
                late = loop.time() >= deadline - _CLOCKS_APART_S
                observer.ended(call, "DEADLINE_EXCEEDED" if late else "CANCELLED")
                raise
            except Exception as error:
                refusal = self._fault(error)
            return await self._refuse(call, context, refusal)

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _refuse(self, call: Call, context: Context, refusal: Refusal) -> bytes:
        if "incident" in refusal.metadata:
            call.told["incident"] = refusal.metadata["incident"]
        self._refusals.count(call.method, refusal)
        if "why" in refusal.metadata:
            call.told["why"] = refusal.metadata["why"]
        reason = reason_name(refusal.reason)
        self._observer.ended(call, refusal.code.name, reason=reason)
        status = rich_status(refusal)
        details = ((DETAILS_KEY, status.SerializeToString()),)
        await context.abort(refusal.code, status.message, details)
        raise AssertionError("abort never returns")


def _too_large(data: bytes, largest: int) -> Refusal:
    reason = ErrorReason.ERROR_REASON_TOO_LARGE
    text = f"the request has {len(data)} bytes, more than {largest}"
    return Refusal(reason, text, (FieldFault("", text, reason),))
