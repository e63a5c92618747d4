"""Decides a case by the definition of a verdict alone: slow, direct, and without the engine.

It shares nothing with walk, diagrams and solver but the parsed tree. A condition is read in two
values, as if every fact were given; when the reading meets an unknown, it is begun anew once for
each kind of value that the unknown can have. The answers that come back are those of all
completions. Numbers are exact fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import assert_never

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
)
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice, Dictionary, WholeNumber
from rashpath.guideline.model import DecisionGraph, Start
from rashpath.readings.walk import Verdict

MOST_READINGS = 1_000
"""Readings of one question after which it is left unanswered."""

DECIMALS = 9

Facts = Mapping[str, int | float]


class TooManyReadingsError(Exception):
    """A question with more completions than are tried."""


class _UnknownMetError(Exception):
    """A reading met an unknown: it is to be begun anew with each of its values."""

    def __init__(self, name: str, values: tuple[Fraction, ...]) -> None:
        self.name = name
        self.values = values
        super().__init__(name)


@dataclass(frozen=True, slots=True)
class _World:
    """A case with the values that were chosen for some of its unknowns, by path or id.

    Computed numbers, which depend on the case alone, are worked out once for all its worlds.
    """

    given: Facts
    chosen: Mapping[str, Fraction]
    computed: dict[str, Fraction | None]


class SecondOpinion:
    """Decides cases of one guideline.

    Args:
        graph: the guideline; only its nodes, edges and parsed conditions are used.
        most: most readings of one question.
    """

    def __init__(self, graph: DecisionGraph, *, most: int = MOST_READINGS) -> None:
        self._graph = graph
        self._most = most
        constants: dict[str, set[Fraction]] = {}
        edges = [edge for node in graph.order for edge in graph.out_of(node.id)]
        for edge in edges:
            _collect(edge.condition, constants)
        self._constants = constants

    def verdict(self, facts: Facts, node: str) -> Verdict:
        """Returns the verdict of a node.

        Raises:
            TooManyReadingsError: it takes more readings than allowed.
        """
        outcomes = self.outcomes(lambda world: self._reached(node, world), facts)
        if len(outcomes) == 2:
            return Verdict.UNDETERMINED
        return Verdict.APPLIES if True in outcomes else Verdict.DOES_NOT_APPLY

    def truth(self, condition: Condition, facts: Facts) -> Truth:
        """Returns whether a condition holds in all completions of a case, in none, or in some.

        Raises:
            TooManyReadingsError: it takes more readings than allowed.
        """
        _collect(condition, self._constants)
        outcomes = self.outcomes(lambda world: self._holds(condition, world), facts)
        return Truth.UNKNOWN if len(outcomes) == 2 else Truth.of(True in outcomes)

    def outcomes(self, question: Callable[[_World], bool], facts: Facts) -> frozenset[bool]:
        """Returns the answers to a question over all completions; ends once both have come."""
        answers: set[bool] = set()
        computed: dict[str, Fraction | None] = {}
        pending: list[Mapping[str, Fraction]] = [{}]
        readings = 0
        while pending and len(answers) < 2:
            readings += 1
            if readings > self._most:
                raise TooManyReadingsError
            chosen = pending.pop()
            try:
                answers.add(question(_World(facts, chosen, computed)))
            except _UnknownMetError as met:
                pending += [{**chosen, met.name: value} for value in met.values]
        return frozenset(answers)

    def number(self, number: Number, facts: Facts) -> Fraction | None:
        """Returns the exact value of a formula, unrounded; None where it is not known."""
        match number:
            case Constant():
                return Fraction(number.value)
            case FactNumber():
                return Fraction(facts[number.fact]) if number.fact in facts else None
            case Computed():
                exact = self.number(number.formula, facts)
                return None if exact is None else Fraction(round(exact, DECIMALS))
            case AsDecimal():
                return self.number(number.operand, facts)
            case Combine():
                left = self.number(number.left, facts)
                right = self.number(number.right, facts)
                if left is None or right is None:
                    return None
                match number.operator:
                    case Arithmetic.ADD:
                        return left + right
                    case Arithmetic.SUBTRACT:
                        return left - right
                    case Arithmetic.MULTIPLY:
                        return left * right
                    case Arithmetic.DIVIDE:
                        return left / right
                    case _:
                        assert_never(number.operator)
            case ChooseNumber():
                tests = self.outcomes(lambda world: self._holds(number.test, world), facts)
                values = {
                    self.number(number.then if test else number.otherwise, facts) for test in tests
                }
                return values.pop() if len(values) == 1 else None
            case _:
                assert_never(number)

    def _reached(self, node: str, world: _World) -> bool:
        if isinstance(self._graph.by_id[node], Start):
            return True
        return any(
            self._reached(edge.tail, world) and self._holds(edge.condition, world)
            for edge in self._graph.into(node)
        )

    def _holds(self, condition: Condition, world: _World) -> bool:
        match condition:
            case Always():
                return condition.value
            case Compare():
                left = self._value(condition.left, world)
                return _compare(left, condition.operator, _constant(condition))
            case OneOf():
                return self._fact(condition.fact, world) in condition.values
            case Given():
                return condition.fact in world.given
            case Exists():
                return self._holds(condition.computed.valid_when, world)
            case Named():
                return self._holds(condition.condition, world)
            case Not():
                return not self._holds(condition.operand, world)
            case And():
                return all(self._holds(operand, world) for operand in condition.operands)
            case Or():
                return any(self._holds(operand, world) for operand in condition.operands)
            case Choose():
                test = self._holds(condition.test, world)
                return self._holds(condition.then if test else condition.otherwise, world)
            case Applies() | Undetermined() | DoseGiven():
                raise ValueError("a term about a decision is no condition of a graph")
            case _:
                assert_never(condition)

    def _value(self, number: FactNumber | Computed, world: _World) -> Fraction:
        match number:
            case FactNumber():
                return self._fact(number.fact, world)
            case Computed():
                if number.id not in world.computed:
                    world.computed[number.id] = self._if_valid(number, world.given)
                exact = world.computed[number.id]
                if exact is not None:
                    return exact
                if number.id in world.chosen:
                    return world.chosen[number.id]
                low, high = Fraction(number.minimum), Fraction(number.maximum)
                values = _kinds(self._constants[number.id], low, high, whole=False)
                raise _UnknownMetError(number.id, values)
            case _:
                assert_never(number)

    def _if_valid(self, number: Computed, facts: Facts) -> Fraction | None:
        valid = self.outcomes(lambda world: self._holds(number.valid_when, world), facts)
        return self.number(number, facts) if True in valid else None

    def _fact(self, path: str, world: _World) -> Fraction:
        if path in world.given:
            return Fraction(world.given[path])
        if path in world.chosen:
            return world.chosen[path]
        raise _UnknownMetError(path, self._kinds_of(path, self._graph.dictionary))

    def _kinds_of(self, path: str, dictionary: Dictionary) -> tuple[Fraction, ...]:
        match dictionary[path].kind:
            case Choice() as kind:
                return tuple(Fraction(value.number) for value in kind.values)
            case kind:
                low, high = Fraction(kind.hard.minimum), Fraction(kind.hard.maximum)
                whole = isinstance(kind, WholeNumber)
                return _kinds(self._constants[path], low, high, whole=whole)


def _kinds(
    constants: Iterable[Fraction], low: Fraction, high: Fraction, *, whole: bool
) -> tuple[Fraction, ...]:
    """Returns values of a range: ends, constants, and what lies between or beside them."""
    marks = sorted({low, high, *constants})
    tried = {*marks, *((one + other) / 2 for one, other in pairwise(marks))}
    if whole:
        near = {each.numerator // each.denominator for each in tried}
        tried = {Fraction(each + step) for each in near for step in (-1, 0, 1)}
    return tuple(sorted(value for value in tried if low <= value <= high))


def _compare(left: Fraction, operator: Operator, right: Fraction) -> bool:
    match operator:
        case Operator.LESS:
            return left < right
        case Operator.LESS_OR_EQUAL:
            return left <= right
        case Operator.EQUAL:
            return left == right
        case Operator.NOT_EQUAL:
            return left != right
        case Operator.GREATER_OR_EQUAL:
            return left >= right
        case Operator.GREATER:
            return left > right
        case _:
            assert_never(operator)


def _collect(condition: Condition, constants: dict[str, set[Fraction]]) -> None:
    """Notes with what each number is compared, in a condition and in what it rests on."""
    for leaf in _leaves(condition):
        match leaf:
            case Compare(left=FactNumber() as left):
                constants.setdefault(left.fact, set()).add(_constant(leaf))
            case Compare(left=Computed() as left):
                constants.setdefault(left.id, set()).add(_constant(leaf))
            case _:
                pass


def _constant(condition: Compare) -> Fraction:
    """Returns the constant of a comparison.

    A given fact is compared with the binary number that both are; a computed number, which is
    rounded, with the decimal number that is written, so that it can lie exactly on it.
    """
    exact = Fraction(condition.right.value)
    return Fraction(round(exact, DECIMALS)) if isinstance(condition.left, Computed) else exact


def _leaves(condition: Condition) -> Iterator[Condition]:
    match condition:
        case Named():
            yield from _leaves(condition.condition)
        case Not():
            yield from _leaves(condition.operand)
        case And() | Or():
            for operand in condition.operands:
                yield from _leaves(operand)
        case Choose():
            for part in (condition.test, condition.then, condition.otherwise):
                yield from _leaves(part)
        case Exists():
            yield from _leaves(condition.computed.valid_when)
        case Compare(left=Computed() as computed):
            yield condition
            yield from _leaves(computed.valid_when)
            for test in _tests(computed.formula):
                yield from _leaves(test)
        case _:
            yield condition


def _tests(number: Number) -> Iterator[Condition]:
    match number:
        case AsDecimal():
            yield from _tests(number.operand)
        case Combine():
            yield from _tests(number.left)
            yield from _tests(number.right)
        case ChooseNumber():
            yield number.test
            yield from _tests(number.then)
            yield from _tests(number.otherwise)
        case _:
            return
