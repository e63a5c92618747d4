"""Plain values, the places where they stand, and the faults of a text that holds them."""

from __future__ import annotations

from dataclasses import dataclass

from rashpath.facts.errors import FactsError, Problem, Reason, quoted

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""A value as a document holds it."""

Path = tuple[str | int, ...]
"""Keys and indices, from the top of a document, as they are written there."""

DEPTH_LIMIT = 64
"""Deepest nesting of lists and mappings that is read."""

LONGEST_NUMBER = 400
"""Most digits of a number; what is longer cannot fit any field."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column in a text, both from 1."""

    line: int
    column: int


def fault(
    source: str,
    text: str,
    place: Place | None = None,
    *,
    private: str | None = None,
    reason: Reason = Reason.SYNTAX,
    name: str = "",
) -> FactsError:
    """Returns the error of a text that cannot be read; ``private`` where ``text`` shows some."""
    line, column = (place.line, place.column) if place is not None else (None, None)
    return FactsError([Problem(reason, name, text, private or text, line, column, source)])


def empty(source: str) -> FactsError:
    """Returns the error of a text that holds nothing."""
    return fault(source, "the input is empty; write `{}` if nothing is known")


def too_deep(source: str, place: Place | None) -> FactsError:
    """Returns the error of a text that is nested deeper than the limit."""
    return fault(source, f"nested deeper than {DEPTH_LIMIT}", place)


def twice(source: str, path: Path, place: Place, first_line: int) -> FactsError:
    """Returns the error of a key that a mapping holds twice."""
    name = path_text(path)
    text = f"{quoted(name)} is given twice"
    if first_line != place.line:
        text += f", first on line {first_line}"
    return fault(source, text, place, reason=Reason.DUPLICATE_FIELD, name=name)


def path_text(path: Path) -> str:
    """Returns a path as it is shown, such as ``nodes[3].id``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
