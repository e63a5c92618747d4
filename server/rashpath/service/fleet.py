"""Adds up what several workers have counted, those that have ended included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from rashpath.service.metrics import catalogue
from rashpath.service.metrics.process import put_process
from rashpath.service.metrics.snapshot import Snapshot, merged
from rashpath.service.worker_process import WorkerProcess

_AGAIN_S = 1.0
"""Seconds between questions; what was counted since the last one is lost with a killed worker."""


class Fleet:
    """The counts of all workers of one parent.

    Args:
        serving: returns the workers that serve.
        level: adds what the parent itself knows to a snapshot.
    """

    def __init__(
        self, serving: Callable[[], Iterable[WorkerProcess]], level: Callable[[Snapshot], None]
    ) -> None:
        self._serving = serving
        self._level = level
        self._remains = Snapshot()
        self._ended = 0

    async def gather(self) -> Snapshot:
        """Asks every worker, and returns what all have counted."""
        await asyncio.gather(*(worker.count() for worker in self._serving()))
        own = Snapshot()
        own.put(catalogue.WORKERS_ENDED, self._ended)
        put_process(own)
        self._level(own)
        # INVARIANT: nothing waits between here and the return, so that no worker counts twice.
        return merged([self._remains, own, *(worker.counted for worker in self._serving())])

    def ended(self, worker: WorkerProcess, *, told: bool) -> None:
        """Keeps what a worker had counted that ended.

        Args:
            worker: the worker, which no longer serves.
            told: whether it was told to end; where not, that is counted too.
        """
        self._remains = merged([self._remains, worker.counted.remains()])
        self._ended += not told

    async def keep_asking(self) -> None:
        """Asks again and again, until cancelled."""
        while True:
            await asyncio.sleep(_AGAIN_S)
            await self.gather()
