"""Says in the solver's terms what a case is, and what a condition means over it.

A *case* gives a value to some facts: for each fact there is a truth value *known* and a number,
which means something only where the fact is known. A *completion* takes the same numbers for all
facts. Two readings of a condition stand side by side, in the order of the evaluator's cases:

- :meth:`Sight.kleene` is the walk's: a pair (is true, is false) over what is known;
- :meth:`Sight.plain` is the two-valued truth in one completion; ``has()`` is decided on the case.

A computed number is the rounding of its formula where its inputs are known, and else an unknown of
its own within its declared range. The solver is linear: products and quotients of facts are free
numbers within their bounds, equal where the facts are equal. So there are more cases here than in
the world; what holds in all of them is proved, and what fails in one is confirmed by the walk, or
asked again with :attr:`Encoding.ties`, which say exactly what such a number is.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import assert_never

from rashpath.expression.interval import interval
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
    Or,
    Undetermined,
    leaves,
    tests_in,
)
from rashpath.facts.dictionary import Choice, Dictionary, WholeNumber
from rashpath.readings.proof.kleene import Pair, choose, conjoin, disjoin
from rashpath.readings.proof.numbers import HALF_STEP, among, compare, is_linear, near
from rashpath.readings.proof.solver import (
    NumberTerm,
    Term,
    as_real,
    boolean,
    conj,
    constant,
    disj,
    neg,
    real,
    select,
    whole,
)


class Encoding:
    """The cases of one dictionary, in the solver's terms.

    Args:
        dictionary: the facts.
        name: tells several cases in one question apart.
    """

    def __init__(self, dictionary: Dictionary, name: str = "") -> None:
        self.dictionary = dictionary
        self._name = name
        self.values: dict[str, NumberTerm] = {}
        self.domain: list[Term] = []
        self.ties: list[Term] = []
        self.equal: list[Term] = []
        self.roundings: list[tuple[NumberTerm, Number]] = []
        self._rounded: dict[tuple[str, Number], NumberTerm] = {}
        self._free: dict[str, NumberTerm] = {}
        for fact in dictionary:
            match fact.kind:
                case Choice() as kind:
                    value = whole(fact.path + name)
                    numbers = [each.number for each in kind.values]
                    self.domain += [value >= min(numbers), value <= max(numbers)]
                    gaps = set(range(min(numbers), max(numbers))) - set(numbers)
                    self.domain += [value != gap for gap in sorted(gaps)]
                case kind:
                    value = (whole if isinstance(kind, WholeNumber) else real)(fact.path + name)
                    low, high = constant(kind.hard.minimum), constant(kind.hard.maximum)
                    self.domain += [as_real(value) >= low, as_real(value) <= high]
            self.values[fact.path] = value

    def free(self, computed: Computed) -> NumberTerm:
        """Returns a computed number as an unknown of its own, within its declared range."""
        if computed.id not in self._free:
            value = self._free[computed.id] = real(f"unknown {computed.id}{self._name}")
            self.domain += [
                value >= constant(computed.minimum),
                value <= constant(computed.maximum),
            ]
        return self._free[computed.id]

    def rounded(self, sight: Sight, number: Number) -> NumberTerm:
        """Returns the rounding of a number without branches at its top.

        It is the same in all sights, unless a branch inside it depends on what is known.
        """
        depends = any(isinstance(leaf, Given) for test in tests_in(number) for leaf in leaves(test))
        key = (sight.name if depends else "", number)
        if key not in self._rounded:
            value = self._rounded[key] = real(f"number {len(self._rounded)}{self._name}")
            low, high = (Fraction(bound) for bound in interval(number, self.dictionary))
            self.domain += [
                value >= constant(low - HALF_STEP),
                value <= constant(high + HALF_STEP),
            ]
            exact = sight.exactly(number)
            self.equal.append(value == exact)
            self.roundings.append((value, number))
            if is_linear(number):
                self.domain.append(near(value, exact))
            else:
                self.ties.append(near(value, exact))
        return self._rounded[key]


class Sight:
    """What is known of a case, and what conditions mean for it.

    Args:
        encoding: the cases.
        name: tells several sights of one case apart.
        known: for each fact, whether it is known; None: a free truth value each.
        numbers: computed numbers that in every completion have another value than their own, by id.
    """

    def __init__(
        self,
        encoding: Encoding,
        name: str,
        known: Mapping[str, Term] | None = None,
        numbers: Mapping[str, NumberTerm] | None = None,
    ) -> None:
        self.encoding = encoding
        self.name = name
        self.known: Mapping[str, Term] = (
            {path: boolean(f"known{name} {path}") for path in encoding.values}
            if known is None
            else known
        )
        self._numbers = numbers or {}
        self._kleene: dict[str, Pair] = {}
        self._plain: dict[str, Term] = {}
        self._computed: dict[str, tuple[Term, NumberTerm]] = {}

    def kleene(self, condition: Condition) -> Pair:
        """Returns where a condition is true and where it is false, by Kleene's tables."""
        match condition:
            case Always():
                return condition.value, not condition.value
            case Compare():
                known, value = self.number(condition.left)
                holds = compare(value, condition.operator, condition.right.value)
                return conj((known, holds)), conj((known, neg(holds)))
            case OneOf():
                known = self.known[condition.fact]
                holds = self.one_of(condition)
                return conj((known, holds)), conj((known, neg(holds)))
            case Given():
                known = self.known[condition.fact]
                return known, neg(known)
            case Exists():
                return self.kleene(condition.computed.valid_when)
            case Named():
                if condition.id not in self._kleene:
                    self._kleene[condition.id] = self.kleene(condition.condition)
                return self._kleene[condition.id]
            case Not():
                true, false = self.kleene(condition.operand)
                return false, true
            case And():
                return conjoin(self.kleene(operand) for operand in condition.operands)
            case Or():
                return disjoin(self.kleene(operand) for operand in condition.operands)
            case Choose():
                return choose(
                    self.kleene(condition.test),
                    self.kleene(condition.then),
                    self.kleene(condition.otherwise),
                )
            case Applies() | Undetermined() | DoseGiven():
                raise ValueError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)

    def plain(self, condition: Condition) -> Term:
        """Returns where a condition is true in a completion."""
        match condition:
            case Always():
                return condition.value
            case Compare():
                return compare(
                    self.completed(condition.left), condition.operator, condition.right.value
                )
            case OneOf():
                return self.one_of(condition)
            case Given():
                return self.known[condition.fact]
            case Exists():
                return self.plain(condition.computed.valid_when)
            case Named():
                if condition.id not in self._plain:
                    self._plain[condition.id] = self.plain(condition.condition)
                return self._plain[condition.id]
            case Not():
                return neg(self.plain(condition.operand))
            case And():
                return conj(self.plain(operand) for operand in condition.operands)
            case Or():
                return disj(self.plain(operand) for operand in condition.operands)
            case Choose():
                test = self.plain(condition.test)
                return disj(
                    (
                        conj((test, self.plain(condition.then))),
                        conj((neg(test), self.plain(condition.otherwise))),
                    )
                )
            case Applies() | Undetermined() | DoseGiven():
                raise ValueError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)

    def one_of(self, condition: OneOf) -> Term:
        """Returns where a choice has one of some values."""
        return among(self.encoding.values[condition.fact], condition.values)

    def number(self, number: FactNumber | Computed) -> tuple[Term, NumberTerm]:
        """Returns where a number is known, and its value there."""
        match number:
            case FactNumber():
                return self.known[number.fact], self.encoding.values[number.fact]
            case Computed():
                if number.id not in self._computed:
                    _, absent = self.kleene(number.valid_when)
                    known, value = self._branches(number.formula)
                    self._computed[number.id] = (conj((neg(absent), known)), value)
                return self._computed[number.id]
            case _:
                assert_never(number)

    def completed(self, number: FactNumber | Computed) -> NumberTerm:
        """Returns a number in a completion: its value, or where unknown one of its own."""
        if isinstance(number, Computed) and number.id in self._numbers:
            return self._numbers[number.id]
        known, value = self.number(number)
        if isinstance(number, FactNumber):
            return value
        return select(known, value, self.encoding.free(number))

    def exactly(self, number: Number) -> NumberTerm:
        """Returns the exact value of a formula whose inputs are known, unrounded."""
        match number:
            case Constant():
                return constant(number.value)
            case FactNumber():
                return as_real(self.encoding.values[number.fact])
            case Computed():
                return self.number(number)[1]
            case AsDecimal():
                return self.exactly(number.operand)
            case Combine():
                left, right = self.exactly(number.left), self.exactly(number.right)
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
                return select(
                    self.plain(number.test),
                    self.exactly(number.then),
                    self.exactly(number.otherwise),
                )
            case _:
                assert_never(number)

    def _branches(self, number: Number) -> tuple[Term, NumberTerm]:
        """Returns where a formula is known and its rounded value, branch by branch."""
        if not isinstance(number, ChooseNumber):
            return self._known(number), self.encoding.rounded(self, number)
        true, false = self.kleene(number.test)
        then_known, then = self._branches(number.then)
        else_known, otherwise = self._branches(number.otherwise)
        known = disj(
            (
                conj((true, then_known)),
                conj((false, else_known)),
                conj((neg(true), neg(false), then_known, else_known, then == otherwise)),
            )
        )
        return known, select(false, otherwise, then)

    def _known(self, number: Number) -> Term:
        match number:
            case Constant():
                return True
            case FactNumber():
                return self.known[number.fact]
            case Computed():
                return self.number(number)[0]
            case AsDecimal():
                return self._known(number.operand)
            case Combine():
                return conj((self._known(number.left), self._known(number.right)))
            case ChooseNumber():
                true, false = self.kleene(number.test)
                then, otherwise = self._known(number.then), self._known(number.otherwise)
                same = False
                if number.then == number.otherwise:
                    same = True
                elif not isinstance(number.then, Constant) or not isinstance(
                    number.otherwise, Constant
                ):
                    same = self.exactly(number.then) == self.exactly(number.otherwise)
                elif number.then.value == number.otherwise.value:
                    same = True
                return disj(
                    (
                        conj((true, then)),
                        conj((false, otherwise)),
                        conj((neg(true), neg(false), then, otherwise, same)),
                    )
                )
            case _:
                assert_never(number)
