"""Records the decisions of single calls, those of one burst together.

A record takes half as long among others as between two decisions, and a call that waited for its
own commit alone would have the event loop woken for itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from rashpath.audit import Decided
from rashpath.audit.content import Question
from rashpath.audit.errors import StoreError
from rashpath.audit.handed import Handed
from rashpath.audit.record import Entry
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import Decision
from rashpath.service.recorder import Recorder, settled, too_late
from rashpath.service.store_errors import refusal_of


class Awaited:
    """A decision whose answer must not leave before its record is committed.

    Args:
        decided: the decision.
        response: its answer.
        answer: done with the answer that may leave, or with a refusal.

    Attributes:
        handed: its record; None: it was not handed over.
    """

    __slots__ = ("answer", "decided", "handed", "response")

    def __init__(self, decided: Decided, response: bytes, answer: asyncio.Future[bytes]) -> None:
        self.decided = decided
        self.response = response
        self.answer = answer
        self.handed: Handed | None = None

    def give_up(self) -> None:
        """Says that nobody waits for it any more: what is not being written need not be."""
        self.answer.cancel()
        if self.handed is not None:
            self.handed.given_up = True

    def expire(self) -> None:
        """Refuses it, since its deadline has passed."""
        self._refuse(too_late())
        self.give_up()

    def fail(self, error: Exception) -> None:
        """Refuses it, or has the call fail."""
        self._refuse(refusal_of(error) if isinstance(error, StoreError) else error)

    def tell(self, handed: Handed) -> None:
        """Answers as its record says."""
        if handed.outcome is None:
            self.fail(handed.error or AssertionError("it was told before anything was known"))
        elif not self.answer.done():
            made = settled(handed.outcome, self.response)
            if isinstance(made, Refusal):
                self._refuse(made)
            else:
                self.answer.set_result(made)

    def _refuse(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            # Who was cancelled before it could wait never asks, and that is no fault to be logged.
            self.answer.exception()


class Together:
    """Records decisions of single calls of one event loop.

    Args:
        recorder: records.
        worked: told of work outside of turns, in seconds.
    """

    def __init__(self, recorder: Recorder, worked: Callable[[float], None]) -> None:
        self._recorder = recorder
        self._worked = worked
        self._new: list[Awaited] = []

    def take(self, caller: str, question: Question, decision: Decision) -> Awaited:
        """Takes a decision, whose record is made together with those of the same burst."""
        loop = asyncio.get_running_loop()
        if not self._new:
            loop.call_soon(self._hand_over, loop)
        decided = self._recorder.decided(caller, question, *decision)
        awaited = Awaited(decided, decision.answer, loop.create_future())
        self._new.append(awaited)
        return awaited

    async def settle(self, awaited: Awaited, deadline: float) -> bytes:
        """Waits until a record is committed and returns the answer that may leave.

        Args:
            awaited: what :meth:`take` returned.
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: it could not be recorded, its request id is another's, or the deadline passed.
        """
        late = asyncio.get_running_loop().call_at(deadline, awaited.expire)
        try:
            return await awaited.answer
        except asyncio.CancelledError:
            awaited.give_up()
            raise
        finally:
            late.cancel()

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Makes the records of what was taken, and hands them to the ledger."""
        began = time.perf_counter()
        new, self._new = [each for each in self._new if not each.answer.done()], []
        given: list[tuple[Entry, Awaited]] = []
        made = self._recorder.entries([each.decided for each in new])
        for awaited, entry in zip(new, made, strict=True):
            if isinstance(entry, Entry):
                given.append((entry, awaited))
            else:
                awaited.fail(entry)
        handed = self._recorder.ledger.submit_each(given, partial(_tell_soon, loop))
        for (_, awaited), found in zip(given, handed, strict=True):
            if isinstance(found, Handed):
                awaited.handed = found
            else:
                awaited.fail(found)
        self._worked(time.perf_counter() - began)


def _tell_soon(loop: asyncio.AbstractEventLoop, handed: Sequence[Handed]) -> None:
    """Has an event loop tell those who wait in it; called in the ledger's thread."""
    with suppress(RuntimeError):  # a loop that is closed: nobody waits in it
        loop.call_soon_threadsafe(_tell, handed)


def _tell(handed: Iterable[Handed]) -> None:
    for each in handed:
        each.owner.tell(each)
