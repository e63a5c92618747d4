"""Places the lanes of a picture on one page, so that its smallest text stays as large as possible.

Graphviz lays out each lane alone. The lanes then fill the page in rows, in reading order, one or
more above each other in a column; the arrows to them run along the gutters.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rashpath.readings.diagram.dot import (
    FOOTER,
    TITLE,
    footer_label,
    heading_label,
    note_dot,
    part_dot,
    title_label,
)
from rashpath.readings.diagram.pack import Point, pack, slots
from rashpath.readings.diagram.placement import START_WRAP, WRAP, Area, Placement, Spot, Way, Wrap
from rashpath.readings.diagram.program import run
from rashpath.readings.diagram.scene import Part, Scene
from rashpath.readings.diagram.style import LANE_POINTS

PAGE = (1190.55, 841.89)
"""A3 in points: 420 by 297 mm."""

_GAP = 18.0
_PADDING = 8.0
_TIP = 9.0
"""Length of the head of an arrow."""

_ENTRY = 6.0
"""Room above the first box of a lane for the head of the arrow that leads to it."""

_POINTS = 72.0
_WRAPS = (WRAP, Wrap(14, 12), Wrap(22, 22), Wrap(26, 30), Wrap(18, 12), Wrap(14, 18))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One part as Graphviz lays it out.

    Args:
        part: the part.
        wrap: how its texts are wrapped.
        width: without frame.
        height: without frame.
        title: width of its title; 0 without one.
        root: where its topmost boxes begin and end, from its left edge.
        boxes: id, middle (x, y) and size of each, sizes in inches.
        arrows: tail, head, spline and middle of the label of each.
    """

    part: Part
    wrap: Wrap
    width: float
    height: float
    title: float
    root: tuple[float, float]
    boxes: tuple[tuple[str, float, float, float, float], ...]
    arrows: tuple[tuple[str, str, str, tuple[float, float] | None], ...]


def place(scene: Scene) -> Placement | None:
    """Returns where everything of a scene stands; None where arrows lead from lane to lane.

    Lanes can only be placed one by one where nothing but the start leads to them; Graphviz must lay
    out all others together.

    Raises:
        DrawingError: the program that lays out cannot be run.
    """
    start = {box.id for box in scene.start.boxes}
    if any(link.tail not in start for link in scene.links):
        return None
    titled = (scene.legend, *(lane for lane in scene.lanes if lane.title))
    shapes = [(lane, wrap) for lane in scene.lanes for wrap in _WRAPS]
    texts = [
        note_dot(TITLE, title_label(scene)),
        note_dot(FOOTER, footer_label(scene)),
        part_dot(scene.start, START_WRAP),
        part_dot(scene.legend, WRAP),
        *(part_dot(lane, wrap) for lane, wrap in shapes),
        *(note_dot("heading", heading_label(part)) for part in titled),
    ]
    title, footer, first, legend, *rest = _documents(run("".join(texts), "-Tjson0"))
    headings = {
        part.id: _sheet(part, WRAP, each, 0.0).width
        for part, each in zip(titled, rest[len(shapes) :], strict=True)
    }
    sheets = [
        _sheet(lane, wrap, each, headings.get(lane.id, 0.0))
        for (lane, wrap), each in zip(shapes, rest, strict=False)
    ]
    return _Page(
        scene,
        title=_sheet(scene.start, WRAP, title, 0.0),
        footer=_sheet(scene.start, WRAP, footer, 0.0),
        start=_sheet(scene.start, WRAP, first, 0.0),
        legend=_sheet(scene.legend, WRAP, legend, headings[scene.legend.id]),
        lanes=[sheets[first : first + len(_WRAPS)] for first in range(0, len(sheets), len(_WRAPS))],
    ).placement()


