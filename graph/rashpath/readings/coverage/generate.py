"""Writes cases from the graph: each leaf deciding alone, each threshold, each unknown.

For each goal a diagram says where it is reached *and* seen: where the flip of the leaf turns its
condition, and the turn of the condition changes something that an answer shows. The case on the
cheapest path to true is taken, and walked to confirm it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rashpath.expression.decision_diagram import FALSE, TRUE
from rashpath.expression.tree import (
    Compare,
    Computed,
    Given,
    facts_of,
    tests_in,
)
from rashpath.facts.dictionary import Choice
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.coverage.conditions import Kind, Leaf, Written
from rashpath.readings.coverage.functions import Functions, common_diagrams
from rashpath.readings.coverage.goals import (
    AtThreshold,
    BranchIs,
    Conditions,
    Goal,
    LeafTurns,
    NodeIs,
    UnknownDecides,
    beside,
    in_range,
    pair,
)
from rashpath.readings.coverage.quiet import facts_read_in, quiet_case
from rashpath.readings.coverage.reasons import OUT_OF_RANGE, Reasons, facts_read
from rashpath.readings.coverage.witness import Case, Search

Progress = Callable[[str], None]

_MOST_PER_LEAF = 4
"""Most cases in which a leaf decides that are tried with its fact taken away."""


@dataclass(frozen=True, slots=True)
class Generated:
    """One generated case.

    Args:
        facts: the given facts.
        goals: what it was generated for, and what else it shows that no case before it shows.
    """

    facts: Case
    goals: tuple[Goal, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases made from one guideline.

    Args:
        base: the case that they differ little from.
        cases: the cases.
        missing: goals that no case was found for, each with the reason.
    """

    base: Case
    cases: tuple[Generated, ...]
    missing: tuple[tuple[Goal, str], ...]


def generate(graph: DecisionGraph, progress: Progress = lambda _: None) -> Suite:
    """Writes a suite of cases for a guideline.

    Args:
        graph: the guideline.
        progress: told what is being done.

    Returns:
        The suite; the same for the same guideline.
    """
    return Generation(graph, progress).suite()


