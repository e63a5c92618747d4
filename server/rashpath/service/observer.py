"""Sees every call begin, decide and end: counts it, traces it, and leaves its line in the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rashpath.guideline.model import DecisionGraph
from rashpath.readings.walk import Walked
from rashpath.service.call import Call
from rashpath.service.errors import reason_name
from rashpath.service.log import Log
from rashpath.service.methods import METHODS
from rashpath.service.metrics.tally import Tally
from rashpath.service.tracing import Tracing
from rashpath.v1.errors_pb2 import ErrorReason

_NOT_LET_IN = frozenset(
    reason_name(each)
    for each in (
        ErrorReason.ERROR_REASON_UNAUTHENTICATED,
        ErrorReason.ERROR_REASON_PERMISSION_DENIED,
        ErrorReason.ERROR_REASON_IDENTITY_UNAVAILABLE,
        ErrorReason.ERROR_REASON_RATE_LIMITED,
    )
)
"""Refusals that are told in the log even where the lines of other calls are not."""


class Observer:
    """Sees the calls of one server.

    Args:
        log: gets one line a call.
        level: the least of what is logged; above `info`, only who is not let in has a line.
        tally: counts; None: nothing is counted.
        tracing: begins the trace of each call; None: spans are not made.
    """

    def __init__(
        self,
        log: Log,
        level: str,
        tally: Tally | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._log = log
        self._tells_all = level in ("debug", "info")
        self._tally = tally
        self._tracing = tracing or Tracing()

    def began(self, call: Call) -> None:
        """Takes note of a call that came in."""
        if self._tracing.makes_spans:
            self._trace(call)
        if self._tally is not None:
            self._tally.started(call.method)

    def decided(self, walked: Walked) -> None:
        """Takes note of a decision."""
        if self._tally is not None:
            self._tally.made(walked)

    def decided_many(self, graph: DecisionGraph, notes: bytes) -> None:
        """Takes note of decisions of one guideline; see `Tally.made_many`."""
        if self._tally is not None:
            self._tally.made_many(graph, notes)

    def ended(self, call: Call, code: str, **more: Any) -> None:
        """Takes note of a call that was answered, refused or given up; a call ends once.

        Args:
            call: the call.
            code: name of its status code.
            more: what its line in the log says besides.
        """
        if call.ended:
            return
        call.ended = True
        seconds = time.perf_counter() - call.started
        if self._tally is not None:
            self._tally.ended(call.method, code, seconds)
        not_let_in = more.get("reason") in _NOT_LET_IN
        tells = not_let_in or self._tells_all
        if tells and not self._tracing.makes_spans:
            self._trace(call)
        told = call.told | more
        call.trace.end(code, told)
        if tells:
            self._tell(
                call, code, seconds, told, self._log.warning if not_let_in else self._log.info
            )

    def _trace(self, call: Call) -> None:
        metadata = call.context.invocation_metadata() or ()
        call.trace = self._tracing.begin(METHODS[call.method], call.method, metadata)
        if call.trace.id is not None:
            call.told["trace_id"] = call.trace.id

    def _tell(
        self, call: Call, code: str, seconds: float, told: dict[str, Any], tell: Callable[..., Any]
    ) -> None:
        if call.caller:
            told["caller"] = call.caller
        tell(
            "call",
            method=call.method,
            code=code,
            duration_ms=round(seconds * 1000, 3),
            request_bytes=len(call.data),
            peer=str(call.context.peer()).partition(":")[0],
            **told,
        )
