"""Counts what one process does, in plain numbers, so that a call pays next to nothing for it.

All methods belong to the event loop's thread, but for :meth:`Tally.wrote`, which the ledger's
writing thread calls.
"""

from __future__ import annotations

import platform
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version

from rashpath.audit.outcome import Attempt
from rashpath.guideline.model import SEMANTICS_VERSION, DecisionGraph
from rashpath.readings.walk import Walked
from rashpath.service.metrics import catalogue
from rashpath.service.metrics.decisions import DecisionCounts
from rashpath.service.metrics.process import put_process
from rashpath.service.metrics.snapshot import Buckets, Snapshot

_UNARY = "unary"


class Histogram:
    """Counts by size.

    Args:
        bounds: upper bounds of the buckets, rising, each included in its bucket.
    """

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def observe(self, value: float) -> None:
        """Counts one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def buckets(self) -> Buckets:
        """Returns the counts so far."""
        return Buckets(tuple(self._counts), self._total)


@dataclass(slots=True)
class _Method:
    """What is counted of one method."""

    service: str
    name: str
    started: int = 0
    codes: dict[str, int] = field(default_factory=lambda: {"OK": 0})
    seconds: Histogram = field(default_factory=lambda: Histogram(catalogue.RPC_SECONDS.bounds))


class Tally:
    """What one process has counted since it started.

    Args:
        methods: full name of its service by the name of each method; names are unique.
    """

    def __init__(self, methods: Mapping[str, str]) -> None:
        self._methods = {name: _Method(service, name) for name, service in methods.items()}
        self._decisions: dict[str, DecisionCounts] = {}
        self._levels: list[Callable[[Snapshot], None]] = []
        self._writing = threading.Lock()
        self._records = self._failures = 0
        self._commits = Histogram(catalogue.LEDGER_SECONDS.bounds)
        self._keeps_ledger = False

    def started(self, method: str) -> None:
        """Counts a call that came in."""
        self._methods[method].started += 1

    def ended(self, method: str, code: str, seconds: float) -> None:
        """Counts a call that was answered, refused or given up.

        Args:
            method: its name.
            code: name of its status code.
            seconds: how long it took.
        """
        counts = self._methods[method]
        counts.codes[code] = counts.codes.get(code, 0) + 1
        counts.seconds.observe(seconds)

    def made(self, walked: Walked) -> None:
        """Counts a decision."""
        self._counts(walked.graph).count(walked.verdict_codes, walked.asked_bits)

    def made_many(self, graph: DecisionGraph, notes: bytes) -> None:
        """Counts decisions of a guideline.

        Args:
            graph: the guideline.
            notes: of each decision its verdict codes, then the facts it asks for as bits, in words
                of 8 bytes.
        """
        counts = self._counts(graph)
        verdicts = len(graph.recommendations)
        size = verdicts + 8 * max(1, -(-len(graph.dictionary) // 64))
        for note, times in Counter(
            [notes[start : start + size] for start in range(0, len(notes), size)]
        ).items():
            asked = int.from_bytes(note[verdicts:], "little")
            counts.count(note[:verdicts], asked, times)

    def _counts(self, graph: DecisionGraph) -> DecisionCounts:
        counts = self._decisions.get(graph.digest)
        if counts is None:
            counts = self._decisions[graph.digest] = DecisionCounts(graph)
        return counts

    def wrote(self, attempt: Attempt) -> None:
        """Counts a try of the ledger to commit; any thread may call it."""
        with self._writing:
            if attempt.committed:
                self._records += attempt.records
                self._commits.observe(attempt.seconds)
            else:
                self._failures += 1

    def keeps_ledger(self) -> None:
        """Shows from now on what is counted of the ledger."""
        self._keeps_ledger = True

    def watch(self, level: Callable[[Snapshot], None]) -> None:
        """Asks for levels, such as the length of a queue, whenever a snapshot is taken."""
        self._levels.append(level)

    def snapshot(self) -> Snapshot:
        """Returns all that was counted, and the levels of now."""
        snapshot = Snapshot()
        for each in self._methods.values():
            labels = (_UNARY, each.service, each.name)
            snapshot.put(catalogue.RPC_STARTED, each.started, *labels)
            snapshot.put_buckets(catalogue.RPC_SECONDS, each.seconds.buckets(), *labels)
            for code, count in each.codes.items():
                snapshot.put(catalogue.RPC_HANDLED, count, *labels, code)
        for decisions in self._decisions.values():
            for metric, found, count in decisions.counted():
                snapshot.add(metric, count, *found)
        if self._keeps_ledger:
            with self._writing:
                snapshot.put(catalogue.LEDGER_RECORDS, self._records)
                snapshot.put(catalogue.LEDGER_FAILURES, self._failures)
                snapshot.put_buckets(catalogue.LEDGER_SECONDS, self._commits.buckets())
        snapshot.put(catalogue.WORKERS, 1)
        snapshot.put(catalogue.BUILD, 1, *_build())
        put_process(snapshot)
        for level in self._levels:
            level(snapshot)
        return snapshot


@cache
def _build() -> tuple[str, ...]:
    python = platform.python_version()
    return version("rashpath"), SEMANTICS_VERSION, python, version("grpcio")
