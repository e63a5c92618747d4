"""Compares small guidelines and checks every claim by looking at all of their cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.diagram.scene import Mark
from rashpath.readings.difference import Comparison, DifferenceError, Kind, State, changed, compare
from rashpath.readings.difference.message import case_message, facts_of, message
from rashpath.readings.difference.picture import difference_scene
from rashpath.readings.walk import Verdict, walk
from tests.guideline.small import TEXT, edited

VALUES: dict[str, tuple[int | float, ...]] = {
    "patient.age_years": (17, 18, 49, 50, 51, 61),
    "patient.weight_kg": (1.0, 50.0, 60.0, 130.0),
    "rash.trend": (1, 2, 3),
    "renal.stable": (1, 2),
    "renal.creatinine_clearance_ml_min": (20.0, 300.0),
}
"""For each fact that the toy reads, values that put it and its extent into all their regions."""

RECOMMENDATIONS = ("act", "tell")


def load_text(text: str) -> DecisionGraph:
    """Returns a toy guideline."""
    return load_bytes(text.encode(), "toy.yaml")


def cases() -> Iterator[dict[str, int | float]]:
    """Yields every case over the values, complete and partial, the fewest facts first."""
    choices = [(None, *values) for values in VALUES.values()]
    made = [
        {fact: value for fact, value in zip(VALUES, chosen, strict=True) if value is not None}
        for chosen in itertools.product(*choices)
    ]
    yield from sorted(made, key=len)


EDITS = (
    ("limit, decimal: 90.0", "limit, decimal: 80.0"),
    ("grown_age, whole: 18", "grown_age, whole: 50"),
    ("    when: rash.trend == SPREADING\n    text", "    when: rash.trend != IMPROVING\n    text"),
    ("|| danger\n", "|| renal.stable == ABSENT\n"),
    ("(valid(extent) && extent > limit)", "(valid(extent) && extent >= limit)"),
    ("valid_when: renal.stable == PRESENT", "valid_when: renal.stable != ABSENT"),
    ("  - {from_node: steady, to_node: tell}\n", "  - {from_node: steady, to_node: rest}\n"),
)
"""Changes of the toy, some of which decide nothing."""


def edited_pair(old: str, new: str) -> tuple[DecisionGraph, DecisionGraph]:
    """Returns the toy and its changed copy."""
    if "rash.trend != IMPROVING" in new:
        text = TEXT.replace(
            "    when: rash.trend == UNCHANGED\n", "    when: rash.trend == UNCHANGED && grown\n"
        )
        return load_text(TEXT), load_text(text)
    return load_text(TEXT), load_text(edited(old, new))


@pytest.mark.parametrize(("old", "new"), EDITS, ids=[new.strip()[:40] for _, new in EDITS])
def test_comparison_equals_brute_force(old: str, new: str) -> None:
    """What is called equal is equal in every case, and a witness is as small as any case is."""
    before, after = edited_pair(old, new)
    comparison = compare(before, after)
    contrary: dict[str, int] = {}
    earlier: set[str] = set()
    for case in cases():
        walks = walk(before, case), walk(after, case)
        for id in RECOMMENDATIONS:
            first, second = (each.step(id).verdict for each in walks)
            if first is not second:
                earlier.add(id)
                if Verdict.UNDETERMINED not in (first, second):
                    contrary.setdefault(id, len(case))
    found = {
        each.aspect.id: each
        for each in comparison.differences
        if each.aspect.kind is Kind.RECOMMENDATION
    }
    assert earlier <= set(found)
    for id, difference in found.items():
        match difference.state:
            case State.CONTRARY:
                assert difference.case is not None
                assert len(difference.case) <= contrary.get(id, len(VALUES))
            case State.EARLIER:
                assert id not in contrary
                assert id in earlier
            case State.QUESTIONS | State.NOT_SHOWN:
                assert id not in earlier


def test_a_presence_test_that_nobody_can_notice_changes_no_verdict() -> None:
    """Where a test for a given fact makes no verdict differ, only questions are said to differ."""
    # While the weight is unknown, each of both ranges of it is possible and none is certain.
    old = "when: (valid(extent) && extent > limit) || danger"
    middle = "(patient.weight_kg > 60.0 && patient.weight_kg < 70.0)"
    wide = "(patient.weight_kg > 50.0 && patient.weight_kg < 80.0)"
    first = edited(old, f'when: "danger || {middle}"')
    second = edited(old, f'when: "danger || (has(patient.weight_kg) ? {middle} : {wide})"')
    comparison = compare(load_text(first), load_text(second))
    found = [each for each in comparison.differences if each.aspect.id == "tell"]
    assert [(each.state, each.case) for each in found] == [(State.QUESTIONS, None)]
    graphs = load_text(first), load_text(second)
    for case in cases():
        verdicts = {walk(graph, case).step("tell").verdict for graph in graphs}
        assert len(verdicts) == 1, case


def test_guidelines_over_other_cases_are_not_compared() -> None:
    """Guidelines that decide other things than each other have no case in common."""
    toy = load_text(TEXT)
    other = load_text(TEXT)
    other.dictionary = type(toy.dictionary)(  # as another guideline's type of case would be
        "another.v1.Case", toy.dictionary.facts, toy.dictionary.by_path, toy.dictionary.by_number
    )
    with pytest.raises(DifferenceError, match=r"another\.v1\.Case"):
        compare(toy, other)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """The toy compared with one that tells at a smaller extent and has one edge less."""
    text = edited("limit, decimal: 90.0", "limit, decimal: 80.0")
    return compare(load_text(TEXT), load_text(text))


def test_message_holds_the_case_of_each_difference(comparison: Comparison) -> None:
    """The message carries the facts of each witness so that they can be read again."""
    told = message(comparison)
    assert not told.equivalent
    assert len(comparison.differences) == len(told.differences)
    dictionary = comparison.before.dictionary
    for difference, shown in zip(comparison.differences, told.differences, strict=True):
        assert (difference.case is not None) == shown.HasField("witness")
        if difference.case is not None:
            assert difference.case == facts_of(shown.witness, dictionary)
            assert shown.witness == case_message(difference.case, dictionary)


def test_region_is_said_in_words(comparison: Comparison) -> None:
    """Where the guidelines part is said in the words of the facts, with the range between."""
    tell = next(each for each in comparison.differences if each.aspect.id == "tell")
    assert tell.gone.conditions == ()
    assert tell.new.conditions == (
        "rash trend: improving or spreading; stable kidney function: present; extent: 90 or less",
    )


def test_changed_answers_are_listed(comparison: Comparison) -> None:
    """For a given case, all that differs between both answers is listed."""
    case = {"patient.age_years": 55, "renal.stable": 1, "rash.trend": 1}
    told = changed(comparison.before, comparison.after, case)
    assert {(each.id, each.before, each.after) for each in told} == {
        ("urgency", "UNSPECIFIED", "ROUTINE"),
        ("urgency_not_excluded", "UNSPECIFIED", "ROUTINE"),
        ("tell", "DOES_NOT_APPLY", "APPLIES"),
    }


def test_picture_marks_what_came_went_and_changed() -> None:
    """A node or edge of one guideline alone is marked, and so is a recommendation decided anew."""
    text = edited("  - {from_node: steady, to_node: tell}\n", "")
    scene = difference_scene(compare(load_text(TEXT), load_text(text)))
    arrows = {(arrow.tail, arrow.head): arrow.mark for arrow in scene.arrows()}
    assert arrows.pop(("steady", "tell")) is Mark.REMOVED
    assert set(arrows.values()) == {Mark.PLAIN}
    marks = {box.id: box.mark for box in scene.boxes()}
    assert {id for id, mark in marks.items() if mark is Mark.CHANGED} == {"tell"}


def test_picture_of_equals_marks_nothing() -> None:
    """Two equal guidelines are drawn without a mark."""
    scene = difference_scene(compare(load_text(TEXT), load_text(TEXT)))
    assert {box.mark for box in scene.boxes()} == {Mark.PLAIN}
    assert {arrow.mark for arrow in scene.arrows()} == {Mark.PLAIN}
