"""The regimens of an answer that have a dose table, joined from what the plain answer made."""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from rashpath.expression.evaluate import DECIMALS
from rashpath.expression.tree import Compare, Computed, FactNumber, Leaf, OneOf
from rashpath.facts.wording import Audience
from rashpath.guideline.model import Definition, Regimen
from rashpath.readings.compiled.decision import CompiledGraph, Decision
from rashpath.readings.compiled.lower import FALSE, TRUE, UNKNOWN
from rashpath.readings.compiled.pieces import Kept, Memo, part_of, tag_of, texts, varint
from rashpath.readings.regimen import formula, not_so, regimen, withheld_words
from rashpath.readings.walk import Dose, LeafUse, Walk, Withheld
from rashpath.readings.walk.dose import row_waits_for, used
from rashpath.readings.walk.reasons import deciding
from rashpath.readings.walk.steps import leaf_use
from rashpath.readings.walk.walk import ComputedValue
from rashpath.readings.words import leaf_words
from rashpath.v1 import decision_pb2

_REGIMEN: Final = tag_of(decision_pb2.RecommendationResult, "regimen")
_BECAUSE: Final = tag_of(decision_pb2.Regimen, "withheld_because")
_TEXTS: Final = tag_of(decision_pb2.Regimen, "withheld_texts")
_FORMULA: Final = tag_of(decision_pb2.Regimen, "formula")
_DOSE: Final = varint(decision_pb2.Regimen.DESCRIPTOR.fields_by_name["dose_mg"].number << 3 | 1)
_DOUBLE: Final = struct.Struct("<d")
_NO_PART: Final = -1


@dataclass(frozen=True, slots=True)
class _Reason:
    """One reason why a dose is withheld.

    Args:
        because: paths of facts, or a code.
        text: the same in words.
        key: equal keys mean equal reasons; None: it holds a number of the patient.
    """

    because: tuple[str, ...]
    text: str
    key: Hashable | None


