"""Searches the smallest sets of changes of facts that turn the verdict of a recommendation."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rashpath.expression.decision_diagram import FALSE, TRUE
from rashpath.expression.evaluate import Facts
from rashpath.expression.levels import ComputedLevel
from rashpath.expression.tree import facts_of_number
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.change.around import Around, Stretch
from rashpath.readings.change.options import Options, inputs_of
from rashpath.readings.concrete import Goal, solve, typed, whole_range
from rashpath.readings.walk import Verdict, walk

MOST_SETS = 12
"""Sets of changes that are listed for one verdict."""

MOST_CHANGES = 5
"""Changes in one set."""

MOST_STEPS = 100_000
SECONDS = 3.0
"""Time for one recommendation, unless another is asked for."""

_TRIALS = 300
_NEVER = 1 << 20
_WAYS_OF_A_SET = 40

_Way = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one fact.

    Args:
        fact: its path.
        before: its value; None where it is not known.
        after: the nearest value found that does.
        regions: regions of the fact that do, all else as changed; empty where the fact acts through
            computed numbers alone, or need only be given.
        through: computed numbers through which it acts.
        stretch: of a number: in which range it does, all else as changed.
    """

    fact: str
    before: int | float | None
    after: int | float
    regions: frozenset[int]
    through: tuple[str, ...]
    stretch: Stretch | None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes that together turn a verdict; no part of them does. In the order of the facts."""

    after: Verdict
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What would turn the verdict of a recommendation.

    Args:
        id: the recommendation.
        verdict: its verdict.
        sets: smallest sets of changes, those with the fewest changes first.
        cut: says what was left out; empty where every set is listed.
    """

    id: str
    verdict: Verdict
    sets: tuple[ChangeSet, ...]
    cut: str


def what_would_change(
    graph: DecisionGraph,
    facts: Facts,
    id: str,
    *,
    most: int = MOST_SETS,
    seconds: float = SECONDS,
) -> Turn:
    """Finds the smallest sets of changes of facts that turn a verdict.

    A fact that care cannot change (age, sex) is never changed; a fact that is not known may become
    known. Every set was confirmed by deciding the changed case. An undetermined verdict is turned
    to both others.

    Args:
        graph: the guideline.
        facts: the given facts.
        id: the recommendation.
        most: most sets for one verdict, 1 or more.
        seconds: most time; what was not looked at is said.

    Raises:
        KeyError: the id is no recommendation of the guideline.

    Example:
        >>> from importlib.resources import files
        >>> from rashpath.guideline import load
        >>> folder = files("rashpath.content") / "valacyclovir_spreading_rash"
        >>> turn = what_would_change(load(folder / "1.0.0.yaml"), {"rash.trend": 3}, "test_hiv")
        >>> [(change.fact, change.after) for change in turn.sets[0].changes]
        [('immune.hiv', 1)]
    """
    if id not in {each.id for each in graph.recommendations}:
        raise KeyError(id)
    verdict = walk(graph, facts).step(id).verdict
    if id not in graph.reach.nodes:
        return Turn(id, verdict, (), "the recommendation is too large to be looked at exactly")
    deadline = time.monotonic() + seconds
    sets: list[ChangeSet] = []
    cuts: list[str] = []
    for target in (Verdict.APPLIES, Verdict.DOES_NOT_APPLY):
        if target is verdict:
            continue
        search = _Search(graph, facts, id, target, most, deadline)
        sets.extend(search.run())
        if search.cut:
            cuts.append(search.cut)
    sets.sort(key=lambda each: len(each.changes))
    return Turn(id, verdict, tuple(sets), "; ".join(dict.fromkeys(cuts)))


