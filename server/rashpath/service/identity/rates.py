"""How often one caller may call: a bucket of tokens for each, in a table of bounded size."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from rashpath.service.errors import Refusal
from rashpath.v1.errors_pb2 import ErrorReason

MOST = 10_000
"""Callers that are remembered; of more, those seen longest ago are forgotten."""

_LONGEST_DEBT_S = 60.0
"""Seconds at most for which a caller pays for what it was given, such as a large batch."""


class Rates:
    """The buckets of all callers of one worker.

    Args:
        rate: calls a second that fill a bucket; 0: there is no limit.
        burst: calls that a full bucket holds; 0: those of one second, 1 at least.
        clock_s: a monotonic clock in seconds.
    """

    def __init__(
        self, rate: float, burst: int = 0, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.limited = rate > 0
        self._rate = rate
        self._burst = float(burst or max(1, math.ceil(rate)))
        self._clock_s = clock_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def charge(self, caller: str) -> None:
        """Takes one call out of a caller's bucket.

        Raises:
            Refusal: it holds none (RATE_LIMITED), with the time until it does.
        """
        now = self._clock_s()
        level = self._level(caller, now)
        if level < 1:
            self._buckets[caller] = (level, now)
            raise Refusal(
                ErrorReason.ERROR_REASON_RATE_LIMITED,
                f"more calls than one caller may make, {self._rate:g} a second",
                retry_after_s=(1 - level) / self._rate,
            )
        self._buckets[caller] = (level - 1, now)

    def owe(self, caller: str, calls: int) -> None:
        """Takes calls that were allowed already; the bucket may come to hold less than nothing."""
        now = self._clock_s()
        least = -self._rate * _LONGEST_DEBT_S
        self._buckets[caller] = (max(self._level(caller, now) - calls, least), now)

    def _level(self, caller: str, now: float) -> float:
        entry = self._buckets.pop(caller, None)
        if entry is None:
            if len(self._buckets) >= MOST:
                self._buckets.popitem(last=False)
            return self._burst
        level, seen_s = entry
        return min(self._burst, level + (now - seen_s) * self._rate)
