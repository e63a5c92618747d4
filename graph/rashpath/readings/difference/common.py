"""Puts the conditions of two guidelines into one set of decision diagrams.

Two diagrams of one set have the same number exactly where two conditions have the same truth in
every completion, so that equal numbers prove two guidelines equal. What the guidelines call by a
name is told apart by its content: a definition by its condition, a computed number by its formula.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    GivenLevel,
    Level,
    NumberLevel,
    levels_of,
)
from rashpath.expression.partition import Partition
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Arithmetic,
    AsDecimal,
    Choose,
    ChooseNumber,
    Combine,
    Compare,
    Computed,
    Condition,
    Constant,
    DoseGiven,
    Exists,
    FactNumber,
    Given,
    Named,
    Not,
    Number,
    OneOf,
    Operator,
    Or,
    Undetermined,
    leaves,
)
from rashpath.guideline.model import DecisionGraph, Recommendation
from rashpath.readings.concrete import ways_to_know

LIMIT = 500_000
"""Most nodes that the diagrams of two guidelines may have together."""


class Common(Diagrams):
    """The diagrams of two guidelines over common levels.

    Args:
        levels: the levels, in order; a presence test stands just before its fact.
        limit: most nodes in total.
    """

    def __init__(self, levels: Sequence[Level], *, limit: int = LIMIT) -> None:
        super().__init__(levels, limit=limit)
        self.presence: dict[str, int] = {}
        self.value: dict[str, int] = {}
        self.number: dict[str, int] = {}
        for index, level in enumerate(self.levels):
            match level:
                case GivenLevel():
                    self.presence[level.fact] = index
                case ChoiceLevel() | NumberLevel():
                    self.value[level.fact] = index
                case ComputedLevel():
                    self.number[level.computed.id] = index
                case _:
                    assert_never(level)
        self._settled: dict[int, int] = {}
        self._inputs: dict[int, tuple[frozenset[str], ...]] = {}

    def inputs(self, index: int) -> tuple[frozenset[str], ...]:
        """Returns the sets of facts that a computed level can be known from, smallest first."""
        if index not in self._inputs:
            level = self.levels[index]
            assert isinstance(level, ComputedLevel)
            self._inputs[index] = tuple(ways_to_know(level.computed))
        return self._inputs[index]

    def literal(self, index: int, branches: frozenset[int]) -> int:
        """Returns the diagram that is true on some branches of one level."""
        return self._make(index, tuple(int(each in branches) for each in range(self.width(index))))

    def width(self, index: int) -> int:
        """Returns how many branches a level has."""
        match self.levels[index]:
            case ChoiceLevel(_, values):
                return len(values)
            case NumberLevel(_, partition) | ComputedLevel(_, partition):
                return len(partition.samples)
            case GivenLevel():
                return 2

    def exclusive(self, left: int, right: int) -> int:
        """Returns the diagram that is true where exactly one of two is."""
        return self.disjoin(
            (self.conjoin((left, self.negate(right))), self.conjoin((self.negate(left), right)))
        )

    def implies(self, left: int, right: int) -> bool:
        """Tells whether one diagram is true wherever another is."""
        return self.conjoin((left, self.negate(right))) == FALSE

    def settled(self, diagram: int) -> int:
        """Returns where a diagram is true for certain while the facts not given stay unknown.

        A fact with a presence test that is not given has all of its values: the result asks for
        such a value only behind the test. Two conditions that are settled alike, and so are their
        negations, have the same verdict in every case.
        """
        if diagram in (FALSE, TRUE):
            return diagram
        known = self._settled.get(diagram)
        if known is not None:
            return known
        index, branches = self.node(diagram)
        inner = tuple(self.settled(branch) for branch in branches)
        match self.levels[index]:
            case GivenLevel(fact):
                absent = self._absent(inner[0], fact)
                outcome = self._make(index, (absent, self._present(inner[1], index)))
            case ChoiceLevel(fact, _) | NumberLevel(fact, _) if fact in self.presence:
                outcome = self._make(
                    self.presence[fact], (self.conjoin(inner), self._make(index, inner))
                )
            case _:
                outcome = self._make(index, inner)
        self._settled[diagram] = outcome
        return outcome

    def possible(self, diagram: int) -> int:
        """Returns where a diagram is not false for certain; see :meth:`settled`."""
        return self.negate(self.settled(self.negate(diagram)))

    def _present(self, diagram: int, index: int) -> int:
        """Returns what is left of a diagram behind a presence test that holds."""
        if diagram in (FALSE, TRUE):
            return diagram
        root, branches = self.node(diagram)
        return branches[1] if root == index else diagram

    def _absent(self, diagram: int, fact: str) -> int:
        """Returns a diagram with a fact that is not given: it holds for all of its values."""
        if diagram in (FALSE, TRUE):
            return diagram
        root, branches = self.node(diagram)
        if root == self.presence[fact]:
            # The value was put behind its presence test already.
            return branches[0]
        return self.conjoin(branches) if root == self.value.get(fact) else diagram


class Side:
    """One of the two guidelines, its conditions rewritten so that no name means two things.

    Args:
        graph: the guideline.
        mark: what its definitions' names begin with.
        numbers: for each of its computed numbers the one that stands for it.
    """

    def __init__(self, graph: DecisionGraph, mark: str, numbers: Mapping[str, Computed]) -> None:
        self.graph = graph
        self._mark = mark
        self._numbers = numbers
        self._named: dict[str, Named] = {}

    def name(self, level: Level) -> str:
        """Returns what a level of the guideline's own diagrams is called here."""
        name = _name(level)
        return self._numbers[name].id if isinstance(level, ComputedLevel) else name

    def condition(self, condition: Condition) -> Condition:
        """Returns a condition of the guideline with its names made unmistakable."""
        match condition:
            case Always() | OneOf() | Given():
                return condition
            case Compare(Computed(id)):
                return replace(condition, left=self._numbers[id])
            case Compare():
                return condition
            case Exists():
                # The number may stand for another of the same formula, not of the same validity.
                return self.condition(condition.computed.valid_when)
            case Named():
                if condition.id not in self._named:
                    inner = self.condition(condition.condition)
                    self._named[condition.id] = Named(f"{self._mark}{condition.id}", inner)
                return self._named[condition.id]
            case Not():
                return Not(self.condition(condition.operand))
            case And():
                return And(tuple(self.condition(part) for part in condition.operands))
            case Or():
                return Or(tuple(self.condition(part) for part in condition.operands))
            case Choose():
                return Choose(
                    self.condition(condition.test),
                    self.condition(condition.then),
                    self.condition(condition.otherwise),
                )
            case Applies() | Undetermined() | DoseGiven():
                raise AssertionError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)


