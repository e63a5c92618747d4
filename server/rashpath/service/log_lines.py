"""Writes the lines of a log, and goes on without those that cannot be written.

A full disk, or a reader of the log that has gone, must not keep a server from answering: whoever
calls the log has a record to keep and an answer to give.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO


class LogLines:
    """A logger as structlog wraps one: its methods take a whole line.

    Args:
        stream: where to write. One that has a file descriptor is written past its buffer, so that
            nothing of a line that failed comes out later among others.
        lost_line: makes the line that tells how many were lost, once one can be written again.
    """

    def __init__(self, stream: TextIO, lost_line: Callable[[int], str]) -> None:
        self._stream = stream
        self._lost_line = lost_line
        self._lost = 0
        try:
            self._file: int | None = stream.fileno()
        except (OSError, ValueError):
            self._file = None  # no file at all, such as text kept in memory

    def msg(self, line: str) -> None:
        """Writes a line, or drops it."""
        if self._lost:
            # The line before may have been cut in the middle: what follows begins a new one.
            line = f"\n{self._lost_line(self._lost)}\n{line}"
        try:
            self._write(f"{line}\n")
        except (OSError, ValueError):
            self._lost += 1
        else:
            self._lost = 0

    debug = info = warning = error = critical = log = msg

    def _write(self, text: str) -> None:
        if self._file is None:
            self._stream.write(text)
            self._stream.flush()
            return
        left = memoryview(text.encode("utf-8", "backslashreplace"))
        while left:
            left = left[os.write(self._file, left) :]
