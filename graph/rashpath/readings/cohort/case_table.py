"""The table of cases: a row key, and a column a fact; NULL is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, assert_never

import ibis
import ibis.expr.types as ir

from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.numbers import double
from rashpath.readings.cohort.truth import Value

TABLE: Final = "cases"
"""Name of the table that the SQL reads."""

FAULT: Final = "fault"
"""Column that is true where a fact of the row is not what the dictionary allows."""


def case_table(
    dictionary: Dictionary, facts: Iterable[str], key: str, key_type: str = "string"
) -> ir.Table:
    """Returns the table of cases, not bound to any database.

    Args:
        dictionary: the facts.
        facts: paths of the facts that the table has; all others are unknown in every case.
        key: name of the column that names a case.
        key_type: its type, in Ibis's words.
    """
    columns = {key: key_type}
    for path in facts:
        match dictionary[path].kind:
            case Choice():
                columns[path] = "string"
            case WholeNumber():
                columns[path] = "int32"
            case DecimalNumber():
                columns[path] = "float64"
            case _:
                assert_never(dictionary[path].kind)
    return ibis.table(columns, name=TABLE)


def read(fact: Fact, raw: Value) -> Value:
    """Returns a fact as the query takes it: a number as it is, a choice as what it may be.

    What a choice may be has one bit a value, in the order of the dictionary; all of them where it
    is unknown, and a negative number where its name is none of the choice's.
    """
    match fact.kind:
        case Choice() as choice:
            return ibis.cases(
                *(
                    (raw == value.short, truth.small(1 << index))
                    for index, value in enumerate(choice.values)
                ),
                (raw.isnull(), truth.small(every(choice))),
                else_=truth.small(-1),
            )
        case WholeNumber() | DecimalNumber():
            return raw
        case _:
            assert_never(fact.kind)


def unknown(fact: Fact) -> Value:
    """Returns the column, as :func:`read`, of a fact that is unknown in every case."""
    match fact.kind:
        case Choice() as choice:
            return truth.small(every(choice))
        case WholeNumber():
            return ibis.null("int32")
        case DecimalNumber():
            return ibis.null("float64")
        case _:
            assert_never(fact.kind)


def every(choice: Choice) -> int:
    """Returns the bits of all values of a choice."""
    return (1 << len(choice.values)) - 1


def bits(choice: Choice, numbers: Iterable[int]) -> int:
    """Returns the bits of some values of a choice, which are given by their numbers."""
    wanted = frozenset(numbers)
    return sum(1 << index for index, each in enumerate(choice.values) if each.number in wanted)


def fault(fact: Fact, value: Value) -> Value:
    """Returns a negative number where a fact, as :func:`read`, is not one of the dictionary."""
    match fact.kind:
        case Choice():
            return value
        case WholeNumber() as kind:
            low = ibis.literal(int(kind.hard.minimum), "int32")
            high = ibis.literal(int(kind.hard.maximum), "int32")
        case DecimalNumber() as kind:
            low, high = double(kind.hard.minimum), double(kind.hard.maximum)
        case _:
            assert_never(fact.kind)
    # A NaN is the largest number in some databases, and compares with nothing in others.
    return ibis.cases(
        (value < low, truth.small(-1)),
        (value <= high, truth.small(0)),
        (value.isnull(), truth.small(0)),
        else_=truth.small(-1),
    )
