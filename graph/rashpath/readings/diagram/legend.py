"""The legend: one sample of everything that a picture tells apart."""

from __future__ import annotations

from rashpath.readings.diagram.scene import LEGEND, Arrow, Box, Kind, Mark, Part

_KINDS = (
    (Kind.DECISION, "question"),
    (Kind.ALL, "all of these"),
    (Kind.FINDING, "finding"),
    (Kind.RECOMMENDATION, "recommendation"),
    (Kind.END, "nothing more"),
)
_MARKS = (
    (Mark.TAKEN, "applies", "taken"),
    (Mark.OPEN, "open", "open: what it needs"),
    (Mark.UNVISITED, "does not apply", "not visited"),
)


def legend(*, overlay: bool) -> Part:
    """Returns the legend; with ``overlay`` also of what tells a case's way."""
    boxes = [Box(f"legend_{kind}", kind, Mark.PLAIN, text, ()) for kind, text in _KINDS]
    arrows: list[Arrow] = []
    if overlay:
        boxes = [_as(box, Mark.UNVISITED) for box in boxes]
        for mark, box_text, arrow_text in _MARKS:
            tail, head = f"legend_{mark}", f"legend_{mark}_end"
            boxes.append(Box(tail, Kind.RECOMMENDATION, mark, box_text, ()))
            boxes.append(Box(head, Kind.END, mark, " ", ()))
            arrows.append(Arrow(tail, head, mark, arrow_text, ()))
        boxes.append(Box("legend_refused", Kind.DECISION, Mark.TAKEN, "question", ()))
        boxes.append(Box("legend_refused_end", Kind.END, Mark.UNVISITED, " ", ()))
        arrows.append(
            Arrow(
                "legend_refused", "legend_refused_end", Mark.REFUSED, "refused: by which value", ()
            )
        )
    return Part(LEGEND, "Legend", tuple(boxes), tuple(arrows))


def _as(box: Box, mark: Mark) -> Box:
    return Box(box.id, box.kind, mark, box.text, box.small)
