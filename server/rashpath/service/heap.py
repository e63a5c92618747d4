"""Keeps the memory that large answers are built in for those that follow, and gives it back later.

The answer to a batch takes tens of megabytes for some milliseconds. The C library gives pieces of
that size back to the system at once, and to fetch them anew, page by page, takes as long as to
decide. Only glibc can be told; with another library nothing here does anything.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from functools import cache
from typing import Any, Final

LARGE_BYTES: Final = 1 << 20
"""Answers of so many bytes or more are large."""

QUIET_S: Final = 2.0
"""Seconds without a large answer after which memory is given back."""

_KEPT_BYTES: Final = 128 << 20
"""Bytes that are kept at most while large answers follow each other."""

_LARGEST_BYTES: Final = (64 << 20, 32 << 20)
"""Bytes of the largest piece that is kept; older libraries refuse the first."""

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
"""What `mallopt` calls these sizes."""


class Heap:
    """The memory that large answers are built in, of one event loop."""

    def __init__(self) -> None:
        self._giving_back: asyncio.TimerHandle | None = None
        library = _library()
        if library is not None:
            library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
            any(library.mallopt(_MMAP_THRESHOLD, largest) for largest in _LARGEST_BYTES)

    def built(self, size: int) -> None:
        """Notes that an answer of so many bytes was built; its memory is given back later."""
        if size < LARGE_BYTES:
            return
        if self._giving_back is not None:
            self._giving_back.cancel()
        loop = asyncio.get_running_loop()
        # It takes milliseconds: calls need not wait for it.
        self._giving_back = loop.call_later(QUIET_S, loop.run_in_executor, None, give_back)


def give_back() -> None:
    """Gives memory that is not in use back to the system."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


@cache
def _library() -> Any:
    """Returns the C library; None where it cannot be told."""
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL(None)
    except OSError:  # a Python without shared libraries
        return None
    known = all(hasattr(library, name) for name in ("mallopt", "malloc_trim"))
    return library if known else None
