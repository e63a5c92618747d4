"""With every fact known our reading of a condition is Google's CEL's own."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings

from rashpath.expression import Truth, compile_condition, evaluate
from tests.expression.language import (
    CONDITIONS,
    CONSTANTS,
    FORMULA,
    FULL_CASES,
    as_plain_cel,
    message_of,
    names,
)

EDGES = (20.0, 40.0, 100.0)
NEAR = 1e-9


def by_cel(text: str, facts: dict[str, float]) -> object:
    """Returns what CEL itself makes of a text."""
    case = message_of(facts)
    data: dict[str, object] = {id: constant.value for id, constant in CONSTANTS.items()}
    data |= {group: getattr(case, group) for group in names().dictionary.groups()}
    return names().environment.compile(as_plain_cel(text)).eval(data=data).value()


def test_full_cases_agree_with_cel() -> None:
    """Random conditions over random full cases; what lies within 1e-9 of an edge is counted."""
    counts: Counter[str] = Counter()

    @given(CONDITIONS, FULL_CASES)
    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(text: str, facts: dict[str, float]) -> None:
        raw = by_cel(FORMULA, facts)
        assert isinstance(raw, float)
        if "extent" in text and any(0 < abs(raw - edge) <= NEAR for edge in EDGES):
            counts["left out"] += 1
            return
        counts["compared"] += 1
        expected = Truth.of(by_cel(text, facts) is True)
        assert expected is evaluate(compile_condition(text, names()), facts)

    agree()
    assert counts["compared"] > 50 * counts["left out"]
