"""How the event loop shares a core with grpc's thread of events.

grpc hands every event of a call, six or so for each, to the loop by way of a thread. On one core
that thread interrupts the loop for each event. As a batch thread (`SCHED_BATCH`) it interrupts
nobody; instead the loop gives way to it when it looks for calls, and events come by the dozen.

Whoever else runs on the core gets a turn then too, of some milliseconds for a busy process. A loop
that finds itself away for long gives way no more, lets the thread interrupt it as before, and tries
again later and later.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_AWAY_S: Final = 0.0005
"""Seconds after which it was not only grpc that worked meanwhile: a slice of another process is
longer, what grpc does between two looks takes a tenth of it."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 10.0
_WENT_WELL_S: Final = 1.0
"""Seconds without being away for long after which the next pause is a short one again."""


class CoreSharing:
    """The sharing of one event loop; does nothing until it knows grpc's thread, or where the
    system has no such schedules.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._threads: list[int] = []
        self._gives = False
        self._since = 0.0  # when it began to give way, or stopped
        self._pause_s = _FIRST_PAUSE_S

    @contextmanager
    def of_new_threads(self) -> Iterator[None]:
        """Takes the Python threads that begin in the context for grpc's.

        That is one where the process's first server of grpc.aio is made, and none for the others.
        """
        before = set(threading.enumerate())
        yield
        started = set(threading.enumerate()) - before
        self._threads += [each.native_id for each in started if each.native_id is not None]
        self._give(self._clock())

    def give_way(self) -> None:
        """Lets grpc's thread work for a moment."""
        if not self._threads:
            return
        began = self._clock()
        if not self._gives:
            if began >= self._since + self._pause_s:
                self._give(began)
            return
        os.sched_yield()
        now = self._clock()
        if now - began > _AWAY_S:
            short = began - self._since >= _WENT_WELL_S
            self._pause_s = _FIRST_PAUSE_S if short else min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._since = now
            self._stop()

    def end(self) -> None:
        """Leaves grpc's thread as it was found: another server may need it."""
        if self._gives:
            self._stop()
        self._threads.clear()

    def _give(self, now: float) -> None:
        self._gives = _schedule(self._threads, batch=True)
        self._since = now
        if not self._gives:
            self._threads.clear()

    def _stop(self) -> None:
        self._gives = False
        _schedule(self._threads, batch=False)


def _schedule(threads: list[int], *, batch: bool) -> bool:
    """Makes usual threads batch threads, or the other way round; tells whether all of them are."""
    if sys.platform != "linux":
        return False
    found, meant = os.SCHED_OTHER, os.SCHED_BATCH
    if not batch:
        found, meant = meant, found
    try:
        for thread in threads:
            # Whoever gave the process a schedule of its own, such as a real-time one, meant it.
            if os.sched_getscheduler(thread) != found:
                return False
            os.sched_setscheduler(thread, meant, os.sched_param(0))
    except OSError:  # the thread has ended, or a container forbids it
        return False
    return bool(threads)
