"""Writes the image of a guideline that the kernel goes by.

`kernel.c` declares the same layout: `Image`, `Step`, `Level` and `Dose`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, assert_never

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    GivenLevel,
    Level,
    NumberLevel,
    defeating_facts,
)
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber
from rashpath.readings.compiled.kernel_step import Step
from rashpath.readings.compiled.lower import Lowering, NotLoweredError

WORD: Final = 64
NONE: Final = 0xFFFFFFFF
_NO_BRANCH: Final = -1
_ALIGNED: Final = 16


class _Kind(IntEnum):
    CHOICE = 0
    NUMBER = 1
    WORKED_OUT = 2
    GIVEN = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What the kernel is to tell of a case.

    Args:
        truths: slots of truths; first those of the recommendations, then others that are made
            exact with what decides them, then those that are made exact, then the rest.
        conclusions: how many of them are recommendations.
        asking: what decides the first so many is asked for.
        decisive: of how many of them what decides them is told.
        diagrams: the diagrams of those that are made exact.
        numbers: slots of numbers.
    """

    truths: Sequence[int]
    conclusions: int
    asking: int
    decisive: int
    diagrams: Sequence[int]
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class DoseTable:
    """A dose table, by the places of what is told.

    Args:
        truth: place of its recommendation.
        weight: slot of the weight.
        diagram: when the dose may be shown; None: it has none.
        gate: places of the parts of its gate, in succession.
        rows: places of the conditions of its rows, in succession.
        waits: slot of the facts that these wait for.
    """

    truth: int
    weight: int
    diagram: int | None
    gate: range
    rows: range
    waits: int