class _Page:
    """Fills one page from the top left."""

    def __init__(
        self,
        scene: Scene,
        *,
        title: _Sheet,
        footer: _Sheet,
        start: _Sheet,
        legend: _Sheet,
        lanes: Sequence[Sequence[_Sheet]],
    ) -> None:
        self._scene = scene
        self._title, self._footer, self._start, self._legend = title, footer, start, legend
        self._lanes = lanes
        self._spots: dict[str, Spot] = {}
        self._ways: dict[tuple[str, str], Way] = {}
        self._areas: dict[str, Area] = {}
        self._middles: dict[str, tuple[float, float, float, float]] = {}

    def placement(self) -> Placement:
        """Returns where everything stands."""
        legend_width, legend_height = _framed(self._legend)
        head_width = self._start.width + self._title.width + legend_width + 4 * _GAP
        head = max(self._start.height, self._title.height, legend_height)
        foot = self._footer.height
        least = max(head_width, self._footer.width)
        sizes = tuple(tuple(_framed(sheet) for sheet in lane) for lane in self._lanes)
        block = pack(sizes, _GAP, least + 2 * _GAP, head + foot + 4 * _GAP, PAGE)
        inner = max(block.width, least)
        width = inner + 2 * _GAP
        height = head + block.height + foot + 4 * _GAP
        top, left = height - _GAP, _GAP
        self._put(self._start, left, top - (head - self._start.height) / 2)
        self._put(
            self._title,
            left + self._start.width + 2 * _GAP,
            top - (head - self._title.height) / 2,
        )
        self._frame(self._legend, width - _GAP - legend_width, top, legend_width, legend_height)
        top -= head + _GAP
        ways: dict[str, tuple[Point, ...]] = {}
        wraps: dict[str, Wrap] = {}
        for slot in slots(block, left, top, (inner, block.height), _GAP):
            sheet = self._lanes[slot.index][slot.shape]
            wraps[sheet.part.id] = sheet.wrap
            self._frame(sheet, slot.x, slot.top, slot.width, slot.height)
            ways |= {box.id: slot.way for box in sheet.part.boxes}
        self._put(self._footer, left, _GAP + foot)
        self._links(ways)
        return Placement(self._spots, self._ways, self._areas, wraps, width, height)

    def _frame(self, sheet: _Sheet, x: float, top: float, width: float, height: float) -> None:
        """Frames a part; its title stands beside its topmost box, where the fork does not pass."""
        inset = (width - sheet.width) / 2
        title = sheet.title + 3 * _PADDING
        label = x + _PADDING + sheet.title / 2
        if sheet.title:
            before, behind = sheet.root
            if title + sheet.width - before + _PADDING <= width:
                inset = max(inset, title - before)
            else:
                inset = min(inset, width - title - behind)
                label = x + width - _PADDING - sheet.title / 2
        self._areas[sheet.part.id] = Area(
            f"{x:.2f},{top - height:.2f},{x + width:.2f},{top:.2f}",
            f"{label:.2f},{top - _PADDING - LANE_POINTS * 0.6:.2f}",
        )
        self._put(sheet, x + inset, top - _PADDING - _ENTRY)

    def _put(self, sheet: _Sheet, x: float, top: float) -> None:
        bottom = top - sheet.height
        for id, box_x, box_y, box_width, box_height in sheet.boxes:
            self._spots[id] = Spot(
                f"{x + box_x:.2f},{bottom + box_y:.2f}", f"{box_width:.4f}", f"{box_height:.4f}"
            )
            self._middles[id] = (
                x + box_x,
                bottom + box_y,
                box_width * _POINTS / 2,
                box_height * _POINTS / 2,
            )
        for tail, head, spline, label in sheet.arrows:
            at = "" if label is None else f"{x + label[0]:.2f},{bottom + label[1]:.2f}"
            self._ways[tail, head] = Way(_moved(spline, x, bottom), at)

    def _links(self, ways: Mapping[str, tuple[Point, ...]]) -> None:
        """Runs the arrows from the start to the lanes along the gutters."""
        for arrow in self._scene.links:
            tail_x, tail_y, _, tail_half = self._middles[arrow.tail]
            head_x, head_y, _, head_half = self._middles[arrow.head]
            way, end = ways[arrow.head], head_y + head_half
            corners = [
                (tail_x, tail_y - tail_half),
                (tail_x, way[0][1]),
                *way,
                (head_x, way[-1][1]),
                (head_x, end + _TIP),
            ]
            self._ways[arrow.tail, arrow.head] = Way(
                f"e,{head_x:.2f},{end:.2f} {_polyline(_straight(corners))}",
                f"{head_x + 20:.2f},{end + 20:.2f}" if arrow.text or arrow.because else "",
            )


def _straight(corners: Sequence[Point]) -> list[Point]:
    """Returns corners without those at which nothing turns."""
    kept: list[Point] = []
    for corner in corners:
        if kept and corner == kept[-1]:
            continue
        if len(kept) > 1 and any(
            kept[-2][axis] == kept[-1][axis] == corner[axis] for axis in (0, 1)
        ):
            kept.pop()
        kept.append(corner)
    return kept


def _polyline(corners: Sequence[tuple[float, float]]) -> str:
    """Returns straight lines as the spline that Graphviz reads."""
    points = [corners[0]]
    for before, after in itertools.pairwise(corners):
        points += [before, after, after]
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _moved(spline: str, x: float, y: float) -> str:
    moved = []
    for word in spline.split():
        kind, _, point = word.rpartition(",")
        head, comma, kind_x = kind.rpartition(",")
        moved.append(f"{head}{comma}{float(kind_x) + x:.2f},{float(point) + y:.2f}")
    return " ".join(moved)


def _framed(sheet: _Sheet) -> tuple[float, float]:
    """Returns the least size of a frame: its title has room on one side of the topmost box."""
    width = sheet.width + 2 * _PADDING
    if sheet.title:
        before, behind = sheet.root
        needed = min(sheet.width - before, behind)
        width = max(width, sheet.title + 4 * _PADDING + needed)
    return width, sheet.height + 2 * _PADDING + _ENTRY


def _documents(data: bytes) -> Iterator[dict[str, Any]]:
    text, decoder, place = data.decode(), json.JSONDecoder(), 0
    while place < len(text):
        document, place = decoder.raw_decode(text, place)
        yield document
        while place < len(text) and text[place].isspace():
            place += 1


def _sheet(part: Part, wrap: Wrap, drawn: dict[str, Any], title: float) -> _Sheet:
    _, _, width, height = _numbers(drawn["bb"])
    objects = {each["_gvid"]: each for each in drawn.get("objects", ())}
    boxes = []
    for each in objects.values():
        x, y = _numbers(each["pos"])
        boxes.append((each["name"], x, y, float(each["width"]), float(each["height"])))
    band = height - 1.2 * LANE_POINTS
    top = [
        (x - width * _POINTS / 2, x + width * _POINTS / 2)
        for _, x, y, width, tall in boxes
        if y + tall * _POINTS / 2 > band
    ]
    root = (
        min((edge for edge, _ in top), default=0.0),
        max((edge for _, edge in top), default=0.0),
    )
    arrows = []
    for each in drawn.get("edges", ()):
        label: tuple[float, float] | None = None
        if "lp" in each:
            label_x, label_y = _numbers(each["lp"])
            label = (label_x, label_y)
        tail, head = objects[each["tail"]]["name"], objects[each["head"]]["name"]
        arrows.append((tail, head, each["pos"], label))
    return _Sheet(part, wrap, width, height, title, root, tuple(boxes), tuple(arrows))


def _numbers(text: str) -> Iterable[float]:
    return tuple(float(number) for number in text.split(","))
