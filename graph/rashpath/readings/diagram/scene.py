"""What a picture shows, before it is DOT or Mermaid: boxes in lanes, arrows, legend, footer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# None of these can be the id of a lane, which has no hyphen.
START = "the-start"
BEHIND = "the-rest"
LEGEND = "the-legend"


class Detail(StrEnum):
    """How much of the graph is drawn."""

    OVERVIEW = "overview"
    FULL = "full"


class Kind(StrEnum):
    """What a box is; it decides the shape."""

    START = "start"
    DECISION = "decision"
    ALL = "all"
    FINDING = "finding"
    RECOMMENDATION = "recommendation"
    END = "end"


class Mark(StrEnum):
    """What became of a box or arrow; ``PLAIN`` where no case is drawn over the guideline.

    Under a case, a box is taken where it applies, open where it is undetermined, else unvisited; an
    arrow has the outcome of its edge. The last three tell two guidelines apart.
    """

    PLAIN = "plain"
    TAKEN = "taken"
    REFUSED = "refused"
    OPEN = "open"
    UNVISITED = "unvisited"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Box:
    """One node.

    Args:
        id: id of the node.
        kind: what it is.
        mark: what became of it.
        text: its title.
        small: further lines in small print: urgency, statement numbers, what it needs.
    """

    id: str
    kind: Kind
    mark: Mark
    text: str
    small: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge.

    Args:
        tail: id of the box that it leaves.
        head: id of the box that it enters.
        mark: what became of it.
        text: the answer that it stands for; empty where it is always taken.
        because: the facts that decided it, or what it needs.
    """

    tail: str
    head: str
    mark: Mark
    text: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Boxes and the arrows among them that are laid out together.

    Args:
        id: id of the lane, or one of :data:`START`, :data:`BEHIND` and :data:`LEGEND`.
        title: title of a lane; empty where none is drawn.
        boxes: in topological order.
        arrows: in the order of the file.
    """

    id: str
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a picture shows.

    Args:
        title: what the guideline is about.
        subtitle: its version and review status, and whose way is drawn.
        description: the picture in words, for who cannot see it.
        start: the root and the fork that leads to the lanes.
        lanes: the lanes in reading order; last, without a title, what lies behind them.
        links: arrows between parts: from the fork to the lanes, and any from lane to lane.
        legend: one sample of everything that is told apart.
        footer: digest, decision and record, and the disclaimer.
    """

    title: str
    subtitle: tuple[str, ...]
    description: str
    start: Part
    lanes: tuple[Part, ...]
    links: tuple[Arrow, ...]
    legend: Part
    footer: tuple[str, ...]

    def arrows(self) -> Iterator[Arrow]:
        """Yields all arrows but the legend's: the start's, the links, then lane by lane."""
        yield from self.start.arrows
        yield from self.links
        for lane in self.lanes:
            yield from lane.arrows

    def boxes(self) -> Iterator[Box]:
        """Yields all boxes but the legend's: the start's, then lane by lane."""
        yield from self.start.boxes
        for lane in self.lanes:
            yield from lane.boxes
