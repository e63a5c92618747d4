"""Tokens that were found right a moment ago, so that a signature is not checked with every call."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from rashpath.service.identity.roles import Caller

MOST = 10_000
"""Tokens that are remembered; of more, those seen longest ago are forgotten."""

LONGEST_S = 60.0
"""Seconds for which a token is remembered; a withdrawn key works no longer than that."""


class KnownTokens:
    """A table of tokens by their SHA-256, so that it holds none and a look-up tells nothing.

    Args:
        clock_s: a monotonic clock in seconds.
        wall_s: seconds since 1970; it may jump.
    """

    def __init__(
        self,
        clock_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._clock_s = clock_s
        self._wall_s = wall_s
        self._table: OrderedDict[bytes, tuple[Caller, float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def find(self, digest: bytes) -> Caller | None:
        """Returns who holds a token; None if it must be checked."""
        entry = self._table.get(digest)
        if entry is None:
            return None
        caller, ends_s, forgotten_s = entry
        if self._wall_s() >= ends_s or self._clock_s() >= forgotten_s:
            del self._table[digest]
            return None
        return caller

    def remember(self, digest: bytes, caller: Caller, ends_s: float) -> None:
        """Remembers whose a token is.

        Args:
            digest: SHA-256 of the token.
            caller: its holder.
            ends_s: end of its validity, in seconds since 1970.
        """
        if len(self._table) >= MOST:
            self._table.popitem(last=False)
        self._table[digest] = (caller, ends_s, self._clock_s() + LONGEST_S)

    def forget(self) -> None:
        """Forgets all, since what makes a token right has changed."""
        self._table.clear()
