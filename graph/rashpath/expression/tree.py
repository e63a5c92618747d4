"""The closed typed tree that every condition and formula becomes.

All readings see this tree and nothing else of a condition. A new node must be handled in every
reading: each of them matches on :data:`Condition` or :data:`Number` and ends in ``assert_never``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Operator(StrEnum):
    """How two numbers are compared."""

    LESS = "<"
    LESS_OR_EQUAL = "<="
    EQUAL = "=="
    NOT_EQUAL = "!="
    GREATER_OR_EQUAL = ">="
    GREATER = ">"


class Arithmetic(StrEnum):
    """How two numbers are combined."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"


# Conditions


@dataclass(frozen=True, slots=True)
class Always:
    """A constant truth value."""

    value: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of one variable number with a constant."""

    left: FactNumber | Computed
    operator: Operator
    right: Constant


@dataclass(frozen=True, slots=True)
class OneOf:
    """A choice has one of some values.

    Args:
        fact: path of the fact.
        values: numbers of the values, ascending.
        names: their short names, in the same order.
    """

    fact: str
    values: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A fact is given. Decided on the case as it is, never unknown."""

    fact: str


@dataclass(frozen=True, slots=True)
class Exists:
    """A computed number exists: its ``valid_when`` holds."""

    computed: Computed


@dataclass(frozen=True, slots=True)
class Named:
    """A definition by its name."""

    id: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more conditions."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more conditions."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Choose:
    """One of two conditions, depending on a third."""

    test: Condition
    then: Condition
    otherwise: Condition


@dataclass(frozen=True, slots=True)
class Applies:
    """A recommendation applies. In invariants only."""

    node: str


@dataclass(frozen=True, slots=True)
class Undetermined:
    """A recommendation is undetermined. In invariants only."""

    node: str


@dataclass(frozen=True, slots=True)
class DoseGiven:
    """A recommendation shows a dose in mg. In invariants only."""

    node: str


Leaf = Compare | OneOf | Given
OfDecision = Applies | Undetermined | DoseGiven
Condition = Always | Leaf | Exists | Named | Not | And | Or | Choose | OfDecision


# Numbers


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal or a named number; ``name`` is empty for a literal."""

    value: int | float
    name: str = ""


@dataclass(frozen=True, slots=True)
class FactNumber:
    """The value of a fact."""

    fact: str


@dataclass(frozen=True, slots=True)
class Computed:
    """A number computed from facts, rounded to 9 decimals before it is compared.

    Args:
        id: its name.
        formula: arithmetic over facts.
        valid_when: the condition under which it exists.
        minimum: all that the formula can give is at least this.
        maximum: all that the formula can give is at most this.
    """

    id: str
    formula: Number
    valid_when: Condition
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class AsDecimal:
    """A whole number as a decimal one."""

    operand: Number


@dataclass(frozen=True, slots=True)
class Combine:
    """Two numbers combined."""

    left: Number
    operator: Arithmetic
    right: Number


@dataclass(frozen=True, slots=True)
class ChooseNumber:
    """One of two numbers, depending on a condition."""

    test: Condition
    then: Number
    otherwise: Number


Number = Constant | FactNumber | Computed | AsDecimal | Combine | ChooseNumber


def leaves(condition: Condition) -> Iterator[Leaf | Exists]:
    """Yields the comparisons of a condition in reading order, definitions opened."""
    match condition:
        case Always() | Applies() | Undetermined() | DoseGiven():
            return
        case Compare() | OneOf() | Given() | Exists():
            yield condition
        case Named():
            yield from leaves(condition.condition)
        case Not():
            yield from leaves(condition.operand)
        case And() | Or():
            for operand in condition.operands:
                yield from leaves(operand)
        case Choose():
            for part in (condition.test, condition.then, condition.otherwise):
                yield from leaves(part)
        case _:
            assert_never(condition)


def numbers_in(number: Number) -> Iterator[FactNumber]:
    """Yields the facts that a formula reads as numbers, in reading order."""
    match number:
        case Constant():
            return
        case FactNumber():
            yield number
        case Computed():
            yield from numbers_in(number.formula)
        case AsDecimal():
            yield from numbers_in(number.operand)
        case Combine():
            yield from numbers_in(number.left)
            yield from numbers_in(number.right)
        case ChooseNumber():
            yield from numbers_in(number.then)
            yield from numbers_in(number.otherwise)
        case _:
            assert_never(number)


def tests_in(number: Number) -> Iterator[Condition]:
    """Yields the conditions that a formula chooses by, in reading order."""
    match number:
        case Constant() | FactNumber():
            return
        case Computed():
            yield from tests_in(number.formula)
        case AsDecimal():
            yield from tests_in(number.operand)
        case Combine():
            yield from tests_in(number.left)
            yield from tests_in(number.right)
        case ChooseNumber():
            yield number.test
            yield from tests_in(number.then)
            yield from tests_in(number.otherwise)
        case _:
            assert_never(number)


def computed_in(condition: Condition) -> Iterator[Computed]:
    """Yields the computed numbers that a condition reads, in reading order."""
    for leaf in leaves(condition):
        match leaf:
            case Exists():
                yield leaf.computed
            case Compare(left=Computed() as computed):
                yield computed
            case Compare() | OneOf() | Given():
                pass
            case _:
                assert_never(leaf)


def facts_of(condition: Condition) -> tuple[str, ...]:
    """Returns the paths of all facts that a condition can depend on, in reading order."""
    found: dict[str, None] = {}
    for leaf in leaves(condition):
        match leaf:
            case OneOf() | Given():
                found[leaf.fact] = None
            case Compare():
                found.update(dict.fromkeys(facts_of_number(leaf.left)))
            case Exists():
                found.update(dict.fromkeys(facts_of(leaf.computed.valid_when)))
            case _:
                assert_never(leaf)
    return tuple(found)


def facts_of_number(number: Number) -> tuple[str, ...]:
    """Returns the paths of all facts that a number can depend on, in reading order."""
    found: dict[str, None] = {}
    for test in tests_in(number):
        found.update(dict.fromkeys(facts_of(test)))
    found.update((fact.fact, None) for fact in numbers_in(number))
    return tuple(found)


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """Returns the parts of a conjunction, or the condition alone."""
    return condition.operands if isinstance(condition, And) else (condition,)
