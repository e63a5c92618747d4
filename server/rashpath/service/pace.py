"""How fast cases of batches have been decided of late: hopeless batches are refused at once.

Only the fastest of the newest turns counts, and none of long ago: a cold start or a busy moment
must not pass for a slow machine, and what was refused must come to be tried again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from rashpath.service.errors import Refusal
from rashpath.v1.errors_pb2 import ErrorReason

_MOST_TURNS = 32
_LEAST_TURNS = 8
"""Turns that must be known before anything is refused."""

_LONGEST_S = 10.0
"""Seconds for which a turn counts."""

_HOPELESS = 2.0
"""How many times the time that is left a batch must seem to need, to be refused."""


class Pace:
    """The pace of one worker.

    Args:
        clock_s: a monotonic clock in seconds.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._turns: deque[tuple[float, float]] = deque(maxlen=_MOST_TURNS)

    def measure(self, cases: int, seconds: float) -> None:
        """Takes in how long the cases of one turn took, one or more."""
        self._turns.append((self._clock_s(), seconds / cases))

    def require(self, cases: int, left_s: float) -> None:
        """Refuses a batch that would take far longer than it may, before any case is decided.

        Args:
            cases: of the batch.
            left_s: seconds until its deadline.

        Raises:
            Refusal: it needs more than twice the time that is left (DEADLINE_EXCEEDED).
        """
        since_s = self._clock_s() - _LONGEST_S
        newest = [case_s for at_s, case_s in self._turns if at_s >= since_s]
        if len(newest) < _LEAST_TURNS:
            return
        needed_s = cases * min(newest)
        if needed_s > _HOPELESS * left_s:
            raise Refusal(
                ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
                f"the batch needs about {needed_s:.1f} s, more than its deadline allows; nothing "
                "was decided; send less at a time, or allow more time",
            )
