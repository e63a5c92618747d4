"""The line of requests for a turn: first come, first served, in bursts.

So that the event loop stays able to answer health checks and to refuse what it cannot hold, it
looks at its sockets before each burst, and works for two milliseconds at most until the next look.

grpc hands one new call over per few rounds of the loop. Without a pause between two bursts a crowd
would pile up inside grpc, where nobody counts it, refuses it, or answers it when the server stops:
so a look lets the loop run until no more calls come in, but never for long.

To take in a crowd first and then to work is quick too: a decision right after others finds its code
and its tables in the processor's caches, where one between two rounds of grpc takes three times as
long.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from rashpath.service.errors import Refusal
from rashpath.v1.errors_pb2 import ErrorReason

T = TypeVar("T")

_RETRY_DRAINING_S = 1.0

_NEW_TURN_WEIGHT = 0.05
"""Share of the newest turn in the mean length of a turn, and of the work in one."""

_STEEPEST = 4.0
_LEAST_TURN_S = 0.001
"""A turn counts as at most so many means and so many seconds more: one long turn, such as the first
of its kind, must not refuse a crowd of short ones."""

_WORK_BETWEEN_LOOKS_S = 0.002
"""Seconds of work after which a burst ends, and a look is a longer one."""

_LONGEST_LOOK_S = 0.002

_IDLE_ROUNDS = 8
"""Rounds of the loop without a new call after which grpc holds none: it needs a few for each. How
long a round takes depends on the machine, so they are counted."""

_BREATH_S = 0.0001
"""Seconds without a new call, besides, after each two milliseconds of work: other threads, such as
the ledger's, get no turn of the interpreter while the loop only ever lets go of it for a moment."""

_ENOUGH = 32
"""Places in line for which a look ends early, where one burst will do them all: a longer one would
be no quicker by call, and the first in line would wait for the last."""


@dataclass(slots=True, eq=False)
class _Place:
    """A place in line.

    Args:
        deadline: time of the event loop's clock, in seconds.
        task: what to do; None: the turn itself is waited for.
        made: what the task returned or raised; of a place without one, done when its turn begins.
        over: of a place without a task, done when its turn ends.
    """

    deadline: float
    task: Callable[[], Any] | None
    made: asyncio.Future[Any]
    over: asyncio.Future[None] | None = None


