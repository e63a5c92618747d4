"""What is known of one call while it lasts, and how it waits for work outside the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rashpath.service.errors import Refusal
from rashpath.service.identity.roles import ALL_ROLES, Roles
from rashpath.service.tracing import UNTRACED, Trace
from rashpath.v1.errors_pb2 import ErrorReason

T = TypeVar("T")

Context = Any
"""`grpc.aio.ServicerContext`, whose stubs know less than it does."""


@dataclass(slots=True)
class Call:
    """One call.

    Args:
        method: name of the method.
        data: the request in bytes.
        deadline: time of the event loop's clock, in seconds.
        caller: who calls, as the server authenticated it; empty: nobody was.
        roles: what the caller may do; all where the server asks nobody who they are.
        payer: by what name the caller's calls are counted; empty: they are not.
        started: time of the performance counter, in seconds.
        told: what its line in the log says besides.
        trace: its trace.
        context: what grpc knows of it; None: nothing.
        ended: whether it was seen to end.
    """

    method: str
    data: bytes
    deadline: float
    caller: str = ""
    roles: Roles = ALL_ROLES
    payer: str = ""
    started: float = field(default_factory=time.perf_counter)
    told: dict[str, Any] = field(default_factory=dict)
    trace: Trace = UNTRACED
    context: Context = None
    ended: bool = False


Work = Callable[[Call], Awaitable[bytes]]
"""Answers a call with the bytes of a response."""


async def in_thread(
    call: Call, work: Callable[..., T], *arguments: object, threads: Executor | None = None
) -> T:
    """Runs what reads the store, or draws, outside the event loop, until the call's deadline.

    Args:
        call: the call that waits.
        work: what to run; it is not stopped by the deadline.
        arguments: its arguments.
        threads: where to run it; None: in those of the event loop.

    Raises:
        Refusal: the deadline passed (DEADLINE_EXCEEDED), or the work refuses.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(call.deadline):
            return await loop.run_in_executor(threads, work, *arguments)
    except TimeoutError:
        raise Refusal(
            ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
            "the deadline passed before the ledger or the drawing was done",
        ) from None
