"""Who may work: counts requests in flight, refuses too many, and lets a stopping server drain.

Decisions are computed on the event loop, most within a tenth of a millisecond, and their turns are
given by :mod:`rashpath.service.line`. A batch takes a turn for every millisecond.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from rashpath.service.errors import Refusal
from rashpath.service.line import Line, draining
from rashpath.v1.errors_pb2 import ErrorReason

T = TypeVar("T")

_RETRY_OVERLOADED_S = 0.2
_LONGEST_RETRY_S = 10.0

_QUIET_S = 0.02
"""Seconds without a new call after which a server that stops takes it that none is coming."""


class Gate:
    """The one gate of a server.

    Args:
        most: requests in flight, waiting ones included, 1 or more.
        max_wait_s: seconds that a new request may have to wait in line, by what turns have taken.
        give_way: as of the line.
    """

    def __init__(
        self,
        most: int,
        max_wait_s: float = math.inf,
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        self._most = most
        self._max_wait_s = max_wait_s
        self._in_flight = 0
        self._line = Line(give_way)
        self._empty = asyncio.Event()
        self._empty.set()
        self._draining = False
        self._unsent = 0
        self._all_sent = asyncio.Event()
        self._all_sent.set()

    @property
    def in_flight(self) -> int:
        """Requests that have come in and have no answer yet."""
        return self._in_flight

    def drain(self) -> None:
        """Refuses every request that comes in from now on."""
        self._draining = True

    def close(self) -> None:
        """Refuses every further turn too: the time of those that still wait is over."""
        self._draining = True
        self._line.close()

    async def gather(self, longest_s: float) -> None:
        """Takes in every call that grpc holds: gives no turns until none has come for a while.

        The turns go on when :meth:`resume` is called.

        Args:
            longest_s: seconds after which it ends, however many still come.
        """
        self._line.hold()
        end = time.perf_counter() + longest_s
        seen = -1
        while seen != self._line.arrivals and time.perf_counter() < end:
            seen = self._line.arrivals
            await asyncio.sleep(_QUIET_S)
            self._line.expire()

    def resume(self) -> None:
        """Gives turns again."""
        self._line.resume()

    async def empty(self) -> None:
        """Waits until nothing is in flight."""
        await self._empty.wait()

    def expect(self) -> None:
        """Counts an answer or refusal that is to be sent."""
        if not self._unsent:
            self._all_sent.clear()
        self._unsent += 1

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
            Refusal: as for :meth:`admit`.
        """
        self.admit(deadline)
        try:
            yield
        finally:
            self.leave()

    def admit(self, deadline: float) -> None:
        """Counts a request in until it leaves.

        Args:
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: too many are in flight, or the line is so long that the request would wait
                beyond its deadline or the longest wait (OVERLOADED); the gate drains (DRAINING).
        """
        self._line.arrivals += 1
        if self._draining:
            raise draining()
        if self._in_flight >= self._most:
            raise Refusal(
                ErrorReason.ERROR_REASON_OVERLOADED,
                "the server is working on as many requests as it may; try again shortly",
                retry_after_s=_RETRY_OVERLOADED_S,
            )
        # Without anybody in line the wait is nothing, whatever turns have taken: so a gate that
        # refuses always comes to admit again.
        wait_s = self._line.wait_s
        if wait_s:
            left_s = deadline - asyncio.get_running_loop().time()
            if wait_s > min(left_s, self._max_wait_s):
                raise Refusal(
                    ErrorReason.ERROR_REASON_OVERLOADED,
                    "the request would not get its turn in time; try again shortly",
                    retry_after_s=min(max(wait_s, _RETRY_OVERLOADED_S), _LONGEST_RETRY_S),
                )
        if not self._in_flight:
            self._empty.clear()
        self._in_flight += 1

    def leave(self) -> None:
        """Counts out a request that was admitted."""
        self._in_flight -= 1
        if not self._in_flight:
            self._empty.set()

    def work(self, deadline: float, task: Callable[[], T]) -> Awaitable[T]:
        """Does a task in this request's turn; at once where no other call is under way.

        Args:
            deadline: time of the event loop's clock, in seconds.
            task: must not wait for anything.

        Returns:
            What the task returns, once it had its turn, or raises; or a refusal: the deadline
            passed first (DEADLINE_EXCEEDED), or the gate is closed (DRAINING).
        """
        line = self._line
        if self._unsent <= 1 and line.is_free(deadline):
            return line.at_once(task)
        return line.join(deadline, task)

    def worked(self, seconds: float) -> None:
        """Takes note of work that was done without a turn."""
        self._line.worked(seconds)

    def turn(self, deadline: float) -> AbstractAsyncContextManager[None]:
        """Waits for this request's turn; in the context it must not wait for anything.

        Args:
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: the deadline passed first (DEADLINE_EXCEEDED), or the gate is closed
                (DRAINING).
        """
        return self._line.turn(deadline)
