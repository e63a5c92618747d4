"""Colours, lines and shapes: how each kind and each mark looks.

The colours are those of Okabe and Ito, which colour-blind readers tell apart; line style and weight
say the same again, for prints in grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from rashpath.readings.diagram.scene import Kind, Mark

FONT = "Arial"
INK = "#1A1A1A"
FAINT = "#6E6E6E"
BLUE = "#0072B2"
GREEN = "#009E73"
VERMILLION = "#D55E00"
ORANGE = "#E69F00"
PURPLE = "#CC79A7"
PAPER = "#FFFFFF"
LANE = "#FAFAF7"
LANE_LINE = "#C9C9C2"

TEXT_POINTS = 16
SMALL_POINTS = 15
LANE_POINTS = 22


@dataclass(frozen=True, slots=True)
class Pen:
    """How a line or an outline is drawn.

    Args:
        color: colour of the line.
        style: Graphviz line style.
        width: width in points.
        ink: colour of the text.
        fill: colour inside an outline.
    """

    color: str
    style: str
    width: float
    ink: str
    fill: str = PAPER


def box_pen(kind: Kind, mark: Mark) -> Pen:
    """Returns how a box of a kind is drawn."""
    match mark:
        case Mark.PLAIN:
            return _plain_pen(kind)
        case Mark.TAKEN if kind is Kind.RECOMMENDATION:
            return Pen(BLUE, "solid", 3.0, PAPER, BLUE)
        case Mark.TAKEN:
            return Pen(BLUE, "solid", 2.6, INK, "#D6E8F5")
        case Mark.OPEN:
            return Pen(ORANGE, "dashed", 2.2, INK, "#FFF6DC")
        case Mark.REFUSED | Mark.UNVISITED:
            return Pen("#BDBDBD", "solid", 0.8, FAINT, PAPER)
        case Mark.ADDED:
            return Pen(BLUE, "solid", 3.0, INK, "#D6E8F5")
        case Mark.REMOVED:
            return Pen(VERMILLION, "dotted", 2.4, INK, PAPER)
        case Mark.CHANGED:
            return Pen(ORANGE, "dashed", 2.6, INK, "#FFF6DC")
        case _:
            assert_never(mark)


def arrow_pen(mark: Mark) -> Pen:
    """Returns how an arrow is drawn."""
    match mark:
        case Mark.PLAIN:
            return Pen("#555555", "solid", 1.2, INK)
        case Mark.TAKEN:
            return Pen(BLUE, "solid", 3.6, INK)
        case Mark.REFUSED:
            return Pen(VERMILLION, "dotted", 1.6, INK)
        case Mark.OPEN:
            return Pen(ORANGE, "dashed", 2.4, INK)
        case Mark.UNVISITED:
            return Pen("#BDBDBD", "solid", 0.8, FAINT)
        case Mark.ADDED:
            return Pen(BLUE, "solid", 3.6, INK)
        case Mark.REMOVED:
            return Pen(VERMILLION, "dotted", 2.0, INK)
        case Mark.CHANGED:
            return Pen(ORANGE, "dashed", 2.6, INK)
        case _:
            assert_never(mark)


def arrow_head(mark: Mark) -> str:
    """Returns the Graphviz arrow head: a bar where the way was refused."""
    match mark:
        case Mark.PLAIN | Mark.TAKEN | Mark.ADDED | Mark.CHANGED:
            return "normal"
        case Mark.REFUSED | Mark.REMOVED:
            return "tee"
        case Mark.OPEN | Mark.UNVISITED:
            return "empty"
        case _:
            assert_never(mark)


def shape(kind: Kind) -> str:
    """Returns the Graphviz shape of a kind; all but the root's hold text without waste."""
    match kind:
        case Kind.START:
            return "ellipse"
        case Kind.DECISION | Kind.ALL | Kind.RECOMMENDATION:
            return "box"
        case Kind.FINDING:
            return "note"
        case Kind.END:
            return "underline"
        case _:
            assert_never(kind)


def outline(kind: Kind) -> str:
    """Returns what else tells the boxes apart: cut corners of a question, round ones of advice."""
    match kind:
        case Kind.DECISION:
            return "diagonals"
        case Kind.RECOMMENDATION:
            return "rounded"
        case Kind.START | Kind.ALL | Kind.FINDING | Kind.END:
            return ""
        case _:
            assert_never(kind)


def rims(kind: Kind) -> int:
    """Returns how many outlines a box has: a fork, two."""
    return 2 if kind is Kind.ALL else 1


def _plain_pen(kind: Kind) -> Pen:
    match kind:
        case Kind.RECOMMENDATION:
            return Pen(BLUE, "solid", 2.2, INK, "#D6E8F5")
        case Kind.FINDING:
            return Pen(GREEN, "solid", 1.4, INK, "#E3F4EE")
        case Kind.START | Kind.ALL:
            return Pen("#555555", "solid", 1.4, INK, "#EDEDED")
        case Kind.DECISION:
            return Pen("#555555", "solid", 1.2, INK, "#FFFBEA")
        case Kind.END:
            return Pen("#9A9A9A", "solid", 0.8, FAINT, PAPER)
        case _:
            assert_never(kind)
