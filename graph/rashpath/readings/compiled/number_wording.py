"""Writes what stands around the numbers of patients: in warnings, and in what keeps a dose back.

`words.c` declares the same layout: `NumberWords` and `Plausible`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import partial
from os.path import commonprefix
from typing import Final

from rashpath.facts.dictionary import Choice, Fact
from rashpath.facts.show import range_text
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.beside import implausible, implausible_words
from rashpath.readings.compiled.pieces import part_of, tag_of
from rashpath.readings.compiled.writing import NO_PIECE, Writing
from rashpath.readings.words import computed_words, fact_words, label
from rashpath.v1 import decision_pb2, decision_service_pb2

ANY_NUMBER: Final = 98_800
"""It has three significant digits at most, so that its text is the same where few are shown."""
ANY_TEXT: Final = "98800"
_OTHER_NUMBER: Final = 771
"""It has as few digits, and begins with another one."""


def add_number_words(writing: Writing, graph: DecisionGraph, audience: Audience) -> None:
    """Adds the words around numbers: facts, computed numbers, and warnings about them."""
    facts = list(graph.dictionary)
    writing.pieces("label", (label(graph, fact.path, audience).encode() for fact in facts))
    writing.words("choice", [_choice(writing, fact, audience) for fact in facts])
    writing.rows(
        "fact_number",
        [
            _NONE
            if isinstance(fact.kind, Choice)
            else _around(writing, partial(fact_words, fact, audience=audience))
            for fact in facts
        ],
    )
    writing.rows(
        "computed_number",
        [
            _around(writing, partial(computed_words, its, limit=0.0, audience=audience))
            for its in graph.computed.values()
        ],
    )
    warnings = [row for fact in facts if (row := _plausible(writing, fact, audience))]
    writing.head["plausible"] = len(warnings)
    writing.add("plausible_value", b"".join(warnings))
    warning = decision_pb2.WarningResult
    writing.one("warning_tag", tag_of(decision_service_pb2.EvaluateResponse, "warnings"))
    writing.one("warning_text_tag", tag_of(warning, "text"))


def _choice(writing: Writing, fact: Fact, audience: Audience) -> int:
    """Places a fact in words with each of its values, and returns where the pieces stand."""
    if not isinstance(fact.kind, Choice):
        return 0
    named = {value.number for value in fact.kind.values}
    words = [
        fact_words(fact, number, audience) if number in named else ""
        for number in range(max(named, default=0) + 1)
    ]
    pieces = [word for text in words for word in writing.piece(text.encode())]
    return writing.place(struct.pack(f"<{len(pieces)}I", *pieces))


_NONE: Final = (*NO_PIECE, *NO_PIECE, *NO_PIECE, 0)


def _around(writing: Writing, say: Callable[[int], str]) -> tuple[int, ...]:
    """Places what stands around a number in words, and returns the fields of `NumberWords`."""
    said, other = say(ANY_NUMBER), say(_OTHER_NUMBER)
    if said == other:
        return (*writing.piece(said.encode()), *NO_PIECE, *NO_PIECE, 0)
    # Labels and units may hold any digits: the number stands where the two begin to differ.
    before = commonprefix((said, other))  # noqa: RUF071  # characters are what is compared
    texts = (before, say(1).removeprefix(f"{before}1"), said.removeprefix(f"{before}{ANY_TEXT}"))
    return (*(word for text in texts for word in writing.piece(text.encode())), 1)


def _plausible(writing: Writing, fact: Fact, audience: Audience) -> bytes:
    """Returns the fields of `Plausible`; empty where any value is plausible."""
    if isinstance(fact.kind, Choice) or fact.kind.plausible is None:
        return b""
    interval = fact.kind.plausible
    # Not the end and 1: next to a large end that is the end itself.
    said = implausible(fact, math.inf, audience) or implausible(fact, -math.inf, audience)
    if said is None:
        return b""
    usual = range_text(interval, fact.kind.unit)
    outside = implausible_words(fact, ANY_NUMBER, usual, audience).removeprefix(
        fact_words(fact, ANY_NUMBER, audience)
    )
    return struct.pack(
        "<2I2d6I",
        *(fact.order, 0, interval.minimum, interval.maximum),
        *writing.piece(part_of(said, 1, 1)),
        *writing.piece(outside.encode()),
        *writing.piece(part_of(said, 3, 99)),
    )
