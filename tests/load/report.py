"""What a scenario tells when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.load.settling import Figures

Progress = Callable[[str], None]
"""Told what goes on, in a line."""


def silent(_: str) -> None:
    """Tells nobody."""


@dataclass(slots=True)
class Report:
    """One run of a scenario.

    Args:
        scenario: its name.
        done: what was done, in words.
        seconds: of load, settling not counted.
        figures: what came of the calls, and what must not be.
        notes: what was measured besides, in words.
        tables: columns and rows of figures, by title.
    """

    scenario: str
    done: str
    seconds: float
    figures: Figures
    notes: list[str] = field(default_factory=list)
    tables: dict[str, list[list[Any]]] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        """Whether nothing was lost, doubled, wrong, or otherwise as it must not be."""
        figures = self.figures
        return not (figures.lost or figures.duplicated or figures.wrong or figures.faults)
