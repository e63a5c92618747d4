"""Checks what would turn a verdict on small guidelines against all changes of all their cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest

from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.change import what_would_change
from rashpath.readings.walk import Verdict, walk
from tests.guideline.small import TEXT, edited

VALUES: dict[str, tuple[int | float, ...]] = {
    "patient.age_years": (17, 40, 61),
    "patient.weight_kg": (1.0, 2.5, 60.0, 300.0),
    "rash.trend": (1, 2, 3),
    "renal.stable": (1, 2),
    "renal.creatinine_clearance_ml_min": (1.0, 80.0, 250.0),
}
CHANGEABLE = [fact for fact in VALUES if fact != "patient.age_years"]

OTHER = edited(
    "when: (valid(extent) && extent > limit) || danger",
    'when: "rash.trend == IMPROVING ? patient.weight_kg > 60.0 : '
    '(has(patient.weight_kg) && renal.stable == ABSENT)"',
)
THIRD = edited(
    "when: rash.trend == SPREADING && renal.stable == ABSENT",
    "when: (rash.trend == SPREADING && renal.stable == ABSENT) || patient.weight_kg < 2.0",
)


def load_text(text: str) -> DecisionGraph:
    """Returns a toy guideline."""
    return load_bytes(text.encode(), "toy.yaml")


def cases() -> Iterator[dict[str, int | float]]:
    """Yields some cases, complete and partial, spread over all there are."""
    choices = [(None, *values) for values in VALUES.values()]
    made = itertools.product(*choices)
    for chosen in itertools.islice(made, 0, None, 23):
        yield {fact: v for fact, v in zip(VALUES, chosen, strict=True) if v is not None}


def turning(
    graph: DecisionGraph, facts: Mapping[str, int | float], id: str, target: Verdict
) -> set[frozenset[str]]:
    """Returns the smallest sets of facts that turn a verdict, by trying all changes."""
    found: set[frozenset[str]] = set()
    for size in range(1, len(CHANGEABLE) + 1):
        for changed in itertools.combinations(CHANGEABLE, size):
            if any(smaller <= set(changed) for smaller in found):
                continue
            for values in itertools.product(*(VALUES[fact] for fact in changed)):
                other = {**facts, **dict(zip(changed, values, strict=True))}
                if walk(graph, other).step(id).verdict is target:
                    found.add(frozenset(changed))
                    break
    return found


@pytest.mark.parametrize("text", [TEXT, OTHER, THIRD], ids=["toy", "presence", "weight"])
def test_sets_equal_brute_force(text: str) -> None:
    """The smallest sets are those that trying every change of every fact finds."""
    graph = load_text(text)
    for facts in cases():
        for id in ("act", "tell"):
            turn = what_would_change(graph, facts, id, most=100, seconds=60)
            assert turn.cut == ""
            for target in (Verdict.APPLIES, Verdict.DOES_NOT_APPLY):
                if target is turn.verdict:
                    continue
                found = {
                    frozenset(change.fact for change in each.changes)
                    for each in turn.sets
                    if each.after is target
                }
                assert turning(graph, facts, id, target) == found, (facts, id, target)


def test_only_what_is_asked_for_is_listed() -> None:
    """With fewer sets wanted than there are, the answer says that there may be more."""
    turn = what_would_change(load_text(TEXT), {}, "tell", most=1)
    assert len([each for each in turn.sets if each.after is Verdict.APPLIES]) == 1
    assert "more than the 1 sets" in turn.cut


def test_a_search_without_time_says_so() -> None:
    """Where the time is up, what was left out is said."""
    turn = what_would_change(load_text(TEXT), {}, "tell", seconds=0)
    assert turn.sets == ()
    assert turn.cut == "the search was ended for its length; there may be further sets"


def test_an_unknown_recommendation_is_refused() -> None:
    """A name that is no recommendation is an error of the caller."""
    with pytest.raises(KeyError, match="steady"):
        what_would_change(load_text(TEXT), {}, "steady")
