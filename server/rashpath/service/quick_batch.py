"""Decides a batch from its bytes, where nothing is recorded and nothing in it is unusual."""

from __future__ import annotations

import time
from functools import partial
from io import BytesIO

from rashpath.readings.compiled import MOST_AT_ONCE
from rashpath.service.application import Application
from rashpath.service.gate import Gate
from rashpath.service.observer import Observer
from rashpath.service.pace import Pace
from rashpath.service.quick import Some

_TURN_S = 0.001
"""Seconds that a batch is to work in one turn; then others get theirs."""


class QuickBatch:
    """A batch that is decided from its bytes.

    Args:
        application: answers.
        data: the batch.
        starts: where its requests begin, and where the last one ends.
    """

    def __init__(self, application: Application, data: bytes, starts: list[int]) -> None:
        self.cases = len(starts) - 1
        self._quick = application.quick
        self._data = data
        self._starts = starts
        self._done = 0
        self._response = BytesIO()
        self.made: list[Some] = []

    @classmethod
    def of(cls, application: Application, data: bytes) -> QuickBatch | None:
        """Returns the batch; None: it is left to whoever reads it as a message."""
        starts = application.quick.requests(data, application.limits.batch)
        return None if starts is None else cls(application, data, starts)

    async def answer(self, gate: Gate, deadline: float, pace: Pace) -> bytes | None:
        """Answers the batch.

        Args:
            gate: gives turns.
            deadline: time of the event loop's clock, in seconds.
            pace: is told how long cases take.

        Returns:
            The `BatchEvaluateResponse`; None: it is left to whoever reads the batch as a message,
            and nobody was told anything yet.

        Raises:
            Refusal: no turn can be had.
        """
        case_s = _TURN_S
        while self._done < self.cases:
            before = self._done
            most = max(1, min(int(_TURN_S / case_s), MOST_AT_ONCE))
            worked_s = await gate.work(deadline, partial(self._turn, most))
            if worked_s is None:
                return None
            case_s = worked_s / (self._done - before)
            pace.measure(self._done - before, worked_s)
        # It is handed over without a copy.
        return self._response.getvalue()

    def count(self, observer: Observer) -> None:
        """Takes note of the decisions that were made."""
        for some in self.made:
            observer.decided_many(some.graph, some.notes)

    def _turn(self, most: int) -> float | None:
        """Decides cases for as long as one turn may take.

        Returns:
            Seconds that it took, without the wait for the turn; None: one could not be decided.
        """
        started = now = time.perf_counter()
        while self._done < self.cases and now < started + _TURN_S:
            some = self._quick.decide_some(
                self._data, self._starts, self._done, most, self._response
            )
            if some is None:
                return None
            self.made.append(some)
            self._done += some.cases
            now = time.perf_counter()
        return now - started
