"""Draws how a cohort flows through the graph: the guideline with counts on its edges and boxes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rashpath.guideline.model import DecisionGraph
from rashpath.readings.cohort.result import Flow
from rashpath.readings.diagram import Format, Picture, Scene, compose, render
from rashpath.readings.diagram.scene import LEGEND, Arrow, Box, Kind, Mark, Part

_MARKS: Final = (
    (Mark.TAKEN, "some cases: how many", "taken: by how many cases"),
    (Mark.OPEN, "open in some cases", "open in some cases, taken in none"),
    (Mark.UNVISITED, "in no case", "in no case"),
)


def draw_flow(graph: DecisionGraph, flow: Flow, format: Format = Format.SVG) -> Picture:
    """Draws how a cohort flows through the graph.

    Args:
        graph: the guideline.
        flow: what was counted.
        format: file format.

    Raises:
        DrawingError: the program that draws is missing, takes too long or refuses the drawing.
    """
    return render(flow_scene(graph, flow), format)


def flow_scene(graph: DecisionGraph, flow: Flow) -> Scene:
    """Returns what the picture shows: each arrow with the cases that take it, and may take it."""
    scene = compose(graph)

    def part(each: Part) -> Part:
        return replace(
            each,
            boxes=tuple(_box(box, flow) for box in each.boxes),
            arrows=tuple(_arrow(arrow, flow) for arrow in each.arrows),
        )

    return replace(
        scene,
        subtitle=(*scene.subtitle, f"The ways of {flow.cases:,} cases"),
        description=_description(scene, flow),
        start=part(scene.start),
        lanes=tuple(part(lane) for lane in scene.lanes),
        links=tuple(_arrow(arrow, flow) for arrow in scene.links),
        legend=_legend(),
    )


def _box(box: Box, flow: Flow) -> Box:
    reached, undetermined = flow.reached[box.id], flow.undetermined[box.id]
    small = box.small
    if box.kind in (Kind.RECOMMENDATION, Kind.FINDING):
        small = (*small, _counted(reached, undetermined))
    return replace(box, mark=_mark(reached, undetermined), small=small)


def _arrow(arrow: Arrow, flow: Flow) -> Arrow:
    way = arrow.tail, arrow.head
    taken, possible = flow.taken[way], flow.open[way]
    return replace(arrow, mark=_mark(taken, possible), because=(_counted(taken, possible),))


def _mark(certain: int, possible: int) -> Mark:
    if certain:
        return Mark.TAKEN
    return Mark.OPEN if possible else Mark.UNVISITED


def _counted(certain: int, possible: int) -> str:
    return f"{certain:,}" + (f" (+ {possible:,} open)" if possible else "")


def _description(scene: Scene, flow: Flow) -> str:
    titles = {box.id: box.text for box in scene.boxes() if box.kind is Kind.RECOMMENDATION}
    ordered = sorted(titles, key=lambda id: -flow.reached[id])
    told = "; ".join(
        f"{titles[id]}: {_counted(flow.reached[id], flow.undetermined[id])}" for id in ordered
    )
    return f"The ways of {flow.cases:,} cases through the graph. Recommended to how many: {told}."


def _legend() -> Part:
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for mark, box_text, arrow_text in _MARKS:
        tail, head = f"legend_{mark}", f"legend_{mark}_end"
        boxes.append(Box(tail, Kind.RECOMMENDATION, mark, box_text, ()))
        boxes.append(Box(head, Kind.END, mark, " ", ()))
        arrows.append(Arrow(tail, head, mark, arrow_text, ()))
    return Part(LEGEND, "Legend", tuple(boxes), tuple(arrows))
