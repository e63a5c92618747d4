"""Translates conditions and formulas to columns, by Kleene's tables.

The cases stand in the order of the node types, as in the walk's own evaluation.
"""

from __future__ import annotations

from typing import assert_never

import ibis
import ibis.expr.types as ir

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
)
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, WholeNumber
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.case_table import indices, word_of
from rashpath.readings.cohort.numbers import compare, double
from rashpath.readings.cohort.truth import Value


def translate(condition: Condition, cases: ir.Table, dictionary: Dictionary) -> Value:
    """Returns a condition as a column of truth values, by Kleene's tables.

    Args:
        condition: any condition but those of invariants.
        cases: the facts by path. An unknown number is NULL; a choice is a word.
        dictionary: the facts.
    """
    match condition:
        case Always():
            return truth.constant(truth.TRUE if condition.value else truth.FALSE)
        case Compare():
            value = number(condition.left, cases, dictionary)
            rounded = isinstance(condition.left, Computed)
            test = compare(value, condition.operator, float(condition.right.value), rounded=rounded)
            return truth.of(test, value.isnull())
        case OneOf():
            choice = choice_of(condition.fact, dictionary)
            word = cases[condition.fact]
            return word_of(choice).is_one_of(word, indices(choice, condition.values))
        case Given():
            return given(condition.fact, cases, dictionary)
        case Exists():
            return translate(condition.computed.valid_when, cases, dictionary)
        case Named():
            return translate(condition.condition, cases, dictionary)
        case Not():
            return truth.negate(translate(condition.operand, cases, dictionary))
        case And():
            return truth.conjoin(
                translate(operand, cases, dictionary) for operand in condition.operands
            )
        case Or():
            return truth.disjoin(
                translate(operand, cases, dictionary) for operand in condition.operands
            )
        case Choose():
            return truth.choose(
                translate(condition.test, cases, dictionary),
                translate(condition.then, cases, dictionary),
                translate(condition.otherwise, cases, dictionary),
            )
        case Applies() | Undetermined() | DoseGiven():
            raise ExpressionError("a term about a decision stands outside an invariant")
        case _:
            assert_never(condition)


def number(value: Number, cases: ir.Table, dictionary: Dictionary) -> Value:
    """Returns a number as a column, not rounded; NULL where it is unknown or does not exist.

    Args:
        value: any number. A computed one must be rounded where it is compared.
        cases: as of :func:`translate`.
        dictionary: the facts.
    """
    match value:
        case Constant():
            return double(value.value)
        case FactNumber():
            return cases[value.fact]
        case Computed():
            formula = number(value.formula, cases, dictionary)
            if value.valid_when == Always(True):
                return formula
            valid = translate(value.valid_when, cases, dictionary)
            return ibis.cases((valid != truth.FALSE, formula))
        case AsDecimal():
            return number(value.operand, cases, dictionary).cast("float64")
        case Combine():
            left, right = (
                number(value.left, cases, dictionary),
                number(value.right, cases, dictionary),
            )
            match value.operator:
                case Arithmetic.ADD:
                    return left + right
                case Arithmetic.SUBTRACT:
                    return left - right
                case Arithmetic.MULTIPLY:
                    return left * right
                case Arithmetic.DIVIDE:
                    return left / right
                case _:
                    assert_never(value.operator)
        case ChooseNumber():
            test = translate(value.test, cases, dictionary)
            then, otherwise = (
                number(value.then, cases, dictionary),
                number(value.otherwise, cases, dictionary),
            )
            # Not ELSE: an unknown test must not choose.
            return ibis.cases(
                (test == truth.TRUE, then),
                (test == truth.FALSE, otherwise),
                (then == otherwise, then),
            )
        case _:
            assert_never(value)


def given(fact: str, cases: ir.Table, dictionary: Dictionary) -> Value:
    """Returns where a fact is given, as a truth value; never unknown."""
    match dictionary[fact].kind:
        case Choice() as choice:
            return word_of(choice).given(cases[fact])
        case WholeNumber() | DecimalNumber():
            return ibis.cases(
                (cases[fact].isnull(), truth.constant(truth.FALSE)),
                else_=truth.constant(truth.TRUE),
            )
        case _:
            assert_never(dictionary[fact].kind)


def choice_of(fact: str, dictionary: Dictionary) -> Choice:
    """Returns the choice that a fact is."""
    kind = dictionary[fact].kind
    assert isinstance(kind, Choice)
    return kind
