"""Draws the plots of docs/performance.md as small SVG files whose text stays text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl

from tests.bench.bench_decision import PEERS
from tests.bench.bench_growth import SIZES, UNKNOWNS
from tests.bench.bench_wire import UNARY
from tests.bench.points import Point

mpl.use("svg")
# The same points give the same bytes.
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rashpath", "font.size": 9})

_OURS, _OTHERS, _GOAL = "#1b5e8a", "#9aa5ad", "#a33a2a"

Groups = Mapping[str, Sequence[Point]]


def plots(groups: Groups) -> dict[str, str]:
    """Returns the plots that can be drawn from some points, as SVG by name."""
    found = {
        "peers": (_peers, PEERS),
        "wire": (_wire, UNARY),
        "growth": (_growth, SIZES),
        "unknown": (_unknown, UNKNOWNS),
    }
    return {name: draw(groups[group]) for name, (draw, group) in found.items() if group in groups}


def _peers(points: Sequence[Point]) -> str:
    from matplotlib.figure import Figure

    points = sorted(points, key=lambda point: -_number(point, "us"))
    figure = Figure(figsize=(7.2, 0.32 * len(points) + 0.8))
    axes = figure.add_subplot()
    values = [_number(point, "us") for point in points]
    colours = [_OURS if "rashpath" in point.name else _OTHERS for point in points]
    bars = axes.barh([point.name for point in points], values, color=colours)
    axes.bar_label(bars, [f"{value:,.4g}" for value in values], padding=3)
    axes.set_xscale("log")
    axes.set_xlim(right=max(values) * 4)
    axes.set_xlabel("microseconds of processor time a decision (logarithmic)")
    return _svg(figure, axes)


def _wire(points: Sequence[Point]) -> str:
    from matplotlib.figure import Figure

    points = list(reversed(points))
    figure = Figure(figsize=(7.2, 0.4 * len(points) + 0.8))
    axes = figure.add_subplot()
    values = [_number(point, "of null") for point in points]
    bars = axes.barh([point.name for point in points], values, color=_OURS)
    axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3)
    for place, point in enumerate(points):
        if point.goal:
            goal = float(point.goal.split()[0])
            axes.plot([goal, goal], [place - 0.4, place + 0.4], color=_GOAL, linewidth=2)
    axes.axvline(1.0, color=_OTHERS, linewidth=1)
    axes.set_xlim(0, 1.15 * max(1.0, *values))
    axes.set_xlabel("rate, as a share of the null RPC's (mark: goal)")
    return _svg(figure, axes)


def _growth(points: Sequence[Point]) -> str:
    columns = {
        "every fact known us": "every fact known",
        "half unknown us": "half unknown",
        "nothing known us": "nothing known",
    }
    return _lines(points, "nodes", columns, "nodes of the graph", log=True)


def _unknown(points: Sequence[Point]) -> str:
    columns = {name: name.removesuffix(" us") for name in points[0].figures if name != "unknown"}
    return _lines(points, "unknown", columns, "unknown facts of 61", log=False)


def _lines(
    points: Sequence[Point], across: str, columns: Mapping[str, str], label: str, *, log: bool
) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2))
    axes = figure.add_subplot()
    places = [_number(point, across) for point in points]
    for style, (column, name) in zip(("-o", "--s", ":^"), columns.items(), strict=False):
        axes.plot(places, [_number(point, column) for point in points], style, label=name)
    axes.set_yscale("log")
    if log:
        axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("microseconds a decision")
    axes.legend(frameon=False)
    return _svg(figure, axes)


def _svg(figure: Any, axes: Any) -> str:
    axes.spines[["top", "right"]].set_visible(False)
    target = io.StringIO()
    figure.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
    # Trailing blanks would show in every diff.
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines()) + "\n"


def _number(point: Point, column: str) -> float:
    return float(point.figures[column])
