"""Reduced decision diagrams over regions of facts: the exact reading of conditions.

Kleene's tables can say unknown where every completion agrees. A decision diagram cannot: it has one
level for each fact, computed number and presence test, one branch a region, and is reduced, so that
two conditions with the same truth in every completion have the same node. Fixing the known levels
leaves the exact verdict (a terminal, or none) and the exact decisive variables (the levels left).

Source: R. Bryant, Graph-based algorithms for Boolean function manipulation, IEEE Transactions on
Computers 35 (1986); here with more than two branches a level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from rashpath.expression.errors import ExpressionError
from rashpath.expression.evaluate import COMPARE, MISSING, Facts, number
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    GivenLevel,
    Level,
    NumberLevel,
)
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Choose,
    Compare,
    Computed,
    Condition,
    DoseGiven,
    Exists,
    FactNumber,
    Given,
    Named,
    Not,
    OneOf,
    Or,
    Undetermined,
)
from rashpath.expression.truth import Truth

FALSE: Final = 0
TRUE: Final = 1
DEFAULT_LIMIT: Final = 500_000
"""Most nodes that a guideline's diagrams may have together."""


class TooLargeError(ExpressionError):
    """A condition whose diagram does not fit the limit: Kleene's tables must do for it."""


class Diagrams:
    """Builds and holds the diagrams of many conditions over common levels.

    A diagram is a number: 0 is always false, 1 always true, any other an inner node. Equal numbers
    mean equal truth in every completion.

    Args:
        levels: the levels, in order.
        limit: most nodes in total.
    """

    def __init__(self, levels: Sequence[Level], *, limit: int = DEFAULT_LIMIT) -> None:
        self.levels = tuple(levels)
        self._limit = limit
        self._nodes: list[tuple[int, tuple[int, ...]]] = [(len(levels), ()), (len(levels), ())]
        self._unique: dict[tuple[int, tuple[int, ...]], int] = {}
        self._named: dict[str, int] = {}
        self._and: dict[tuple[int, int], int] = {}
        self._not: dict[int, int] = {FALSE: TRUE, TRUE: FALSE}
        self._choices: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._computed: dict[str, int] = {}
        self._given: dict[str, int] = {}
        self._free = Restriction(self, [None] * len(self.levels))
        for index, level in enumerate(self.levels):
            match level:
                case ChoiceLevel():
                    self._choices[level.fact] = index
                case NumberLevel():
                    self._numbers[level.fact] = index
                case ComputedLevel():
                    self._computed[level.computed.id] = index
                case GivenLevel():
                    self._given[level.fact] = index
                case _:
                    assert_never(level)

    def __len__(self) -> int:
        """Returns the number of nodes."""
        return len(self._nodes)

    def node(self, diagram: int) -> tuple[int, tuple[int, ...]]:
        """Returns the level of a diagram's root and the diagram behind each branch."""
        return self._nodes[diagram]

    def of(self, condition: Condition) -> int:
        """Builds the diagram of a condition.

        Raises:
            TooLargeError: the limit of nodes is reached.
        """
        match condition:
            case Always():
                return TRUE if condition.value else FALSE
            case Compare():
                return self._compare(condition)
            case OneOf():
                index = self._choices[condition.fact]
                level = self.levels[index]
                assert isinstance(level, ChoiceLevel)
                return self._make(index, tuple(int(v in condition.values) for v in level.values))
            case Given():
                return self._make(self._given[condition.fact], (FALSE, TRUE))
            case Exists():
                return self.of(condition.computed.valid_when)
            case Named():
                if condition.id not in self._named:
                    self._named[condition.id] = self.of(condition.condition)
                return self._named[condition.id]
            case Not():
                return self.negate(self.of(condition.operand))
            case And():
                return self.conjoin(self.of(operand) for operand in condition.operands)
            case Or():
                return self.disjoin(self.of(operand) for operand in condition.operands)
            case Choose():
                test = self.of(condition.test)
                then = self._conjoin(test, self.of(condition.then))
                otherwise = self._conjoin(self.negate(test), self.of(condition.otherwise))
                return self.disjoin((then, otherwise))
            case Applies() | Undetermined() | DoseGiven():
                raise ExpressionError("a term about a decision has no diagram")
            case _:
                assert_never(condition)

    def choose(self, index: int, branches: tuple[int, ...]) -> int:
        """Returns the diagram that goes on as one of others, by the branch of a level.

        Raises:
            TooLargeError: the limit of nodes is reached.
        """
        return self._make(index, branches)

    def negate(self, diagram: int) -> int:
        """Returns the diagram that is true where this one is false."""
        known = self._not.get(diagram)
        if known is None:
            index, branches = self._nodes[diagram]
            known = self._make(index, tuple(self.negate(branch) for branch in branches))
            self._not[diagram] = known
            self._not[known] = diagram
        return known

    def conjoin(self, diagrams: Iterable[int]) -> int:
        """Returns the diagram that is true where all are."""
        outcome = TRUE
        for diagram in diagrams:
            outcome = self._conjoin(outcome, diagram)
        return outcome

    def disjoin(self, diagrams: Iterable[int]) -> int:
        """Returns the diagram that is true where any is."""
        return self.negate(self.conjoin(self.negate(diagram) for diagram in diagrams))

    def support(self, diagram: int) -> frozenset[Level]:
        """Returns the levels that a diagram depends on."""
        return self._free.support(self._free.reduce(diagram))

    def fixing(self, facts: Facts, *, free: frozenset[Level] = frozenset()) -> Restriction:
        """Fixes the levels that given facts settle.

        Args:
            facts: the given facts. Presence tests are settled by them, known or not.
            free: levels to leave open although they are settled.
        """
        regions: list[int | None] = []
        for level in self.levels:
            if level in free:
                regions.append(None)
                continue
            match level:
                case ChoiceLevel():
                    choice = facts.get(level.fact)
                    regions.append(None if choice is None else level.values.index(int(choice)))
                case NumberLevel():
                    value = facts.get(level.fact)
                    regions.append(None if value is None else level.partition.region(value))
                case ComputedLevel():
                    computed = number(level.computed, facts)
                    known = None if computed is MISSING else level.partition.region(computed)
                    regions.append(known)
                case GivenLevel():
                    regions.append(int(level.fact in facts))
                case _:
                    assert_never(level)
        return Restriction(self, regions)

    def _compare(self, condition: Compare) -> int:
        match condition.left:
            case FactNumber():
                index = self._numbers[condition.left.fact]
            case Computed():
                index = self._computed[condition.left.id]
            case _:
                assert_never(condition.left)
        level = self.levels[index]
        assert isinstance(level, NumberLevel | ComputedLevel)
        branches = tuple(
            int(compare_region(condition, samples)) for samples in level.partition.samples
        )
        return self._make(index, branches)

    def _conjoin(self, left: int, right: int) -> int:
        if left == FALSE or right == FALSE:
            return FALSE
        if left == TRUE or left == right:
            return right
        if right == TRUE:
            return left
        key = (left, right) if left < right else (right, left)
        known = self._and.get(key)
        if known is None:
            (left_index, left_branches), (right_index, right_branches) = (
                self._nodes[left],
                self._nodes[right],
            )
            index = min(left_index, right_index)
            width = len(left_branches) if left_index == index else len(right_branches)
            lefts = left_branches if left_index == index else (left,) * width
            rights = right_branches if right_index == index else (right,) * width
            branches = tuple(self._conjoin(a, b) for a, b in zip(lefts, rights, strict=True))
            known = self._make(index, branches)
            self._and[key] = known
        return known

    def _make(self, index: int, branches: tuple[int, ...]) -> int:
        first = branches[0]
        if all(branch == first for branch in branches):
            return first
        key = (index, branches)
        known = self._unique.get(key)
        if known is None:
            if len(self._nodes) >= self._limit:
                raise TooLargeError(f"the decision diagrams need more than {self._limit} nodes")
            known = len(self._nodes)
            self._nodes.append(key)
            self._unique[key] = known
        return known


