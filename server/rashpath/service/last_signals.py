"""SIGTERM says stop, however often it comes: one that comes later has nothing to add."""

from __future__ import annotations

import asyncio
import signal

_OVER = (signal.SIGTERM, signal.SIGHUP)


def ignore_signals() -> None:
    """Lets a process that has stopped come to its end, with its own exit code.

    To be called in the event loop, as the last thing: when a loop closes, its handlers go, and the
    next signal would end the process as if it had never drained.
    """
    for number in _OVER:
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
