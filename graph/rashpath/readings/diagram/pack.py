"""Packs lanes of given sizes on a page, in reading order, by cutting it again and again in two."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from typing import assert_never

_MOST = 20
"""Shapes kept for each run of lanes; more gain little and cost time by their square."""


class Cut(Enum):
    """How a block is cut in two."""

    BESIDE = "beside"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Whole:
    """A block that is one lane in one of its shapes.

    Args:
        index: place of the lane in reading order, from 0.
        shape: which of its shapes, from 0.
        width: least width.
        height: least height.
    """

    index: int
    shape: int
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Halves:
    """A block cut in two, with its least size; the first half is left of or above the second."""

    cut: Cut
    first: Block
    second: Block
    width: float
    height: float


Block = Whole | Halves
Point = tuple[float, float]
_Size = tuple[float, float, Cut, Block, Block]
_WIDTH_AND_HEIGHT = itemgetter(0, 1)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a lane stands: its frame, and the way to it along the gutters.

    Args:
        index: place of the lane in reading order, from 0.
        shape: which of its shapes, from 0.
        x: left edge.
        top: upper edge; y grows upwards.
        width: of the frame.
        height: of the frame.
        way: corners from the top left of the page to the gutter above the frame.
    """

    index: int
    shape: int
    x: float
    top: float
    width: float
    height: float
    way: tuple[Point, ...]


@lru_cache(maxsize=64)
def pack(
    sizes: tuple[tuple[tuple[float, float], ...], ...],
    gap: float,
    least_width: float,
    more_height: float,
    page: tuple[float, float],
) -> Block:
    """Returns the block of all lanes that needs the least reduction on a page, lying or upright.

    Args:
        sizes: least width and height of each shape of each lane, lanes in reading order.
        gap: gutter between lanes.
        least_width: least width of the whole picture.
        more_height: height of what stands above and below the lanes.
        page: width and height of the page.
    """

    def reduction(block: Block) -> float:
        width, height = max(block.width, least_width), block.height + more_height
        return min(max(width / page[0], height / page[1]), max(width / page[1], height / page[0]))

    shapes: dict[tuple[int, int], list[Block]] = {}
    for index, lane in enumerate(sizes):
        wholes = [Whole(index, shape, *size) for shape, size in enumerate(lane)]
        shapes[index, index + 1] = list(wholes)
    for length in range(2, len(sizes) + 1):
        for begin in range(len(sizes) - length + 1):
            end = begin + length
            # The product of the kept shapes is large: plain tuples first, blocks for the best only.
            found = [
                size
                for middle in range(begin + 1, end)
                for first in shapes[begin, middle]
                for second in shapes[middle, end]
                for size in _sizes(first, second, gap)
            ]
            keep = None if length == len(sizes) else _MOST
            shapes[begin, end] = [
                Halves(cut, first, second, width, height)
                for width, height, cut, first, second in _best(found, keep)
            ]
    return min(shapes[0, len(sizes)], key=reduction)


def slots(block: Block, x: float, top: float, size: tuple[float, float], gap: float) -> list[Slot]:
    """Returns where each lane of a block stands, in reading order.

    Args:
        block: what is placed.
        x: its left edge.
        top: its upper edge.
        size: the size that it is stretched to, at least its own.
        gap: gutter between lanes.
    """
    return list(_slots(block, x, top, size, gap, ()))


def _slots(
    block: Block,
    x: float,
    top: float,
    size: tuple[float, float],
    gap: float,
    way: tuple[Point, ...],
) -> Iterator[Slot]:
    width, height = size
    way = (*way, (x - gap / 2, top + gap / 2))
    match block:
        case Whole():
            yield Slot(block.index, block.shape, x, top, width, height, way)
        case Halves(cut=Cut.BESIDE, first=first, second=second):
            left = first.width * (width - gap) / (first.width + second.width)
            left = min(max(left, first.width), width - gap - second.width)
            yield from _slots(first, x, top, (left, height), gap, way)
            rest = (width - gap - left, height)
            yield from _slots(second, x + left + gap, top, rest, gap, way)
        case Halves(cut=Cut.BELOW, first=first, second=second):
            upper = first.height * (height - gap) / (first.height + second.height)
            upper = min(max(upper, first.height), height - gap - second.height)
            yield from _slots(first, x, top, (width, upper), gap, way)
            rest = (width, height - gap - upper)
            yield from _slots(second, x, top - upper - gap, rest, gap, way)
        case _:
            assert_never(block)  # type: ignore[arg-type] # mypy does not see both cuts named


def _sizes(first: Block, second: Block, gap: float) -> tuple[_Size, _Size]:
    return (
        (
            first.width + gap + second.width,
            max(first.height, second.height),
            Cut.BESIDE,
            first,
            second,
        ),
        (
            max(first.width, second.width),
            first.height + gap + second.height,
            Cut.BELOW,
            first,
            second,
        ),
    )


def _best(found: list[_Size], most: int | None) -> list[_Size]:
    """Returns the sizes that no other is both narrower and lower than, thinned out evenly."""
    kept: list[_Size] = []
    lowest = math.inf
    for size in sorted(found, key=_WIDTH_AND_HEIGHT):
        if size[1] < lowest:
            lowest = size[1]
            kept.append(size)
    if most is None or len(kept) <= most:
        return kept
    groups = [
        kept[len(kept) * part // most : len(kept) * (part + 1) // most] for part in range(most)
    ]
    return [min(group, key=lambda size: size[0] * size[1]) for group in groups]
