"""Writes a condition or number as CEL text again, in one canonical form."""

from __future__ import annotations

from typing import assert_never

from rashpath.expression.tree import (
    Always,
    And,
    Applies,
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


def condition_text(condition: Condition) -> str:
    """Returns a condition as CEL text, definitions by their names.

    Example:
        >>> condition_text(Not(OneOf("rash.trend", (1,), ("IMPROVING",))))
        '!(rash.trend == IMPROVING)'
    """
    match condition:
        case Always():
            return "true" if condition.value else "false"
        case Compare():
            left, right = number_text(condition.left), number_text(condition.right)
            return f"{left} {condition.operator} {right}"
        case OneOf(fact, _, (only,)):
            return f"{fact} == {only}"
        case OneOf():
            return f"{condition.fact} in [{', '.join(condition.names)}]"
        case Given():
            return f"has({condition.fact})"
        case Exists():
            return f"valid({condition.computed.id})"
        case Named():
            return condition.id
        case Not():
            return f"!{_atom(condition.operand)}"
        case And():
            return " && ".join(_atom(operand) for operand in condition.operands)
        case Or():
            return " || ".join(_atom(operand) for operand in condition.operands)
        case Choose():
            parts = (condition.test, condition.then, condition.otherwise)
            return "{} ? {} : {}".format(*(_atom(part) for part in parts))
        case Applies():
            return f"applies('{condition.node}')"
        case Undetermined():
            return f"undetermined('{condition.node}')"
        case DoseGiven():
            return f"dose_given('{condition.node}')"
        case _:
            assert_never(condition)


def number_text(number: Number) -> str:
    """Returns a number as CEL text, named and computed numbers by their names."""
    match number:
        case Constant():
            return number.name or repr(number.value)
        case FactNumber():
            return number.fact
        case Computed():
            return number.id
        case AsDecimal():
            return f"double({number_text(number.operand)})"
        case Combine():
            return f"({number_text(number.left)} {number.operator} {number_text(number.right)})"
        case ChooseNumber():
            then, otherwise = number_text(number.then), number_text(number.otherwise)
            return f"({_atom(number.test)} ? {then} : {otherwise})"
        case _:
            assert_never(number)


def _atom(condition: Condition) -> str:
    text = condition_text(condition)
    match condition:
        case Always() | Given() | Exists() | Named() | Not():
            return text
        case Applies() | Undetermined() | DoseGiven():
            return text
        case Compare() | OneOf() | And() | Or() | Choose():
            return f"({text})"
        case _:
            assert_never(condition)
