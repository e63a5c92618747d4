"""Ids of answers: unique, and rising within a process even where its clock does not."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from rashpath.audit.sortable_id import RANDOM_BITS, id_text


def now_ms() -> int:
    """Returns milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class DecisionIds:
    """Gives out ids, each greater than the one before within this process.

    Args:
        clock_ms: milliseconds since 1970; it may stand still or go back.
        random_bits: gives that many random bits.

    Example:
        >>> ids = DecisionIds(clock_ms=lambda: 0, random_bits=lambda bits: 0)
        >>> ids.next(), ids.next()
        ('00000000000000000000000000', '00000000000000000000000001')
    """

    def __init__(
        self,
        clock_ms: Callable[[], int] = now_ms,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._clock_ms = clock_ms
        self._random_bits = random_bits
        self._last_ms = -1
        self._last = -1

    def next(self) -> str:
        """Returns a new id of 26 characters."""
        return id_text(self.reserve(1))

    def reserve(self, count: int) -> int:
        """Returns the first of so many new ids, as a number; the others count on."""
        ms = self._clock_ms()
        if ms > self._last_ms:
            self._last_ms = ms
            first = ms << RANDOM_BITS | self._random_bits(RANDOM_BITS)
        else:
            first = self._last + 1
        self._last = first + count - 1
        return first
