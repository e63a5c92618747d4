"""What one process has counted at one moment, as plain data that travels and adds up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rashpath.service.metrics.catalogue import BY_NAME, Kind, Metric

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Buckets:
    """A histogram.

    Args:
        counts: how many fell into each bucket, not added up; one more than the metric has bounds.
        total: the sum of what was observed.
    """

    counts: tuple[int, ...]
    total: float

    def __add__(self, other: Buckets) -> Buckets:
        pairs = zip(self.counts, other.counts, strict=True)
        return Buckets(tuple(a + b for a, b in pairs), self.total + other.total)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Numbers and histograms, each by metric and labels."""

    numbers: dict[str, dict[Labels, float]] = field(default_factory=dict)
    buckets: dict[str, dict[Labels, Buckets]] = field(default_factory=dict)

    def put(self, metric: Metric, value: float, *labels: str) -> None:
        """Puts a number."""
        self.numbers.setdefault(metric.name, {})[labels] = value

    def add(self, metric: Metric, value: float, *labels: str) -> None:
        """Adds a number to what is there."""
        rows = self.numbers.setdefault(metric.name, {})
        rows[labels] = rows.get(labels, 0) + value

    def put_buckets(self, metric: Metric, value: Buckets, *labels: str) -> None:
        """Puts a histogram."""
        self.buckets.setdefault(metric.name, {})[labels] = value

    def plain(self) -> dict[str, Any]:
        """Returns it as what JSON can say."""
        return {
            "numbers": {
                name: [[list(labels), value] for labels, value in by_labels.items()]
                for name, by_labels in self.numbers.items()
            },
            "buckets": {
                name: [[list(labels), each.counts, each.total] for labels, each in found.items()]
                for name, found in self.buckets.items()
            },
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Snapshot:
        """Returns what :meth:`plain` said."""
        return cls(
            {
                name: {tuple(labels): value for labels, value in rows}
                for name, rows in plain["numbers"].items()
            },
            {
                name: {
                    tuple(labels): Buckets(tuple(counts), total) for labels, counts, total in rows
                }
                for name, rows in plain["buckets"].items()
            },
        )

    def remains(self) -> Snapshot:
        """Returns what still counts once the process has ended."""
        return Snapshot(
            {name: rows for name, rows in self.numbers.items() if BY_NAME[name].kind.outlives},
            self.buckets,
        )


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Returns several snapshots as one, each metric by its own rule."""
    whole = Snapshot()
    for snapshot in snapshots:
        for name, rows in snapshot.numbers.items():
            into = whole.numbers.setdefault(name, {})
            for labels, value in rows.items():
                into[labels] = _joined(BY_NAME[name].kind, into.get(labels), value)
        for name, found in snapshot.buckets.items():
            histograms = whole.buckets.setdefault(name, {})
            for labels, buckets in found.items():
                seen = histograms.get(labels)
                histograms[labels] = buckets if seen is None else seen + buckets
    return whole


def _joined(kind: Kind, seen: float | None, value: float) -> float:
    if seen is None:
        return value
    match kind:
        case Kind.HIGHEST:
            return max(seen, value)
        case Kind.LOWEST:
            return min(seen, value)
        case Kind.COUNTER | Kind.SUM | Kind.HISTOGRAM:
            return seen + value
