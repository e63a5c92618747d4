"""Turns a path through a decision diagram into a case: values for facts that make it true.

The path says in which region each fact and computed number lies. Computed numbers are free levels
of the diagram, but in a case they follow from facts; so facts are sought, by inverting the formulas
one input at a time, that put each computed number where the path wants it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.evaluate import MISSING, number
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, Level, NumberLevel
from rashpath.expression.partition import Partition
from rashpath.expression.tree import Computed, numbers_in
from rashpath.facts.dictionary import Choice, Dictionary, WholeNumber

Case = dict[str, int | float]
Regions = Mapping[Level, int]

_TRIES = 60
_PATHS = 12
_STEPS = 80


@dataclass(slots=True)
class Search:
    """Finds cases in which a diagram is true, as near to a given case as can be.

    Args:
        diagrams: the diagrams.
        dictionary: the facts.
        base: a case with every fact that is read; the found ones differ little from it.
    """

    diagrams: Diagrams
    dictionary: Dictionary
    base: Case
    _near: dict[int, frozenset[int]] = field(init=False)

    def __post_init__(self) -> None:
        self._near = {
            index: frozenset({_region_of(level, self.base)})
            for index, level in enumerate(self.diagrams.levels)
        }

    def case(
        self,
        diagram: int,
        *,
        wanted: Mapping[Level, float] | None = None,
        confirm: Callable[[Case], bool] = lambda _: True,
    ) -> Case | None:
        """Returns a case in which a diagram is true; None where none was found.

        Args:
            diagram: the diagram.
            wanted: values that some numbers are to have, by their levels.
            confirm: what else is asked of the case.
        """
        wanted = wanted or {}
        regions: dict[int, int] = {}
        for index, level in enumerate(self.diagrams.levels):
            if level in wanted:
                assert isinstance(level, NumberLevel | ComputedLevel)
                regions[index] = level.partition.region(wanted[level])
        dear: dict[tuple[int, int], float] = {}
        for attempt in range(_PATHS):
            path = self._cheapest(diagram, regions, dear)
            if path is None:
                return None
            for found in self._cases(path, wanted, attempt):
                if confirm(found):
                    return found
            for index, branch in path:
                if isinstance(self.diagrams.levels[index], ComputedLevel | NumberLevel):
                    dear[index, branch] = dear.get((index, branch), 0) + 4
                elif attempt > 2:
                    dear[index, branch] = dear.get((index, branch), 0) + 1
        return None

    def _cheapest(
        self, diagram: int, fixed: Mapping[int, int], dear: Mapping[tuple[int, int], float]
    ) -> list[tuple[int, int]] | None:
        """Returns the path to true that changes fewest facts, as levels and branches."""
        known: dict[int, tuple[float, int]] = {TRUE: (0, -1), FALSE: (math.inf, -1)}

        def best(node: int) -> float:
            if node in known:
                return known[node][0]
            index, branches = self.diagrams.node(node)
            outcome = (math.inf, -1)
            for branch, inner in enumerate(branches):
                if inner == FALSE or fixed.get(index, branch) != branch:
                    continue
                cost = best(inner) + self._cost(index, branch) + dear.get((index, branch), 0)
                outcome = min(outcome, (cost, branch))
            known[node] = outcome
            return outcome[0]

        if math.isinf(best(diagram)):
            return None
        path = []
        while diagram != TRUE:
            index, branches = self.diagrams.node(diagram)
            branch = known[diagram][1]
            path.append((index, branch))
            diagram = branches[branch]
        named = {index for index, _ in path}
        path += [(index, branch) for index, branch in fixed.items() if index not in named]
        return path

    def _cost(self, index: int, branch: int) -> float:
        if branch in self._near[index]:
            return 0
        match self.diagrams.levels[index]:
            case ComputedLevel():
                return 3
            case GivenLevel():
                return 1.5
            case ChoiceLevel() | NumberLevel():
                return 1
            case other:
                assert_never(other)

    def _cases(
        self, path: Sequence[tuple[int, int]], wanted: Mapping[Level, float], seed: int
    ) -> Iterator[Case]:
        """Yields cases on a path: at most a few, the nearest to the base first."""
        regions: dict[Level, int] = {self.diagrams.levels[i]: branch for i, branch in path}
        fixed: Case = dict(self.base)
        absent = set()
        numbers: list[NumberLevel] = []
        computed: list[ComputedLevel] = []
        for level, branch in regions.items():
            match level:
                case ChoiceLevel():
                    fixed[level.fact] = level.values[branch]
                case NumberLevel():
                    numbers.append(level)
                case ComputedLevel():
                    computed.append(level)
                case GivenLevel():
                    if branch == 0:
                        absent.add(level.fact)
                    elif level.fact not in fixed:
                        fixed[level.fact] = _any_value(self.dictionary, level.fact)
                case _:
                    assert_never(level)
        found = 0
        for attempt in range(_TRIES):
            chance = random.Random(f"{seed} {attempt}")
            case = _settle(
                self.dictionary, fixed, numbers, computed, regions, wanted, absent, chance, attempt
            )
            if case is not None:
                yield {path: value for path, value in case.items() if path not in absent}
                found += 1
            if found == 3 or (not computed and not numbers):
                return


def _settle(
    dictionary: Dictionary,
    fixed: Case,
    numbers: Sequence[NumberLevel],
    computed: Sequence[ComputedLevel],
    regions: Regions,
    wanted: Mapping[Level, float],
    absent: set[str],
    chance: random.Random,
    attempt: int,
) -> Case | None:
    """Tries once to give each number a value that puts all numbers where the path wants them."""
    case = dict(fixed)
    bound: dict[str, Callable[[float], bool]] = {}
    held = set()
    for numeric in numbers:
        bound[numeric.fact] = _within(numeric.partition, regions[numeric])
        if numeric in wanted:
            case[numeric.fact] = _as(dictionary, numeric.fact, wanted[numeric])
            held.add(numeric.fact)
        elif not bound[numeric.fact](case[numeric.fact]) or attempt > 20:
            samples = numeric.partition.samples[regions[numeric]]
            sample = samples[0] if attempt == 0 else chance.choice(samples)
            case[numeric.fact] = _as(dictionary, numeric.fact, sample)
    order = list(computed)
    if attempt:
        chance.shuffle(order)
    order.sort(key=lambda each: each not in wanted)
    for level in order:
        partition, region = level.partition, regions[level]
        at = _value(level.computed, case, absent)
        if level not in wanted and at is not None and partition.region(at) == region:
            held.update(part.fact for part in numbers_in(level.computed.formula))
            continue
        target = wanted.get(level)
        if target is None:
            target = _target(level, region, chance, attempt)
        inputs = dict.fromkeys(
            part.fact
            for part in numbers_in(level.computed.formula)
            if part.fact not in held and part.fact not in absent
        )
        chosen = list(inputs)
        if attempt:
            chance.shuffle(chosen)
        if attempt > 3:
            for fact in chosen[1:]:
                if chance.random() < 0.5 and fact not in bound:
                    case[fact] = _any_value(dictionary, fact, chance)
        if not any(
            _reach(
                dictionary, level, case, absent, fact, target, bound.get(fact), level in wanted, 4
            )
            for fact in chosen
        ):
            return None
        if level in wanted:
            held.update(part.fact for part in numbers_in(level.computed.formula))
    for level in computed:
        at = _value(level.computed, case, absent)
        if at is None or level.partition.region(at) != regions[level]:
            return None
        if level in wanted and at != wanted[level]:
            return None
    return case if all(bound[path](case[path]) for path in bound) else None


def _reach(
    dictionary: Dictionary,
    level: ComputedLevel,
    case: Case,
    absent: set[str],
    fact: str,
    target: float,
    bound: Callable[[float], bool] | None,
    exactly: bool,
    decimals: int,
) -> bool:
    """Tells whether one fact could be changed to bring a computed number to a target."""
    kind = dictionary[fact].kind
    assert not isinstance(kind, Choice)
    before = case[fact]
    low, high = kind.hard.minimum, kind.hard.maximum

    def at(value: float) -> float | None:
        case[fact] = _as(dictionary, fact, value)
        return _value(level.computed, case, absent)

    ends = at(low), at(high)
    if ends[0] is None or ends[1] is None or (ends[0] - target) * (ends[1] - target) > 0:
        case[fact] = before
        return False
    rising = ends[0] < ends[1]
    for _ in range(_STEPS):
        middle = (low + high) / 2
        value = at(middle)
        assert value is not None
        if (value < target) == rising:
            low = middle
        else:
            high = middle
    for guess in _rounded(low, high, decimals):
        if guess not in kind.hard:
            continue
        value = at(guess)
        close = value == target
        region = value is not None and level.partition.region(value) == level.partition.region(
            min(max(target, level.computed.minimum), level.computed.maximum)
        )
        if (close if exactly else region) and (bound is None or bound(case[fact])):
            return True
    case[fact] = before
    return False


def _rounded(low: float, high: float, most: int) -> Iterator[float]:
    """Yields values near an interval with few decimals, those with fewest first.

    A value with many could put a computed number within 1e-9 of an edge without being on it, where
    exact and binary arithmetic need not agree.
    """
    middle = (low + high) / 2
    for decimals in range(most + 1):
        yield from dict.fromkeys(
            (round(middle, decimals), round(low, decimals), round(high, decimals))
        )


def _value(computed: Computed, case: Case, absent: set[str]) -> float | None:
    given = {path: value for path, value in case.items() if path not in absent}
    value = number(computed.formula, given)
    return None if value is MISSING else round(float(value), 9)


def _within(partition: Partition, region: int) -> Callable[[float], bool]:
    return lambda value: partition.region(value) == region


def _as(dictionary: Dictionary, fact: str, value: float) -> int | float:
    return round(value) if isinstance(dictionary[fact].kind, WholeNumber) else float(value)


def _any_value(
    dictionary: Dictionary, fact: str, chance: random.Random | None = None
) -> int | float:
    """Returns a usual value of a fact: the least, or by chance."""
    kind = dictionary[fact].kind
    if isinstance(kind, Choice):
        return kind.values[0].number
    usual = kind.plausible or kind.hard
    value = usual.minimum if chance is None else chance.uniform(usual.minimum, usual.maximum)
    return _as(dictionary, fact, round(value, 1))


def _target(level: ComputedLevel, region: int, chance: random.Random, attempt: int) -> float:
    """Returns a value in a region of a computed number: a sample, later any, near the ends more."""
    partition = level.partition
    if attempt % 3 == 0:
        return chance.choice(partition.samples[region])
    slots = [slot for slot, each in enumerate(partition.regions) if each == region]
    index, on_threshold = divmod(chance.choice(slots), 2)
    marks = partition.thresholds
    if on_threshold:
        return marks[index]
    low = marks[index - 1] if index > 0 else level.computed.minimum
    high = marks[index] if index < len(marks) else level.computed.maximum
    step = (high - low) * chance.random() ** chance.choice((1, 2, 4))
    return high - step if chance.random() < 0.5 else low + step


def _region_of(level: Level, case: Case) -> int:
    match level:
        case ChoiceLevel():
            return level.values.index(int(case[level.fact]))
        case NumberLevel():
            return level.partition.region(case[level.fact])
        case ComputedLevel():
            value = _value(level.computed, case, set())
            return -1 if value is None else level.partition.region(value)
        case GivenLevel():
            return int(level.fact in case)
        case _:
            assert_never(level)
