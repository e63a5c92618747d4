"""Says in the solver's terms where a verdict is exact: the same in every completion.

"In every completion" asks for a quantifier, which solvers are bad at. A decision diagram has none:
each level occurs once on a way, so that a diagram is true in every completion where it is so behind
the branch of the known value, or, at an unknown level, behind every branch. That is one term a
node. The diagrams are the engine's own; that they say what the graph says is a property of its own
(:mod:`rashpath.readings.proof.diagrams`), proved before anything is believed of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, Level, NumberLevel
from rashpath.expression.partition import Partition
from rashpath.expression.tree import FactNumber, Operator
from rashpath.readings.proof.encode import Sight
from rashpath.readings.proof.kleene import Pair
from rashpath.readings.proof.numbers import among, compare
from rashpath.readings.proof.solver import NumberTerm, Term, conj, disj, neg


class ExactSight:
    """Exact verdicts of a guideline's diagrams, as one sight of a case has them.

    Args:
        diagrams: the diagrams.
        sight: what is known.
    """

    def __init__(self, diagrams: Diagrams, sight: Sight) -> None:
        self._diagrams = diagrams
        self.sight = sight
        self._always: dict[tuple[int, int], Term] = {}
        self._completed: dict[int, Term] = {FALSE: False, TRUE: True}
        self._tests: dict[tuple[int, frozenset[int], bool], Term] = {}

    def verdict(self, diagram: int) -> Pair:
        """Returns where a diagram is true in every completion, and where false in every one."""
        return self._agreed(diagram, TRUE), self._agreed(diagram, FALSE)

    def completed(self, diagram: int) -> Term:
        """Returns where a diagram is true in a completion."""
        if diagram not in self._completed:
            index, branches = self._diagrams.node(diagram)
            self._completed[diagram] = disj(
                conj((self._within(index, regions, completed=True), self.completed(branch)))
                for branch, regions in _grouped(branches)
            )
        return self._completed[diagram]

    def taken(self, index: int, region: int) -> Term:
        """Returns where a completion takes one branch of a level."""
        return self._within(index, frozenset({region}), completed=True)

    def _agreed(self, diagram: int, wanted: int) -> Term:
        if diagram in (FALSE, TRUE):
            return diagram == wanted
        key = (diagram, wanted)
        if key not in self._always:
            index, branches = self._diagrams.node(diagram)
            known = self._known(self._diagrams.levels[index])
            self._always[key] = conj(
                disj(
                    (
                        self._agreed(branch, wanted),
                        conj((known, neg(self._within(index, regions, completed=False)))),
                    )
                )
                for branch, regions in _grouped(branches)
            )
        return self._always[key]

    def _known(self, level: Level) -> Term:
        match level:
            case ChoiceLevel() | NumberLevel():
                return self.sight.known[level.fact]
            case ComputedLevel():
                return self.sight.number(level.computed)[0]
            case GivenLevel():
                return True
            case _:
                assert_never(level)

    def _within(self, index: int, regions: frozenset[int], *, completed: bool) -> Term:
        key = (index, regions, completed)
        if key not in self._tests:
            self._tests[key] = self._region(self._diagrams.levels[index], regions, completed)
        return self._tests[key]

    def _region(self, level: Level, regions: frozenset[int], completed: bool) -> Term:
        sight = self.sight
        match level:
            case ChoiceLevel():
                numbers = [level.values[region] for region in sorted(regions)]
                return among(sight.encoding.values[level.fact], numbers)
            case NumberLevel():
                value = sight.number(FactNumber(level.fact))[1]
                return _in_regions(value, level.partition, regions)
            case ComputedLevel():
                value = (
                    sight.completed(level.computed)
                    if completed
                    else sight.number(level.computed)[1]
                )
                return _in_regions(value, level.partition, regions)
            case GivenLevel():
                given = sight.known[level.fact]
                return disj(given if region else neg(given) for region in sorted(regions))
            case _:
                assert_never(level)


def _grouped(branches: tuple[int, ...]) -> Iterable[tuple[int, frozenset[int]]]:
    """Yields each diagram behind a node with the regions that lead to it."""
    groups: dict[int, set[int]] = {}
    for region, branch in enumerate(branches):
        groups.setdefault(branch, set()).add(region)
    return [(branch, frozenset(regions)) for branch, regions in groups.items()]


def _in_regions(value: NumberTerm, partition: Partition, regions: frozenset[int]) -> Term:
    """Returns where a number lies in one of some regions; what is out of range may do either."""
    runs: list[list[int]] = []
    for slot, region in enumerate(partition.regions):
        if region not in regions:
            continue
        if runs and all(
            partition.regions[between] < 0 for between in range(runs[-1][-1] + 1, slot)
        ):
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return disj(_in_slots(value, partition, run[0], run[-1]) for run in runs)


def _in_slots(value: NumberTerm, partition: Partition, first: int, last: int) -> Term:
    """Returns where a number lies in a run of slots: a threshold is a slot, and so is a gap."""
    parts = []
    low, on_low = divmod(first, 2)
    if on_low:
        parts.append(compare(value, Operator.GREATER_OR_EQUAL, partition.thresholds[low]))
    elif low > 0:
        parts.append(compare(value, Operator.GREATER, partition.thresholds[low - 1]))
    high, on_high = divmod(last, 2)
    if on_high:
        parts.append(compare(value, Operator.LESS_OR_EQUAL, partition.thresholds[high]))
    elif high < len(partition.thresholds):
        parts.append(compare(value, Operator.LESS, partition.thresholds[high]))
    return conj(parts)
