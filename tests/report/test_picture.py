"""A drawing in a page: what passes, what does not, and which paper it needs."""

from __future__ import annotations

import pytest

from rashpath.cli.picture import PictureError, take
from rashpath.cli.report_page import page
from rashpath.facts import given
from rashpath.readings.diagram import draw
from rashpath.readings.walk import walk
from tests.report import build
from tests.report.reading import read_page

HOSTILE = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 viewBox="0 0 10 10" onload="alert(1)"><script>alert(2)</script>
<style>@import url(http://example.invalid/a.css);</style>
<a xlink:href="http://example.invalid/"><text>inside</text></a>
<image href="http://example.invalid/a.png"/><foreignObject><b>html</b></foreignObject>
<defs><linearGradient id="g"/></defs>
<rect id="one" fill="url(#g)" stroke="url(http://example.invalid/b)" style="fill:red"/>
<rect fill="u\\72l(x)"/><text aria-labelledby="one two">a &lt;b&gt;</text></svg>"""


def test_what_could_run_or_fetch_is_left_out():
    """Scripts, styles, links, pictures and foreign content do not pass."""
    made = take(HOSTILE).markup.markup
    reading = read_page(made)
    assert {tag for tag, _ in reading.tags} == {"svg", "defs", "lineargradient", "rect", "text"}
    for word in ("alert", "example", "inside", "html", "onload", "style", "72l"):
        assert word not in made


def test_ids_and_references_keep_together():
    """Ids get a prefix, so that they meet none of the page's, and references follow."""
    made = take(HOSTILE).markup.markup
    assert 'id="drawing-g"' in made
    assert 'fill="url(#drawing-g)"' in made
    assert 'aria-labelledby="drawing-one drawing-two"' in made
    assert "a &lt;b&gt;" in made


@pytest.mark.parametrize(
    "svg",
    [
        b"",
        b"<svg",
        b"<html></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE s [<!ENTITY a 'b'>]><svg viewBox='0 0 1 1'>&a;</svg>",
    ],
)
def test_what_is_no_drawing_is_refused(svg, graph):
    """A broken drawing is named as such, and the report stands without it."""
    with pytest.raises(PictureError):
        take(svg)
    assert "it is left out" in page(build.data(graph, svg=svg))


@pytest.mark.parametrize(
    ("width", "height", "paper"),
    [
        (700, 400, "a4wide"),
        (400, 600, "a4tall"),
        (1900, 1100, "a3wide"),
        (900, 1700, "a3tall"),
        (9000, 5000, "a3wide"),
    ],
)
def test_the_smallest_legible_paper_is_taken(width, height, paper):
    """A drawing goes to A4 while its letters are legible there, else to A3."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt">'
        '<g transform="scale(1 1)"><text font-size="9">a</text></g></svg>'
    )
    assert take(svg.encode()).paper == paper


def test_the_real_drawing_passes_whole(graph):
    """Nothing of the engine's own drawing is lost, and it is legible on its paper."""
    walked = walk(graph, given(build.read(build.EXAMPLE), graph.dictionary))
    svg = draw(graph, walked).content
    picture = take(svg)
    kept = read_page(picture.markup.markup)
    whole = read_page(svg.decode().partition("?>")[2])
    assert [tag for tag, _ in kept.tags] == [tag for tag, _ in whole.tags]
    assert kept.text.split() == whole.text.split()
    assert picture.smallest_points >= 4.7
    assert kept.all("title")
    assert kept.all("desc")
