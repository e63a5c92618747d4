"""Where everything of a picture stands, in points; y grows upwards, as in Graphviz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a box stands: its middle in points, its size in inches, each as Graphviz writes it."""

    at: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Way:
    """How an arrow runs: its spline, and the middle of its label; empty without one."""

    spline: str
    label: str


@dataclass(frozen=True, slots=True)
class Area:
    """The frame of a lane, and the middle of its title."""

    box: str
    label: str


@dataclass(frozen=True, slots=True)
class Wrap:
    """After how many characters texts are wrapped, in boxes and on arrows."""

    box: int
    arrow: int


WRAP = Wrap(18, 16)
"""Where no lane is given a wrapping of its own."""

START_WRAP = Wrap(26, 26)
"""Of the root and the fork below it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where everything of a picture stands.

    Args:
        spots: by id of a box.
        ways: by tail and head of an arrow.
        areas: by id of a part.
        wraps: how the texts of a part are wrapped, by id of the part.
        width: of the whole picture, in points.
        height: of the whole picture, in points.
    """

    spots: Mapping[str, Spot]
    ways: Mapping[tuple[str, str], Way]
    areas: Mapping[str, Area]
    wraps: Mapping[str, Wrap]
    width: float
    height: float
