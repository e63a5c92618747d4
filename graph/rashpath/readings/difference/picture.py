"""Draws the difference of two guidelines: what came, what went, what decides otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rashpath.readings.diagram import Format, Picture, Scene, compose, render
from rashpath.readings.diagram.scene import LEGEND, Arrow, Box, Kind, Mark, Part
from rashpath.readings.difference.aspects import Kind as AspectKind
from rashpath.readings.difference.compare import Comparison

_MARKS = (
    (Mark.PLAIN, "the same", "the same"),
    (Mark.ADDED, "only in the second", "only in the second"),
    (Mark.REMOVED, "only in the first", "only in the first"),
    (Mark.CHANGED, "decided otherwise, or said otherwise", "taken otherwise"),
)


def draw_difference(comparison: Comparison, format: Format = Format.SVG) -> Picture:
    """Draws two guidelines as one graph, with what differs marked.

    Args:
        comparison: what was found.
        format: file format.

    Raises:
        DrawingError: the program that draws is missing, takes too long or refuses the drawing.
    """
    return render(difference_scene(comparison), format)


def difference_scene(comparison: Comparison) -> Scene:
    """Returns what the picture of a difference shows: the nodes and edges of both guidelines."""
    first, second = compose(comparison.before), compose(comparison.after)
    old = {box.id: box for box in first.boxes()}
    new = {box.id: box for box in second.boxes()}
    changed = _changed_nodes(comparison)
    marks = {id: _mark(id, old, new, changed) for id in (*old, *new)}
    place = _places(first) | _places(second)
    arrows: dict[tuple[str, str], Arrow] = {}
    for arrow in (*second.arrows(), *first.arrows()):
        arrows.setdefault((arrow.tail, arrow.head), arrow)
    olds = {(arrow.tail, arrow.head): arrow for arrow in first.arrows()}
    news = {(arrow.tail, arrow.head) for arrow in second.arrows()}
    marked = []
    for key, arrow in arrows.items():
        if key not in olds:
            mark = Mark.ADDED
        elif key not in news:
            mark = Mark.REMOVED
        elif key in comparison.edges or olds[key].text != arrow.text:
            mark = Mark.CHANGED
        else:
            mark = Mark.PLAIN
        marked.append(replace(arrow, mark=mark))
    parts = _parts(first, second)
    boxes = new | {id: box for id, box in old.items() if id not in new}
    made = {
        id: Part(
            id,
            title,
            tuple(replace(boxes[box], mark=marks[box]) for box in boxes if place[box] == id),
            tuple(arrow for arrow in marked if place[arrow.tail] == place[arrow.head] == id),
        )
        for id, title in parts.items()
    }
    guidelines = comparison.before.guideline, comparison.after.guideline
    versions = " and ".join(f"{each.id} {each.version}" for each in guidelines)
    return replace(
        second,
        subtitle=(f"difference of {versions}", *second.subtitle[1:]),
        description=_description(comparison, versions),
        start=made.pop(second.start.id),
        lanes=tuple(part for part in made.values() if part.boxes),
        links=tuple(arrow for arrow in marked if place[arrow.tail] != place[arrow.head]),
        legend=_legend(),
        footer=(*first.footer[:1], *second.footer),
    )


def _changed_nodes(comparison: Comparison) -> frozenset[str]:
    """Returns the recommendations and findings that some case gets otherwise."""
    found: set[str] = set()
    for difference in comparison.differences:
        aspect = difference.aspect
        if aspect.kind in (AspectKind.RECOMMENDATION, AspectKind.DOSE_ROW, AspectKind.DOSE_GIVEN):
            found.add(aspect.id)
        if aspect.kind is AspectKind.FINDING:
            for graph in (comparison.before, comparison.after):
                nodes = graph.findings.get(aspect.id, ())
                found.update(node.id for node in nodes if node.value == aspect.value)
    return frozenset(found)


def _mark(id: str, old: Mapping[str, Box], new: Mapping[str, Box], changed: frozenset[str]) -> Mark:
    if id not in old:
        return Mark.ADDED
    if id not in new:
        return Mark.REMOVED
    return Mark.CHANGED if id in changed or old[id] != new[id] else Mark.PLAIN


def _places(scene: Scene) -> dict[str, str]:
    return {box.id: part.id for part in _all_parts(scene) for box in part.boxes}


def _parts(first: Scene, second: Scene) -> dict[str, str]:
    """Returns the parts of both with their titles, those of the first alone just before the end."""
    titles = {part.id: part.title for part in _all_parts(second)}
    gone = {part.id: part.title for part in _all_parts(first) if part.id not in titles}
    untitled = {id: title for id, title in titles.items() if not title and id != second.start.id}
    return {id: title for id, title in titles.items() if id not in untitled} | gone | untitled


def _all_parts(scene: Scene) -> Iterable[Part]:
    return (scene.start, *scene.lanes)


def _description(comparison: Comparison, versions: str) -> str:
    if comparison.equivalent:
        return f"Two guidelines drawn as one: {versions}. They decide every case alike."
    names = "; ".join(difference.aspect.name for difference in comparison.differences)
    return f"Two guidelines drawn as one: {versions}. They differ in: {names}."


def _legend() -> Part:
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for mark, box_text, arrow_text in _MARKS:
        tail, head = f"legend_{mark}", f"legend_{mark}_end"
        boxes.append(Box(tail, Kind.RECOMMENDATION, mark, box_text, ()))
        boxes.append(Box(head, Kind.END, Mark.PLAIN, " ", ()))
        arrows.append(Arrow(tail, head, mark, arrow_text, ()))
    return Part(LEGEND, "Legend", tuple(boxes), tuple(arrows))