class Generation:
    """The generation of one suite.

    Args:
        graph: the guideline.
        progress: told what is being done.
    """

    def __init__(self, graph: DecisionGraph, progress: Progress = lambda _: None) -> None:
        self._graph = graph
        self._progress = progress
        self.conditions = Conditions(graph)
        self._diagrams = common_diagrams(graph)
        self.base = quiet_case(graph, facts_read_in(self._diagrams))
        self._reasons = Reasons(graph, self._diagrams)
        self._functions = self._reasons.functions
        self._search = Search(self._diagrams, graph.dictionary, self.base)
        self._cases: list[tuple[Case, frozenset[Goal]]] = []
        self._have: set[Goal] = set()
        self._missing: list[tuple[Goal, str]] = []

    def suite(self) -> Suite:
        """Returns the suite."""
        self._add(self.base)
        written = self.conditions.written
        for count, part in enumerate(written, 1):
            self._progress(f"condition {count} of {len(written)}: {part.name}")
            self._condition(part)
        self._progress("nodes and branches")
        self._graph_goals()
        kept = self._fewest()
        self._progress("unknown facts")
        kept += self._unknowns()
        return Suite(self.base, tuple(kept), tuple(self._missing))

    def where_seen(self, part: Written) -> int:
        """Returns where the truth of a condition changes something that an answer shows."""
        match part.kind:
            case Kind.DEFINITION:
                diagrams = self._diagrams
                true = Functions(self._graph, diagrams, {part.name: TRUE}).seen()
                false = Functions(self._graph, diagrams, {part.name: FALSE}).seen()
                changes = sorted(
                    (self._functions.differ(true[name], false[name]) for name in true),
                )
                # Not all together, which could grow large: the first that says something.
                return diagrams.disjoin([change for change in changes if change != FALSE][:12])
            case Kind.FORMULA:
                return TRUE
            case _:
                return self._reasons.asked(part)

    def _condition(self, part: Written) -> None:
        own = self.conditions.leaves[part.name]
        seen = self.where_seen(part) if own else TRUE
        asked = self._reasons.asked(part)
        for index, leaf in enumerate(own):
            if part.kind is Kind.FORMULA:
                self._formula_test(part, leaf)
                continue
            turns = self._functions.turns(part.condition, index)
            where = self._diagrams.conjoin((turns, seen))
            for_sure = self._diagrams.conjoin((turns, asked))
            itself = self._functions.of(leaf)
            for truth in (True, False):
                sided = itself if truth else self._diagrams.negate(itself)
                self._leaf(part, index, truth, sided, (where, for_sure))
            if isinstance(leaf, Compare):
                self._threshold(part, index, leaf, (where, for_sure))

    def _leaf(
        self, part: Written, index: int, truth: bool, sided: int, wheres: tuple[int, int]
    ) -> None:
        def reaches(case: Case) -> bool:
            return any(
                isinstance(goal, LeafTurns)
                and (goal.condition, goal.leaf, goal.truth) == (part.name, index, truth)
                for goal in self.conditions.shown(case)
            )

        for where in wheres:
            goal = self._diagrams.conjoin((sided, where))
            case = self._search.case(goal, confirm=reaches)
            if case is not None:
                self._add(case)
                return
        if pair(self._have, part.name, index):
            return
        missed = LeafTurns(part.name, index, truth, "")
        self._missing.append((missed, self._reasons.side(part, index, truth)))

    def _threshold(self, part: Written, index: int, leaf: Compare, wheres: tuple[int, int]) -> None:
        level = self._reasons.level(leaf)
        for side, value in zip((-1, 0, 1), beside(self._graph, leaf), strict=True):
            goal = AtThreshold(part.name, index, side)
            if goal in self._have:
                continue
            if not in_range(self._graph, leaf, value):
                self._missing.append((goal, OUT_OF_RANGE))
                continue

            def reaches(case: Case, goal: Goal = goal) -> bool:
                return goal in self.conditions.shown(case)

            case = None
            for where in wheres:
                case = self._search.case(where, wanted={level: value}, confirm=reaches)
                if case is not None:
                    break
            if case is not None:
                self._add(case)
            else:
                self._missing.append((goal, self._reasons.at(part, index, leaf, value)))

    def _formula_test(self, part: Written, leaf: Leaf) -> None:
        """Adds cases in which a formula takes each of its branches, all else being quiet."""
        for path in facts_of(leaf):
            kind = self._graph.dictionary[path].kind
            without = {name: value for name, value in self.base.items() if name != path}
            if isinstance(leaf, Given):
                self._add(without)
                for sex in _choices_of(self._graph):
                    self._add({**without, **sex})
            elif isinstance(kind, Choice):
                for value in kind.values:
                    self._add({**self.base, path: value.number})

    def _add(self, case: Case) -> None:
        shown = self.conditions.shown(case)
        self._have |= shown
        self._cases.append((case, shown))

    def _fewest(self) -> list[Generated]:
        """Returns few of the cases that together show all that all show; greedy."""
        open_goals = {
            goal
            for _, shown in self._cases
            for goal in shown
            if not isinstance(goal, UnknownDecides)
        }
        kept = []
        pool = list(self._cases)
        while open_goals:
            case, shown = max(pool, key=lambda each: len(each[1] & open_goals))
            fresh = shown & open_goals
            kept.append(Generated(case, tuple(_sorted(fresh))))
            open_goals -= fresh
        return kept

    def _graph_goals(self) -> None:
        """Adds cases for nodes and branches that no case reaches, or none rules out."""
        diagrams, reached = self._diagrams, self._reasons.reached
        wanted: list[tuple[Goal, int]] = []
        for node in self._graph.order:
            wanted.append((NodeIs(node.id, "APPLIES"), reached[node.id]))
            wanted.append((NodeIs(node.id, "DOES_NOT_APPLY"), diagrams.negate(reached[node.id])))
            for edge in self._graph.out_of(node.id):
                passes = self._functions.of(edge.condition)
                for outcome, where in (("TAKEN", passes), ("REFUSED", diagrams.negate(passes))):
                    branch = BranchIs(edge.tail, edge.head, outcome)
                    wanted.append((branch, diagrams.conjoin((reached[node.id], where))))
        for goal, where in wanted:
            if goal in self._have or where == FALSE:
                continue

            def reaches(case: Case, goal: Goal = goal) -> bool:
                return goal in self.conditions.shown(case)

            case = self._search.case(where, confirm=reaches)
            if case is not None:
                self._add(case)

    def _unknowns(self) -> list[Generated]:
        """Returns cases with one fact unknown, for which alone some verdict waits."""
        candidates: list[tuple[Case, frozenset[Goal]]] = []
        tried: Counter[tuple[str, str]] = Counter()
        for case, shown in self._cases:
            for goal in _sorted(each for each in shown if isinstance(each, LeafTurns)):
                assert isinstance(goal, LeafTurns)
                leaf = self.conditions.leaves[goal.condition][goal.leaf]
                for gone in _taken_away(leaf):
                    key = f"{gone} {goal.leaf}", goal.condition
                    if not set(gone) <= set(case) or tried[key] >= _MOST_PER_LEAF:
                        continue
                    tried[key] += 1
                    left = {path: value for path, value in case.items() if path not in gone}
                    found = frozenset(
                        each
                        for each in self.conditions.shown_by_graph(left)
                        if isinstance(each, UnknownDecides) or _is_open(each)
                    )
                    candidates.append((left, found))
        open_goals = frozenset[Goal]().union(*(found for _, found in candidates))
        chosen = []
        while open_goals:
            case, found = max(candidates, key=lambda each: len(each[1] & open_goals))
            fresh_goals = found & open_goals
            chosen.append(Generated(case, tuple(_sorted(fresh_goals))))
            open_goals -= fresh_goals
        return chosen


def _is_open(goal: Goal) -> bool:
    match goal:
        case NodeIs(verdict="UNDETERMINED") | BranchIs(outcome="OPEN"):
            return True
        case _:
            return False


def _taken_away(leaf: Leaf) -> Iterator[tuple[str, ...]]:
    """Yields the facts that are taken away together to leave a leaf open."""
    if isinstance(leaf, Given):
        return
    for path in facts_read(leaf):
        yield (path,)
        if isinstance(leaf, Compare) and isinstance(leaf.left, Computed):
            for test in tests_in(leaf.left):
                if isinstance(test, Given) and test.fact != path:
                    yield (test.fact, path)


def _choices_of(graph: DecisionGraph) -> Iterator[Case]:
    """Yields the values of the choices that formulas read."""
    for named in graph.computed.values():
        for path in dict.fromkeys(facts_of_tests(named.number)):
            kind = graph.dictionary[path].kind
            if isinstance(kind, Choice):
                for value in kind.values:
                    yield {path: value.number}


def facts_of_tests(computed: Computed) -> Iterable[str]:
    """Returns the facts that decide which branch of a formula is taken."""
    return [path for test in tests_in(computed) for path in facts_of(test)]


def _sorted(goals: Iterable[Goal]) -> list[Goal]:
    return sorted(goals, key=lambda goal: (type(goal).__name__, repr(goal)))
