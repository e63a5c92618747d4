"""Draws a guideline, alone or with the way of a case, in one of four formats."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.diagram.compose import Record, compose
from rashpath.readings.diagram.dot import dot
from rashpath.readings.diagram.mermaid import mermaid
from rashpath.readings.diagram.place import PAGE, place
from rashpath.readings.diagram.program import run
from rashpath.readings.diagram.scene import Detail, Scene
from rashpath.readings.diagram.svg import finish
from rashpath.readings.walk import Walk

DOTS_PER_INCH = 150
"""Resolution of a PNG on A3 unless another is asked for."""

LEAST_DOTS_PER_INCH = 36
MOST_DOTS_PER_INCH = 300

_MM_PER_POINT = 25.4 / 72


class Format(StrEnum):
    """File format of a picture."""

    SVG = "svg"
    PNG = "png"
    DOT = "dot"
    MERMAID = "mermaid"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a file.

    Args:
        content: the bytes of the file.
        media_type: what they are, for example ``image/svg+xml``.
    """

    content: bytes
    media_type: str


def draw(
    graph: DecisionGraph,
    walked: Walk | None = None,
    *,
    format: Format = Format.SVG,
    audience: Audience = Audience.CLINICIAN,
    detail: Detail = Detail.FULL,
    mask_facts: bool = False,
    record: Record | None = None,
    dots_per_inch: int = DOTS_PER_INCH,
) -> Picture:
    """Draws a guideline; the same arguments give the same bytes.

    Args:
        graph: the guideline.
        walked: the walk to draw over it; None: the guideline alone.
        format: file format; SVG and PNG are made for A3, lying or upright.
        audience: whose words to use.
        detail: every node and edge, or lanes with findings and recommendations only.
        mask_facts: leave values of facts out; outcomes and the names of facts stay.
        record: what names the decision in the footer.
        dots_per_inch: resolution of a PNG on A3, from 36 to 300.

    Raises:
        DrawingError: the program that draws is missing, takes too long or refuses the drawing.
        ValueError: the resolution is out of its range.

    Example:
        >>> from importlib.resources import files
        >>> from rashpath.guideline import load
        >>> folder = files("rashpath.content") / "valacyclovir_spreading_rash"
        >>> draw(load(folder / "1.0.0.yaml"), format=Format.DOT).media_type
        'text/vnd.graphviz'
    """
    scene = compose(
        graph,
        walked,
        audience=audience,
        detail=detail,
        mask_facts=mask_facts,
        record=record,
    )
    return render(scene, format, dots_per_inch=dots_per_inch)


def render(scene: Scene, format: Format, *, dots_per_inch: int = DOTS_PER_INCH) -> Picture:
    """Writes a scene in a format; needs no guideline, so that any thread may do it.

    Args:
        scene: what is shown.
        format: file format.
        dots_per_inch: resolution of a PNG on A3, from 36 to 300.

    Raises:
        DrawingError: the program that draws is missing, takes too long or refuses the drawing.
        ValueError: the resolution is out of its range.
    """
    if not LEAST_DOTS_PER_INCH <= dots_per_inch <= MOST_DOTS_PER_INCH:
        raise ValueError(f"`dots_per_inch` must be {LEAST_DOTS_PER_INCH} to {MOST_DOTS_PER_INCH}")
    match format:
        case Format.SVG:
            return Picture(_svg(scene), "image/svg+xml")
        case Format.PNG:
            return Picture(_png(scene, dots_per_inch), "image/png")
        case Format.DOT:
            return Picture(dot(scene).encode(), "text/vnd.graphviz")
        case Format.MERMAID:
            return Picture(mermaid(scene).encode(), "text/vnd.mermaid")
        case _:
            assert_never(format)


def reduction(width: float, height: float) -> float:
    """Returns by how much a picture shrinks or grows to fit A3, lying or upright.

    Args:
        width: in points.
        height: in points.
    """
    return min(PAGE[0] / max(width, height), PAGE[1] / min(width, height))


@dataclass(frozen=True, slots=True)
class _Layout:
    """DOT, how the program is to draw it, and the size in points that comes of it."""

    text: str
    arguments: tuple[str, ...]
    width: float
    height: float

    @property
    def reduction(self) -> float:
        return reduction(self.width, self.height)


def _layout(scene: Scene) -> _Layout:
    placement = place(scene)
    if placement is not None:
        text = dot(scene, placement)
        return _Layout(text, ("-Kneato", "-n2"), placement.width, placement.height)
    text = dot(scene)
    _, _, width, height = json.loads(run(text, "-Tjson0"))["bb"].split(",")
    return _Layout(text, (), float(width), float(height))


def _svg(scene: Scene) -> bytes:
    layout = _layout(scene)
    scale = layout.reduction * _MM_PER_POINT
    return finish(
        run(layout.text, *layout.arguments, "-Tsvg"),
        title=f"{scene.title}, {scene.subtitle[0]}",
        description=scene.description,
        size_mm=(layout.width * scale, layout.height * scale),
    )


def _png(scene: Scene, dots_per_inch: int) -> bytes:
    layout = _layout(scene)
    dots = dots_per_inch * layout.reduction
    return run(layout.text, *layout.arguments, "-Tpng", f"-Gdpi={dots:.3f}")
