"""Writes the image of a guideline that the kernel goes by.

`kernel.c` declares the same layout: `Image`, `Step` and `Dose`. `layers.py` writes levels and
diagrams.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, assert_never

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default

from rashpath.expression.decision_diagram import Diagrams
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber
from rashpath.readings.compiled.kernel_step import Step
from rashpath.readings.compiled.layers import WORD, Layers, Levels, fact_words
from rashpath.readings.compiled.lower import Lowering, NotLoweredError

NONE: Final = 0xFFFFFFFF
_ALIGNED: Final = 16


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
    levels = Levels(lowering, dictionary, diagrams.levels)
    layers = Layers(diagrams, levels)
    numbers = layers.numbers
    head = _HEAD.copy()
    sections = Sections(head)
    sections.words("step", (n for step in lowering.steps for n in _row(step)))
    sections.words("pool", lowering.pool)
    sections.add("table", bytes(lowering.table))
    sections.doubles("start_number", lowering.numbers)
    sections.words("told_truth", told.truths)
    sections.words("told_number", told.numbers)
    sections.words("diagram", (numbers[diagram] for diagram in told.diagrams))
    sections.words("dose", (n for dose in doses for n in _dose(dose, numbers)))
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
    }
    head |= layers.add(sections)
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
        *("dose", "levels", "level", "words", "layer", "nodes", "parts", "bare", "largest"),
        *("branches", "part_support"),
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


def _dose(dose: DoseTable, numbers: Sequence[int]) -> tuple[int, ...]:
    diagram = NONE if dose.diagram is None else numbers[dose.diagram]
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
