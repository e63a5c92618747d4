"""The shipped guideline as a file, and copies of it that differ in a few passages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rashpath.guideline import DecisionGraph, load_bytes

CONTENT = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"


@dataclass(frozen=True, slots=True)
class Copy:
    """The shipped guideline with one change.

    Args:
        what: the change in words.
        old: a passage of the file that stands there once.
        new: what stands in its place.
        also: further passages, each with what stands in its place.
        everywhere: True if a passage may stand more than once.
        long: True if it is tried in the long run of the tests only.
    """

    what: str
    old: str
    new: str
    also: tuple[tuple[str, str], ...] = ()
    everywhere: bool = False
    long: bool = False

    def text(self) -> str:
        """Returns the changed file.

        Raises:
            ValueError: a passage stands nowhere, or more than once though not `everywhere`.
        """
        text = CONTENT.read_text(encoding="utf-8")
        for old, new in ((self.old, self.new), *self.also):
            count = text.count(old)
            if count != 1 and not (self.everywhere and count):
                raise ValueError(f"{old!r} stands {count} times")
            text = text.replace(old, new)
        return text

    def load(self) -> DecisionGraph:
        """Returns the changed guideline."""
        return load_bytes(self.text().encode(), "copy.yaml")


@cache
def shipped() -> DecisionGraph:
    """Returns the shipped guideline."""
    return load_bytes(CONTENT.read_bytes(), "1.0.0.yaml")


def edge(tail: str, head: str, rest: str) -> str:
    """Returns the beginning of an edge as the file has it."""
    return f"{{from_node: {tail}, to_node: {head}, {rest}"
