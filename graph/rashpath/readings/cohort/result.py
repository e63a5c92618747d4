"""What became of a cohort: counts of verdicts, of missing facts, and of ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rashpath.facts.errors import RashpathError


class EngineError(RashpathError):
    """A run that the database ended, or an engine that cannot run."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a cohort.

    Args:
        cases: how many cases there are.
        verdicts: for each recommendation among the outputs, how many cases have each verdict, by
            its word; words that no case has are left out.
        missing: how many cases lack each fact, by path, in the order of the dictionary.
    """

    cases: int
    verdicts: Mapping[str, Mapping[str, int]]
    missing: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Flow:
    """How a cohort flows through the graph.

    Args:
        cases: how many cases there are.
        taken: for each edge, by tail and head, how many cases take it.
        open: for each edge, how many may take it.
        reached: for each node, how many cases reach it.
        undetermined: for each node, how many may reach it.
    """

    cases: int
    taken: Mapping[tuple[str, str], int]
    open: Mapping[tuple[str, str], int]
    reached: Mapping[str, int]
    undetermined: Mapping[str, int]