class Restriction:
    """The diagrams of a guideline for one case: what the known levels leave of them.

    Args:
        diagrams: the diagrams.
        regions: for each level the branch that is known, or None.
    """

    def __init__(self, diagrams: Diagrams, regions: Sequence[int | None]) -> None:
        self._diagrams = diagrams
        self._regions = regions
        self._reduced: dict[int, int] = {FALSE: FALSE, TRUE: TRUE}
        self._unique: dict[tuple[int, tuple[int, ...]], int] = {}
        self._supports: list[int] = [0, 0]

    def truth(self, diagram: int) -> Truth:
        """Returns TRUE or FALSE if every completion agrees, else UNKNOWN."""
        match self.reduce(diagram):
            case 0:
                return Truth.FALSE
            case 1:
                return Truth.TRUE
            case _:
                return Truth.UNKNOWN

    def reduce(self, diagram: int) -> int:
        """Returns what is left of a diagram, as a number of this restriction; 0 and 1 as before."""
        known = self._reduced.get(diagram)
        if known is not None:
            return known
        index, branches = self._diagrams.node(diagram)
        region = self._regions[index]
        if region is not None:
            outcome = self.reduce(branches[region])
        else:
            left = tuple(self.reduce(branch) for branch in branches)
            first = left[0]
            if all(branch == first for branch in left):
                outcome = first
            else:
                outcome = self._unique.get((index, left), -1)
                if outcome < 0:
                    outcome = len(self._supports)
                    self._unique[(index, left)] = outcome
                    support = 1 << index
                    for branch in left:
                        support |= self._supports[branch]
                    self._supports.append(support)
        self._reduced[diagram] = outcome
        return outcome

    def support(self, reduced: int) -> frozenset[Level]:
        """Returns the levels that what is left of a diagram depends on."""
        bits = self._supports[reduced]
        return frozenset(
            level for index, level in enumerate(self._diagrams.levels) if bits >> index & 1
        )


def compare_region(condition: Compare, samples: tuple[float, ...]) -> bool:
    """Returns the one answer that a comparison has within a region."""
    return COMPARE[condition.operator](samples[0], condition.right.value)
