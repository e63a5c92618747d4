"""When a call is sent again: only where the server did not take it, and only within its deadline.

The loop is our own and not grpc's `retryPolicy`: a policy in the service config cannot wait for as
long as a server's `RetryInfo` asks, its deadline misfires in Python, and its attempts are unseen.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rashpath.client.errors import ClientError, Unavailable

R = TypeVar("R")

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and when to send a call again.

    Args:
        retries: further attempts after the first, 0 or more.
        clock_s: a monotonic clock in seconds.
        sleep: waits for some seconds.
        jitter: gives a factor from 0 to 1, so that clients do not come back all at once.
    """

    retries: int
    clock_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def run(self, attempt: Callable[[float], R], timeout_s: float) -> R:
        """Calls until an answer comes, the attempts are used up, or the time is.

        Args:
            attempt: one call; is given the seconds that are left, more than 0.
            timeout_s: seconds for everything, pauses included.

        Raises:
            ClientError: what the last attempt raised. UNAVAILABLE alone is tried again: a server
                that gives it has not decided anything, and a decision changes nothing.
        """
        end = self.clock_s() + timeout_s
        left = timeout_s
        failures = 0
        while True:
            try:
                return attempt(left)
            except Unavailable as error:
                failures += 1
                pause = self._pause(failures, error)
                left = end - self.clock_s() - pause
                if failures > self.retries or left <= 0:
                    raise
            self.sleep(pause)

    def _pause(self, failures: int, error: ClientError) -> float:
        longest: float = min(_FIRST_PAUSE_S * 2 ** (failures - 1), _LONGEST_PAUSE_S)
        pause = longest * (0.5 + 0.5 * self.jitter())
        return max(pause, error.retry_after_s or 0.0)