def common(before: DecisionGraph, after: DecisionGraph) -> tuple[Common, Side, Side]:
    """Returns the common diagrams of two guidelines over one type of case, and both sides.

    The diagrams still are empty of conditions; ``diagrams.of(side.condition(...))`` builds one.
    """
    tests = _comparisons(before), _comparisons(after)
    firsts = {id: named.number for id, named in before.computed.items()}
    seconds = {id: named.number for id, named in after.computed.items()}
    matched: dict[str, str] = {}
    for id, second in seconds.items():
        same = [
            other
            for other, first in firsts.items()
            if other not in matched.values()
            and formula_key(first.formula) == formula_key(second.formula)
        ]
        # Of several numbers with one formula, the one of the same name stands for it.
        for other in sorted(same, key=lambda each: each != id):
            both = tests[0].get(other, set()) | tests[1].get(id, set())
            if _regions(firsts[other], both) == _regions(second, both):
                matched[id] = other
                break
    left = Side(before, "before:", firsts)
    standing: dict[str, Computed] = {}
    for id, second in seconds.items():
        if id in matched:
            standing[id] = firsts[matched[id]]
        else:
            free = id if id not in firsts else f"{id} (after)"
            standing[id] = replace(second, id=free)
    right = Side(after, "after:", standing)
    conditions = itertools.chain(
        *([side.condition(each) for each in conditions_of(side.graph)] for side in (left, right))
    )
    levels = levels_of(conditions, before.dictionary)
    orders = [
        [side.name(level) for level in side.graph.reach.diagrams.levels] for side in (left, right)
    ]
    return Common(_ordered(levels, orders)), left, right


