"""The drawn pictures: complete, self-contained, legible on A3, and the same bytes every time."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import sysconfig
from xml.etree import ElementTree

import pytest

from rashpath.readings.diagram import Detail, DrawingError, Format, compose, draw, program
from rashpath.readings.diagram.picture import reduction
from rashpath.readings.diagram.place import place
from rashpath.readings.diagram.style import SMALL_POINTS
from rashpath.readings.walk import walk

SVG = "{http://www.w3.org/2000/svg}"
LEAST_POINTS = 5.0
"""Smallest text on a print on A3."""

STABLE = """
import hashlib, sys
from rashpath.readings.diagram import Format, draw
from rashpath.readings.walk import walk
from tests.diagram.pictures import facts_of, shipped
graph = shipped()
walked = walk(graph, facts_of("hiv/zoster_with_suspected_resistance"))
for format in (Format.SVG, Format.PNG, Format.DOT, Format.MERMAID):
    print(format, hashlib.sha256(draw(graph, walked, format=format).content).hexdigest())
"""


@pytest.fixture(scope="module")
def svg(graph, spreading):
    """The drawn example as text."""
    return draw(graph, spreading).content.decode()


def test_an_svg_says_in_words_what_it_shows(graph, svg):
    """Who cannot see the picture hears its title, what applies and what is open."""
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    title, description = root[0], root[1]
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert graph.guideline.version in (title.text or "")
    applies, _, open_ones = (description.text or "").partition("Applies: ")[2].partition("Open: ")
    assert "Consult infectious disease today" in applies
    assert "Review as an emergency now" in open_ones


def test_an_svg_needs_nothing_else_and_does_nothing(svg):
    """No script, no handler, no link, nothing fetched from elsewhere."""
    root = ElementTree.fromstring(svg)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "g", "polygon", "path", "text", "polyline", "ellipse"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    assert "<!" not in svg
    assert re.findall(r"https?://[^\"']*", svg) == ["http://www.w3.org/2000/svg"]


def test_every_node_edge_and_lane_is_drawn(graph, svg):
    """Nothing of the guideline is missing from its picture."""
    groups = {element.get("id") for element in ElementTree.fromstring(svg).iter(f"{SVG}g")}
    edges = {f"{edge.tail}--{edge.head}" for node in graph.order for edge in graph.out_of(node.id)}
    lanes = {f"lane_{lane.id}" for lane in graph.guideline.lanes}
    assert ({node.id for node in graph.order} | edges | lanes) - groups == set()


@pytest.mark.parametrize("format", [Format.SVG, Format.PNG])
def test_drawing_twice_gives_the_same_bytes(graph, spreading, format):
    """Two prints of one decision are the same file."""
    assert draw(graph, spreading, format=format) == draw(graph, spreading, format=format)


def test_other_processes_draw_the_same_bytes():
    """Neither the process nor the hash seed shows in a picture."""
    seen = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", STABLE],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(done.stdout)
    assert len(seen) == 1
    assert len(seen.pop().splitlines()) == 4


@pytest.mark.parametrize("name", ["alone", "spreading", "empty", "improving"])
@pytest.mark.parametrize("detail", list(Detail))
def test_the_smallest_text_is_legible_on_a3(graph, spreading_facts, name, detail):
    """Printed on A3, no text is below 5 points, whatever is known of the patient."""
    facts = {
        "alone": None,
        "spreading": spreading_facts,
        "empty": {},
        "improving": {**spreading_facts, "rash.trend": 1},
    }[name]
    placed = place(compose(graph, None if facts is None else walk(graph, facts), detail=detail))
    assert placed is not None
    assert SMALL_POINTS * reduction(placed.width, placed.height) >= LEAST_POINTS


def test_lanes_do_not_overlap_and_stand_on_the_page(graph, spreading):
    """Each lane has its own place."""
    placed = place(compose(graph, spreading))
    assert placed is not None
    frames = {id: [float(n) for n in area.box.split(",")] for id, area in placed.areas.items()}
    for id, (left, bottom, right, top) in frames.items():
        assert 0 <= left < right <= placed.width, id
        assert 0 <= bottom < top <= placed.height, id
        for other, (left2, bottom2, right2, top2) in frames.items():
            apart = right <= left2 or right2 <= left or top <= bottom2 or top2 <= bottom
            assert other == id or apart, (id, other)


@pytest.mark.parametrize(("dots", "pixels"), [(36, 595), (100, 1654)])
def test_a_png_has_the_resolution_that_is_asked_for(graph, dots, pixels):
    """The longer side is that of A3 at the given dots an inch, but for the margin."""
    png = draw(graph, format=Format.PNG, detail=Detail.OVERVIEW, dots_per_inch=dots).content
    assert png.startswith(b"\x89PNG\r\n")
    assert max(struct.unpack(">II", png[16:24])) == pytest.approx(pixels, rel=0.05)


@pytest.mark.parametrize("dots", [35, 301])
def test_a_resolution_out_of_range_is_refused(graph, dots):
    """A picture of gigabytes, or of a few dots, is not drawn."""
    with pytest.raises(ValueError, match="`dots_per_inch` must be 36 to 300"):
        draw(graph, format=Format.PNG, dots_per_inch=dots)


def test_a_missing_program_is_named(monkeypatch, tmp_path):
    """Where graphviz-pure is not installed, the error says so, and how to get it."""
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    program.find.cache_clear()
    try:
        with pytest.raises(DrawingError, match=r"`graphviz-pure` is not installed"):
            program.run("digraph { a }", "-Tsvg")
    finally:
        program.find.cache_clear()


def test_the_program_is_found_without_a_path(monkeypatch):
    """A server that runs with an empty PATH draws all the same."""
    monkeypatch.setenv("PATH", "")
    program.find.cache_clear()
    assert program.run("digraph { a }", "-Tsvg").startswith(b"<?xml")


def test_a_drawing_that_takes_too_long_is_given_up(graph):
    """No picture keeps a server busy without end."""
    text = draw(graph, format=Format.DOT).content.decode()
    with pytest.raises(DrawingError, match="took longer than"):
        program.run(text, "-Tsvg", seconds=0.001)


def test_a_text_that_is_refused_is_not_repeated():
    """What the program says of a text is not passed on: it may hold facts of a patient."""
    with pytest.raises(DrawingError) as caught:
        program.run("digraph { weight 83.217 ", "-Tsvg")
    assert "83.217" not in str(caught.value)
    assert "refused the drawing" in str(caught.value)