class Line:
    """The line of one event loop.

    Args:
        give_way: lets grpc's other threads work for a moment; called between two rounds of a look.
    """

    def __init__(self, give_way: Callable[[], None] = lambda: None) -> None:
        self._give_way = give_way
        self._places: deque[_Place] = deque()
        self._soonest = math.inf
        self._turn_s = 0.0
        self._work_s = 0.0
        self._worked_s = 0.0
        self._server: asyncio.Task[None] | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._closed = False
        self.arrivals = 0
        """Calls that have come in, whoever counts them."""

    @property
    def wait_s(self) -> float:
        """Seconds until somebody who joins now gets a turn, by what turns have taken."""
        return len(self._places) * self._turn_s

    def hold(self) -> None:
        """Gives no turns until :meth:`resume`; deadlines go on."""
        self._flowing.clear()

    def resume(self) -> None:
        """Gives turns again."""
        self._flowing.set()

    def close(self) -> None:
        """Refuses every further turn."""
        self._closed = True

    def is_free(self, deadline: float) -> bool:
        """Tells whether a turn can be had at once: nobody waits, and the loop has looked lately.

        Args:
            deadline: time of the event loop's clock, in seconds.
        """
        return (
            self._worked_s < _WORK_BETWEEN_LOOKS_S
            and self._server is None
            and self._flowing.is_set()
            and not self._closed
            and asyncio.get_running_loop().time() < deadline
        )

    def at_once(self, task: Callable[[], T]) -> asyncio.Future[T]:
        """Does a task now, without a turn; the line must be free.

        Returns:
            What the task returned or raised: it is done.
        """
        made = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        _do(task, made)
        self._worked_s += time.perf_counter() - started
        return made

    def worked(self, seconds: float) -> None:
        """Takes note of work that was done without a turn: the next look comes the sooner."""
        self._worked_s += seconds

    def join(self, deadline: float, task: Callable[[], T]) -> asyncio.Future[T]:
        """Joins the line.

        Args:
            deadline: time of the event loop's clock, in seconds.
            task: must not wait for anything.

        Returns:
            What the task returns, once it had its turn, or raises; or a refusal: the deadline
            passed first (DEADLINE_EXCEEDED), or the line is closed (DRAINING).
        """
        return self._join(deadline, task).made

    @asynccontextmanager
    async def turn(self, deadline: float) -> AsyncIterator[None]:
        """Waits for a turn; in the context it must not wait for anything.

        Args:
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: as for :meth:`join`.
        """
        place = self._join(deadline, None)
        over = place.over = asyncio.get_running_loop().create_future()
        try:
            await place.made
            yield
        finally:
            over.set_result(None)

    def expire(self) -> None:
        """Refuses those in line whose deadline has passed."""
        now = asyncio.get_running_loop().time()
        if now < self._soonest:
            return
        waiting = [place for place in self._places if not place.made.done()]
        left = [place for place in waiting if place.deadline > now]
        for place in waiting:
            if place.deadline <= now:
                place.made.set_exception(_too_late())
        self._places.clear()
        self._places.extend(left)
        self._soonest = min((place.deadline for place in left), default=math.inf)

    def _join(self, deadline: float, task: Callable[[], Any] | None) -> _Place:
        loop = asyncio.get_running_loop()
        place = _Place(deadline, task, loop.create_future())
        self._places.append(place)
        if deadline < self._soonest:
            self._soonest = deadline
        if self._server is None:
            self._server = loop.create_task(self._serve())
        return place

    async def _serve(self) -> None:
        """Gives turns until nobody is in line."""
        try:
            while self._places:
                began = time.perf_counter()
                await self._look()
                await self._flowing.wait()
                self.expire()
                await self._burst(began)
        finally:
            self._server = None

    async def _burst(self, began: float) -> None:
        # INVARIANT: no more is worked between two looks than that, but for one task.
        loop, places = asyncio.get_running_loop(), self._places
        started = time.perf_counter()
        while places and self._worked_s < _WORK_BETWEEN_LOOKS_S and self._flowing.is_set():
            place = places.popleft()
            made = place.made
            if made.done():
                continue  # nobody waits for it any more
            if self._closed:
                made.set_exception(draining())
                continue
            if loop.time() >= place.deadline:
                made.set_exception(_too_late())
                continue
            if place.over is not None:
                made.set_result(None)
                await place.over
            elif place.task is not None:
                _do(place.task, made)
            now = time.perf_counter()
            self._worked_s += now - started
            self._work_s += (now - started - self._work_s) * _NEW_TURN_WEIGHT
            turn_s = min(now - began, self._turn_s * _STEEPEST + _LEAST_TURN_S)
            self._turn_s += (turn_s - self._turn_s) * _NEW_TURN_WEIGHT
            started = began = now

    def _fits_one_burst(self) -> bool:
        """Tells whether so many wait that a burst is worth it, and one is likely to do them all."""
        waiting = len(self._places)
        return waiting >= _ENOUGH and waiting * self._work_s < _WORK_BETWEEN_LOOKS_S

    async def _look(self) -> None:
        """Lets the loop run until no more calls come in, but never for long."""
        idle_s = 0.0
        if self._worked_s >= _WORK_BETWEEN_LOOKS_S:
            self._worked_s, idle_s = 0.0, _BREATH_S
        now = time.perf_counter()
        end, idle_end, idle = now + _LONGEST_LOOK_S, now + idle_s, 0
        while now < end and (now < idle_end or idle < _IDLE_ROUNDS):
            seen, idle = self.arrivals, idle + 1
            self._give_way()
            await asyncio.sleep(0)
            now = time.perf_counter()
            if seen != self.arrivals:
                idle_end, idle = now + idle_s, 0
                if self._fits_one_burst():
                    break


def _do(task: Callable[[], Any], made: asyncio.Future[Any]) -> None:
    try:
        made.set_result(task())
    except StopIteration as error:  # a future takes none
        fault = RuntimeError("a task raised StopIteration")
        fault.__cause__ = error
        made.set_exception(fault)
    except Exception as error:
        made.set_exception(error)


def draining() -> Refusal:
    """Returns the refusal of a server that stops."""
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
