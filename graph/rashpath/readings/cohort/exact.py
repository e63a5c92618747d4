"""Writes exact verdicts as columns, as they were planned.

Where Kleene's tables are exact they are used. Behind a split a verdict is true in every completion
where it is so behind the branch of the known region, or, at an unknown level, behind every branch;
it can be true where any branch that is left can. With `t` the truth of "the level lies in these
regions" that is `(t1 & c1) | ... | (tn & cn) | (c1 & ... & cn)`: the consensus term settles what
Kleene's tables leave open. It falls away where one branch implies the other, and where the level is
never unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE
from rashpath.expression.levels import GivenLevel, Level
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.layers import Layers, Term, combine
from rashpath.readings.cohort.plan import Join, Planner, Split

Test = Callable[[Level, frozenset[int]], Term]
"""Gives the truth of a level lying in some of its regions, but not in all."""


class ExactColumns:
    """The columns of some diagrams.

    Args:
        planner: tells how each is worked out.
        roots: the diagrams that are wanted, by their numbers in the guideline.
        layers: where columns are put.
        test: gives the truth of a level lying in some regions.
    """

    def __init__(self, planner: Planner, roots: Iterable[int], layers: Layers, test: Test) -> None:
        self._planner = planner
        self._diagrams = planner.diagrams
        self._layers = layers
        self._test = test
        self._terms: dict[int, Term] = {
            FALSE: Term.constant(truth.constant(truth.FALSE)),
            TRUE: Term.constant(truth.constant(truth.TRUE)),
        }
        self._implied: dict[tuple[int, int], bool] = {}
        copies = [planner.copy(root) for root in roots]
        self._readers = Counter(copies)
        for plan in planner.plans(copies):
            match plan:
                case Join():
                    self._readers.update(plan.parts)
                case Split():
                    self._readers.update(set(plan.branches))
                case _:
                    assert_never(plan)

    def verdict(self, diagram: int) -> Term:
        """Returns the exact verdict of one of the roots, by its number in the guideline."""
        return self._verdict(self._planner.copy(diagram))

    def _verdict(self, diagram: int) -> Term:
        known = self._terms.get(diagram)
        if known is None:
            plan = self._planner.plan(diagram)
            match plan:
                case Join():
                    parts = [self._verdict(part) for part in plan.parts]
                    known = combine(parts, truth.conjoin if plan.every else truth.disjoin)
                case Split():
                    known = self._behind(self._diagrams.levels[plan.level], plan.branches)
                case _:
                    assert_never(plan)
            if self._readers[diagram] > 1 and len(known.needs) > 1:
                known = self._layers.add(f"diagram_{diagram}", known)
            self._terms[diagram] = known
        return known

    def _behind(self, level: Level, branches: tuple[int, ...]) -> Term:
        groups: dict[int, set[int]] = {}
        for region, branch in enumerate(branches):
            groups.setdefault(branch, set()).add(region)
        tests = {branch: frozenset(regions) for branch, regions in groups.items()}
        if len(tests) == 2:
            return self._either(level, tests)
        # Each is read twice, and must not be written out twice.
        self._readers.update(list(tests))
        parts = [
            self._both(self._test(level, regions), branch)
            for branch, regions in tests.items()
            if branch != FALSE
        ]
        if FALSE not in tests and not isinstance(level, GivenLevel):
            every = [self._verdict(branch) for branch in tests if branch != TRUE]
            parts.append(combine(every, truth.conjoin))
        return combine(parts, truth.disjoin)

    def _either(self, level: Level, tests: dict[int, frozenset[int]]) -> Term:
        """Returns the verdict behind a level with two ways on."""
        (first, one), (second, other) = tests.items()
        if self._implies(first, second):
            # What the lesser one gives is always given; the greater needs its test.
            first, one, second, other = second, other, first, one
        if self._implies(second, first):
            greater = self._both(self._test(level, one), first)
            if second == FALSE:
                return greater
            return combine((greater, self._verdict(second)), truth.disjoin)
        self._readers.update(list(tests))
        parts = [
            self._both(self._test(level, one), first),
            self._both(self._test(level, other), second),
        ]
        if not isinstance(level, GivenLevel):
            parts.append(combine((self._verdict(first), self._verdict(second)), truth.conjoin))
        return combine(parts, truth.disjoin)

    def _both(self, test: Term, branch: int) -> Term:
        return test if branch == TRUE else combine((test, self._verdict(branch)), truth.conjoin)

    def _implies(self, left: int, right: int) -> bool:
        """Tells whether one diagram is true wherever another is, in every completion."""
        if left == FALSE or right == TRUE or left == right:
            return True
        if left == TRUE or right == FALSE:
            return False
        key = (left, right)
        if key not in self._implied:
            (left_index, lefts), (right_index, rights) = (
                self._diagrams.node(left),
                self._diagrams.node(right),
            )
            if left_index < right_index:
                rights = (right,) * len(lefts)
            elif right_index < left_index:
                lefts = (left,) * len(rights)
            self._implied[key] = all(map(self._implies, lefts, rights))
        return self._implied[key]
