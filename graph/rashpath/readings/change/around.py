"""Measures a change: which values of a fact do, how far, and which is the nearest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rashpath.expression.evaluate import Facts
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, NumberLevel
from rashpath.expression.tree import facts_of_number
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.concrete import intervals, whole_range

_HALVINGS = 60
_DIGITS = 6
_NEARLY = 1e-7


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of a number.

    Args:
        low: its lower limit; None where it is that of the fact.
        low_included: whether the limit itself belongs to it.
        high: its upper limit; None where it is that of the fact.
        high_included: whether the limit itself belongs to it.
    """

    low: float | None
    low_included: bool
    high: float | None
    high_included: bool


class Around:
    """One case and a diagram that its changes are to make true.

    Args:
        graph: the guideline.
        facts: the given facts.
        diagram: one of the guideline's diagrams.
    """

    def __init__(self, graph: DecisionGraph, facts: Facts, diagram: int) -> None:
        self._graph = graph
        self._facts = dict(facts)
        self._diagrams = graph.reach.diagrams
        self._diagram = diagram

    def true(self, facts: Facts) -> bool:
        return self._diagrams.fixing(facts).truth(self._diagram) is Truth.TRUE

    def allowed(self, fact: str, values: Mapping[str, int | float]) -> frozenset[int]:
        """Returns the regions of a fact that do, all other facts as changed."""
        level = self._level(fact)
        samples: list[float]
        match level:
            case None:
                return frozenset()
            case ChoiceLevel():
                samples = list(level.values)
            case NumberLevel():
                samples = [group[0] for group in level.partition.samples]
        return frozenset(
            region
            for region, sample in enumerate(samples)
            if self.true({**self._facts, **values, fact: sample})
        )

    def through(self, fact: str) -> tuple[str, ...]:
        support = self._diagrams.support(self._diagram)
        return tuple(
            id
            for id, named in self._graph.computed.items()
            if fact in facts_of_number(named.number)
            and any(
                isinstance(level, ComputedLevel) and level.computed.id == id for level in support
            )
        )

    def stretch(self, fact: str, values: Mapping[str, int | float]) -> Stretch | None:
        """Returns between which values a number does, all other facts as changed."""
        kind = self._graph.dictionary[fact].kind
        if isinstance(kind, Choice):
            return None
        low, low_included = self._end(fact, values, kind.hard.minimum)
        high, high_included = self._end(fact, values, kind.hard.maximum)
        return Stretch(low, low_included, high, high_included)

    def _end(
        self, fact: str, values: Mapping[str, int | float], limit: float
    ) -> tuple[float | None, bool]:
        """Returns where a number stops to do on its way to a limit, and whether it does there."""

        def does(value: float) -> bool:
            return self.true({**self._facts, **values, fact: _like(values[fact], value)})

        inside, outside = float(values[fact]), float(limit)
        if does(outside):
            return None, True
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            if isinstance(values[fact], int):
                middle = float(round(middle))
                if middle in (inside, outside):
                    return inside, True
            if does(middle):
                inside = middle
            else:
                outside = middle
        readable = float(f"{(inside + outside) / 2:.{_DIGITS}g}")
        if abs(readable - inside) <= _NEARLY * max(1.0, abs(inside)):
            return readable, does(readable)
        return inside, True

    def nearest(self, fact: str, values: Mapping[str, int | float]) -> int | float:
        """Returns the value of a number that is nearest to what it is, all else as changed."""
        before = self._facts.get(fact)
        kind = self._graph.dictionary[fact].kind
        if before is None or isinstance(kind, Choice):
            return values[fact]
        found = [values[fact]]
        level = self._level(fact)
        if isinstance(level, NumberLevel):
            for region in range(len(level.partition.samples)):
                for ends in self.domain(fact, region):
                    found.extend(_like(values[fact], end) for end in ends)
        found.sort(key=lambda value: abs(value - before))
        start = next(each for each in found if self.true({**self._facts, **values, fact: each}))
        end, included = self._end(fact, {**values, fact: start}, before)
        if end is None:
            return start
        away = math.copysign(10.0 ** (math.floor(math.log10(abs(end) or 1.0)) - 3), start - before)
        tried = [end] if included else []
        tried += [round(end + away, 9), start]
        for value in tried:
            nearer = _like(start, value)
            if self.true({**self._facts, **values, fact: nearer}):
                return nearer
        return start

    def _level(self, fact: str) -> ChoiceLevel | NumberLevel | None:
        for level in self._diagrams.levels:
            if isinstance(level, ChoiceLevel | NumberLevel) and level.fact == fact:
                return level
        return None

    def domain(self, fact: str, region: int) -> list[tuple[float, float]]:
        match self._level(fact):
            case ChoiceLevel(_, values):
                return [(values[region], values[region])]
            case NumberLevel(_, partition):
                return intervals(self._graph.dictionary[fact], partition, frozenset({region}))
            case None:
                return whole_range(self._graph.dictionary, fact)


def _like(model: int | float, value: float) -> int | float:
    return int(value) if isinstance(model, int) else value
