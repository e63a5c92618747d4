"""Plans how each exact verdict is worked out: by Kleene's tables where exact, else by cases.

A diagram knows what is true in every completion, but is large. A formula of the guideline is small,
but Kleene's tables can leave it open where every completion agrees. So a verdict is planned as the
AND or OR of other exact verdicts wherever that is exact, and is otherwise split by one fact that
several of them read: behind each of its branches they are simpler, until Kleene's tables are exact.

Whether an AND is exact is decided, not assumed. A diagram with one more branch a level, for
"unknown", tells where another diagram is true in every completion; two such are the same if and
only if they have the same number. (Whether a fact is given counts there as independent of what it
is: what is found exact is so; what is not may still be.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams, TooLargeError
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, NumberLevel
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Choose,
    Compare,
    Condition,
    DoseGiven,
    Exists,
    Given,
    Named,
    Not,
    OneOf,
    Or,
    Undetermined,
)
from rashpath.guideline.model import DecisionGraph, Recommendation


@dataclass(frozen=True, slots=True)
class Join:
    """The AND (``every``) or OR of other diagrams."""

    every: bool
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """The diagram behind each branch of a level."""

    level: int
    branches: tuple[int, ...]


Plan = Join | Split

SMALL = 8
"""Diagrams of so few are split as they stand: nothing is gained by looking further."""


@lru_cache(maxsize=4)
def planner_of(graph: DecisionGraph, *, search: bool) -> Planner:
    """Returns the planner of a guideline, made once; arguments as of the planner."""
    return Planner(graph, search=search)


class Planner:
    """Plans for the diagrams of a guideline, in diagrams of its own.

    Args:
        graph: the guideline.
        search: look for the short plans, which takes seconds; else every diagram is split as it
            stands, which makes a query two to three times as long.
    """

    def __init__(self, graph: DecisionGraph, *, search: bool) -> None:
        self._search = search
        self.diagrams = Diagrams(graph.reach.diagrams.levels)
        self._theirs = graph.reach.diagrams
        self._copies: dict[int, int] = {FALSE: FALSE, TRUE: TRUE}
        # What is true, or false, in every completion: one more branch a level, for "unknown".
        self._agreed = Diagrams(self.diagrams.levels)
        self._always: dict[tuple[int, int], int] = {}
        self._joins: dict[int, list[Join]] = {}
        self._cofactors: dict[tuple[int, int, int], int] = {}
        self._derived: set[tuple[int, int, int]] = set()
        self._supports: dict[int, frozenset[int]] = {}
        self._plans: dict[int, Plan] = {}
        if not search:
            return
        for node in graph.order:
            into = graph.into(node.id)
            for edge in into:
                if (edge.tail, edge.head) in graph.reach.edges:
                    parts = (self.copy(graph.reach.nodes[edge.tail]), self._note(edge.condition))
                    taken = self.copy(graph.reach.edges[edge.tail, edge.head])
                    self._add(taken, Join(True, parts))
            if into and node.id in graph.reach.nodes:
                ways = tuple(self.copy(graph.reach.edges[edge.tail, edge.head]) for edge in into)
                self._add(self.copy(graph.reach.nodes[node.id]), Join(False, ways))
            if isinstance(node, Recommendation) and node.id in graph.reach.doses:
                assert node.regimen is not None
                gate = tuple(self._note(part.condition) for part in node.regimen.gate)
                given = self.copy(graph.reach.doses[node.id])
                self._add(given, Join(True, (self.copy(graph.reach.nodes[node.id]), *gate)))

    def copy(self, diagram: int) -> int:
        """Returns the number that a diagram of the guideline has here."""
        if diagram not in self._copies:
            index, branches = self._theirs.node(diagram)
            self._copies[diagram] = self.diagrams.choose(
                index, tuple(self.copy(branch) for branch in branches)
            )
        return self._copies[diagram]

    def plan(self, diagram: int) -> Plan:
        """Returns how an inner diagram is worked out from others.

        Args:
            diagram: by its number here.
        """
        if diagram not in self._plans:
            try:
                self._plans[diagram] = self._planned(diagram)
            except TooLargeError:
                self._plans[diagram] = Split(*self.diagrams.node(diagram))
        return self._plans[diagram]

    def plans(self, roots: Iterable[int]) -> list[Plan]:
        """Returns the plans of all diagrams that some roots are worked out from, each once.

        A formula may name a part of which it is itself a part (A is B and C, B is A or D). Such
        circles are broken: who is in one is split instead.
        """
        roots = list(roots)
        while True:
            found, circle = self._followed(roots)
            if not circle:
                return found
            joined = [diagram for diagram in circle if isinstance(self._plans[diagram], Join)]
            assert joined, "behind a split a diagram reads one level less"
            for diagram in joined:
                self._plans[diagram] = Split(*self.diagrams.node(diagram))

    def _followed(self, roots: list[int]) -> tuple[list[Plan], list[int]]:
        """Follows plans to their ends; returns them, or the first circle."""
        found: list[Plan] = []
        way: dict[int, Iterator[int]] = {}
        done = {FALSE, TRUE}
        for root in roots:
            pending = [root]
            while pending or way:
                if pending:
                    diagram = pending.pop()
                    if diagram in way:
                        ways = list(way)
                        return [], ways[ways.index(diagram) :]
                    if diagram in done:
                        continue
                    plan = self.plan(diagram)
                    found.append(plan)
                    parts = plan.parts if isinstance(plan, Join) else plan.branches
                    way[diagram] = iter(dict.fromkeys(parts))
                    continue
                last = next(reversed(way))
                following = next(way[last], None)
                if following is None:
                    done.add(last)
                    del way[last]
                else:
                    pending.append(following)
        return found, []

    def _planned(self, diagram: int) -> Plan:
        index, branches = self.diagrams.node(diagram)
        if set(branches) == {FALSE, TRUE} or not self._search:
            return Split(index, branches)
        joins = self._joins.get(diagram, [])
        exact = [join for join in joins if self._is_exact(diagram, join)]
        if exact:
            return min(exact, key=lambda join: len(join.parts))
        best: tuple[int, Split] | None = None
        if self._size(diagram) <= SMALL:
            return Split(index, branches)
        for join in list(joins):
            for level in self._shared(join, self._support(diagram)):
                split = Split(level, self._behind(diagram, level))
                if all(
                    self._is_exact_behind(join, level, region, branch)
                    for region, branch in enumerate(split.branches)
                ):
                    return split
                size = sum(len(self._support(branch)) for branch in set(split.branches))
                if best is None or size < best[0]:
                    best = size, split
        if best is not None:
            return best[1]
        self._behind(diagram, index)
        return Split(index, branches)

    def _is_exact(self, diagram: int, join: Join) -> bool:
        """Tells whether Kleene's AND or OR of exact verdicts is exact."""
        # Of an AND, "is true" is always exact; "is false" need not be. Of an OR the other way.
        wanted = FALSE if join.every else TRUE
        agreed = self._agreed
        found = agreed.disjoin(self._always_is(part, wanted) for part in join.parts)
        return found == self._always_is(diagram, wanted)

    def _is_exact_behind(self, join: Join, level: int, region: int, behind: int) -> bool:
        parts = tuple(dict.fromkeys(self._cofactor(part, level, region) for part in join.parts))
        return self._is_exact(behind, Join(join.every, parts))

    def _always_is(self, diagram: int, wanted: int) -> int:
        """Returns where a diagram is true, or false, in every completion."""
        if diagram in (FALSE, TRUE):
            return int(diagram == wanted)
        key = (diagram, wanted)
        if key not in self._always:
            index, branches = self.diagrams.node(diagram)
            ways = tuple(self._always_is(branch, wanted) for branch in branches)
            if not isinstance(self.diagrams.levels[index], GivenLevel):
                ways = (*ways, self._agreed.conjoin(ways))
            self._always[key] = self._agreed.choose(index, ways)
        return self._always[key]

    def _shared(self, join: Join, support: frozenset[int]) -> list[int]:
        """Returns those levels that more than one part of a join reads, what most read first."""
        readers = Counter(level for part in join.parts for level in self._support(part))
        shared = [level for level, count in readers.items() if count > 1 and level in support]
        return sorted(shared, key=lambda level: (-readers[level], -level))

    def _behind(self, diagram: int, level: int) -> tuple[int, ...]:
        """Returns the diagrams behind each branch of a level, with the joins that they have."""
        return tuple(self._derive(diagram, level, region) for region in range(self._width(level)))

    def _derive(self, diagram: int, level: int, region: int) -> int:
        behind = self._cofactor(diagram, level, region)
        key = (diagram, level, region)
        if behind != diagram and key not in self._derived:
            self._derived.add(key)
            for join in list(self._joins.get(diagram, ())):
                parts = tuple(self._derive(part, level, region) for part in join.parts)
                self._add(behind, Join(join.every, parts))
        return behind

    def _cofactor(self, diagram: int, level: int, region: int) -> int:
        if diagram in (FALSE, TRUE):
            return diagram
        key = (diagram, level, region)
        if key not in self._cofactors:
            index, branches = self.diagrams.node(diagram)
            if index > level:
                self._cofactors[key] = diagram
            elif index == level:
                self._cofactors[key] = branches[region]
            else:
                self._cofactors[key] = self.diagrams.choose(
                    index, tuple(self._cofactor(branch, level, region) for branch in branches)
                )
        return self._cofactors[key]

    def _support(self, diagram: int) -> frozenset[int]:
        if diagram in (FALSE, TRUE):
            return frozenset()
        if diagram not in self._supports:
            index, branches = self.diagrams.node(diagram)
            below = (self._support(branch) for branch in set(branches))
            self._supports[diagram] = frozenset({index}).union(*below)
        return self._supports[diagram]

    def _size(self, diagram: int) -> int:
        """Returns the number of inner diagrams in a diagram, or more than :data:`SMALL`."""
        pending, seen = [diagram], {FALSE, TRUE}
        while pending and len(seen) <= SMALL + 2:
            found = pending.pop()
            if found not in seen:
                seen.add(found)
                pending.extend(self.diagrams.node(found)[1])
        return len(seen) - 2

    def _width(self, index: int) -> int:
        match self.diagrams.levels[index]:
            case ChoiceLevel() as level:
                return len(level.values)
            case NumberLevel() | ComputedLevel() as level:
                return len(level.partition.samples)
            case GivenLevel():
                return 2
            case _:
                assert_never(self.diagrams.levels[index])

    def _add(self, diagram: int, join: Join) -> None:
        """Notes that a diagram is a join of others, and its negation the dual join."""
        neutral = TRUE if join.every else FALSE
        parts = tuple(dict.fromkeys(part for part in join.parts if part != neutral))
        if diagram in (FALSE, TRUE) or len(parts) < 2 or diagram in parts:
            return
        if Join(join.every, parts) in self._joins.setdefault(diagram, []):
            return
        self._joins[diagram].append(Join(join.every, parts))
        negated = tuple(self.diagrams.negate(part) for part in parts)
        dual = self.diagrams.negate(diagram)
        self._joins.setdefault(dual, []).append(Join(not join.every, negated))

    def _note(self, condition: Condition) -> int:
        """Notes of what a condition is made, and returns its diagram."""
        diagram = self.diagrams.of(condition)
        match condition:
            case Always() | Compare() | OneOf() | Given():
                pass
            case Exists():
                self._note(condition.computed.valid_when)
            case Named():
                self._note(condition.condition)
            case Not():
                self._note(condition.operand)
            case And() | Or():
                parts = tuple(self._note(operand) for operand in condition.operands)
                self._add(diagram, Join(isinstance(condition, And), parts))
            case Choose():
                for part in (condition.test, condition.then, condition.otherwise):
                    self._note(part)
            case Applies() | Undetermined() | DoseGiven():
                raise AssertionError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)
        return diagram
