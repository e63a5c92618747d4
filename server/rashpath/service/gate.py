"""Who may work, and when: counts requests in flight, refuses too many, and gives turns.

Decisions are computed on the event loop, most within a tenth of a millisecond. So that the
loop stays able to answer health checks and to refuse what it cannot hold, it looks at its sockets
after each two milliseconds of work, and requests that come meanwhile wait in line for their turn. A
batch takes a turn for every millisecond.

grpc hands one new call over per few rounds of the loop. Without a pause between two turns a crowd
would pile up inside grpc, where nobody counts it, refuses it, or answers it when the server stops:
so the gate lets the loop run until no more calls come in, but never for long.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from rashpath.service.errors import Refusal
from rashpath.v1.errors_pb2 import ErrorReason

T = TypeVar("T")

_RETRY_OVERLOADED_S = 0.2
_RETRY_DRAINING_S = 1.0

_LONGEST_RETRY_S = 10.0

_NEW_TURN_WEIGHT = 0.05
"""Share of the newest turn in the mean length of a turn."""

_STEEPEST = 4.0
_LEAST_TURN_S = 0.001
"""A turn counts as at most so many means and so many seconds more: one long turn, such as the first
of its kind, must not refuse a crowd of short ones."""

_WORK_BETWEEN_LOOKS_S = 0.002
_IDLE_S = 0.0001
"""Seconds without a new call after which grpc holds none: it needs a few rounds for each."""

_LONGEST_LOOK_S = 0.002

_QUIET_S = 0.02
"""Seconds without a new call after which a server that stops takes it that none is coming."""


class Gate:
    """The one gate of a server.

    Args:
        most: requests in flight, waiting ones included, 1 or more.
        max_wait_s: seconds that a new request may have to wait in line, by what turns have taken.
    """

    def __init__(self, most: int, max_wait_s: float = math.inf) -> None:
        self._most = most
        self._max_wait_s = max_wait_s
        self._waiting = 0
        self._turn_s = 0.0
        self._in_flight = 0
        self._line = asyncio.Lock()
        self._empty = asyncio.Event()
        self._empty.set()
        self._draining = False
        self._closed = False
        self._unsent = 0
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        self._arrivals = 0
        self._worked_s = 0.0
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def in_flight(self) -> int:
        """Requests that have come in and have no answer yet."""
        return self._in_flight

    def drain(self) -> None:
        """Refuses every request that comes in from now on."""
        self._draining = True

    def close(self) -> None:
        """Refuses every further turn too: the time of those that still wait is over."""
        self._draining = self._closed = True

    async def gather(self, longest_s: float) -> None:
        """Takes in every call that grpc holds: gives no turns until none has come for a while.

        The turns go on when :meth:`resume` is called.

        Args:
            longest_s: seconds after which it ends, however many still come.
        """
        self._flowing.clear()
        end = time.perf_counter() + longest_s
        seen = -1
        while seen != self._arrivals and time.perf_counter() < end:
            seen = self._arrivals
            await asyncio.sleep(_QUIET_S)

    def resume(self) -> None:
        """Gives turns again."""
        self._flowing.set()

    async def empty(self) -> None:
        """Waits until nothing is in flight."""
        await self._empty.wait()

    def expect(self) -> None:
        """Counts an answer or refusal that is to be sent."""
        self._unsent += 1
        self._all_sent.clear()

    def sent(self) -> None:
        """Counts an expected one as sent, or as wanted by nobody any more."""
        self._unsent -= 1
        if not self._unsent:
            self._all_sent.set()

    async def all_sent(self) -> None:
        """Waits until every answer has been sent, which is later than it was computed."""
        await self._all_sent.wait()

    @contextmanager
    def enter(self, deadline: float) -> Iterator[None]:
        """Counts a request in for as long as the context lasts.

        Args:
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: too many are in flight, or the line is so long that the request would wait
                beyond its deadline or the longest wait (OVERLOADED); the gate drains (DRAINING).
        """
        self._arrivals += 1
        if self._draining:
            raise _draining()
        if self._in_flight >= self._most:
            raise Refusal(
                ErrorReason.ERROR_REASON_OVERLOADED,
                "the server is working on as many requests as it may; try again shortly",
                retry_after_s=_RETRY_OVERLOADED_S,
            )
        # Without anybody in line the wait is nothing, whatever turns have taken: so a gate that
        # refuses always comes to admit again.
        wait_s = self._waiting * self._turn_s
        if wait_s:
            left_s = deadline - asyncio.get_running_loop().time()
            if wait_s > min(left_s, self._max_wait_s):
                raise Refusal(
                    ErrorReason.ERROR_REASON_OVERLOADED,
                    "the request would not get its turn in time; try again shortly",
                    retry_after_s=min(max(wait_s, _RETRY_OVERLOADED_S), _LONGEST_RETRY_S),
                )
        self._in_flight += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._empty.set()

    def is_free(self, deadline: float) -> bool:
        """Tells whether a turn can be had at once: nobody waits, and the loop has looked lately.

        Args:
            deadline: time of the event loop's clock, in seconds.
        """
        return (
            self._worked_s < _WORK_BETWEEN_LOOKS_S
            and not self._line.locked()
            and self._flowing.is_set()
            and not self._closed
            and asyncio.get_running_loop().time() < deadline
        )

    async def work(self, deadline: float, task: Callable[[], T]) -> T:
        """Does a task in this request's turn, at once if that can be had.

        Args:
            deadline: time of the event loop's clock, in seconds.
            task: must not wait for anything.

        Raises:
            Refusal: as for :meth:`turn`, or what the task raises.
        """
        if not self.is_free(deadline):
            async with self.turn(deadline):
                return task()
        started = time.perf_counter()
        try:
            return task()
        finally:
            self._worked_s += time.perf_counter() - started

    @asynccontextmanager
    async def turn(self, deadline: float) -> AsyncIterator[None]:
        """Waits for this request's turn; in the context it must not wait for anything.

        Args:
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: the deadline passed first (DEADLINE_EXCEEDED), or the gate is closed
                (DRAINING).
        """
        self._waiting += 1
        try:
            if self._line.locked():
                async with asyncio.timeout_at(deadline):
                    await self._line.acquire()
            else:
                await self._line.acquire()
        except TimeoutError:
            raise _too_late() from None
        finally:
            self._waiting -= 1
        taken = time.perf_counter()
        try:
            # INVARIANT: no more is worked between two looks than that, but for one task.
            await self._look()
            await self._flowing.wait()
            if self._closed:
                raise _draining()
            if asyncio.get_running_loop().time() >= deadline:
                raise _too_late()
            started = time.perf_counter()
            try:
                yield
            finally:
                now = time.perf_counter()
                self._worked_s += now - started
                turn_s = min(now - taken, self._turn_s * _STEEPEST + _LEAST_TURN_S)
                self._turn_s += (turn_s - self._turn_s) * _NEW_TURN_WEIGHT
        finally:
            self._line.release()

    async def _look(self) -> None:
        if self._worked_s < _WORK_BETWEEN_LOOKS_S:
            return
        self._worked_s = 0.0
        await asyncio.sleep(0)
        now = time.perf_counter()
        end, idle_end = now + _LONGEST_LOOK_S, now + _IDLE_S
        while now < min(end, idle_end):
            seen = self._arrivals
            await asyncio.sleep(0)
            now = time.perf_counter()
            if seen != self._arrivals:
                idle_end = now + _IDLE_S


def _draining() -> Refusal:
    return Refusal(
        ErrorReason.ERROR_REASON_DRAINING,
        "the server is shutting down; send the request to another one",
        retry_after_s=_RETRY_DRAINING_S,
    )


def _too_late() -> Refusal:
    return Refusal(
        ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
        "the deadline passed before the answer was there; nothing was decided",
    )
