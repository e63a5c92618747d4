"""Levels that are looked at when somebody asks: queues, limits, what is served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rashpath.audit.checkpoint import newest_checkpoint_us
from rashpath.audit.errors import StoreError
from rashpath.audit.ledger import Ledger
from rashpath.service.gate import Gate
from rashpath.service.guidelines import Guidelines
from rashpath.service.metrics import catalogue
from rashpath.service.metrics.snapshot import Snapshot
from rashpath.service.refusals import Refusals
from rashpath.v1 import guideline_pb2

_LOOK_S = 10.0
"""Seconds between looks for the newest checkpoint, which any process may make."""


def gate_levels(gate: Gate, limit: int) -> Callable[[Snapshot], None]:
    """Tells how many requests are in flight, and how many may be."""

    def put(snapshot: Snapshot) -> None:
        snapshot.put(catalogue.IN_FLIGHT, gate.in_flight)
        snapshot.put(catalogue.IN_FLIGHT_LIMIT, limit)

    return put


def refusal_levels(refusals: Refusals) -> Callable[[Snapshot], None]:
    """Tells what was refused."""

    def put(snapshot: Snapshot) -> None:
        for labels, count in refusals.counts().items():
            snapshot.put(catalogue.REFUSALS, count, *labels)

    return put


def guideline_levels(serving: Callable[[], Guidelines]) -> Callable[[Snapshot], None]:
    """Tells which guidelines are served, and since when.

    Args:
        serving: returns those that are served now.
    """

    def put(snapshot: Snapshot) -> None:
        guidelines = serving()
        snapshot.put(catalogue.GUIDELINES_LOADED, guidelines.loaded_s)
        for graph in guidelines.all():
            guideline = graph.guideline
            by_default = guidelines.default_versions[guideline.id] == guideline.version
            status = guideline_pb2.ReviewStatus.Name(guideline.review_status)
            snapshot.put(
                catalogue.GUIDELINE,
                1,
                guideline.id,
                guideline.version,
                graph.digest,
                status.removeprefix("REVIEW_STATUS_"),
                "true" if by_default else "false",
            )

    return put


class LedgerLevels:
    """Tells how a ledger fares, and when its newest checkpoint was made.

    Args:
        ledger: open for writing.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._checkpoint_s = 0.0

    def put(self, snapshot: Snapshot) -> None:
        """Adds the levels to a snapshot."""
        snapshot.put(catalogue.LEDGER_QUEUE, self._ledger.waiting)
        snapshot.put(catalogue.LEDGER_QUEUE_LIMIT, self._ledger.queue_limit)
        snapshot.put(catalogue.LEDGER_WRITABLE, int(self._ledger.healthy))
        snapshot.put(catalogue.LEDGER_CHECKPOINT, self._checkpoint_s)

    async def watch(self) -> None:
        """Looks for the newest checkpoint until cancelled."""
        while True:
            try:
                newest = await asyncio.to_thread(newest_checkpoint_us, self._ledger.store)
            except StoreError:
                newest = None  # the last one known stays; whether the ledger works is told apart
            if newest is not None:
                self._checkpoint_s = newest / 1e6
            await asyncio.sleep(_LOOK_S)
