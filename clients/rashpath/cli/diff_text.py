"""Tells what two guidelines decide differently, one difference after the other."""

from __future__ import annotations

from collections.abc import Iterator

from rashpath.cli.page import Line
from rashpath.v1 import comparison_pb2
from rashpath.v1.comparison_pb2 import (
    CaseRegion,
    ChangedAnswer,
    ContentDifference,
    DecisionDifference,
    DifferenceCase,
)
from rashpath.v1.guideline_service_pb2 import CompareGuidelinesResponse

_MOST_CHANGES = 6
_MOST_ASKED = 5
_CONTENT = (
    (comparison_pb2.CONTENT_KIND_URGENCY, "Urgency"),
    (comparison_pb2.CONTENT_KIND_TREATMENT, "Treatment"),
    (comparison_pb2.CONTENT_KIND_WORDING, "Words"),
    (comparison_pb2.CONTENT_KIND_EVIDENCE, "Evidence"),
    (comparison_pb2.CONTENT_KIND_LOGIC, "Conditions and numbers, compared above by their effect"),
    (comparison_pb2.CONTENT_KIND_RELEASE, "Version"),
)
_STATES = {
    comparison_pb2.DIFFERENCE_STATE_EARLIER: "one settles it with fewer facts",
    comparison_pb2.DIFFERENCE_STATE_QUESTIONS: "the same in every case; other facts may be asked",
    comparison_pb2.DIFFERENCE_STATE_NOT_SHOWN: "the conditions differ, but no case was found",
}


def diff_page(response: CompareGuidelinesResponse) -> Iterator[Line]:
    """Yields the page of a comparison."""
    before, after = response.before, response.after
    yield Line(f"{before.id} {before.version}", mark="A  ", right=f"digest {before.digest[:8]}")
    yield Line(f"{after.id} {after.version}", mark="B  ", right=f"digest {after.digest[:8]}")
    yield Line()
    if response.equivalent:
        text = (
            f"Equivalent: both decide every case alike, proved for all {response.compared} things"
        )
        yield Line(f"{text} that an answer can say.", style="bold")
    else:
        same = response.compared - len(response.differences)
        counted = f"{len(response.differences)} of {response.compared}"
        yield Line(f"{counted} things differ, {same} are proved the same.", style="bold")
    for difference in response.differences:
        yield Line()
        yield from _difference(difference)
    if response.content:
        yield Line()
        yield from _content(list(response.content))
    if response.answers_compared:
        yield Line()
        yield from _changed(list(response.changed), response.answers_compared)


def _difference(difference: DecisionDifference) -> Iterator[Line]:
    only = " (only B has it)" if difference.added else " (only A has it)" * difference.removed
    yield Line(f"{difference.text}{only}", mark="~ ", style="bold")
    if difference.state in _STATES:
        yield Line(_STATES[difference.state], mark="  ")
    if difference.HasField("witness"):
        size = "a smallest case" if difference.smallest else "the smallest case found"
        yield Line(_case(difference.witness), mark=f"  {size}: ")
        yield Line(f"A {_or_none(difference.before)}; B {_or_none(difference.after)}", mark="    ")
        rest = [each for each in difference.changes if each.id != difference.id]
        for change in rest[:_MOST_CHANGES]:
            text = f"{change.id}: {_or_none(change.before)} -> {_or_none(change.after)}"
            yield Line(text, mark="    also ")
        if len(rest) > _MOST_CHANGES:
            yield Line(f"and {len(rest) - _MOST_CHANGES} more", mark="         ")
    says = "settles" if difference.state == comparison_pb2.DIFFERENCE_STATE_EARLIER else "says"
    yield from _region(difference.gone, f"where A {says} it, B does not, if")
    yield from _region(difference.new, f"where B {says} it, A does not, if")
    if difference.HasField("questions"):
        asked = difference.questions
        yield Line(_case(asked.witness), mark="  other questions, given: ")
        yield Line(_names(list(asked.before)), mark="    A asks ")
        yield Line(_names(list(asked.after)), mark="    B asks ")


def _region(region: CaseRegion, words: str) -> Iterator[Line]:
    if not region.conditions:
        return
    yield Line(words, mark="  ")
    for condition in region.conditions:
        yield Line(condition, mark="    - ")
    if region.left_out or region.more:
        count = f"more than {region.left_out}" if region.more else str(region.left_out)
        yield Line(f"or one of {count} further conditions", mark="    ")


def _content(content: list[ContentDifference]) -> Iterator[Line]:
    for kind, title in _CONTENT:
        chosen = [each for each in content if each.kind == kind]
        if chosen:
            yield Line(title, style="bold")
        for each in chosen:
            yield Line(each.path, mark="  ")
            yield Line(_or_none(each.before), mark="    A ")
            yield Line(_or_none(each.after), mark="    B ")


def _changed(changed: list[ChangedAnswer], compared: int) -> Iterator[Line]:
    yield Line(f"{len(changed)} of {compared} cases are answered otherwise", style="bold")
    for each in changed:
        yield Line(each.name, mark="  ")
        for change in each.changes[:_MOST_CHANGES]:
            text = f"{change.id}: {_or_none(change.before)} -> {_or_none(change.after)}"
            yield Line(text, mark="    ")
        if len(each.changes) > _MOST_CHANGES:
            yield Line(f"and {len(each.changes) - _MOST_CHANGES} more", mark="    ")


def _case(case: DifferenceCase) -> str:
    return ", ".join(f"{used.fact}={_value(used)}" for used in case.facts) or "nothing given"


def _value(used: object) -> str:
    from rashpath.facts.dictionary import Dictionary
    from rashpath.facts.show import number_text
    from rashpath.v1 import decision_pb2, facts_pb2

    assert isinstance(used, decision_pb2.FactUse)
    if not used.choice:
        return number_text(used.whole if used.HasField("whole") else used.decimal)
    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    if used.fact in dictionary:
        named = getattr(dictionary[used.fact].kind, "named", lambda _: None)(used.choice)
        if named is not None:
            return str(named.short)
    return used.choice


def _names(facts: list[str]) -> str:
    shown = ", ".join(facts[:_MOST_ASKED]) or "nothing"
    more = len(facts) - _MOST_ASKED
    return f"{shown} and {more} more" if more > 0 else shown


def _or_none(value: str) -> str:
    return value or "none"
