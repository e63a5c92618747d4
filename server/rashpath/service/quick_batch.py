"""Decides a batch from its bytes, where nothing is recorded and nothing in it is unusual."""

from __future__ import annotations

import time
from functools import partial

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
        self.made: list[Some] = []

    @classmethod
    def of(cls, application: Application, data: bytes) -> QuickBatch | None:
        """Returns the batch; None: it is left to whoever reads it as a message."""
        starts = application.quick.requests(data)
        if starts is None or len(starts) - 1 > application.limits.batch:
            return None
        return cls(application, data, starts)

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
            started = time.perf_counter()
            if not await gate.work(deadline, partial(self._turn, most)):
                return None
            case_s = (time.perf_counter() - started) / (self._done - before)
            pace.measure(self._done - before, time.perf_counter() - started)
        return b"".join([some.results for some in self.made])

    def count(self, observer: Observer) -> None:
        """Takes note of the decisions that were made."""
        for some in self.made:
            observer.decided_many(some.graph, some.notes)

    def _turn(self, most: int) -> bool:
        """Decides cases for as long as one turn may take; returns whether all could be."""
        until = time.perf_counter() + _TURN_S
        while self._done < self.cases:
            some = self._quick.decide_some(self._data, self._starts, self._done, most)
            if some is None:
                return False
            self.made.append(some)
            self._done += some.cases
            if time.perf_counter() > until:
                break
        return True