def fact_words(dictionary: Dictionary) -> int:
    """Returns how many words of 64 bits a set of facts takes."""
    return max(1, -(-len(dictionary) // WORD))


def image(
    lowering: Lowering,
    dictionary: Dictionary,
    diagrams: Diagrams,
    told: Told,
    doses: Sequence[DoseTable],
) -> bytes:
    """Returns the image of a guideline.

    Args:
        lowering: its steps, all that is told among them.
        dictionary: its facts.
        diagrams: its diagrams.
        told: what is to be told.
        doses: its dose tables.
    """
    levels = _Levels(lowering, dictionary, diagrams.levels)
    parts = _Parts(diagrams, levels)
    head = _HEAD.copy()
    sections = Sections(head)
    sections.words("step", (n for step in lowering.steps for n in _row(step)))
    sections.words("pool", lowering.pool)
    sections.add("table", bytes(lowering.table))
    sections.doubles("start_number", lowering.numbers)
    sections.words("told_truth", told.truths)
    sections.words("told_number", told.numbers)
    sections.words("diagram", told.diagrams)
    sections.words("dose", (n for dose in doses for n in _dose(dose)))
    rows = [n for row in levels.rows(sections) for n in row]
    sections.words("level", rows)
    sections.words("part_level", (level for level, _ in parts.all))
    firsts = [0]
    for _, branches in parts.all:
        firsts.append(firsts[-1] + len(branches))
    sections.words("part_first", firsts)
    sections.words("part_next", (branch for _, branches in parts.all for branch in branches))
    sections.sets("part_support", parts.supports, levels.words)
    sections.words("bare", parts.bare)
    head["groups"] = _add_fields(sections, dictionary)
    head |= {
        "facts": len(dictionary),
        "fact_words": fact_words(dictionary),
        "truths": lowering.truths,
        "numbers": len(lowering.numbers),
        "masks": lowering.masks,
        "steps": len(lowering.steps),
        "told_truths": len(told.truths),
        "told_numbers": len(told.numbers),
        "conclusions": told.conclusions,
        "asking": told.asking,
        "decisive": told.decisive,
        "path": len(told.diagrams) - told.decisive,
        "doses": len(doses),
        "levels": len(diagrams.levels),
        "words": levels.words,
        "nodes": len(diagrams),
        "parts": len(parts.all),
        "widest": max((len(branches) for _, branches in parts.all), default=0) or 1,
    }
    return sections.whole()


_HEAD: Final = dict.fromkeys(
    (
        *("size", "facts", "fact_words", "truths", "numbers", "masks", "steps", "step", "pool"),
        *("table", "start_number", "told_truths", "told_truth"),
        *(
            "told_numbers",
            "told_number",
            "conclusions",
            "asking",
            "decisive",
            "path",
            "diagram",
            "doses",
        ),
        *("dose", "levels", "level", "words", "nodes", "parts", "part_level", "part_first"),
        *("part_next", "part_support", "bare", "widest"),
        *("groups", "group", "field"),
    ),
    0,
)
"""The fields of `Image`, in order."""


def _add_fields(sections: Sections, dictionary: Dictionary) -> int:
    """Adds the fields of the case message by their numbers, and returns the groups' count."""
    case = Default().FindMessageTypeByName(dictionary.case_type)
    groups = {field.number: field for field in case.fields}
    count = max(groups) + 1
    rows: list[tuple[int, int]] = []
    fields: list[bytes] = []
    for number in range(count):
        paths = _paths_in(groups.get(number))
        size = max(paths, default=-1) + 1
        rows.append((len(fields), size))
        for inner in range(size):
            path = paths.get(inner, "")
            fields.append(_field(sections, dictionary[path]) if path in dictionary else _NO_FIELD)
    if count > WORD:
        raise NotLoweredError(f"a case message with field numbers from {WORD} on")
    sections.words("group", [word for row in rows for word in row])
    sections.add("field", b"".join(fields))
    return count


def _paths_in(group: FieldDescriptor | None) -> dict[int, str]:
    """Returns the paths of the facts of a group by the numbers of their fields."""
    if group is None or group.message_type is None:
        return {}
    return {field.number: f"{group.name}.{field.name}" for field in group.message_type.fields}


def _field(sections: Sections, fact: Fact) -> bytes:
    match fact.kind:
        case Choice() as choice:
            numbers = {value.number for value in choice.values} | {0}
            allowed = bytes(int(number in numbers) for number in range(max(numbers) + 1))
            place = sections.place(allowed)
            return _FIELD.pack(fact.order, _FieldKind.ENUM, place, len(allowed), 0.0, 0.0)
        case WholeNumber() | DecimalNumber() as kind:
            whole = isinstance(kind, WholeNumber)
            its = _FieldKind.WHOLE if whole else _FieldKind.DECIMAL
            hard = kind.hard
            return _FIELD.pack(fact.order, its, 0, 0, hard.minimum, hard.maximum)
        case _:
            assert_never(fact.kind)


_FIELD: Final = struct.Struct("<4I2d")
_NO_FIELD: Final = _FIELD.pack(NONE, 0, 0, 0, 0.0, 0.0)


class _FieldKind(IntEnum):
    ENUM = 0
    WHOLE = 1
    DECIMAL = 2


class Sections:
    """Sections of an image, each at an offset that suits all that it may hold."""

    def __init__(self, head: dict[str, int]) -> None:
        self._head = head
        self._bytes = bytearray(4 * len(head))

    def add(self, name: str, content: bytes) -> None:
        self._head[name] = self.place(content)

    def place(self, content: bytes) -> int:
        self._bytes += bytes(-len(self._bytes) % _ALIGNED)
        offset = len(self._bytes)
        self._bytes += content
        return offset

    def words(self, name: str, numbers: Iterable[int]) -> None:
        listed = list(numbers)
        self.add(name, struct.pack(f"<{len(listed)}I", *listed))

    def doubles(self, name: str, numbers: Iterable[float]) -> None:
        listed = list(numbers)
        self.add(name, struct.pack(f"<{len(listed)}d", *listed))

    def sets(self, name: str, sets: Iterable[int], words: int) -> None:
        self.add(name, b"".join(bits.to_bytes(words * WORD // 8, "little") for bits in sets))

    def whole(self) -> bytes:
        self._bytes += bytes(-len(self._bytes) % _ALIGNED)
        self._head["size"] = len(self._bytes)
        struct.pack_into(f"<{len(self._head)}I", self._bytes, 0, *self._head.values())
        return bytes(self._bytes)


def _row(step: Step) -> tuple[int, ...]:
    return (step.op, step.count, step.to, step.a, step.b)


def _dose(dose: DoseTable) -> tuple[int, ...]:
    diagram = NONE if dose.diagram is None else dose.diagram
    gate, rows = dose.gate, dose.rows
    return (
        dose.truth,
        dose.weight,
        diagram,
        gate.start,
        len(gate),
        len(rows),
        rows.start,
        dose.waits,
    )


class _Levels:
    """The levels of the diagrams, and the bit of each.

    In a set of levels, the facts whose values matter come first; then those whose presence does,
    and the computed numbers, as far as there are such levels.
    """

    def __init__(self, lowering: Lowering, dictionary: Dictionary, levels: Sequence[Level]) -> None:
        self._lowering = lowering
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
        self.bits = [1 << self._bit(level) for level in levels]

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

    def rows(self, sections: Sections) -> Iterable[tuple[int, ...]]:
        """Yields the fields of `Level`, and places in the sections what they point to."""
        for level in self._levels:
            yield self._fields(level, sections)

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


class _Parts:
    """The diagrams, and what is left of each where nothing at all is known.

    Attributes:
        all: by part its level and what follows on its branches; the diagrams come first.
        supports: by part the levels that matter, as bits.
        bare: of each diagram the part that is left of it.
    """

    def __init__(self, diagrams: Diagrams, levels: _Levels) -> None:
        self.all: list[tuple[int, tuple[int, ...]]] = [(0, ()), (0, ())]
        self.supports = [0, 0]
        self._bits = levels.bits
        self._made: Mapping[tuple[int, tuple[int, ...]], int] = {}
        made: dict[tuple[int, tuple[int, ...]], int] = {}
        for diagram in range(2, len(diagrams)):
            self._add(made, diagrams.node(diagram))
        given = [isinstance(level, GivenLevel) for level in diagrams.levels]
        self.bare = [FALSE, TRUE]
        for diagram in range(2, len(diagrams)):
            # A diagram stands behind those that it leads to.
            level, branches = diagrams.node(diagram)
            left = tuple([self.bare[branch] for branch in branches])
            if given[level] or left.count(left[0]) == len(left):
                self.bare.append(left[0])
            else:
                part = made.get((level, left))
                self.bare.append(self._add(made, (level, left)) if part is None else part)

    def _add(
        self,
        made: dict[tuple[int, tuple[int, ...]], int],
        part: tuple[int, tuple[int, ...]],
    ) -> int:
        level, branches = part
        support = self._bits[level]
        for branch in branches:
            support |= self.supports[branch]
        made[part] = len(self.all)
        self.all.append(part)
        self.supports.append(support)
        return made[part]
