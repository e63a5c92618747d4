"""Takes a drawing into a page: only shapes and texts pass, and it says which paper it needs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from rashpath.cli.html import Html, escape

SHAPES = frozenset(
    "svg g path polygon polyline ellipse circle rect line text tspan title desc defs"
    " linearGradient radialGradient stop clipPath marker pattern".split()
)
"""Elements that can draw and say, and can neither run nor fetch anything."""

LEGIBLE_POINTS = 5.0
"""Smallest letters that are read on paper, in points."""

_ATTRIBUTES = frozenset(
    "id class role aria-label aria-labelledby aria-describedby viewBox preserveAspectRatio"
    " transform d points x y x1 y1 x2 y2 cx cy r rx ry dx dy width height fill fill-opacity"
    " fill-rule stroke stroke-width stroke-dasharray stroke-linecap stroke-linejoin"
    " stroke-miterlimit stroke-opacity opacity font-family font-size font-weight font-style"
    " text-anchor text-decoration dominant-baseline textLength lengthAdjust offset stop-color"
    " stop-opacity gradientUnits gradientTransform clip-path marker-end marker-start refX refY"
    " markerWidth markerHeight orient patternUnits version".split()
)
_NAMES_AN_ID = re.compile(r"url\(\s*['\"]?#([^)'\"\s]+)['\"]?\s*\)")
_REFERS = frozenset({"aria-labelledby", "aria-describedby"})
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PREFIX = "drawing-"
_POINTS_PER_MM = 72 / 25.4
_A4 = (285.0, 191.0, 198.0, 278.0)
_A3 = (410.0, 278.0, 287.0, 401.0)
"""Room for a drawing in millimetres: width and height of the wide sheet, then of the tall one."""


class PictureError(Exception):
    """A drawing that cannot be shown; it says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as a page takes it.

    Args:
        markup: the drawing.
        paper: smallest sheet on which its letters are legible: ``a4wide``, ``a4tall``, ``a3wide``
            or ``a3tall``.
        smallest_points: size of its smallest letters on that sheet, in points; 0 without letters.
    """

    markup: Html
    paper: str
    smallest_points: float


def take(svg: bytes) -> Picture:
    """Returns an SVG ready to stand in a page.

    What could run, fetch or restyle is left out: unknown elements with all that they hold, unknown
    attributes, and references to anything but the drawing itself. Ids get a prefix of their own.

    Args:
        svg: the file.

    Raises:
        PictureError: it is no SVG, declares entities, or has no measures.
    """
    if b"<!ENTITY" in svg:
        raise PictureError("the drawing declares entities")
    try:
        root = ET.fromstring(svg)
    except (ET.ParseError, ValueError):
        raise PictureError("the drawing is not well-formed") from None
    if _local(root.tag) != "svg":
        raise PictureError("the drawing is no svg")
    width, height = _measures(root)
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.set("viewBox", root.get("viewBox") or f"0 0 {width:g} {height:g}")
    if root.get("role") is None:
        root.set("role", "img")
    paper, points = _paper(root, width, height)
    return Picture(Html(_write(root)), paper, points)


def _measures(root: ET.Element) -> tuple[float, float]:
    """Returns width and height in the drawing's own units."""
    box = [float(each) for each in _NUMBER.findall(root.get("viewBox", ""))]
    sides = box[2:] if len(box) == 4 else [_number(root.get(key)) for key in ("width", "height")]
    if len(sides) != 2 or min(sides) <= 0:
        raise PictureError("the drawing has no measures")
    return sides[0], sides[1]


def _paper(root: ET.Element, width: float, height: float) -> tuple[str, float]:
    """Returns the smallest sheet on which the letters are legible, and their size there."""
    scale = _outer_scale(root)
    sizes = [_number(each.get("font-size")) for each in root.iter() if each.get("font-size")]
    smallest = min((size for size in sizes if size > 0), default=0.0) * scale
    side = "wide" if width > height else "tall"
    points = 0.0
    for sheet, room in (("a4", _A4), ("a3", _A3)):
        across, down = room[:2] if side == "wide" else room[2:]
        millimetres = min(across / width, down / height)
        points = smallest * millimetres * _POINTS_PER_MM
        if not smallest or points >= LEGIBLE_POINTS:
            return f"{sheet}{side}", points
    return f"a3{side}", points


def _outer_scale(root: ET.Element) -> float:
    """Returns the scale of the outermost group, as Graphviz writes one."""
    for child in root:
        found = re.search(r"scale\(\s*([-\d.eE]+)", child.get("transform", ""))
        if _local(child.tag) == "g" and found:
            return _number(found.group(1)) or 1.0
    return 1.0


def _write(each: ET.Element) -> str:
    name = _local(each.tag)
    if name not in SHAPES:
        return ""
    attributes = "".join(_attribute(_local(key), value) for key, value in each.attrib.items())
    inner = escape(each.text or "") + "".join(
        _write(child) + escape(child.tail or "") for child in each
    )
    return f"<{name}{attributes}>{inner}</{name}>"


def _attribute(name: str, value: str) -> str:
    if name not in _ATTRIBUTES:
        return ""
    if name == "id":
        value = _PREFIX + value
    elif name in _REFERS:
        value = " ".join(_PREFIX + each for each in value.split())
    elif "url" in value.lower() or "\\" in value:
        # Only a reference to a part of the drawing itself is kept.
        found = _NAMES_AN_ID.fullmatch(value.strip())
        if found is None:
            return ""
        value = f"url(#{_PREFIX}{found.group(1)})"
    return f' {name}="{escape(value)}"'


def _local(name: object) -> str:
    """Returns a name without its namespace; of a comment or an instruction, nothing."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _number(text: str | None) -> float:
    found = _NUMBER.match((text or "").strip())
    return float(found.group()) if found else 0.0