def _ordered(levels: Iterable[Level], orders: Sequence[Sequence[str]]) -> list[Level]:
    """Returns levels in an order close to both guidelines' own, presence tests before their facts.

    Each guideline's own order keeps its diagrams small; the common one counts what only one of them
    reads for too little.
    """
    places: dict[str, list[float]] = {}
    for order in orders:
        for place, name in enumerate(order):
            places.setdefault(name, []).append(place / len(order))
    mean = {name: sum(found) / len(found) for name, found in places.items()}
    return sorted(
        levels,
        key=lambda level: (
            mean.get(_name(level), 0.0),
            _name(level),
            not isinstance(level, GivenLevel),
        ),
    )


def _name(level: Level) -> str:
    match level:
        case ComputedLevel(computed, _):
            return computed.id
        case ChoiceLevel(fact, _) | NumberLevel(fact, _) | GivenLevel(fact):
            return fact
        case _:
            assert_never(level)


def conditions_of(graph: DecisionGraph) -> Iterator[Condition]:
    """Yields every condition that a guideline decides or speaks by."""
    for definition in graph.definitions.values():
        yield definition.condition
    yield from (part.condition for part in graph.contradictions)
    yield from (part.condition for part in graph.cautions)
    yield from (part.condition for part in graph.not_covered)
    for node in graph.order:
        for edge in graph.out_of(node.id):
            yield edge.condition
        for flag in node.flags:
            if flag.when is not None:
                yield flag.when
        if isinstance(node, Recommendation):
            for note in node.notes:
                if note.when is not None:
                    yield note.when
                for flag in note.flags:
                    if flag.when is not None:
                        yield flag.when
            if node.regimen is not None:
                for row in node.regimen.rows:
                    yield row.when


def formula_key(number: Number) -> object:
    """Returns what two formulas share exactly where they give the same number, names apart."""
    match number:
        case Constant():
            return float(number.value)
        case FactNumber():
            return number.fact
        case Computed():
            return formula_key(number.formula)
        case AsDecimal():
            return formula_key(number.operand)
        case Combine(operator=Arithmetic.ADD | Arithmetic.MULTIPLY):
            sides = sorted((formula_key(number.left), formula_key(number.right)), key=repr)
            return (number.operator.value, *sides)
        case Combine():
            return (number.operator.value, formula_key(number.left), formula_key(number.right))
        case ChooseNumber():
            return (
                "choose",
                _condition_key(number.test),
                formula_key(number.then),
                formula_key(number.otherwise),
            )
        case _:
            assert_never(number)


def _condition_key(condition: Condition) -> object:
    match condition:
        case Always():
            return condition.value
        case Compare():
            return (
                formula_key(condition.left),
                condition.operator.value,
                float(condition.right.value),
            )
        case OneOf():
            return (condition.fact, condition.values)
        case Given():
            return ("has", condition.fact)
        case Exists():
            return _condition_key(condition.computed.valid_when)
        case Named():
            return _condition_key(condition.condition)
        case Not():
            return ("not", _condition_key(condition.operand))
        case And() | Or():
            parts = sorted((_condition_key(part) for part in condition.operands), key=repr)
            return (type(condition).__name__, *parts)
        case Choose():
            chosen = (condition.test, condition.then, condition.otherwise)
            return ("choose", *(_condition_key(part) for part in chosen))
        case Applies() | Undetermined() | DoseGiven():
            raise AssertionError("a term about a decision stands outside an invariant")
        case _:
            assert_never(condition)


def _comparisons(graph: DecisionGraph) -> dict[str, set[tuple[Operator, float]]]:
    """Returns with what each computed number is compared, and how."""
    found: dict[str, set[tuple[Operator, float]]] = {}
    for condition in conditions_of(graph):
        for leaf in leaves(condition):
            if isinstance(leaf, Compare) and isinstance(leaf.left, Computed):
                test = (leaf.operator, float(leaf.right.value))
                found.setdefault(leaf.left.id, set()).add(test)
    return found


def _regions(number: Computed, tests: set[tuple[Operator, float]]) -> tuple[int, ...]:
    """Returns which regions its declared range leaves to a number that is not known."""
    return Partition.of(tests, number.minimum, number.maximum, whole=False).regions
