"""What became of one property: proved, refuted by a case, or not settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Case = Mapping[str, int | float]
"""The given facts by path; a choice by the number of its value."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A case in which a property fails, confirmed by the walk.

    Args:
        about: what fails in it, in words that name the node or condition.
        cases: the case; where a property compares two, the second as well.
        fewest: True if no such case with fewer given facts exists; False if the search for one ran
            out of time.
    """

    about: str
    cases: tuple[Case, ...]
    fewest: bool


@dataclass(frozen=True, slots=True)
class Proved:
    """The property holds in all cases.

    Args:
        checked: how many things it was proved of, such as nodes.
        notes: what else the proof found, such as the names of nodes.
    """

    checked: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refuted:
    """The property fails.

    Args:
        counterexamples: cases that show it; empty where the fault is that there is no case.
        reasons: what fails without a case to show it, such as a node that no case reaches.
    """

    counterexamples: tuple[Counterexample, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The property is not settled, which counts as a failure: a time-out, or a bug of the proof."""

    reasons: tuple[str, ...]


Outcome = Proved | Refuted | Failed


@dataclass(frozen=True, slots=True)
class Settled:
    """One property with what became of it.

    Args:
        id: stable id, such as `branches` or `invariant.cidofovir_only_for_hsv`.
        text: the property in words.
        outcome: what became of it.
        seconds: how long it took.
        questions: how many questions the solver was asked.
    """

    id: str
    text: str
    outcome: Outcome
    seconds: float
    questions: int
