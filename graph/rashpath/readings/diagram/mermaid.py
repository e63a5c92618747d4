"""Writes a scene as Mermaid, the text that code forges and wikis draw."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import assert_never

from rashpath.readings.diagram.scene import Arrow, Box, Kind, Mark, Part, Scene
from rashpath.readings.diagram.style import Pen, arrow_pen, box_pen

_COLUMNS = 30
_DASHES = {"solid": "0", "dashed": "7 4", "dotted": "2 4"}
# `#` begins an entity in Mermaid, so it is written as one itself, and first.
_ENTITIES = (("#", "#35;"), ("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"))


def mermaid(scene: Scene) -> str:
    """Returns a scene as a Mermaid flowchart, the same for the same scene."""
    head = json.dumps(f"{scene.title}: {', '.join(scene.subtitle)}", ensure_ascii=False)
    lines = ["---", f"title: {head}", "---", "flowchart TB"]
    arrows: list[Arrow] = []
    lines += _part_lines(scene.start, arrows)
    for part in (*scene.lanes, scene.legend):
        lines.append(f'  subgraph lane_{part.id}["{_text((part.title or " ",))}"]')
        lines += [f"  {line}" for line in _part_lines(part, arrows)]
        lines.append("  end")
    lines += [_arrow_line(link) for link in scene.links]
    arrows += scene.links
    footer = [line for text in scene.footer for line in textwrap.wrap(text, 100)]
    lines.append(f'  footer["{_text(footer)}"]')
    lines += _classes((*scene.boxes(), *scene.legend.boxes))
    lines += _link_styles(arrows)
    return "\n".join([*lines, ""])


def arrow_sign(mark: Mark) -> str:
    """Returns how Mermaid writes an arrow of a mark."""
    match mark:
        case Mark.PLAIN | Mark.UNVISITED:
            return "-->"
        case Mark.TAKEN | Mark.ADDED:
            return "==>"
        case Mark.REFUSED | Mark.REMOVED:
            return "--x"
        case Mark.OPEN | Mark.CHANGED:
            return "-.->"
        case _:
            assert_never(mark)


def _part_lines(part: Part, drawn: list[Arrow]) -> list[str]:
    drawn += part.arrows
    return [
        *(_box_line(box) for box in part.boxes),
        *(_arrow_line(arrow) for arrow in part.arrows),
    ]


def _box_line(box: Box) -> str:
    opening, closing = _brackets(box.kind)
    lines = textwrap.wrap(box.text, _COLUMNS) or [" "]
    text = _text((*lines, *box.small))
    return f'  {_id(box.id)}{opening}"{text}"{closing}:::{_class(box)}'


def _arrow_line(arrow: Arrow) -> str:
    lines = [arrow.text, *arrow.because] if arrow.text else list(arrow.because)
    label = f'|"{_text(lines)}"|' if lines else ""
    return f"  {_id(arrow.tail)} {arrow_sign(arrow.mark)}{label} {_id(arrow.head)}"


def _brackets(kind: Kind) -> tuple[str, str]:
    match kind:
        case Kind.START:
            return "([", "])"
        case Kind.DECISION:
            return "{{", "}}"
        case Kind.ALL:
            return "[[", "]]"
        case Kind.FINDING:
            return "[/", "/]"
        case Kind.RECOMMENDATION:
            return "(", ")"
        case Kind.END:
            return "[", "]"
        case _:
            assert_never(kind)


def _classes(boxes: Iterable[Box]) -> list[str]:
    pens = {_class(box): box_pen(box.kind, box.mark) for box in boxes}
    return [
        f"  classDef {name} fill:{pen.fill},color:{pen.ink},{_stroke(pen)}"
        for name, pen in sorted(pens.items())
    ]


def _link_styles(arrows: list[Arrow]) -> list[str]:
    places = {
        mark: [str(place) for place, arrow in enumerate(arrows) if arrow.mark is mark]
        for mark in Mark
    }
    return [
        f"  linkStyle {','.join(found)} {_stroke(arrow_pen(mark))}"
        for mark, found in places.items()
        if found
    ]


def _stroke(pen: Pen) -> str:
    return f"stroke:{pen.color},stroke-width:{pen.width:g}px,stroke-dasharray:{_DASHES[pen.style]}"


def _class(box: Box) -> str:
    return f"{box.kind.value}_{box.mark.value}"


def _id(id: str) -> str:
    # Some words, such as `end`, cannot be ids in Mermaid.
    return f"n_{id}"


def _text(lines: Iterable[str]) -> str:
    return "<br/>".join(_escaped(line) for line in lines)


def _escaped(text: str) -> str:
    for sign, entity in _ENTITIES:
        text = text.replace(sign, entity)
    return text
