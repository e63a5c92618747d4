"""Tells what would turn a verdict, in the words of both audiences."""

from __future__ import annotations

from rashpath.facts.dictionary import Choice, WholeNumber
from rashpath.facts.show import show, unit_name
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.change.search import Change, ChangeSet, Turn
from rashpath.readings.walk import Verdict
from rashpath.readings.words import label, number_words
from rashpath.v1 import change_pb2, decision_pb2

VERDICTS = {
    Verdict.APPLIES: decision_pb2.VERDICT_APPLIES,
    Verdict.DOES_NOT_APPLY: decision_pb2.VERDICT_DOES_NOT_APPLY,
    Verdict.UNDETERMINED: decision_pb2.VERDICT_UNDETERMINED,
}
_STATES = {
    Verdict.APPLIES: "applies",
    Verdict.DOES_NOT_APPLY: "does not apply",
    Verdict.UNDETERMINED: "is not settled",
}


def tell(
    graph: DecisionGraph, turn: Turn, audience: Audience = Audience.CLINICIAN
) -> change_pb2.VerdictTurn:
    """Tells what would turn a verdict.

    Patients are told no numbers, and that it is no advice to change anything.

    Args:
        graph: the guideline.
        turn: what was found.
        audience: whose words to use.
    """
    title = graph.by_id[turn.id].title.to(audience)
    text = f"{title}: {_STATES[turn.verdict]}"
    if audience is Audience.PATIENT:
        text += "; other facts could change that, which is no advice to change anything yourself"
    return change_pb2.VerdictTurn(
        id=turn.id,
        verdict=VERDICTS[turn.verdict],
        text=text,
        sets=[_set(graph, each, audience) for each in turn.sets],
        cut=turn.cut,
    )


def _set(graph: DecisionGraph, changes: ChangeSet, audience: Audience) -> change_pb2.FactChangeSet:
    told = [_change(graph, change, audience) for change in changes.changes]
    return change_pb2.FactChangeSet(
        after=VERDICTS[changes.after],
        changes=told,
        text=f"{_STATES[changes.after]} if {'; and '.join(each.text for each in told)}",
    )


def _change(graph: DecisionGraph, change: Change, audience: Audience) -> change_pb2.NeededChange:
    fact = graph.dictionary[change.fact]
    name = label(graph, change.fact, audience)
    known = change.before is not None
    told = change_pb2.NeededChange(
        fact=change.fact,
        kind=(
            change_pb2.FACT_CHANGE_KIND_CHANGES
            if known
            else change_pb2.FACT_CHANGE_KIND_BECOMES_KNOWN
        ),
        before=_use(graph, change.fact, change.before, audience),
        nearest=_use(graph, change.fact, change.after, audience),
        through=change.through,
    )
    if isinstance(fact.kind, Choice):
        told.needs = _choices(fact.kind, change, graph, audience)
        now = f"now {show(fact, change.before, audience)}" if change.before is not None else ""
        told.text = f"{name}: {told.needs} ({now or 'not known now'})"
        return told
    if audience is Audience.PATIENT:
        told.needs = "another value" if known else "a certain value"
        told.text = f"{name}: {told.needs}{'' if known else ' (not known now)'}"
        return told
    told.needs, limit = _range(graph, change)
    told.text = f"{name}: needs {told.needs}"
    if change.before is None:
        told.text += " (not known now)"
    else:
        told.text += f" (now {show(fact, change.before, audience)})"
    if limit is not None:
        told.threshold = limit
        if change.before is not None and limit != change.before:
            told.distance = round(abs(limit - change.before), 9)
            amount = f"{number_words(told.distance)} {unit_name(fact.kind.unit, told.distance)}"
            way = "more" if limit > change.before else "less"
            told.text += f": {amount.rstrip()} {way}"
    if change.through:
        names = ", ".join(label(graph, id, audience) for id in change.through)
        told.text += f", through {names}"
    return told


def _choices(kind: Choice, change: Change, graph: DecisionGraph, audience: Audience) -> str:
    regions = change.regions
    values = [v for index, v in enumerate(kind.values) if index in regions]
    return " or ".join(value.label.to(audience) for value in values) or "given"


def _range(graph: DecisionGraph, change: Change) -> tuple[str, float | None]:
    """Says in which range a number does, and the limit that is nearest to what it is now."""
    kind = graph.dictionary[change.fact].kind
    assert not isinstance(kind, Choice)
    assert change.stretch is not None
    stretch = change.stretch

    def amount(value: float) -> str:
        # A limit that comes of a formula is seldom a round number.
        about = "" if float(number_words(value)) == value else "about "
        return f"{about}{number_words(value)} {unit_name(kind.unit, value)}".rstrip()

    parts = []
    if stretch.low is not None:
        first = amount(stretch.low)
        parts.append(f"{first} or more" if stretch.low_included else f"more than {first}")
    if stretch.high is not None:
        last = amount(stretch.high)
        parts.append(f"{last} or less" if stretch.high_included else f"less than {last}")
    if stretch.low is not None and stretch.low == stretch.high:
        parts = [amount(stretch.low)]
    limits = [limit for limit in (stretch.low, stretch.high) if limit is not None]
    if change.before is not None:
        now = change.before
        limits.sort(key=lambda limit: abs(limit - now))
    return " and ".join(parts) or "to be given", limits[0] if limits else None


def _use(
    graph: DecisionGraph, path: str, value: int | float | None, audience: Audience
) -> decision_pb2.FactUse:
    fact = graph.dictionary[path]
    used = decision_pb2.FactUse(fact=path)
    if value is None:
        return used
    if isinstance(fact.kind, Choice):
        named = fact.kind.numbered(int(value))
        used.choice = "" if named is None else named.name
    elif audience is Audience.CLINICIAN:
        if isinstance(fact.kind, WholeNumber):
            used.whole = int(value)
        else:
            used.decimal = float(value)
    return used
