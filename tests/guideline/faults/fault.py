"""What a deliberate fault of the toy guideline is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One edit that breaks the toy guideline.

    Args:
        old: a passage of the file.
        new: what stands in its place.
        path: where the fault is.
        says: part of the message.
        at: a passage of the edited file that begins on the fault's line; empty: `new` does.
    """

    old: str
    new: str
    path: str
    says: str
    at: str = ""
