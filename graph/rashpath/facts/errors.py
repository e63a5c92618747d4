"""What can be wrong with an input, told so that the person who typed it can mend it.

A :class:`Problem` has two texts. ``text`` may show the value and is for the person who typed it;
``private_text`` never does and is the only one that may enter a log or leave the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_LONGEST_NAME = 64


class RashpathError(Exception):
    """Anything that this product raises on purpose."""


class DictionaryError(RashpathError):
    """The fact dictionary in the proto is not fit for use: a fault of ours, not of the input."""


class Reason(StrEnum):
    """The kind of a problem, stable for programs."""

    SYNTAX = "SYNTAX"
    TOO_LARGE = "TOO_LARGE"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    DUPLICATE_FIELD = "DUPLICATE_FIELD"
    WRONG_TYPE = "WRONG_TYPE"
    NOT_FINITE = "NOT_FINITE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNDEFINED_VALUE = "UNDEFINED_VALUE"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input.

    Args:
        reason: the kind of fault.
        field: path of the field, such as ``rash.trend``; empty where the whole input is meant.
        text: the fault in words; may show the value that was given.
        private_text: the same without any value that was given.
        line: line of the input, from 1; None where the input has no lines.
        column: column, from 1; None likewise.
        source: name of the input, such as ``case.yaml``; empty where it has none.
    """

    reason: Reason
    field: str
    text: str
    private_text: str
    line: int | None = None
    column: int | None = None
    source: str = ""

    def located(self) -> str:
        """Returns ``text`` behind its place, such as ``case.yaml:3: ...``."""
        place = self.source
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        return f"{place}: {self.text}" if place else self.text


class FactsError(RashpathError):
    """An input that cannot be used; carries every problem found, in the order of the input.

    ``str()`` of it shows no value that was given, so that it may be logged.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.private_text for problem in self.problems))


def quoted(name: str) -> str:
    """Returns a name from an input in backticks, safe to print and of bearable length.

    >>> quoted("rash.trned")
    '`rash.trned`'
    """
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME] + "..."
    safe = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in name
    )
    return f"`{safe}`"
