"""Compares the shipped guideline with changed copies of it, and with refactored ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from rashpath.readings.answer import finding_value
from rashpath.readings.difference import Comparison, Content, Difference, Kind, State, compare
from rashpath.readings.difference.observe import observed
from rashpath.readings.walk import Walk, walk
from tests.difference.changes import CHANGES, Change
from tests.difference.refactorings import REFACTORINGS
from tests.shipped import Copy, shipped


def named(copies: Iterable[Copy]) -> list[Any]:
    """Returns copies as cases of a test, by what they change."""
    return [
        pytest.param(
            each, id=each.what.replace(" ", "_"), marks=[pytest.mark.long] if each.long else []
        )
        for each in copies
    ]


def difference_of(comparison: Comparison, change: Change) -> Difference:
    """Returns the difference that a change is about."""
    found = [
        each
        for each in comparison.differences
        if (each.aspect.kind, each.aspect.id) == (change.kind, change.id)
        and each.aspect.value in ("", change.value)
    ]
    assert len(found) == 1, [each.aspect.name for each in comparison.differences]
    return found[0]


def told(walked: Walk) -> dict[str, object]:
    """Returns all that an answer decides, read off the walk without the comparison's help."""
    return {
        "verdicts": {
            each.id: walked.step(each.id).verdict for each in walked.graph.recommendations
        },
        "findings": {id: finding_value(walked, n) for id, n in walked.graph.findings.items()},
        "doses": {
            id: (dose.row and (dose.row.dose_mg_per_kg, dose.row.interval_hours), dose.withheld)
            for id, dose in walked.doses.items()
        },
        "urgency": (walked.urgency, walked.urgency_not_excluded),
        "contradictions": [each.id for each in walked.contradictions],
    }


@pytest.mark.parametrize("change", named(CHANGES))
def test_change_is_shown_by_a_case(change: Change) -> None:
    """Each change is shown by a case whose walks under both versions confirm it, none in vain."""
    after = change.load()
    comparison = compare(shipped(), after)
    assert not comparison.equivalent
    difference = difference_of(comparison, change)
    case = difference.case
    assert case is not None
    walks = walk(shipped(), case), walk(after, case)
    seen = tuple(observed(difference.aspect, each) for each in walks)
    assert (difference.before, difference.after) == seen
    assert seen[0] != seen[1]
    if change.before or change.after:
        assert (change.before, change.after) == seen
    if change.kind is not Kind.CAUTION:
        assert told(walks[0]) != told(walks[1])
    assert change.given.items() <= case.items()
    if change.exactly:
        assert change.given == case
        assert difference.smallest
    assert difference.aspect.kind is Kind.URGENCY or (
        difference.gone.conditions or difference.new.conditions
    )
    if change.kind is Kind.RECOMMENDATION:
        for fact in case:
            fewer = {path: value for path, value in case.items() if path != fact}
            less = walk(shipped(), fewer), walk(after, fewer)
            assert seen != tuple(observed(difference.aspect, each) for each in less), fact


@pytest.mark.parametrize("copy", named(REFACTORINGS))
def test_refactoring_is_proved_equivalent(copy: Copy) -> None:
    """A change of how the guideline is written, and not of what it says, is proved equivalent."""
    comparison = compare(shipped(), copy.load())
    assert [each.aspect.name for each in comparison.differences] == []
    assert comparison.equivalent


def test_there_are_enough_of_both() -> None:
    """At least 20 changes and 10 refactorings are tried, as the issue asks."""
    assert len([each for each in CHANGES if not each.long]) >= 20
    assert len([each for each in REFACTORINGS if not each.long]) >= 10


def test_words_and_evidence_are_content_changes() -> None:
    """A changed text decides nothing and is listed, and so is a citation that was dropped."""
    copy = Copy(
        "words",
        "Send a lesion swab for HSV-1, HSV-2 and VZV PCR.",
        "Swab the lesions.",
        (('long-standing HIV infection.", citation: 2}', 'long-standing HIV infection."}'),),
    )
    comparison = compare(shipped(), copy.load())
    assert comparison.equivalent
    assert not comparison.same_answers
    assert [(each.path, each.content) for each in comparison.content] == [
        ("statements[S8].citation", Content.EVIDENCE),
        ("nodes[send_lesion_pcr].recommendation.text.clinician", Content.WORDING),
    ]


def test_another_drug_is_no_wording() -> None:
    """What is given is no matter of words: the guidelines are then not equivalent."""
    copy = Copy("another route", "        route: intravenous\n", "        route: oral\n")
    comparison = compare(shipped(), copy.load())
    assert not comparison.differences
    assert not comparison.equivalent
    assert {each.content for each in comparison.content} == {Content.TREATMENT}


def test_questions_that_differ_are_shown() -> None:
    """A condition that reads one fact more asks for it, with the case in which it does."""
    change = CHANGES[0]
    difference = difference_of(compare(shipped(), change.load()), change)
    assert difference.state is State.CONTRARY
    assert difference.asked is not None
    assert difference.asked.case == {}
    assert difference.asked.before == ("immune.hiv",)
    assert difference.asked.after == ("rash.trend", "immune.hiv")
