"""Writes a scene as DOT, the text that Graphviz draws."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from html import escape

from rashpath.readings.diagram.placement import START_WRAP, WRAP, Placement, Wrap
from rashpath.readings.diagram.scene import Arrow, Box, Kind, Part, Scene
from rashpath.readings.diagram.style import (
    FAINT,
    FONT,
    INK,
    LANE,
    LANE_LINE,
    LANE_POINTS,
    SMALL_POINTS,
    TEXT_POINTS,
    arrow_head,
    arrow_pen,
    box_pen,
    outline,
    rims,
    shape,
)

FOOTER_COLUMNS = 190
_SPACE = "\N{NO-BREAK SPACE}"
TITLE = "title"
FOOTER = "footer"


def dot(scene: Scene, placement: Placement | None = None) -> str:
    """Returns a scene as DOT.

    Args:
        scene: what is shown.
        placement: where everything stands, for ``neato -n2``; None: ``dot`` lays it out.

    Returns:
        Text that is the same for the same scene, boxes and arrows in the order of the scene.
    """
    lines = ["digraph guideline {", *_defaults(scene.arrows())]
    lines += _note(TITLE, title_label(scene), placement)
    if placement is None:
        lines += [
            f'  "{TITLE}" -> "{scene.start.boxes[0].id}" [style=invis];',
            f'  {{ rank=sink; "{FOOTER}"; }}',
        ]
    lines += _part_lines(scene.start, placement, START_WRAP)
    for lane in scene.lanes:
        lines += _cluster(lane, placement)
    lines += [arrow_line(arrow, placement, WRAP) for arrow in scene.links]
    lines += _cluster(scene.legend, placement)
    lines += _note(FOOTER, footer_label(scene), placement)
    return "\n".join([*lines, "}", ""])


def part_dot(part: Part, wrap: Wrap) -> str:
    """Returns one part as a graph of its own, to be laid out."""
    return "\n".join(
        ["digraph part {", *_defaults(part.arrows), *_part_lines(part, None, wrap), "}", ""]
    )


def heading_label(part: Part) -> str:
    """Returns the title of a lane as an HTML-like label."""
    return f'<font point-size="{LANE_POINTS}"><b>{escape(part.title)}</b></font>'


def note_dot(id: str, label: str) -> str:
    """Returns a graph of one text, to be measured."""
    return "\n".join(["digraph part {", *_defaults(()), *_note(id, label, None), "}", ""])


def title_label(scene: Scene) -> str:
    """Returns the heading of a picture as an HTML-like label."""
    lines = [f'<font point-size="38"><b>{escape(scene.title)}</b></font>']
    lines += [f'<font point-size="21">{escape(line)}</font>' for line in scene.subtitle]
    return _left(lines)


def footer_label(scene: Scene) -> str:
    """Returns the footer of a picture as an HTML-like label."""
    return _left(
        f'<font point-size="{SMALL_POINTS}" color="{FAINT}">{escape(line)}</font>'
        for text in scene.footer
        for line in textwrap.wrap(text, FOOTER_COLUMNS)
    )


def arrow_line(arrow: Arrow, placement: Placement | None, wrap: Wrap) -> str:
    """Returns the statement of one arrow."""
    pen = arrow_pen(arrow.mark)
    attributes = {
        "id": f"{arrow.tail}--{arrow.head}",
        "class": arrow.mark.value,
        "color": pen.color,
        "style": pen.style,
        "penwidth": f"{pen.width:g}",
        "arrowhead": arrow_head(arrow.mark),
    }
    label = _arrow_label(arrow, pen.ink, wrap.arrow)
    text = _attributes(attributes)
    if label:
        text += f", label=<{label}>"
    if placement is not None:
        way = placement.ways[arrow.tail, arrow.head]
        text += f', pos="{way.spline}"'
        if way.label:
            text += f', lp="{way.label}"'
    return f'  "{arrow.tail}" -> "{arrow.head}" [{text}];'


def _defaults(arrows: Iterable[Arrow]) -> list[str]:
    # Labels make room between the ranks; without any, the arrows need some.
    ranks = 0.15 if any(arrow.text for arrow in arrows) else 0.35
    return [
        f'  graph [fontname="{FONT}", nodesep=0.09, ranksep={ranks}, pad=0.2, bgcolor=white];',
        f'  node [fontname="{FONT}", fontsize={TEXT_POINTS}, margin="0.12,0.06", height=0.3];',
        f'  edge [fontname="{FONT}", fontsize={SMALL_POINTS}, arrowsize=0.8];',
    ]


def _part_lines(part: Part, placement: Placement | None, wrap: Wrap) -> list[str]:
    return [
        *(_box_line(box, placement, wrap) for box in part.boxes),
        *(arrow_line(arrow, placement, wrap) for arrow in part.arrows),
    ]


def _cluster(part: Part, placement: Placement | None) -> list[str]:
    wrap = WRAP if placement is None else placement.wraps.get(part.id, WRAP)
    frame = [
        f'  subgraph "cluster_{part.id}" {{',
        f'    graph [id="lane_{part.id}", style="filled,rounded", fillcolor="{LANE}", '
        f'color="{LANE_LINE}", fontcolor="{INK}", labeljust=l];',
    ]
    if part.title:
        frame.append(f"    graph [label=<{heading_label(part)}>];")
    if placement is not None:
        area = placement.areas[part.id]
        frame.append(f'    graph [bb="{area.box}", lp="{area.label}"];')
    return [*frame, *(f"  {line}" for line in _part_lines(part, placement, wrap)), "  }"]


def _box_line(box: Box, placement: Placement | None, wrap: Wrap) -> str:
    pen = box_pen(box.kind, box.mark)
    styles = ("filled", outline(box.kind), "" if pen.style == "solid" else pen.style)
    attributes = {
        "id": box.id,
        "class": f"{box.kind.value} {box.mark.value}",
        "shape": shape(box.kind),
        "style": ",".join(filter(None, styles)),
        "peripheries": str(rims(box.kind)),
        "color": pen.color,
        "fillcolor": pen.fill,
        "fontcolor": pen.ink,
        "penwidth": f"{pen.width:g}",
    }
    label = f"label=<{_box_label(box, wrap.box)}>{_at(box.id, placement)}"
    return f'  "{box.id}" [{_attributes(attributes)}, {label}];'


def _note(id: str, label: str, placement: Placement | None) -> list[str]:
    return [f'  "{id}" [class="{id}", shape=none, margin=0, label=<{label}>{_at(id, placement)}];']


def _at(id: str, placement: Placement | None) -> str:
    if placement is None:
        return ""
    spot = placement.spots[id]
    return f', pos="{spot.at}", width={spot.width}, height={spot.height}, fixedsize=true'


def _box_label(box: Box, columns: int) -> str:
    strong = box.kind is Kind.RECOMMENDATION
    lines = [_bold(line, strong) for line in _wrap(box.text, columns)] or [" "]
    for text in box.small:
        for line in _wrap(text, columns + 4):
            lines.append(f'<font point-size="{SMALL_POINTS}">{escape(line)}</font>')
    return "<br/>".join(lines)


def _arrow_label(arrow: Arrow, ink: str, columns: int) -> str:
    # Spaces keep a label clear of its own line and of the next one.
    lines = [_bold(f"{_SPACE}{line}{_SPACE}", True) for line in _wrap(arrow.text, columns)]
    for reason in arrow.because:
        lines += [escape(f"{_SPACE}{line}{_SPACE}") for line in _wrap(reason, columns)]
    if not lines:
        return ""
    # Left-aligned: a label belongs to the line on its left.
    text = "".join(f'{line}<br align="left"/>' for line in lines)
    return f'<font color="{ink}">{text}</font>'


def _wrap(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)


def _bold(text: str, strong: bool) -> str:
    return f"<b>{escape(text)}</b>" if strong else escape(text)


def _left(lines: Iterable[str]) -> str:
    return "".join(f'{line}<br align="left"/>' for line in lines)


def _attributes(attributes: dict[str, str]) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in attributes.items())
