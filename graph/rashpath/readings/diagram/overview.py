"""Shortens a scene to one page: lanes with their findings and recommendations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rashpath.readings.diagram.scene import Arrow, Box, Kind, Mark, Part, Scene

_KEPT = frozenset({Kind.FINDING, Kind.RECOMMENDATION})


def overview(scene: Scene) -> Scene:
    """Returns a scene in which each lane is a heading over what it can conclude.

    The ways between are contracted: an arrow leads from the heading, or from the finding that must
    hold first, and has the mark of what it leads to.
    """
    tops = {
        lane.id: Box(heading(lane.id), Kind.ALL, lane.boxes[0].mark, lane.title, ())
        for lane in scene.lanes
        if lane.title
    }
    before = _before(scene)
    lanes: list[Part] = []
    links: list[Arrow] = []
    for lane in scene.lanes:
        kept = [box for box in lane.boxes if box.kind in _KEPT]
        top = tops.get(lane.id)
        if top is None and not kept:
            continue
        boxes = tuple(kept) if top is None else (top, *kept)
        arrows = [
            Arrow(tail, box.id, _mark(top, box), "", ())
            for box in kept
            for tail in before[box.id] or _only(top)
        ]
        here = {box.id for box in boxes}
        lanes.append(Part(lane.id, "", boxes, tuple(a for a in arrows if a.tail in here)))
        links += (arrow for arrow in arrows if arrow.tail not in here)
    forks = [
        Arrow(tail, tops[lane.id].id, tops[lane.id].mark, "", ())
        for lane in scene.lanes
        if lane.id in tops
        for tail in _entries(scene, lane)
    ]
    return replace(scene, lanes=tuple(lanes), links=(*forks, *links))


def heading(lane: str) -> str:
    """Returns the id of the box that stands for a lane; no node has such an id."""
    return f"lane-{lane}"


def _before(scene: Scene) -> dict[str, tuple[str, ...]]:
    """Returns the nearest findings and recommendations that lead to each box of a lane."""
    boxes = {box.id: box for box in scene.boxes()}
    tails: dict[str, list[str]] = {id: [] for id in boxes}
    for arrow in scene.arrows():
        tails[arrow.head].append(arrow.tail)
    found: dict[str, tuple[str, ...]] = {}

    def nearest(id: str) -> tuple[str, ...]:
        if id not in found:
            found[id] = tuple(
                dict.fromkeys(
                    near
                    for tail in tails[id]
                    for near in ((tail,) if boxes[tail].kind in _KEPT else nearest(tail))
                )
            )
        return found[id]

    return {id: nearest(id) for id in boxes}


def _entries(scene: Scene, lane: Part) -> Iterable[str]:
    """Returns the boxes of the start from which arrows lead into a lane, each once."""
    start = {box.id for box in scene.start.boxes}
    inside = {box.id for box in lane.boxes}
    return dict.fromkeys(
        link.tail for link in scene.links if link.tail in start and link.head in inside
    )


def _only(top: Box | None) -> tuple[str, ...]:
    return () if top is None else (top.id,)


def _mark(top: Box | None, box: Box) -> Mark:
    if box.mark is Mark.UNVISITED and top is not None and top.mark is Mark.TAKEN:
        return Mark.REFUSED
    return box.mark
