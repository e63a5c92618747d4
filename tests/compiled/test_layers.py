"""What many diagrams of a level, or many branches of one, ask of the kernel."""

from __future__ import annotations

import pytest

from rashpath.expression.decision_diagram import Diagrams
from rashpath.expression.levels import ChoiceLevel
from rashpath.expression.tree import And, OneOf, Or
from rashpath.readings.compiled.lower import FALSE, TRUE, UNKNOWN, Lowering, NotLoweredError
from tests.bench.instructions import counted
from tests.compiled.kernel import Kernel
from tests.compiled.many_facts import dictionary_of, is_number, path_of

FACTS = dictionary_of(40)
FINDINGS = [path_of(fact) for fact in range(40) if not is_number(fact)]
WIDE, *OTHERS = FINDINGS
WAYS = 14
"""Two to the power of it is how many diagrams of the last level there are."""

A_BRANCH = 120
"""Instructions of the kernel for each branch of the diagrams, at most.

Counted: 95, and as many for four or sixteen times as many diagrams.
"""


def one_of(path: str, *values: int) -> OneOf:
    """Returns the condition that a choice has one of some values."""
    return OneOf(path, values, tuple(map(str, values)))


def test_many_diagrams_that_lead_to_the_same_few_take_no_longer() -> None:
    """One for each set of values of a choice: all lead to nothing but false and true."""
    known, asked = OTHERS[WAYS:], OTHERS[:WAYS]
    values = tuple(range(1, WAYS + 1))
    levels = [*(ChoiceLevel(path, (1, 2)) for path in OTHERS), ChoiceLevel(WIDE, values)]
    diagrams = Diagrams(levels)
    any_pair = Or(
        tuple(
            And((one_of(path, 1), one_of(WIDE, value)))
            for path, value in zip(asked, values, strict=True)
        )
    )
    diagram = diagrams.of(any_pair)
    assert len(diagrams) > 2 * 2**WAYS
    branches = sum(len(diagrams.node(each)[1]) for each in range(2, len(diagrams)))
    with counted() as spent:
        kernel = Kernel(Lowering(FACTS), FACTS, diagrams, asked=[diagram])
    before = spent()
    found = kernel.told(dict.fromkeys(known, 1))
    took = spent() - before
    assert found is not None
    assert found.exact == [UNKNOWN]
    assert found.decisive == [{WIDE, *asked}]
    assert took < A_BRANCH * branches


@pytest.mark.parametrize("value", [0, 1, 2, 65_535])
def test_as_many_branches_as_a_level_may_have(value: int) -> None:
    diagrams = Diagrams([ChoiceLevel(WIDE, tuple(range(1, 65_536)))])
    diagram = diagrams.of(one_of(WIDE, 1, 65_535))
    found = Kernel(Lowering(FACTS), FACTS, diagrams, asked=[diagram]).told({WIDE: value})
    assert found is not None
    assert found.exact == [UNKNOWN if not value else FALSE if value == 2 else TRUE]


def test_a_level_with_more_branches_is_refused() -> None:
    """The guideline is walked plainly then."""
    diagrams = Diagrams([ChoiceLevel(WIDE, tuple(range(1, 65_537)))])
    diagram = diagrams.of(one_of(WIDE, 1))
    with pytest.raises(NotLoweredError, match="more than 65535 branches"):
        Kernel(Lowering(FACTS), FACTS, diagrams, asked=[diagram])
