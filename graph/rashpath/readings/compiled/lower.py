"""Lowers conditions and formulas to steps of the kernel: each distinct one once, in order of need.

A step reads slots and writes one: of truths, of numbers, or of sets of facts. The kernel
(`kernel.c`) says what each does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Final, assert_never

from rashpath.expression.errors import ExpressionError
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
    facts_of,
    leaves,
)
from rashpath.facts.dictionary import Choice, Dictionary, WholeNumber
from rashpath.readings.compiled.kernel_step import COMBINE, COMPARE, NUMBERS, TRUTHS, Op, Step

FALSE: Final = 0
UNKNOWN: Final = 1
TRUE: Final = 3

MISSING: Final = float("nan")
"""A number that is not known or does not exist."""

FALSE_SLOT: Final = 0
TRUE_SLOT: Final = 2
"""Slots of truths that hold what never changes; slot 1 is always unknown."""
_NOTHING: Final = 0
"""The slot of the empty set."""


class NotLoweredError(Exception):
    """A guideline that the kernel cannot serve, though the plain walk can."""


class Lowering:
    """Collects steps, and what they look into.

    Args:
        dictionary: the facts; the first slots of numbers are theirs, in order. Of a choice the
            number is that of its value, 0 where it is unknown.

    Attributes:
        steps: the steps.
        pool: operands of the steps that have many.
        table: truths of the values of choices.
        numbers: what each slot of numbers holds before a case: constants, of facts what is unknown.
        truths: count of the slots of truths.
        masks: count of the slots of sets.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.steps: list[Step] = []
        self.pool: list[int] = []
        self.table: list[int] = []
        self.numbers = [0.0 if isinstance(fact.kind, Choice) else MISSING for fact in dictionary]
        self.truths = 3
        self.masks = 1
        self._dictionary = dictionary
        self._made: dict[Hashable, int] = {}
        self._tables: dict[tuple[int, ...], int] = {}
        self._constants: dict[float, int] = {}
        self._whole = {fact.order for fact in dictionary if isinstance(fact.kind, WholeNumber)}

    # Truths

    def truth(self, condition: Condition) -> int:
        """Returns the slot of the truth of a condition."""
        match condition:
            case Always():
                return TRUE_SLOT if condition.value else FALSE_SLOT
            case Compare():
                left, right = self.number(condition.left), self._constant(condition.right.value)
                return self._step(COMPARE[condition.operator], left, right)
            case OneOf():
                first, size = self._table(condition)
                return self._step(Op.TABLE, self.fact(condition.fact), first, size)
            case Given():
                return self._has(condition.fact)
            case Exists():
                return self.truth(condition.computed.valid_when)
            case Named():
                return self.truth(condition.condition)
            case Not():
                return self._not(self.truth(condition.operand))
            case And():
                return self.conjoin(map(self.truth, condition.operands))
            case Or():
                return self.disjoin(map(self.truth, condition.operands))
            case Choose():
                parts = (condition.test, condition.then, condition.otherwise)
                return self._many(Op.CHOOSE, map(self.truth, parts))
            case Applies() | Undetermined() | DoseGiven():
                raise ExpressionError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)

    def conjoin(self, slots: Iterable[int]) -> int:
        """Returns the slot of what is true where all of some truths are."""
        return self._join(Op.AND, slots, TRUE_SLOT, FALSE_SLOT)

    def disjoin(self, slots: Iterable[int]) -> int:
        """Returns the slot of what is true where any of some truths is."""
        return self._join(Op.OR, slots, FALSE_SLOT, TRUE_SLOT)

    def _join(self, op: Op, slots: Iterable[int], neutral: int, settling: int) -> int:
        kept = dict.fromkeys(slot for slot in slots if slot != neutral)
        if settling in kept:
            return settling
        if len(kept) <= 1:
            return next(iter(kept), neutral)
        return self._many(op, kept)

    def _not(self, slot: int) -> int:
        if slot in (FALSE_SLOT, TRUE_SLOT):
            return TRUE_SLOT if slot == FALSE_SLOT else FALSE_SLOT
        return self._step(Op.NOT, slot)

    def _table(self, leaf: OneOf) -> tuple[int, int]:
        kind = self._dictionary[leaf.fact].kind
        assert isinstance(kind, Choice)
        truths = [UNKNOWN] * (max(value.number for value in kind.values) + 1)
        for value in kind.values:
            truths[value.number] = TRUE if value.number in leaf.values else FALSE
        table = tuple(truths)
        if table not in self._tables:
            self._tables[table] = len(self.table)
            self.table += table
        return self._tables[table], len(table)

    # Numbers

    def number(self, number: Number) -> int:
        """Returns the slot of a number."""
        match number:
            case Constant():
                return self._constant(number.value)
            case FactNumber():
                return self.fact(number.fact)
            case Computed():
                return self.computed(number)[0]
            case AsDecimal():
                return self.number(number.operand)
            case Combine():
                left, right = self.number(number.left), self.number(number.right)
                return self._step(COMBINE[number.operator], left, right, self._is_whole(number))
            case ChooseNumber():
                parts = (self.number(number.then), self.number(number.otherwise))
                return self._many(Op.CHOOSE_NUMBER, (self.truth(number.test), *parts))
            case _:
                assert_never(number)

    def computed(self, computed: Computed) -> tuple[int, int]:
        """Returns the slots of a computed number and of the truth that it exists."""
        valid = self.truth(computed.valid_when)
        return self._step(Op.COMPUTED, self.number(computed.formula), valid), valid

    def fact(self, path: str) -> int:
        """Returns the slot of a fact's number."""
        return self._dictionary[path].order

    def _constant(self, value: float) -> int:
        if value not in self._constants:
            self._constants[value] = len(self.numbers)
            if float(value) != value:
                raise NotLoweredError("a whole number that no double holds")
            self.numbers.append(float(value))
        return self._constants[value]

    def _is_whole(self, number: Number) -> bool:
        match number:
            case Constant():
                return isinstance(number.value, int)
            case FactNumber():
                return self.fact(number.fact) in self._whole
            case Computed() | AsDecimal():
                return False
            case Combine():
                divides = number.operator is Arithmetic.DIVIDE
                return not divides and self._is_whole(number.left) and self._is_whole(number.right)
            case ChooseNumber():
                return self._is_whole(number.then) or self._is_whole(number.otherwise)
            case _:
                assert_never(number)

    # Sets of facts

    def waits_for(self, number: Number) -> int:
        """Returns the slot of the unknown facts that a number waits for."""
        match number:
            case Constant():
                return _NOTHING
            case FactNumber():
                return self._step(Op.MISSING, self.fact(number.fact), self.fact(number.fact))
            case Computed():
                return self.waits_for(number.formula)
            case AsDecimal():
                return self.waits_for(number.operand)
            case Combine():
                return self.union(map(self.waits_for, (number.left, number.right)))
            case ChooseNumber():
                parts = (
                    self.number(number),
                    self.truth(number.test),
                    self.waits_for(number.then),
                    self.waits_for(number.otherwise),
                    self.unknown_in(number.test),
                )
                return self._many(Op.CHOOSE_MASK, parts)
            case _:
                assert_never(number)

    def unknown_in(self, condition: Condition) -> int:
        """Returns the slot of the unknown facts that keep a condition open."""
        match condition:
            case Always() | Given():
                return _NOTHING
            case Compare():
                facts = self.waits_for(condition.left)
            case OneOf():
                fact = self.fact(condition.fact)
                return self._step(Op.FACT_IF_UNKNOWN, fact, self.truth(condition))
            case Exists():
                return self.unknown_in(condition.computed.valid_when)
            case Named():
                return self.unknown_in(condition.condition)
            case Not():
                return self.unknown_in(condition.operand)
            case And() | Or():
                facts = self.union(map(self.unknown_in, condition.operands))
            case Choose():
                parts = (condition.test, condition.then, condition.otherwise)
                facts = self.union(map(self.unknown_in, parts))
            case Applies() | Undetermined() | DoseGiven():
                raise ExpressionError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)
        if facts == _NOTHING:
            return facts
        return self._step(Op.IF_UNKNOWN, facts, self.truth(condition))

    def union(self, slots: Iterable[int]) -> int:
        """Returns the slot of all that is in any of some sets."""
        kept = dict.fromkeys(slot for slot in slots if slot != _NOTHING)
        return self._many(Op.UNION, kept) if len(kept) > 1 else next(iter(kept), _NOTHING)

    # Why a computed number has no value

    def state(self, computed: Computed) -> tuple[int, ...]:
        """Returns the slots of all truths that tell why a computed number has no value.

        Equal truths mean that it waits for the same facts, in the same order of reading.
        """
        return tuple(dict.fromkeys([self.truth(computed.valid_when), *self._states(computed)]))

    def reasons(self, condition: Condition) -> tuple[int, ...]:
        """Returns the slots of all truths that tell why a condition is what it is.

        Equal truths mean the same comparisons for the same facts, given or not.
        """
        given = map(self._has, facts_of(condition))
        return tuple(dict.fromkeys([*self._states_of(condition), *given]))

    def _has(self, path: str) -> int:
        choice = isinstance(self._dictionary[path].kind, Choice)
        return self._step(Op.HAS_CHOICE if choice else Op.HAS_NUMBER, self.fact(path))

    def _states(self, number: Number) -> Iterator[int]:
        match number:
            case Constant():
                return
            case FactNumber():
                yield self._step(Op.HAS_NUMBER, self.fact(number.fact))
            case Computed():
                yield from self._states_of(number.valid_when)
                yield from self._states(number.formula)
            case AsDecimal():
                yield from self._states(number.operand)
            case Combine():
                yield from self._states(number.left)
                yield from self._states(number.right)
            case ChooseNumber():
                yield self._step(Op.HAS_NUMBER, self.number(number))
                yield from self._states_of(number.test)
                yield from self._states(number.then)
                yield from self._states(number.otherwise)
            case _:
                assert_never(number)

    def _states_of(self, condition: Condition) -> Iterator[int]:
        for leaf in leaves(condition):
            yield self.truth(leaf)
            match leaf:
                case Exists():
                    yield from self._states_of(leaf.computed.valid_when)
                case Compare():
                    yield from self._states(leaf.left)
                case OneOf() | Given():
                    continue
                case _:
                    assert_never(leaf)

    # Steps

    def _step(self, op: Op, a: int, b: int = 0, count: int = 0) -> int:
        key = (op, a, b, count)
        if key not in self._made:
            self._made[key] = self._add(op, count, a, b)
        return self._made[key]

    def _many(self, op: Op, slots: Iterable[int]) -> int:
        operands = tuple(slots)
        key = (op, operands)
        if key not in self._made:
            first = len(self.pool)
            self.pool += operands
            self._made[key] = self._add(op, len(operands), first, 0)
        return self._made[key]

    def _add(self, op: Op, count: int, a: int, b: int) -> int:
        if op in TRUTHS:
            to, self.truths = self.truths, self.truths + 1
        elif op in NUMBERS:
            to = len(self.numbers)
            self.numbers.append(MISSING)
        else:
            to, self.masks = self.masks, self.masks + 1
        self.steps.append(Step(op, count, to, a, b))
        return to
