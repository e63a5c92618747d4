"""Finds facts that put computed numbers into wanted regions.

A diagram takes a computed number for one unknown among others; a case has only the facts that it is
computed from. What is found here is checked by computing; where nothing is found within the bound,
there may still be something to find.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from rashpath.expression.evaluate import DECIMALS, MISSING, number, waits_for
from rashpath.expression.partition import Partition
from rashpath.expression.tree import Computed, Given, facts_of_number, leaves, tests_in
from rashpath.facts.dictionary import Choice, Dictionary, Fact, WholeNumber

MOST_TRIALS = 4_000
"""Most combinations of values that one search tries."""

Case = dict[str, int | float]
"""The facts of a case, in the order of the dictionary."""

_HALVINGS = 60
_EXACT = 1e-11
_MOST_DIGITS = 9
_SPREAD = 6
"""Values that are tried of a number whose partners are to be solved for."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A computed number and the regions that it may lie in."""

    computed: Computed
    partition: Partition
    regions: frozenset[int]

    def met(self, facts: Mapping[str, float]) -> bool:
        """Tells whether the number is known with these facts and lies where it may."""
        value = raw(self.computed, facts)
        return value is not None and self.partition.region(value) in self.regions

    def borders(self) -> tuple[float, ...]:
        """Returns the thresholds at which the number enters or leaves its regions."""
        inside = [region in self.regions for region in self.partition.regions]
        return tuple(
            threshold
            for index, threshold in enumerate(self.partition.thresholds)
            if len(set(inside[2 * index : 2 * index + 3])) > 1
        )


def raw(computed: Computed, facts: Mapping[str, float]) -> float | None:
    """Returns a computed number whether or not it is valid; None while an input is missing."""
    value = number(computed.formula, facts)
    return None if value is MISSING else round(float(value), DECIMALS)


def ways_to_know(computed: Computed) -> Iterator[frozenset[str]]:
    """Yields the sets of facts that a computed number can be known from, the smallest first."""
    tested = {
        leaf.fact
        for test in tests_in(computed.formula)
        for leaf in leaves(test)
        if isinstance(leaf, Given)
    }
    found: set[frozenset[str]] = set()
    for size in range(len(tested) + 1):
        for present in itertools.combinations(sorted(tested), size):
            facts: dict[str, float] = dict.fromkeys(present, 1)
            while waiting := waits_for(computed.formula, facts):
                facts[waiting[0]] = 1
            found.add(frozenset(facts))
    yield from sorted(found, key=lambda each: (len(each), sorted(each)))


def solve(
    domains: Mapping[str, Sequence[tuple[float, float]]],
    goals: Sequence[Goal],
    dictionary: Dictionary,
    *,
    known: Mapping[str, float],
    prefer: Mapping[str, float] | None = None,
    most: int = MOST_TRIALS,
) -> dict[str, float] | None:
    """Finds values of some facts that meet all goals.

    Args:
        domains: for each fact to be given, the intervals that its value may come from, both ends
            included; of a choice, the numbers of its values as intervals of one.
        goals: what the computed numbers must be; each reads only facts in `domains` and `known`.
        dictionary: the facts.
        known: facts that have their value.
        prefer: values to stay near; without one, plain and usual values are preferred.
        most: combinations tried.

    Returns:
        A value for each fact of `domains`, or None if none was found. Of one number alone, all of
        its range is covered.
    """
    prefer = prefer or {}
    read = {fact for goal in goals for fact in facts_of_number(goal.computed)}
    free = [fact for fact in domains if fact not in read]
    chosen: dict[str, float] = {}
    for fact in free:
        first = next(_values(dictionary[fact], domains[fact], prefer.get(fact)), None)
        if first is None:
            return None
        chosen[fact] = first
    bound = [fact for fact in domains if fact in read]
    choices = [fact for fact in bound if isinstance(dictionary[fact].kind, Choice)]
    numbers = [fact for fact in bound if fact not in choices]
    # The last number is solved for: one whose steps are finest.
    numbers.sort(key=lambda fact: not isinstance(dictionary[fact].kind, WholeNumber))
    tried = 0

    def values_of(fact: str) -> Iterator[float]:
        return _values(dictionary[fact], domains[fact], prefer.get(fact))

    for last in dict.fromkeys([*numbers[-1:], *numbers[::-1]]):
        others = choices + [fact for fact in numbers if fact != last]
        spreads = [
            list(
                itertools.islice(
                    _values(dictionary[fact], domains[fact], prefer.get(fact)), _SPREAD
                )
            )
            for fact in others
        ]
        for values in _nearest_first(spreads):
            given = {**known, **chosen, **dict(zip(others, values, strict=True))}
            for value in _solutions(
                last, domains[last], goals, given, dictionary, prefer.get(last)
            ):
                tried += 1
                if all(goal.met({**given, last: value}) for goal in goals):
                    return {fact: ({**given, last: value})[fact] for fact in domains}
                if tried >= most:
                    return None
    if not numbers:
        spreads = [list(_values(dictionary[fact], domains[fact], None)) for fact in choices]
        for values in itertools.islice(_nearest_first(spreads), most):
            given = {**known, **chosen, **dict(zip(choices, values, strict=True))}
            if all(goal.met(given) for goal in goals):
                return {fact: given[fact] for fact in domains}
    return None


