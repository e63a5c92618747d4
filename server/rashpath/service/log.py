"""The service's log: one JSON object a line on stderr, and never a value of a patient.

What enters are codes, reasons, field paths, sizes, durations and ids; texts of callers and of
exceptions do not. Records of libraries enter with their first line only.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from rashpath.service.log_lines import LogLines

Log = structlog.typing.FilteringBoundLogger

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def make_log(level: str, stream: TextIO | None = None) -> Log:
    """Returns a log; what cannot be written is dropped, and counted in the next line that can.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        stream: where to write; None: stderr.
    """
    make_line = _Line()

    def lost_line(count: int) -> str:
        return make_line(None, "warning", {"event": "lines of the log were lost", "lost": count})

    log: Log = structlog.wrap_logger(
        LogLines(stream or sys.stderr, lost_line),
        processors=[make_line],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    return log


class _Line:
    """Makes the line of one event; every request waits for one, so it is quick about it."""

    def __init__(self) -> None:
        self._second = -1
        self._day_and_time = ""
        self._encode = json.JSONEncoder(default=repr).encode

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._day_and_time = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        event["level"] = method
        event["timestamp"] = f"{self._day_and_time}.{nanoseconds // 1000:06d}Z"
        return self._encode(event)


def log_fault(log: Log, incident: str, error: BaseException) -> None:
    """Logs an unexpected exception: its type and where it arose.

    Its message and the local variables are left out, for they may hold values.
    """
    frames = traceback.extract_tb(error.__traceback__)
    log.error(
        "unexpected fault",
        incident=incident,
        exception=type(error).__name__,
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )


class LibraryLog(logging.Handler):
    """Passes what libraries log through Python's `logging` on as JSON.

    Only the first line of a record is kept, and no arguments and no traceback: what libraries say
    about an exception may quote it.
    """

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record."""
        fields: dict[str, Any] = {"library": record.name}
        if record.exc_info is not None and record.exc_info[0] is not None:
            fields["exception"] = record.exc_info[0].__name__
        lines = str(record.msg).splitlines()
        self._log.log(record.levelno, lines[0] if lines else "", **fields)


def capture_libraries(log: Log) -> None:
    """Sends the records of all libraries, from warnings up, to a log and nowhere else."""
    root = logging.getLogger()
    root.handlers[:] = [LibraryLog(log)]
    root.setLevel(logging.WARNING)
