"""Finds the smallest case in which a diagram is true: the shortest way, made concrete."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, Level, NumberLevel
from rashpath.expression.tree import facts_of_number
from rashpath.facts.dictionary import Dictionary
from rashpath.readings.concrete import Case, Goal, intervals, solve, typed, whole_range
from rashpath.readings.difference.common import Common

MOST_WAYS = 200
"""Ways through a diagram that are tried to be made concrete."""

_ENOUGH = 24
"""Ways tried further after a case was found, for a smaller one."""

_COMPUTED = 2
"""What a computed number counts for when ways are put in order: its inputs are often shared."""

_MOST_STEPS = 2_500
_TRIALS = 150
_NEVER = 1 << 20

_Domains = dict[str, list[tuple[float, float]]]
Way = tuple[tuple[int, int], ...]
"""A way through a diagram: levels with the branch that is taken."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a search for a case gave.

    Args:
        case: the smallest case found; None if none was.
        least: True if no case has fewer facts.
    """

    case: Case | None
    least: bool


def smallest(diagrams: Common, diagram: int, making: Making) -> Search:
    """Finds a case in which a diagram is true, with as few facts given as can be.

    Without computed numbers the shortest way is a smallest case. With them, many ways are tried in
    the order of their length, and the case of fewest facts is taken.

    Args:
        diagrams: the diagrams.
        diagram: one of them, its values asked for behind presence tests only (as
            :meth:`Common.settled` gives it).
        making: makes ways concrete.
    """
    if diagram == FALSE:
        return Search(None, least=True)
    search = _search(diagrams, diagram, making)
    if search.case is not None:
        return search
    # Most ways ask for computed numbers that no facts give: leave those out from the start.
    diagram = making.possible_in(diagram)
    return search if diagram == FALSE else _search(diagrams, diagram, making)


def _search(diagrams: Common, diagram: int, making: Making) -> Search:
    best: Case | None = None
    least = _distances(diagrams, diagram, 0)[diagram]
    found_at = 0
    for number, way in enumerate(itertools.islice(_ways(diagrams, diagram, making), MOST_WAYS)):
        if best is not None and (len(best) <= least or number - found_at > _ENOUGH):
            break
        found = making.case(way)
        if found is not None and (best is None or len(found) < len(best)):
            best, found_at = found, number
    return Search(best, best is not None and len(best) <= least)


class Making:
    """Makes ways through diagrams concrete: a value for each fact that a case must give.

    Args:
        diagrams: the diagrams.
        dictionary: the facts.
    """

    def __init__(self, diagrams: Common, dictionary: Dictionary) -> None:
        self._diagrams = diagrams
        self._dictionary = dictionary
        self._inputs = {
            fact
            for level in diagrams.levels
            if isinstance(level, ComputedLevel)
            for fact in facts_of_number(level.computed)
        }
        self._bound = frozenset(
            index for index, level in enumerate(diagrams.levels) if self._binds(level)
        )
        self._solved: dict[Way, Mapping[str, float] | None] = {}
        self._pairs: dict[tuple[int, int], int] = {}

    def _binds(self, level: Level) -> bool:
        match level:
            case ComputedLevel():
                return True
            case ChoiceLevel(fact, _) | NumberLevel(fact, _) | GivenLevel(fact):
                return fact in self._inputs
            case _:
                assert_never(level)

    def possible_in(self, diagram: int) -> int:
        """Returns where a diagram is true and no two computed numbers contradict each other."""
        diagrams = self._diagrams
        support = diagrams.support(diagram)
        numbers = [
            index
            for index, level in enumerate(diagrams.levels)
            if isinstance(level, ComputedLevel) and level in support
        ]
        for pair in itertools.combinations(numbers, 2):
            if pair not in self._pairs:
                self._pairs[pair] = self._together(*pair)
            diagram = diagrams.conjoin((diagram, self._pairs[pair]))
        return diagram

    def _together(self, first: int, second: int) -> int:
        """Returns where two computed numbers can be at once."""
        diagrams = self._diagrams
        together = []
        for branch in range(diagrams.width(first)):
            others = frozenset(
                other
                for other in range(diagrams.width(second))
                if self._numbers(((first, branch), (second, other))) is not None
            )
            literals = (
                diagrams.literal(first, frozenset({branch})),
                diagrams.literal(second, others),
            )
            together.append(diagrams.conjoin(literals))
        return diagrams.disjoin(together)

    def possible(self, way: Way) -> bool:
        """Tells whether facts were found that put the computed numbers of a way where it wants."""
        return self._numbers(way) is not None

    def case(self, way: Way) -> Case | None:
        """Returns the smallest case found that takes a way, or None."""
        values = self._numbers(way)
        if values is None:
            return None
        free, _ = self._domains(step for step in way if step[0] not in self._bound)
        chosen = solve(free, (), self._dictionary, known={})
        return None if chosen is None else typed({**chosen, **values}, self._dictionary)

    def _numbers(self, way: Way) -> Mapping[str, float] | None:
        """Returns values for the inputs of computed numbers that a way binds, or None."""
        bound = tuple(step for step in way if step[0] in self._bound)
        if bound not in self._solved:
            computed = [step for step in bound if self._computed(step)]
            # Most ways that no case takes fail on two numbers already.
            pairs = itertools.combinations(computed, 2) if len(bound) > 2 else ()
            possible = all(self._numbers(pair) is not None for pair in pairs)
            self._solved[bound] = self._solve(bound) if possible else None
        return self._solved[bound]

    def _computed(self, step: tuple[int, int]) -> bool:
        return isinstance(self._diagrams.levels[step[0]], ComputedLevel)

    def _solve(self, way: Way) -> Mapping[str, float] | None:
        domains, absent = self._domains(way)
        goals: list[Goal] = []
        numbers: list[int] = []
        for index, branch in way:
            level = self._diagrams.levels[index]
            if isinstance(level, ComputedLevel):
                goals.append(Goal(level.computed, level.partition, frozenset({branch})))
                numbers.append(index)
        for needed in self._needed(numbers, frozenset(domains), absent):
            wide = domains | {
                fact: whole_range(self._dictionary, fact) for fact in needed if fact not in domains
            }
            solved = solve(wide, goals, self._dictionary, known={}, most=_TRIALS)
            if solved is not None:
                return solved
        return None

    def _domains(self, way: Iterable[tuple[int, int]]) -> tuple[_Domains, set[str]]:
        """Returns where the facts of a way lie, and which must not be given."""
        domains: _Domains = {}
        absent: set[str] = set()
        for index, branch in way:
            match self._diagrams.levels[index]:
                case ChoiceLevel(fact, values):
                    domains[fact] = [(values[branch], values[branch])]
                case NumberLevel(fact, partition):
                    fitting = frozenset({branch})
                    domains[fact] = intervals(self._dictionary[fact], partition, fitting)
                case GivenLevel(fact) if branch:
                    domains.setdefault(fact, whole_range(self._dictionary, fact))
                case GivenLevel(fact):
                    absent.add(fact)
                case ComputedLevel():
                    pass
                case level:
                    assert_never(level)
        return domains, absent

    def _needed(
        self, numbers: Sequence[int], given: frozenset[str], absent: set[str]
    ) -> list[frozenset[str]]:
        """Returns sets of facts from which all numbers are known, those with the fewest first."""
        choices = [
            [facts for facts in self._diagrams.inputs(index) if not facts & absent]
            for index in numbers
        ]
        unions = {given.union(*choice) for choice in itertools.product(*choices)}
        return sorted(unions, key=lambda each: (len(each), sorted(each)))


def _ways(diagrams: Common, diagram: int, making: Making) -> Iterator[Way]:
    """Yields the ways to truth that some case takes, the shortest first."""
    distances = _distances(diagrams, diagram, _COMPUTED)
    order = itertools.count()
    heap: list[tuple[int, int, int, int, int, Way]] = []
    heapq.heappush(heap, (distances[diagram], 0, next(order), 0, diagram, ()))
    for _ in range(_MOST_STEPS):
        if not heap:
            return
        _, depth, _, cost, node, way = heapq.heappop(heap)
        if node == TRUE:
            yield way
            continue
        index, branches = diagrams.node(node)
        for branch, inner in enumerate(branches):
            longer = (*way, (index, branch))
            if inner != FALSE and making.possible(longer):
                now = cost + _cost(diagrams, index, branch, _COMPUTED)
                # Of equals the deepest first: what leads to no case is left at once.
                entry = (now + distances[inner], depth - 1, next(order), now, inner, longer)
                heapq.heappush(heap, entry)


def _distances(diagrams: Common, diagram: int, computed: int) -> dict[int, int]:
    """Returns the fewest facts on a way from each inner diagram to truth.

    Args:
        diagrams: the diagrams.
        diagram: one of them.
        computed: what a computed number counts for.
    """
    distances = {TRUE: 0, FALSE: _NEVER}

    def measure(node: int) -> int:
        if node not in distances:
            index, branches = diagrams.node(node)
            distances[node] = min(
                _cost(diagrams, index, branch, computed) + measure(inner)
                for branch, inner in enumerate(branches)
            )
        return distances[node]

    measure(diagram)
    return distances


def _cost(diagrams: Common, index: int, branch: int, computed: int) -> int:
    """Returns what a branch adds; a value behind its presence test adds nothing."""
    match diagrams.levels[index]:
        case ChoiceLevel(fact, _) | NumberLevel(fact, _):
            return 0 if fact in diagrams.presence else 1
        case GivenLevel():
            return branch
        case ComputedLevel():
            return computed
        case level:
            assert_never(level)
