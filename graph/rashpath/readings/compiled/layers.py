"""Writes the levels and the decision diagrams of an image.

`diagram.c` declares the same layout: `Level` and `Layer`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final, assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    GivenLevel,
    Level,
    NumberLevel,
    defeating_facts,
)
from rashpath.facts.dictionary import Choice, Dictionary
from rashpath.readings.compiled.lower import Lowering, NotLoweredError

if TYPE_CHECKING:
    # It imports this module.
    from rashpath.readings.compiled.image import Sections

WORD: Final = 64
"""Bits of a word of a set."""

_NO_BRANCH: Final = -1
_MOST_BRANCHES: Final = 0xFFFF
"""Of a level; `Layer` has two bytes for it."""
_LEVEL: Final = struct.Struct("<10I")
_LAYER: Final = struct.Struct("<2I2H3I2i")


class _Kind(IntEnum):
    CHOICE = 0
    NUMBER = 1
    WORKED_OUT = 2
    GIVEN = 3


def fact_words(dictionary: Dictionary) -> int:
    """Returns how many words of 64 bits a set of facts takes."""
    return max(1, -(-len(dictionary) // WORD))


class Levels:
    """The levels of the diagrams, and the bit of each.

    In a set of levels, the facts whose values matter come first; then those whose presence does,
    and the computed numbers, as far as there are such levels.

    Attributes:
        words: words of a set of levels.
        bits: of each level its place in such a set.
    """

    def __init__(self, lowering: Lowering, dictionary: Dictionary, levels: Sequence[Level]) -> None:
        self._dictionary = dictionary
        self._levels = levels
        given = [level.fact for level in levels if isinstance(level, GivenLevel)]
        self._given = {path: len(dictionary) + place for place, path in enumerate(given)}
        computed = [level.computed for level in levels if isinstance(level, ComputedLevel)]
        first = len(dictionary) + len(given)
        self._computed = {each.id: first + place for place, each in enumerate(computed)}
        # Lowered now: steps must not come after they were written.
        self._slots = {each.id: lowering.computed(each)[0] for each in computed}
        self._waits = {each.id: lowering.waits_for(each) for each in computed}
        self.words = max(1, -(-(first + len(computed)) // WORD))
        self.bits = [self._bit(level) for level in levels]

    def _bit(self, level: Level) -> int:
        match level:
            case ChoiceLevel() | NumberLevel():
                return self._dictionary[level.fact].order
            case GivenLevel():
                return self._given[level.fact]
            case ComputedLevel():
                return self._computed[level.computed.id]
            case _:
                assert_never(level)

    def add(self, sections: Sections, bares: Iterable[tuple[int, int]]) -> None:
        """Adds the levels to an image, and what they point to.

        Args:
            sections: those of the image.
            bares: of each level the number of its first part that is no diagram, and how many there
                are.
        """
        rows = [
            _LEVEL.pack(*self._fields(level, sections), *its)
            for level, its in zip(self._levels, bares, strict=True)
        ]
        sections.add("level", b"".join(rows))

    def _fields(self, level: Level, sections: Sections) -> tuple[int, ...]:
        bit = self._bit(level)
        match level:
            case ChoiceLevel():
                table = [_NO_BRANCH] * (max(level.values) + 1)
                for branch, value in enumerate(level.values):
                    table[value] = branch
                by_value = sections.place(struct.pack(f"<{len(table)}i", *table))
                slot = self._dictionary[level.fact].order
                return (_Kind.CHOICE, slot, bit, len(table), 0, by_value, 0, 0)
            case NumberLevel() | ComputedLevel():
                partition = level.partition
                thresholds, regions = partition.thresholds, partition.regions
                threshold = sections.place(struct.pack(f"<{len(thresholds)}d", *thresholds))
                by_value = sections.place(struct.pack(f"<{len(regions)}i", *regions))
                common = (bit, len(thresholds), threshold, by_value)
                if isinstance(level, NumberLevel):
                    return (_Kind.NUMBER, self._dictionary[level.fact].order, *common, 0, 0)
                id = level.computed.id
                waits, defeating = self._waits[id], self._defeating(level, sections)
                return (_Kind.WORKED_OUT, self._slots[id], *common, waits, defeating)
            case GivenLevel():
                fact = self._dictionary[level.fact]
                choice = int(isinstance(fact.kind, Choice))
                defeating = self._defeating(level, sections)
                return (_Kind.GIVEN, fact.order, bit, choice, 0, 0, 0, defeating)
            case _:
                assert_never(level)

    def _defeating(self, level: Level, sections: Sections) -> int:
        paths = defeating_facts(level)
        if not paths:
            return 0
        bits = sum(1 << self._dictionary[path].order for path in paths)
        return sections.place(bits.to_bytes(8 * fact_words(self._dictionary), "little"))


class Layers:
    """The diagrams, and what is left of each where nothing at all is known.

    Both are parts: the branches of a level. The kernel has a number for each, in the order of the
    levels; those of the diagrams of a level begin with a word of a set of diagrams.

    Attributes:
        numbers: of each diagram its number in the image.
    """

    def __init__(self, diagrams: Diagrams, levels: Levels) -> None:
        self._levels = levels
        self._diagrams = len(diagrams)
        self._all: list[tuple[int, Sequence[int]]] = [(0, ()), (0, ())]
        self._supports = [0, 0]
        self._ones = [1 << bit for bit in levels.bits]
        made: dict[tuple[int, Sequence[int]], int] = {}
        for diagram in range(2, len(diagrams)):
            self._add(made, diagrams.node(diagram))
        given = [isinstance(level, GivenLevel) for level in diagrams.levels]
        bare = self._bare = [FALSE, TRUE]
        for level, branches in self._all[2:]:
            # A diagram stands behind those that it leads to.
            left = tuple([bare[branch] for branch in branches])
            if given[level] or left.count(left[0]) == len(left):
                bare.append(left[0])
            else:
                part = made.get((level, left))
                bare.append(self._add(made, (level, left)) if part is None else part)
        self._of_level: list[tuple[list[int], list[int]]] = [([], []) for _ in diagrams.levels]
        for part in range(2, len(self._all)):
            self._of_level[self._all[part][0]][part >= len(diagrams)].append(part)
        self.numbers = [FALSE, TRUE, *[0] * (len(self._all) - 2)]
        self._firsts = list(self._number())

    def _add(
        self, made: dict[tuple[int, Sequence[int]], int], part: tuple[int, Sequence[int]]
    ) -> int:
        level, branches = part
        supports = self._supports
        support = self._ones[level]
        for branch in branches:
            support |= supports[branch]
        made[part] = len(self._all)
        self._all.append(part)
        supports.append(support)
        return made[part]

    def _number(self) -> Iterator[tuple[int, int]]:
        """Numbers the parts, and yields the first numbers of each level."""
        numbers = self.numbers
        # The first word is that of what is always false or true.
        words = [1, *(-(-len(its) // WORD) for its, _ in self._of_level)]
        firsts = [WORD * first for first in accumulate(words)]
        self._nodes = bare = firsts[-1]
        for first, (its, bares) in zip(firsts, self._of_level, strict=False):
            for number, part in enumerate(its, first):
                numbers[part] = number
            for number, part in enumerate(bares, bare):
                numbers[part] = number
            yield first, bare
            bare += len(bares)
        self._parts = bare

    def add(self, sections: Sections) -> dict[str, int]:
        """Adds the diagrams to an image, last of all; returns what its head says of them.

        Raises:
            NotLoweredError: a level has more branches than the kernel counts.
        """
        numbers = self.numbers
        layers = []
        most = branches = 0
        for level, (its, bares) in enumerate(self._of_level):
            rows = [[numbers[part] for part in self._all[each][1]] for each in (*its, *bares)]
            width = len(rows[0]) if rows else 1
            if width > _MOST_BRANCHES:
                raise NotLoweredError(f"a fact or number with more than {_MOST_BRANCHES} branches")
            place = _table(sections, rows)
            # What is always false or true need not be looked at.
            leads = [
                [number for number in dict.fromkeys(row) if number > TRUE]
                for row in rows[: len(its)]
            ]
            stride = max(map(len, leads), default=0) or 1
            ways = _table(sections, (row + [0] * (stride - len(row)) for row in leads))
            first, bit = self._firsts[level][0], self._levels.bits[level]
            layers.append(_LAYER.pack(place, ways, width, stride, first, len(its), bit, -1, -1))
            most = max(most, len(its))
            branches += len(its) * width
        self._levels.add(
            sections,
            (
                (bare, len(bares))
                for (_, bare), (_, bares) in zip(self._firsts, self._of_level, strict=True)
            ),
        )
        sections.add("layer", b"".join(layers))
        left = [0] * self._nodes
        supports = [0] * self._parts
        for diagram, part in enumerate(self._bare):
            left[numbers[diagram]] = numbers[part]
        for part, support in enumerate(self._supports):
            supports[numbers[part]] = support
        sections.words("bare", left)
        sections.sets("part_support", supports, self._levels.words)
        return {
            "levels": len(layers),
            "words": self._levels.words,
            "nodes": self._nodes,
            "parts": self._parts,
            "largest": most,
            "branches": branches,
        }


def _table(sections: Sections, rows: Iterable[Sequence[int]]) -> int:
    """Places rows of numbers one after the other; returns where."""
    numbers = list(chain.from_iterable(rows))
    return sections.place(struct.pack(f"<{len(numbers)}I", *numbers))
