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
from rashpath.readings.cohort.word import Word

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
    """Returns a fact as the query takes it: a number as it is, a choice as a word.

    A name that is none of the choice's gives a word that is negative.
    """
    match fact.kind:
        case Choice() as choice:
            word = word_of(choice)
            # The last value is the commonest: it is the "no" of a question.
            return ibis.cases(
                (raw.isnull(), word.unknown),
                *(
                    (raw == value.short, word.known(index))
                    for index, value in reversed(list(enumerate(choice.values)))
                ),
                else_=word.faulty,
            )
        case WholeNumber() | DecimalNumber():
            return raw
        case _:
            assert_never(fact.kind)


def unknown(fact: Fact) -> Value:
    """Returns the column, as :func:`read`, of a fact that is unknown in every case."""
    match fact.kind:
        case Choice() as choice:
            return word_of(choice).unknown
        case WholeNumber():
            return ibis.null("int32")
        case DecimalNumber():
            return ibis.null("float64")
        case _:
            assert_never(fact.kind)


def word_of(choice: Choice) -> Word:
    """Returns the form of a choice's words, its values in the order of the dictionary."""
    return Word(len(choice.values))


def indices(choice: Choice, numbers: Iterable[int]) -> list[int]:
    """Returns the places of some values of a choice, which are given by their numbers."""
    wanted = frozenset(numbers)
    return [index for index, each in enumerate(choice.values) if each.number in wanted]


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
