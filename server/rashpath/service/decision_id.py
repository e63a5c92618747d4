"""Ids of answers: unique, and sortable by the time at which they were given.

An id is a ULID: 48 bits of milliseconds since 1970 and 80 random bits, as 26 characters of
Crockford's base 32.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_LENGTH = 26


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
        ms = self._clock_ms()
        if ms > self._last_ms:
            self._last_ms = ms
            self._last = ms << _RANDOM_BITS | self._random_bits(_RANDOM_BITS)
        else:
            self._last += 1
        return _text(self._last)


def _text(number: int) -> str:
    letters = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, 32)
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))
