"""Evaluates the invariants of a guideline over one walk."""

from __future__ import annotations

from typing import assert_never

from rashpath.expression.evaluate import evaluate
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Choose,
    Compare,
    Condition,
    DoseGiven,
    Exists,
    Given,
    Named,
    Not,
    OneOf,
    Or,
    Undetermined,
)
from rashpath.expression.truth import Truth, conjoin, disjoin, negate
from rashpath.guideline.model import Invariant
from rashpath.readings.walk import Verdict, Walk


def holds(invariant: Invariant, walked: Walk) -> Truth:
    """Tells whether an invariant holds for one walk.

    What it asks of the decision is always known: a recommendation applies or it does not apply
    *yet*. What it asks of facts may be unknown; FALSE is a violation.
    """
    return _truth(invariant.condition, walked)


def _truth(condition: Condition, walked: Walk) -> Truth:
    match condition:
        case Applies():
            return Truth.of(walked.step(condition.node).verdict is Verdict.APPLIES)
        case Undetermined():
            return Truth.of(walked.step(condition.node).verdict is Verdict.UNDETERMINED)
        case DoseGiven():
            dose = walked.doses.get(condition.node)
            return Truth.of(dose is not None and dose.mg is not None)
        case Not():
            return negate(_truth(condition.operand, walked))
        case And():
            return conjoin(_truth(operand, walked) for operand in condition.operands)
        case Or():
            return disjoin(_truth(operand, walked) for operand in condition.operands)
        case Choose():
            test = _truth(condition.test, walked)
            then, otherwise = _truth(condition.then, walked), _truth(condition.otherwise, walked)
            return disjoin(
                (
                    conjoin((test, then)),
                    conjoin((negate(test), otherwise)),
                    conjoin((then, otherwise)),
                )
            )
        case Always() | Compare() | OneOf() | Given() | Exists() | Named():
            return evaluate(condition, walked.facts)
        case _:
            assert_never(condition)
