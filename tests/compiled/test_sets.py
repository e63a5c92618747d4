"""Sets of facts in the kernel: as many as a guideline needs, and none where other things stand."""

from __future__ import annotations

from rashpath.expression.tree import FactNumber
from rashpath.readings.compiled.lower import Lowering
from tests.compiled.kernel import Kernel
from tests.conformance.expectations import DICTIONARY

AGE, WEIGHT = "patient.age_years", "patient.weight_kg"
MANY = 200_000
"""Sets that take more than the megabyte below the kernel's own variables."""


def test_many_sets_have_room() -> None:
    """What a case waits for is told right, however many sets it is worked out with."""
    lowering = Lowering(DICTIONARY)
    age, weight = (lowering.waits_for(FactNumber(path)) for path in (AGE, WEIGHT))
    last = age
    for _ in range(MANY):
        last = lowering.union((last, weight))
    kernel = Kernel(lowering, DICTIONARY, sets=[age, last])
    assert lowering.masks > MANY
    nothing, aged, known = (
        kernel.told(facts) for facts in ({}, {AGE: 40}, {AGE: 40, WEIGHT: 70.0})
    )
    assert nothing is not None
    assert nothing.sets == [{AGE}, {AGE, WEIGHT}]
    assert aged is not None
    assert aged.sets == [set(), {WEIGHT}]
    assert known is not None
    assert known.sets == [set(), set()]
