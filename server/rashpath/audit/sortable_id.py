"""Ids of decisions, chains, checkpoints and erasures: unique, and sortable by time.

An id is a ULID: 48 bits of milliseconds since 1970 and 80 random bits, as 26
characters of Crockford's base 32.
"""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 80
_LENGTH = 26

# Two characters at a time: every answer waits for its id.
_PAIR = 32 * 32 - 1
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS = range(5 * (_LENGTH - 2), -1, -10)


def now_us() -> int:
    """Returns microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def sortable_id(time_us: int) -> str:
    """Returns a new id.

    Args:
        time_us: microseconds since 1970, UTC, 0 or more.

    Example:
        >>> sortable_id(0)[:10], len(sortable_id(0))
        ('0000000000', 26)
    """
    return id_text(time_us // 1000 << RANDOM_BITS | secrets.randbits(RANDOM_BITS))


def id_text(number: int) -> str:
    """Returns a number of 128 bits as an id of 26 characters."""
    return "".join([_PAIRS[number >> shift & _PAIR] for shift in _SHIFTS])
