"""Writes what doses in milligrams are joined from, and why one is withheld.

`words.c` declares the same layout: `Gate`, `Regimen` and `Row`; `regimen.c` that of the sites.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Final

from rashpath.expression.tree import Compare, Computed, FactNumber, Leaf, OneOf
from rashpath.facts.wording import Audience
from rashpath.guideline.model import Definition, Regimen
from rashpath.readings.compiled.decision import CompiledGraph, Decision
from rashpath.readings.compiled.image import NONE
from rashpath.readings.compiled.number_wording import ANY_NUMBER, ANY_TEXT
from rashpath.readings.compiled.pieces import part_of, tag_of, texts, varint
from rashpath.readings.compiled.writing import Writing
from rashpath.readings.regimen import (
    BETWEEN,
    formula,
    not_known,
    not_so,
    regimen,
    withheld_words,
)
from rashpath.readings.walk import Dose, Walk, Withheld
from rashpath.readings.walk.dose import row_waits_for, used
from rashpath.readings.walk.reasons import deciding
from rashpath.readings.walk.steps import leaf_use
from rashpath.readings.words import leaf_words
from rashpath.v1 import decision_pb2

_BECAUSE: Final = tag_of(decision_pb2.Regimen, "withheld_because")
_MG: Final = varint(decision_pb2.Regimen.DESCRIPTOR.fields_by_name["dose_mg"].number << 3 | 1)
_ANY_MG: Final = 77_001.5
_ANY_WORDS: Final = "\0"


class _Word(IntEnum):
    """What the kernel writes of a site with words of a case."""

    TEXT = 0
    CHOSEN = 1
    FACT_NUMBER = 2
    COMPUTED_NUMBER = 3


class Regimens:
    """The regimens with a dose table, for one audience.

    Args:
        compiled: the guideline.
        audience: whose words to use.
    """

    def __init__(self, compiled: CompiledGraph, audience: Audience) -> None:
        self._compiled = compiled
        self._graph = compiled.graph
        self._audience = audience
        self._computed = tuple(compiled.graph.computed)
        self._dosed = compiled.program.dosed
        self._gates = [part for _, plan in self._dosed for part in plan.gate]

    # What is written once

    def add(self, writing: Writing) -> None:
        """Adds what does not depend on a case."""
        places = self._compiled.places
        codes = dict.fromkeys(part.withheld_code for part in self._gates if part.withheld_code)
        reasons = [*(fact.path for fact in self._graph.dictionary), *codes]
        writing.head["codes"] = len(codes)
        writing.pieces("because", (texts(_BECAUSE, (each,)) for each in reasons))
        order = {code: len(self._graph.dictionary) + at for at, code in enumerate(codes)}
        runs = [run for parts in places.against for run in parts]
        writing.head["gates"] = len(self._gates)
        writing.rows(
            "gate",
            (
                (
                    *writing.run(run),
                    order.get(part.withheld_code, NONE),
                    *self._around_words(writing, part),
                )
                for part, run in zip(self._gates, runs, strict=True)
            ),
        )
        first_gate = 0
        rows: list[tuple[int, ...]] = []
        for (index, plan), waiting in zip(self._dosed, places.waiting, strict=True):
            rows.append((first_gate, *writing.run(waiting), self._rows(writing, index, plan)))
            first_gate += len(plan.gate)
        writing.rows("regimen", rows)
        writing.one("regimen_tag", tag_of(decision_pb2.RecommendationResult, "regimen"))
        writing.one("withheld_tag", tag_of(decision_pb2.Regimen, "withheld_texts"))
        writing.one("formula_tag", tag_of(decision_pb2.Regimen, "formula"))
        writing.one("mg_tag", _MG)
        writing.one("comma", BETWEEN.encode())
        writing.one("unknown", not_known(None, (), self._audience).encode())

    def _around_words(self, writing: Writing, part: Definition) -> Sequence[int]:
        """Places what stands around the words of a part of a gate."""
        unknown, _, last = not_known(part, (_ANY_WORDS,), self._audience).rpartition(_ANY_WORDS)
        false = not_so(part, (_ANY_WORDS,), self._audience).removesuffix(_ANY_WORDS + last)
        return [word for text in (unknown, false, last) for word in writing.piece(text.encode())]

    def _rows(self, writing: Writing, index: int, plan: Regimen) -> int:
        """Places the rows of a dose table, and what is written where none holds."""
        id = self._graph.recommendations[index].id
        found: list[bytes] = []
        for row in (None, *plan.rows):
            walked = self._walked({id: Dose(row, None, None, (), ())})
            said = regimen(walked, id, plan, self._audience)
            before = b""
            if row is not None:
                how = formula(Dose(row, float(ANY_NUMBER), _ANY_MG, (), ()))
                before = self._formula(writing, how)
            found.append(
                struct.pack(
                    "<d6I",
                    0.0 if row is None else row.dose_mg_per_kg,
                    *writing.piece(part_of(said, 1, 9)),
                    *writing.piece(before),
                    *writing.piece(part_of(said, 13, 13)),
                )
            )
        return writing.place(b"".join(found))

    @staticmethod
    def _formula(writing: Writing, said: str) -> bytes:
        """Adds what stands between the numbers of a formula; returns what comes before them."""
        before, _, rest = said.rpartition(ANY_TEXT)
        kg, _, rest = rest.partition(f"{_ANY_MG}")
        shown, _, mg = rest.partition(f"{int(_ANY_MG)}")
        # They are the same in every row.
        writing.one("kg", kg.encode())
        writing.one("mg", mg.encode())
        writing.one("shown", shown.removeprefix(mg).encode())
        return before.encode()

    def _walked(self, doses: dict[str, Dose]) -> Walk:
        return replace(self._compiled.nothing, doses=doses)

    # What depends on a case, but for its numbers

    def site(self, decision: Decision, place: int) -> tuple[bytes, bytes]:
        """Returns what is kept of a site: the parts of gates come first, dose by dose, then doses
        of which no row holds.
        """
        walked = self._compiled.walked(decision.values)
        if place < len(self._gates):
            part = self._gates[place]
            leaves = deciding(part.condition, walked.facts)
            words = b"".join(self._word(walked, leaf) for leaf in leaves)
            return self._facts(used(part, walked.facts)), words
        _, plan = self._dosed[place - len(self._gates)]
        facts = row_waits_for(plan, walked.facts)
        said = withheld_words(walked, Withheld(facts, None, missing=True), self._audience)
        return self._facts(facts), _text(said)

    def _facts(self, paths: Iterable[str]) -> bytes:
        orders = [self._order(path) for path in paths]
        return struct.pack(f"<{len(orders)}I", *orders)

    def _word(self, walked: Walk, leaf: Leaf) -> bytes:
        use = leaf_use(leaf, walked.facts)
        ((_, value),) = use.values
        match leaf:
            case OneOf() if value is not None:
                return struct.pack("<BI", _Word.CHOSEN, self._order(leaf.fact))
            case Compare(FactNumber(path)) if value is not None:
                return struct.pack("<BI", _Word.FACT_NUMBER, self._order(path))
            case Compare(Computed(id)) if value is not None and not walked.computed[id].absent:
                place, limit = self._computed.index(id), float(leaf.right.value)
                return struct.pack("<BId", _Word.COMPUTED_NUMBER, place, limit)
            case _:
                return _text(leaf_words(walked, use, self._audience))

    def _order(self, path: str) -> int:
        return self._graph.dictionary[path].order


def _text(said: str) -> bytes:
    encoded = said.encode()
    return struct.pack("<BI", _Word.TEXT, len(encoded)) + encoded
