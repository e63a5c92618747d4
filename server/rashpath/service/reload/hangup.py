"""SIGHUP: reload, as services do; but where a terminal hangs up, stop, as programs in one do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable


def on_hangup(reload: Callable[[], None]) -> None:
    """Has SIGHUP ask for a reload; to be called in the event loop.

    Where the process was started in a terminal that is gone now, the signal means that: it then
    does what SIGTERM does.

    Args:
        reload: asks for a reload.
    """
    in_terminal = os.isatty(sys.stdin.fileno())

    def hang_up() -> None:
        if in_terminal and not os.isatty(sys.stdin.fileno()):
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            reload()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)