class _Search:
    """One search for the sets that turn a verdict into one other."""

    def __init__(
        self,
        graph: DecisionGraph,
        facts: Facts,
        id: str,
        target: Verdict,
        most: int,
        deadline: float,
    ) -> None:
        self._graph = graph
        self._facts = dict(facts)
        self._id = id
        self._target = target
        self._most = most
        self._deadline = deadline
        self._diagrams = graph.reach.diagrams
        diagram = graph.reach.nodes[id]
        applies = target is Verdict.APPLIES
        self._diagram = diagram if applies else self._diagrams.negate(diagram)
        self._around = Around(graph, facts, self._diagram)
        self._found: list[frozenset[str]] = []
        self.cut = ""

    def run(self) -> Iterator[ChangeSet]:
        """Yields the sets, those with the fewest changes first."""
        tried: dict[frozenset[str], int] = {}
        for options, moved, way in self._ways():
            changed = moved | self._changed(options, way)
            if self._has_found(changed):
                continue
            if tried.get(changed, 0) >= _WAYS_OF_A_SET:
                self.cut = "not every way was tried in which computed numbers could change"
                continue
            tried[changed] = tried.get(changed, 0) + 1
            values = self._values(options, moved, way)
            if values is None:
                continue
            self._found.append(frozenset(values))
            yield self._described(values)
            if len(self._found) == self._most:
                self.cut = f"there may be more than the {self._most} sets listed"
                return

    def _ways(self) -> Iterator[tuple[Options, frozenset[str], _Way]]:
        """Yields ways to the verdict by changes, those with the fewest changes first."""
        order = itertools.count()
        heap: list[tuple[int, int, int, int, frozenset[str], int, _Way]] = []
        made: dict[frozenset[str], tuple[Options, dict[int, int]]] = {}
        for moved in self._movable():
            heapq.heappush(heap, (len(moved), 0, next(order), 0, moved, -1, ()))
        steps = 0
        while heap:
            _, depth, _, cost, moved, node, way = heapq.heappop(heap)
            if steps > MOST_STEPS or time.monotonic() > self._deadline:
                self.cut = "the search was ended for its length; there may be further sets"
                return
            if node == -1:
                if self._has_found(moved):
                    continue
                options = Options(self._diagrams, self._facts, self._graph.dictionary, moved)
                node = options.of_changes(self._diagram)
                made[moved] = options, {TRUE: 0, FALSE: _NEVER}
                rest = _measure(*made[moved], node)
                if rest < _NEVER:
                    start = (len(moved) + rest, 0, next(order), len(moved), moved, node, way)
                    heapq.heappush(heap, start)
                continue
            options, distances = made[moved]
            if node == TRUE:
                yield options, moved, way
                continue
            if self._has_found(moved | self._changed(options, way)):
                continue
            steps += 1
            index, branches = options.node(node)
            for branch, inner in enumerate(branches):
                now = cost + options.options(index)[branch].changes
                rest = _measure(options, distances, inner)
                if rest < _NEVER and now + rest > MOST_CHANGES:
                    self.cut = f"sets of more than {MOST_CHANGES} changes are not listed"
                elif rest < _NEVER:
                    longer = (*way, (index, branch))
                    entry = (now + rest, depth - 1, next(order), now, moved, inner, longer)
                    heapq.heappush(heap, entry)

    def _has_found(self, changed: frozenset[str]) -> bool:
        """Tells whether a set that was found already is part of these changes."""
        return any(found <= changed for found in self._found)

    def _movable(self) -> Iterator[frozenset[str]]:
        """Yields sets of facts that computed numbers read and that could be changed."""
        inputs = [
            fact
            for fact in inputs_of(self._diagrams)
            if not self._graph.dictionary[fact].fixed and self._matters(fact)
        ]
        for size in range(min(len(inputs), MOST_CHANGES) + 1):
            for chosen in itertools.combinations(inputs, size):
                yield frozenset(chosen)

    def _matters(self, fact: str) -> bool:
        """Tells whether the verdict depends on a fact, directly or through computed numbers."""
        for level in self._diagrams.support(self._diagram):
            if isinstance(level, ComputedLevel):
                if fact in facts_of_number(level.computed):
                    return True
            elif level.fact == fact:
                return True
        return False

    def _changed(self, options: Options, way: _Way) -> frozenset[str]:
        return frozenset(
            fact
            for index, branch in way
            if options.options(index)[branch].changes and (fact := options.fact(index)) is not None
        )

    def _values(
        self, options: Options, moved: frozenset[str], way: _Way
    ) -> dict[str, int | float] | None:
        """Returns the nearest values found that take a way and turn the verdict, or None."""
        dictionary = self._graph.dictionary
        domains: dict[str, list[tuple[float, float]]] = {
            fact: whole_range(dictionary, fact) for fact in moved
        }
        goals: list[Goal] = []
        for index, branch in way:
            option = options.options(index)[branch]
            fact = options.fact(index)
            if fact is None:
                level = self._diagrams.levels[index]
                assert isinstance(level, ComputedLevel)
                assert option.region is not None
                regions = frozenset({option.region})
                goals.append(Goal(level.computed, level.partition, regions))
            elif (option.changes or fact in moved) and option.region is not None:
                domains[fact] = self._around.domain(fact, option.region)
        known = {fact: value for fact, value in self._facts.items() if fact not in domains}
        solved = solve(domains, goals, dictionary, known=known, prefer=self._facts, most=_TRIALS)
        if solved is None:
            return None
        values = dict(typed(solved, dictionary))
        if not self._turns(values):
            return None
        for fact in list(values):
            fewer = {path: value for path, value in values.items() if path != fact}
            if self._turns(fewer):
                values = fewer
        nearer = dict(values)
        for fact in nearer:
            nearer[fact] = self._around.nearest(fact, nearer)
        return nearer if self._turns(nearer) else values

    def _turns(self, values: Facts) -> bool:
        changed = walk(self._graph, self._facts | dict(values))
        return changed.step(self._id).verdict is self._target

    def _described(self, values: Mapping[str, int | float]) -> ChangeSet:
        inputs = inputs_of(self._diagrams)
        allowed = {
            fact: self._around.allowed(fact, values) for fact in values if fact not in inputs
        }
        changes = [
            Change(
                fact,
                self._facts.get(fact),
                value,
                allowed.get(fact, frozenset()),
                self._around.through(fact) if fact in inputs else (),
                self._around.stretch(fact, values),
            )
            for fact, value in values.items()
        ]
        return ChangeSet(self._target, tuple(changes))


def _measure(options: Options, distances: dict[int, int], node: int) -> int:
    """Returns how many changes are needed at least from an inner diagram to truth."""
    if node not in distances:
        index, branches = options.node(node)
        distances[node] = min(
            option.changes + _measure(options, distances, inner)
            for option, inner in zip(options.options(index), branches, strict=True)
        )
    return distances[node]
