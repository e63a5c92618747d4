"""The methods of AuditService on the wire: each works in a thread, since it reads the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.protobuf.message import Message

from rashpath.service.auditing import Auditing
from rashpath.service.call import Call, Work, in_thread
from rashpath.service.errors import Refusal
from rashpath.service.request import parse
from rashpath.v1 import audit_service_pb2
from rashpath.v1.audit_service_pb2 import (
    CreateCheckpointRequest,
    EraseDecisionRequest,
    GetDecisionRequest,
    ListDecisionsRequest,
    ReplayDecisionRequest,
    VerifyLedgerRequest,
)
from rashpath.v1.errors_pb2 import ErrorReason

_SERVICE = audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"]

_THREADS = 2
"""Questions that are worked on at a time."""


class _GivenUp(Exception):  # noqa: N818 # not an error, but an end
    """Nobody waits for the answer any more."""


def audit_calls(desk: Auditing | None) -> Mapping[str, Work]:
    """Returns what answers each method.

    Args:
        desk: answers auditors; None: audit is off, and every method refuses (AUDIT_OFF).
    """
    if desk is None:
        return {each.name: _off for each in _SERVICE.methods}
    # Threads of their own: whoever verifies a large ledger must not hold up who decides.
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="auditor")

    def asking(request_type: type[Message], answer: Callable[[Any], Message]) -> Work:
        async def work(call: Call) -> bytes:
            request = parse(request_type, call.data)
            response = await in_thread(call, answer, request, threads=threads)
            return response.SerializeToString()

        return work

    async def verify(call: Call) -> bytes:
        request = parse(VerifyLedgerRequest, call.data)
        given_up = threading.Event()

        def go_on(_: int) -> None:
            if given_up.is_set():
                raise _GivenUp

        try:
            response = await in_thread(call, desk.verify_ledger, request, go_on, threads=threads)
        finally:
            # A caller who has gone, or a server that stops, does not wait for the rest.
            given_up.set()
        return response.SerializeToString()

    async def erase(call: Call) -> bytes:
        request = parse(EraseDecisionRequest, call.data)
        response = await in_thread(call, desk.erase_decision, request, call.caller, threads=threads)
        return response.SerializeToString()

    return {
        "GetDecision": asking(GetDecisionRequest, desk.get_decision),
        "ListDecisions": asking(ListDecisionsRequest, desk.list_decisions),
        "VerifyLedger": verify,
        "ReplayDecision": asking(ReplayDecisionRequest, desk.replay_decision),
        "CreateCheckpoint": asking(CreateCheckpointRequest, desk.create_checkpoint),
        "EraseDecision": erase,
    }


async def _off(call: Call) -> bytes:
    raise Refusal(
        ErrorReason.ERROR_REASON_AUDIT_OFF, "this server keeps no audit ledger (`audit_mode`)"
    )
