"""What was measured is written down as it was."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tests.bench.bench_wire import UNARY
from tests.bench.points import HELD, Point
from tests.bench.report import DATA, PAGE, Report, as_json, fill, from_json, markdown, text_table

POINTS = [
    Point("First", "one", {"us": 1.5, "calls": 12345}, goal="under 2 us", met=True, others=0.1),
    Point("First", "two", {"us": 2500.0}, goal="under 2 us", met=False, held=HELD, others=0.31),
    Point("Second", "three", {"of null": 0.951}, tries=3),
]


@pytest.fixture
def report():
    """A small report."""
    machine = {
        "processor": "A processor",
        "cores": "2",
        "memory": "24 GiB",
        "system": "Linux 6",
        "python": "3.11.7",
    }
    versions = {"rashpath": "0.1.0", "a-peer": "2.0"}
    return Report("full", "2026-11-23", machine, versions, ["another-peer"], POINTS, 512)


def test_markdown(report):
    """Goals that are missed and points that were disturbed stand out."""
    assert markdown(report) == (
        "Taken on 2026-11-23 in 512 s (full form) on A processor, 2 cores, 24 GiB, Linux 6, "
        "Python 3.11.7; rashpath 0.1.0, a-peer 2.0. Not installed: another-peer.\n"
        "\n"
        "### First\n"
        "\n"
        "|  | us | calls | goal | met | held | others' cores |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| one | 1.5 | 12,345 | under 2 us | yes | free | 0.10 |\n"
        "| two | 2,500 |  | under 2 us | **no** | server core 0, load core 1 | 0.31 (!) |\n"
        "\n"
        "### Second\n"
        "\n"
        "|  | of null | held | others' cores |\n"
        "| --- | --- | --- | --- |\n"
        "| three | 0.951 | free | 0.00 |\n"
    )


def test_text(report):
    """A terminal gets the same in columns."""
    lines = text_table(report).splitlines()
    assert lines[1:4] == [
        "First",
        "       us     calls   goal        met     held                        others' cores",
        "  one  1.5    12,345  under 2 us  yes     free                        0.10",
    ]


def test_json_is_read_back(report):
    """The JSON holds the whole report, a point a line."""
    text = as_json(report)
    assert from_json(text) == report
    assert [line for line in text.splitlines() if '"three"' in line] == [
        '  {"group": "Second", "name": "three", "figures": {"of null": 0.951}, "held": "free", '
        '"others": 0.0, "tries": 3}'
    ]


def test_tables_replace_those_of_the_run_before(report):
    """Only what stands between the marks changes."""
    page = "before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n"
    filled = fill(page, report)
    assert filled.startswith("before\n<!-- measured: begin -->\n\nTaken on 2026-11-23")
    assert filled.endswith("| three | 0.951 | free | 0.00 |\n\n<!-- measured: end -->\nafter\n")
    again = dataclasses.replace(report, points=[])
    assert fill(fill(filled, again), report) == filled


def test_documented_tables_are_those_that_were_measured():
    """docs/performance.md shows exactly what docs/performance.json holds."""
    page = PAGE.read_text(encoding="utf-8")
    assert fill(page, from_json(DATA.read_text(encoding="utf-8"))) == page


def test_documented_points_say_how_quiet_it_was():
    """Every point tells what was held to a core, and what else used the machine."""
    points = json.loads(DATA.read_text(encoding="utf-8"))["points"]
    assert len(points) > 20
    assert [point["name"] for point in points if not {"held", "others"} <= point.keys()] == []


def test_documented_plots_are_there():
    """The page names no plot that does not exist."""
    page = PAGE.read_text(encoding="utf-8")
    named = [part.split(")")[0] for part in page.split("](performance-")[1:]]
    assert [name for name in named if not PAGE.with_name(f"performance-{name}").exists()] == []
    assert len(named) == 4


def test_the_documented_plot_of_the_wire_shows_every_rate():
    """No bar runs off it: one that did would have no label."""
    svg = PAGE.with_name("performance-wire.svg").read_text(encoding="utf-8")
    points = from_json(DATA.read_text(encoding="utf-8")).groups()[UNARY]
    labels = [f">{point.figures['of null']:.2f}<" for point in points]
    assert [label for label in labels if label not in svg] == []
    assert len(labels) > 3
