"""What the system knows of this process: processor time, memory, open files."""

from __future__ import annotations

from functools import cache

from prometheus_client import ProcessCollector

from rashpath.service.metrics.catalogue import BY_NAME
from rashpath.service.metrics.snapshot import Snapshot


def put_process(snapshot: Snapshot) -> None:
    """Adds it to a snapshot; nothing where the system does not tell (it does on Linux)."""
    for family in _collector().collect():
        for sample in family.samples:
            metric = BY_NAME.get(sample.name)
            if metric is not None:
                snapshot.put(metric, sample.value)


@cache
def _collector() -> ProcessCollector:
    return ProcessCollector(registry=None)