@dataclass(frozen=True, slots=True)
class _Against:
    """What makes a part of a gate false, by the truths of its comparisons.

    Args:
        because: as in a reason.
        words: of each comparison that decides, its words, or what makes them of a case.
        numbers: whether any of them holds a number of the patient.
        choices: places of the choices that are among them.
    """

    because: tuple[str, ...]
    words: tuple[str | Callable[[Decision], str], ...]
    numbers: bool
    choices: tuple[int, ...]


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
        self._places = compiled.places
        self._computed = tuple(compiled.graph.computed)
        self._frames = Memo(self._frame)
        self._missing = Memo(self._missing_reason)
        self._against = Kept[tuple[int, int, bytes], _Against]()
        self._choice_words = Memo(self._words_of_choice)
        self._withheld = Kept[Hashable, bytes]()

    def written(self, decision: Decision) -> list[bytes]:
        """Returns of each dose table the regimen of its recommendation; empty where ruled out."""
        truths = decision.recommendations
        return [
            b"" if truths[index] == FALSE else self._written(decision, place, index, plan)
            for place, (index, plan) in enumerate(self._compiled.program.dosed)
        ]

    def _written(self, decision: Decision, place: int, index: int, plan: Regimen) -> bytes:
        told = decision.told
        rows = self._places.rows[place]
        row = told.find(TRUE, rows.start, rows.stop) - rows.start if rows else -1
        row = max(row, -1)
        weight = decision.value(self._order(plan.weight))
        reasons = list(self._reasons(decision, place, index, plan))
        if row < 0 and not reasons:
            reasons.append(self._no_row(decision, plan))
        if weight is None:
            reasons.append(self._missing[_NO_PART, _NO_PART, 1 << self._order(plan.weight)])
        first, last = self._frames[place, row]
        if not reasons:
            mg, how = self._dose(plan, row, float(weight))
            return _message(first, mg, last, how)
        keys = (place, row, *(reason.key for reason in reasons))
        if None in keys:
            return _message(first, _withheld(reasons), last)
        found = self._withheld.get(keys)
        if found is None:
            found = self._withheld[keys] = _message(first, _withheld(reasons), last)
        return found

    def _reasons(
        self, decision: Decision, place: int, index: int, plan: Regimen
    ) -> Iterator[_Reason]:
        told, sets = decision.told, decision.sets
        first, decisive = self._places.recommendations.start, self._places.decisive.start
        if decision.recommendations[index] == UNKNOWN:
            yield self._missing[_NO_PART, _NO_PART, sets[decisive + index]]
        for at, truth in enumerate(self._places.gates[place]):
            if told[truth] == UNKNOWN:
                yield self._missing[place, at, sets[decisive + truth - first]]
            elif told[truth] == FALSE:
                yield self._false_part(decision, place, at, plan.gate[at])

    def _no_row(self, decision: Decision, plan: Regimen) -> _Reason:
        facts = row_waits_for(plan, self._compiled.facts(decision.values))
        bits = sum(1 << self._order(path) for path in facts)
        return _Reason(facts, self._missing[_NO_PART, _NO_PART, bits].text, None)

    def _missing_reason(self, key: tuple[int, int, int]) -> _Reason:
        place, at, bits = key
        facts = self._compiled.paths(bits)
        part = None if place == _NO_PART else self._compiled.program.dosed[place][1].gate[at]
        code = (part.withheld_code,) if part is not None and part.withheld_code else ()
        withheld = Withheld((*code, *facts), part, missing=True)
        text = withheld_words(self._compiled.nothing, withheld, self._audience)
        return _Reason(withheld.because, text, key)

    def _false_part(self, decision: Decision, place: int, at: int, part: Definition) -> _Reason:
        truths = decision.told[self._places.against[place][at]]
        against = self._against.get((place, at, truths))
        if against is None:
            against = self._against[place, at, truths] = self._against_of(decision, part)
        words = [each if isinstance(each, str) else each(decision) for each in against.words]
        key = None
        if not against.numbers:
            choices = tuple([decision.value(order) for order in against.choices])
            key = (place, at, truths, choices)
        text = not_so(part, words, self._audience)
        return _Reason(against.because, text, key)

    def _against_of(self, decision: Decision, part: Definition) -> _Against:
        walked = self._compiled.walked(decision.values)
        leaves = deciding(part.condition, walked.facts)
        choices = [leaf.fact for leaf in leaves if isinstance(leaf, OneOf)]
        words = tuple(self._words_of(walked, leaf) for leaf in leaves)
        return _Against(
            (part.withheld_code,) if part.withheld_code else tuple(used(part, walked.facts)),
            words,
            any(
                isinstance(leaf, Compare) and not isinstance(its, str)
                for leaf, its in zip(leaves, words, strict=True)
            ),
            tuple(self._order(path) for path in choices),
        )

    def _words_of(self, walked: Walk, leaf: Leaf) -> str | Callable[[Decision], str]:
        use = leaf_use(leaf, walked.facts)
        ((name, value),) = use.values
        # What is kept knows no number of this patient.
        bare = LeafUse(leaf, use.truth, ((name, None),))
        match leaf:
            case OneOf() if value is not None:
                order = self._order(leaf.fact)
                return lambda decision: self._choice_words[leaf, decision.value(order)]
            case Compare(FactNumber(path)) if value is not None:
                order = self._order(path)
                return lambda decision: self._said(bare, decision.value(order))
            case Compare(Computed(id)) if value is not None and not walked.computed[id].absent:
                place = self._computed.index(id)
                numbers = self._compiled.numbers
                return lambda decision: self._said(bare, numbers(decision.told)[place], id)
            case _:
                return leaf_words(walked, use, self._audience)

    def _said(self, use: LeafUse, value: float, computed: str = "") -> str:
        """Returns the words of a comparison with another value than it was made for."""
        walked = replace(
            self._compiled.nothing, computed={computed: ComputedValue(value, False, ())}
        )
        its = LeafUse(use.leaf, use.truth, ((use.values[0][0], value),))
        return leaf_words(walked, its, self._audience)

    def _words_of_choice(self, key: tuple[OneOf, int]) -> str:
        leaf, value = key
        use = leaf_use(leaf, {leaf.fact: value})
        return leaf_words(self._compiled.nothing, use, self._audience)

    def _dose(self, plan: Regimen, row: int, weight: float) -> tuple[bytes, bytes]:
        """Returns the fields of a dose in milligrams, and of how it came about."""
        its = plan.rows[row]
        mg = round(its.dose_mg_per_kg * weight, DECIMALS)
        said = formula(Dose(its, weight, mg, (), ()))
        return _DOSE + _DOUBLE.pack(mg), texts(_FORMULA, (said,))

    def _frame(self, key: tuple[int, int]) -> tuple[bytes, bytes]:
        """Returns all of a regimen before its dose, and the row after it."""
        place, row = key
        index, plan = self._compiled.program.dosed[place]
        id = self._graph.recommendations[index].id
        its = None if row < 0 else plan.rows[row]
        walked = replace(self._compiled.nothing, doses={id: Dose(its, None, None, (), ())})
        said = regimen(walked, id, plan, self._audience)
        return part_of(said, 1, 9), part_of(said, 13, 13)

    def _order(self, path: str) -> int:
        return self._graph.dictionary[path].order


def _withheld(reasons: list[_Reason]) -> bytes:
    because = dict.fromkeys(each for reason in reasons for each in reason.because)
    return texts(_BECAUSE, because) + texts(_TEXTS, [reason.text for reason in reasons])


def _message(*parts: bytes) -> bytes:
    return b"".join((_REGIMEN, varint(sum(map(len, parts))), *parts))
