"""What every walk tells, however it was walked: all that a record of a decision needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rashpath.guideline.model import DecisionGraph
from rashpath.readings.walk.steps import NodeStep, Verdict

VERDICT_CODES = {Verdict.DOES_NOT_APPLY: 0, Verdict.UNDETERMINED: 1, Verdict.APPLIES: 3}
"""Verdicts as numbers, for who counts or compares many."""


class Walked(Protocol):
    """The way of one case through a graph."""

    @property
    def graph(self) -> DecisionGraph:
        """The guideline."""

    @property
    def applying(self) -> tuple[str, ...]:
        """Ids of the recommendations that apply, in topological order."""

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Ids of the recommendations that are undetermined, in topological order."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Paths of the unknown facts that matter, in the order of the facts."""

    @property
    def verdict_codes(self) -> bytes:
        """A byte for each recommendation, in topological order: its verdict by VERDICT_CODES."""

    @property
    def asked_bits(self) -> int:
        """The facts of `asked` as bits: the first fact of the dictionary is the lowest."""

    def joined(self, of: Callable[[NodeStep], bytes]) -> bytes:
        """Returns what a function makes of each step, joined, in topological order.

        Args:
            of: told a step; what it returns may rest on node, verdict and outcomes only, since
                steps may come without decisive facts, and its results may be kept.
        """
