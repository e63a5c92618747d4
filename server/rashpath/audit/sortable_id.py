"""Ids of chains, checkpoints and erasures: unique, and sortable by time.

An id is a ULID, like a decision's: 48 bits of milliseconds since 1970 and 80 random bits, as 26
characters of Crockford's base 32.
"""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_LENGTH = 26


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
    number = time_us // 1000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    letters = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, 32)
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))
