"""Writes decision diagrams as columns: exact verdicts, worked out from the leaves up.

A diagram is true in every completion where it is so behind the branch of the known region, or, at
an unknown level, behind every branch; it can be true where any branch that is left can. With `t`
the truth of "the level lies in these regions" that is `(t1 & c1) | ... | (tn & cn) | (c1 & ... &
cn)`: the consensus term settles what Kleene's tables leave open. It falls away where one branch
implies the other, and where the level is never unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams, GivenLevel, Level
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.layers import Layers, Term, combine

Test = Callable[[Level, frozenset[int]], Term]
"""Gives the truth of a level lying in some of its regions, but not in all."""


class ExactColumns:
    """The columns of some diagrams.

    Args:
        diagrams: holds the diagrams.
        roots: the diagrams that are wanted.
        layers: where columns are put.
        test: gives the truth of a level lying in some regions.
    """

    def __init__(
        self, diagrams: Diagrams, roots: Iterable[int], layers: Layers, test: Test
    ) -> None:
        self._diagrams = diagrams
        self._layers = layers
        self._test = test
        self._terms: dict[int, Term] = {
            FALSE: Term.constant(truth.constant(truth.FALSE)),
            TRUE: Term.constant(truth.constant(truth.TRUE)),
        }
        self._implied: dict[tuple[int, int], bool] = {}
        roots = list(roots)
        self._readers = Counter(roots)
        pending, seen = list(roots), set(roots)
        while pending:
            for branch in set(diagrams.node(pending.pop())[1]):
                self._readers[branch] += 1
                if branch not in seen:
                    seen.add(branch)
                    pending.append(branch)

    def verdict(self, diagram: int) -> Term:
        """Returns the exact verdict of a diagram, which must be one of the roots."""
        known = self._terms.get(diagram)
        if known is None:
            known = self._write(diagram)
            if self._readers[diagram] > 1 and len(known.needs) > 1:
                known = self._layers.add(f"diagram_{diagram}", known)
            self._terms[diagram] = known
        return known

    def _write(self, diagram: int) -> Term:
        index, branches = self._diagrams.node(diagram)
        level = self._diagrams.levels[index]
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
            every = [self.verdict(branch) for branch in tests if branch != TRUE]
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
            return combine((greater, self.verdict(second)), truth.disjoin)
        self._readers.update(list(tests))
        parts = [
            self._both(self._test(level, one), first),
            self._both(self._test(level, other), second),
        ]
        if not isinstance(level, GivenLevel):
            parts.append(combine((self.verdict(first), self.verdict(second)), truth.conjoin))
        return combine(parts, truth.disjoin)

    def _both(self, test: Term, branch: int) -> Term:
        return test if branch == TRUE else combine((test, self.verdict(branch)), truth.conjoin)

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
