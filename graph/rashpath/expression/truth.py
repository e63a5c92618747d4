"""The three truth values and Kleene's tables over them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NoReturn


class Truth(Enum):
    """A truth value: true, false, or unknown for want of a fact.

    It has no truth of its own in Python: ``if truth:`` raises, so that an unknown can never be
    taken for a no. Compare it: ``truth is Truth.TRUE``.
    """

    TRUE = "TRUE"
    FALSE = "FALSE"
    UNKNOWN = "UNKNOWN"

    def __bool__(self) -> NoReturn:
        raise TypeError("a truth value of three is not a boolean; compare it with `is`")

    @staticmethod
    def of(known: bool) -> Truth:
        """Returns the truth value of something known."""
        return Truth.TRUE if known else Truth.FALSE


def negate(truth: Truth) -> Truth:
    """Returns NOT: unknown stays unknown."""
    match truth:
        case Truth.TRUE:
            return Truth.FALSE
        case Truth.FALSE:
            return Truth.TRUE
        case Truth.UNKNOWN:
            return Truth.UNKNOWN


def conjoin(truths: Iterable[Truth]) -> Truth:
    """Returns AND: one false makes it false, else one unknown makes it unknown; empty is true."""
    outcome = Truth.TRUE
    for truth in truths:
        if truth is Truth.FALSE:
            return Truth.FALSE
        if truth is Truth.UNKNOWN:
            outcome = Truth.UNKNOWN
    return outcome


def disjoin(truths: Iterable[Truth]) -> Truth:
    """Returns OR: one true makes it true, else one unknown makes it unknown; empty is false."""
    outcome = Truth.FALSE
    for truth in truths:
        if truth is Truth.TRUE:
            return Truth.TRUE
        if truth is Truth.UNKNOWN:
            outcome = Truth.UNKNOWN
    return outcome
