"""The methods of GuidelineService on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from rashpath.service.application import Application
from rashpath.service.auditing import Auditing
from rashpath.service.call import Call, Work, in_thread
from rashpath.service.errors import Refusal
from rashpath.service.gate import Gate
from rashpath.service.identity.roles import may_read_kept_guidelines, require_for_picture
from rashpath.service.request import parse
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import (
    CompareGuidelinesRequest,
    GetGuidelineRequest,
    ListGuidelinesRequest,
    RenderDiagramRequest,
)

_DRAWINGS = 2
"""Pictures drawn at a time; each keeps a process of its own busy for some tenths of a second."""

_NOT_SERVED = (
    ErrorReason.ERROR_REASON_GUIDELINE_NOT_FOUND,
    ErrorReason.ERROR_REASON_VERSION_NOT_FOUND,
    ErrorReason.ERROR_REASON_DIGEST_MISMATCH,
)
"""Refusals of a guideline that may still be kept in the ledger."""


def guideline_calls(
    serving: Callable[[], Application], gate: Gate, desk: Auditing | None, thinkers: Executor
) -> Mapping[str, Work]:
    """Returns what answers each method.

    Args:
        serving: returns what answers requests now; it is replaced when guidelines are reloaded.
        gate: who may work, and when.
        desk: reads the ledger; None: audit is off.
        thinkers: where guidelines are compared, which takes seconds.
    """
    easels = asyncio.Semaphore(_DRAWINGS)

    async def list_guidelines(call: Call) -> bytes:
        async with gate.turn(call.deadline):
            request = parse(ListGuidelinesRequest, call.data)
            return serving().list_guidelines(request).SerializeToString()

    async def get_guideline(call: Call) -> bytes:
        request = parse(GetGuidelineRequest, call.data)
        try:
            async with gate.turn(call.deadline):
                return serving().get_guideline(request).SerializeToString()
        except Refusal as refusal:
            if refusal.reason not in _NOT_SERVED:
                raise
            not_served = refusal
        # The ledger keeps every guideline that ever decided; an auditor names it by its digest.
        if desk is None or not request.guideline.digest or not may_read_kept_guidelines(call.roles):
            raise not_served
        kept = await in_thread(call, desk.kept_guideline, request)
        if kept is None:
            raise not_served
        return kept.SerializeToString()

    async def render(call: Call) -> bytes:
        request = parse(RenderDiagramRequest, call.data)
        require_for_picture(call.roles, request)
        recalled = None
        if request.WhichOneof("overlay") == "decision_id":
            recalled = await in_thread(call, serving().recall, request.decision_id)
        async with gate.turn(call.deadline):
            drawing = serving().drawing(request, recalled)
        # Drawing takes a core for some tenths of a second, and threads that the ledger needs too.
        async with easels:
            response = await in_thread(call, drawing)
        return response.SerializeToString()

    async def compare(call: Call) -> bytes:
        request = parse(CompareGuidelinesRequest, call.data)
        response = await in_thread(call, serving().compare_guidelines, request, threads=thinkers)
        return response.SerializeToString()

    return {
        "ListGuidelines": list_guidelines,
        "GetGuideline": get_guideline,
        "RenderDiagram": render,
        "CompareGuidelines": compare,
    }