def typed(facts: Mapping[str, float], dictionary: Dictionary) -> Case:
    """Returns facts in the order of the dictionary, whole numbers and choices as such."""
    return {
        fact.path: (
            int(facts[fact.path])
            if isinstance(fact.kind, Choice | WholeNumber)
            else float(facts[fact.path])
        )
        for fact in dictionary
        if fact.path in facts
    }


def whole_range(dictionary: Dictionary, fact: str) -> list[tuple[float, float]]:
    """Returns all that a fact may be, as intervals."""
    kind = dictionary[fact].kind
    if isinstance(kind, Choice):
        return [(value.number, value.number) for value in kind.values]
    return intervals(dictionary[fact], None, None)


def intervals(
    fact: Fact, partition: Partition | None, regions: frozenset[int] | None
) -> list[tuple[float, float]]:
    """Returns where a number lies in some of its regions, ascending, both ends included.

    Args:
        fact: a number.
        partition: its regions; None: its whole range.
        regions: which; None: all.
    """
    kind = fact.kind
    assert not isinstance(kind, Choice)
    low, high = kind.hard.minimum, kind.hard.maximum
    if partition is None or regions is None:
        return [(low, high)]
    found: list[tuple[float, float]] = []
    for slot, region in enumerate(partition.regions):
        if region not in regions:
            continue
        index, on_threshold = divmod(slot, 2)
        if on_threshold:
            piece = partition.thresholds[index], partition.thresholds[index]
        else:
            below = partition.thresholds[index - 1] if index > 0 else None
            above = partition.thresholds[index] if index < len(partition.thresholds) else None
            piece = _open(below, above, low, high, whole=isinstance(kind, WholeNumber))
        if piece[0] > piece[1]:
            continue
        if found and (piece[0] <= found[-1][1] or _adjacent(found[-1][1], piece[0], kind)):
            found[-1] = found[-1][0], piece[1]
        else:
            found.append(piece)
    return found


def nicest(low: float, high: float, *, whole: bool = False) -> float | None:
    """Returns the number with the fewest digits between two bounds, both included.

    >>> nicest(1.234, 1.345), nicest(48.7, 120.3), nicest(2.2, 2.4, whole=True)
    (1.3, 100.0, None)
    """
    if low > high:
        return None
    if low <= 0 <= high:
        return 0.0
    top = math.floor(math.log10(max(abs(low), abs(high))))
    for power in range(top, -1 if whole else top - _MOST_DIGITS, -1):
        step = Decimal(10) ** power
        value = float(math.ceil(Decimal(repr(low)) / step) * step)
        if low <= value <= high:
            return value
    return None if whole else low


def _open(
    below: float | None, above: float | None, low: float, high: float, *, whole: bool
) -> tuple[float, float]:
    """Returns a piece between two thresholds, which are left out, as one whose ends belong."""
    start = low if below is None or below < low else _next(below, 1, whole=whole)
    end = high if above is None or above > high else _next(above, -1, whole=whole)
    return start, end


def _next(value: float, direction: int, *, whole: bool) -> float:
    if whole:
        return math.floor(value) + 1 if direction > 0 else math.ceil(value) - 1
    return round(value + direction * _step(value), DECIMALS)


def _step(value: float) -> float:
    """Returns a readable step that is small beside a value: its fourth digit."""
    if value == 0:
        return 1e-3
    return float(10.0 ** (math.floor(math.log10(abs(value))) - 3))


def _adjacent(end: float, start: float, kind: object) -> bool:
    if isinstance(kind, WholeNumber):
        return start - end <= 1
    return start - end <= 2 * max(_step(start), _step(end))


