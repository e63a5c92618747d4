"""The steps that the kernel takes; `kernel.c` says what each does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from rashpath.expression.tree import Arithmetic, Operator


class Op(IntEnum):
    """What a step does; the numbers are those of the kernel."""

    AND = 0
    OR = 1
    NOT = 2
    LESS = 3
    AT_MOST = 4
    EQUAL = 5
    NOT_EQUAL = 6
    AT_LEAST = 7
    MORE = 8
    TABLE = 9
    HAS_NUMBER = 10
    HAS_CHOICE = 11
    CHOOSE = 12
    ADD = 13
    SUBTRACT = 14
    MULTIPLY = 15
    DIVIDE = 16
    CHOOSE_NUMBER = 17
    COMPUTED = 18
    MISSING = 19
    UNION = 20
    IF_UNKNOWN = 21
    FACT_IF_UNKNOWN = 22
    CHOOSE_MASK = 23


COMPARE: Final = {
    Operator.LESS: Op.LESS,
    Operator.LESS_OR_EQUAL: Op.AT_MOST,
    Operator.EQUAL: Op.EQUAL,
    Operator.NOT_EQUAL: Op.NOT_EQUAL,
    Operator.GREATER_OR_EQUAL: Op.AT_LEAST,
    Operator.GREATER: Op.MORE,
}
COMBINE: Final = {
    Arithmetic.ADD: Op.ADD,
    Arithmetic.SUBTRACT: Op.SUBTRACT,
    Arithmetic.MULTIPLY: Op.MULTIPLY,
    Arithmetic.DIVIDE: Op.DIVIDE,
}
TRUTHS: Final = range(Op.AND, Op.CHOOSE + 1)
NUMBERS: Final = range(Op.ADD, Op.COMPUTED + 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        op: what it does.
        count: how many operands or entries it reads; of arithmetic 1 where all are whole numbers.
        to: the slot that it writes.
        a: a slot, a fact, or where its operands begin.
        b: a second one.
    """

    op: Op
    count: int
    to: int
    a: int
    b: int
