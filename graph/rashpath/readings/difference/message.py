"""Projects a comparison to the message that a caller gets."""

from __future__ import annotations

from rashpath.expression.evaluate import Facts
from rashpath.facts.dictionary import Choice, Dictionary, WholeNumber
from rashpath.readings.difference.aspects import Kind
from rashpath.readings.difference.compare import Comparison
from rashpath.readings.difference.content import Content
from rashpath.readings.difference.look import Asked, Difference, State
from rashpath.readings.difference.region import Region
from rashpath.v1 import comparison_pb2, decision_pb2, guideline_service_pb2

_KINDS = {
    Kind.RECOMMENDATION: comparison_pb2.ASPECT_KIND_RECOMMENDATION,
    Kind.FINDING: comparison_pb2.ASPECT_KIND_FINDING,
    Kind.DOSE_ROW: comparison_pb2.ASPECT_KIND_DOSE_ROW,
    Kind.DOSE_GIVEN: comparison_pb2.ASPECT_KIND_DOSE_GIVEN,
    Kind.URGENCY: comparison_pb2.ASPECT_KIND_URGENCY,
    Kind.RED_FLAG: comparison_pb2.ASPECT_KIND_RED_FLAG,
    Kind.CONTRADICTION: comparison_pb2.ASPECT_KIND_CONTRADICTION,
    Kind.CAUTION: comparison_pb2.ASPECT_KIND_CAUTION,
    Kind.NOT_COVERED: comparison_pb2.ASPECT_KIND_NOT_COVERED,
}
_STATES = {
    State.CONTRARY: comparison_pb2.DIFFERENCE_STATE_CONTRARY,
    State.EARLIER: comparison_pb2.DIFFERENCE_STATE_EARLIER,
    State.QUESTIONS: comparison_pb2.DIFFERENCE_STATE_QUESTIONS,
    State.NOT_SHOWN: comparison_pb2.DIFFERENCE_STATE_NOT_SHOWN,
}
_CONTENTS = {
    Content.WORDING: comparison_pb2.CONTENT_KIND_WORDING,
    Content.EVIDENCE: comparison_pb2.CONTENT_KIND_EVIDENCE,
    Content.URGENCY: comparison_pb2.CONTENT_KIND_URGENCY,
    Content.TREATMENT: comparison_pb2.CONTENT_KIND_TREATMENT,
    Content.LOGIC: comparison_pb2.CONTENT_KIND_LOGIC,
    Content.RELEASE: comparison_pb2.CONTENT_KIND_RELEASE,
}


def message(comparison: Comparison) -> guideline_service_pb2.CompareGuidelinesResponse:
    """Returns a comparison as a message."""
    dictionary = comparison.before.dictionary
    return guideline_service_pb2.CompareGuidelinesResponse(
        before=comparison.before.info(),
        after=comparison.after.info(),
        equivalent=comparison.equivalent,
        compared=comparison.compared,
        differences=[_difference(each, dictionary) for each in comparison.differences],
        content=[
            comparison_pb2.ContentDifference(
                path=change.path,
                kind=_CONTENTS[change.content],
                before=change.before,
                after=change.after,
            )
            for change in comparison.content
        ],
    )


def case_message(facts: Facts, dictionary: Dictionary) -> comparison_pb2.DifferenceCase:
    """Returns the facts of a case as a message."""
    case = comparison_pb2.DifferenceCase()
    for fact in dictionary:
        if fact.path not in facts:
            continue
        used = case.facts.add(fact=fact.path)
        value = facts[fact.path]
        match fact.kind:
            case Choice() as choice:
                named = choice.numbered(int(value))
                used.choice = "" if named is None else named.name
            case WholeNumber():
                used.whole = int(value)
            case _:
                used.decimal = float(value)
    return case


def facts_of(case: comparison_pb2.DifferenceCase, dictionary: Dictionary) -> dict[str, int | float]:
    """Returns the facts that a message holds."""
    return {used.fact: _value(used, dictionary) for used in case.facts}


def _value(used: decision_pb2.FactUse, dictionary: Dictionary) -> int | float:
    kind = dictionary[used.fact].kind
    if isinstance(kind, Choice):
        named = kind.named(used.choice)
        assert named is not None
        return named.number
    return used.whole if isinstance(kind, WholeNumber) else used.decimal


def _difference(
    difference: Difference, dictionary: Dictionary
) -> comparison_pb2.DecisionDifference:
    aspect = difference.aspect
    shown = comparison_pb2.DecisionDifference(
        kind=_KINDS[aspect.kind],
        id=aspect.id,
        value=aspect.value,
        text=aspect.name,
        state=_STATES[difference.state],
        added=aspect.added,
        removed=aspect.removed,
        changes=difference.changes,
        gone=_region(difference.gone),
        new=_region(difference.new),
    )
    if difference.case is not None:
        shown.witness.CopyFrom(case_message(difference.case, dictionary))
        shown.smallest = difference.smallest
        shown.before, shown.after = difference.before, difference.after
    if difference.asked is not None:
        shown.questions.CopyFrom(_asked(difference.asked, dictionary))
    return shown


def _region(region: Region) -> comparison_pb2.CaseRegion:
    return comparison_pb2.CaseRegion(
        conditions=region.conditions, left_out=region.left_out, more=region.more
    )


def _asked(asked: Asked, dictionary: Dictionary) -> comparison_pb2.QuestionDifference:
    return comparison_pb2.QuestionDifference(
        witness=case_message(asked.case, dictionary), before=asked.before, after=asked.after
    )
