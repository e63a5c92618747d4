"""What the diagrams answer, in the words of the oracle."""

from __future__ import annotations

from typing import assert_never

from rashpath.expression import Truth
from rashpath.expression.decision_diagram import Restriction
from rashpath.expression.evaluate import waits_for
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, NumberLevel
from tests import oracle

VERDICTS = {
    Truth.TRUE: oracle.APPLIES,
    Truth.FALSE: oracle.DOES_NOT_APPLY,
    Truth.UNKNOWN: oracle.UNDETERMINED,
}


def answer_of(case: Restriction, diagram: int, facts: dict[str, float]) -> oracle.Answer:
    """Returns the verdict and the decisive facts of a diagram in a case."""
    decisive: set[str] = set()
    for level in case.support(case.reduce(diagram)):
        match level:
            case ChoiceLevel() | NumberLevel():
                decisive.add(level.fact)
            case ComputedLevel():
                decisive.update(waits_for(level.computed, facts))
            case GivenLevel():
                raise AssertionError("whether a fact is given is never open")
            case _:
                assert_never(level)
    return VERDICTS[case.truth(diagram)], frozenset(decisive)