def _values(
    fact: Fact, domain: Sequence[tuple[float, float]], prefer: float | None
) -> Iterator[float]:
    """Yields values of a fact within its domain: usual and plain ones, or the nearest first."""
    kind = fact.kind
    if isinstance(kind, Choice):
        inside = [low for low, _ in domain]
        yield from sorted(inside, key=lambda value: value != prefer)
        return
    whole = isinstance(kind, WholeNumber)
    usual = kind.plausible or kind.hard
    middle = math.sqrt(usual.minimum * usual.maximum) if usual.minimum > 0 else usual.maximum / 2
    found: dict[float, None] = {}
    for low, high in domain:
        marks = sorted({low, high, *(m for m in (usual.minimum, usual.maximum) if low < m < high)})
        for mark in marks:
            found[int(mark) if whole else mark] = None
        for start, end in itertools.pairwise(marks):
            for share in (0.25, 0.5, 0.75):
                near = start + (end - start) * share
                width = (end - start) / 8
                value = nicest(max(near - width, start), min(near + width, end), whole=whole)
                if value is not None:
                    found[int(value) if whole else value] = None
    target = middle if prefer is None else prefer
    yield from sorted(found, key=lambda value: abs(value - target))


def _nearest_first(spreads: Sequence[Sequence[float]]) -> Iterator[tuple[float, ...]]:
    """Yields all combinations, those of the first values first."""
    for combination in _combinations(tuple(len(spread) for spread in spreads)):
        yield tuple(spread[index] for spread, index in zip(spreads, combination, strict=True))


@lru_cache(maxsize=64)
def _combinations(lengths: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(sorted(itertools.product(*(range(length) for length in lengths)), key=sum))


def _solutions(
    last: str,
    domain: Sequence[tuple[float, float]],
    goals: Sequence[Goal],
    given: Mapping[str, float],
    dictionary: Dictionary,
    prefer: float | None,
) -> Iterator[float]:
    """Yields values of one number, among them one of every stretch that the goals tell apart."""
    kind = dictionary[last].kind
    whole = isinstance(kind, WholeNumber)
    for start, end in domain:
        marks = {start, end}
        for goal in goals:
            for threshold in goal.borders():
                crossing = _crossing(goal.computed, last, threshold, start, end, given)
                if crossing is not None:
                    marks.update(_around(crossing, start, end, whole=whole))
        if prefer is not None and start <= prefer <= end:
            marks.add(prefer)
        ordered = sorted(marks)
        between = (
            nicest(low + (high - low) * 1e-6, high - (high - low) * 1e-6, whole=whole)
            for low, high in itertools.pairwise(ordered)
        )
        values = {*ordered, *(value for value in between if value is not None)}
        if whole:
            values = {int(value) for value in values if value == int(value)}
        if prefer is None:
            yield from sorted(values, key=lambda value: (_digits(value), value))
        else:
            yield from sorted(values, key=lambda value: abs(value - prefer))


def _around(crossing: float, start: float, end: float, *, whole: bool) -> Iterable[float]:
    """Yields a crossing, rounded in both directions to a readable number and not at all."""
    if whole:
        candidates: set[float] = {math.floor(crossing) + offset for offset in (-1, 0, 1, 2)}
    else:
        step = Decimal(repr(_step(crossing)))
        exact = Decimal(repr(crossing)) / step
        candidates = {
            float(math.floor(exact) * step),
            float(math.ceil(exact) * step),
            round(crossing, DECIMALS),
            crossing,
        }
    return (value for value in candidates if start <= value <= end)


def _digits(value: float) -> int:
    return len(repr(float(value)).removesuffix(".0").rstrip("0"))


def _crossing(
    computed: Computed,
    fact: str,
    threshold: float,
    start: float,
    end: float,
    given: Mapping[str, float],
) -> float | None:
    """Returns the value of a fact at which a number passes a threshold; None if it does not.

    Each formula rises or falls with each of its facts over a stretch of one sign, so halving finds
    the place.
    """

    def beyond(value: float) -> float:
        found = number(computed.formula, {**given, fact: value})
        return math.nan if found is MISSING else float(found) - threshold

    low, high = start, end
    first, last = beyond(low), beyond(high)
    if math.isnan(first) or math.isnan(last) or (first > 0) == (last > 0):
        return low if first == 0 else high if last == 0 else None
    for guess in _guesses(low, high, first, last):
        if low < guess < high and abs(beyond(guess)) < _EXACT:
            return guess
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if (beyond(middle) > 0) == (first > 0):
            low = middle
        else:
            high = middle
    return high


def _guesses(low: float, high: float, first: float, last: float) -> Iterator[float]:
    """Yields where a number would pass zero if it were linear in a fact, or in its inverse."""
    share = first / (first - last)
    yield low + (high - low) * share
    if low > 0:
        yield 1 / (1 / low + (1 / high - 1 / low) * share)
