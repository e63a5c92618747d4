"""Tells how a decision came about: the steps, the reasons, and what would change."""

from __future__ import annotations

from collections.abc import Iterator

from rashpath.cli.page import Line
from rashpath.cli.text import headline
from rashpath.cli.words import citations, flag_words
from rashpath.v1 import decision_pb2
from rashpath.v1.change_pb2 import VerdictTurn
from rashpath.v1.decision_pb2 import ExplainedRecommendation, Reason
from rashpath.v1.decision_service_pb2 import ExplainPathRequest, ExplainPathResponse, WhatIfResult

_FACTS_SHOWN = 4


def explanation_page(
    request: ExplainPathRequest, explained: ExplainPathResponse, *, audience: str
) -> Iterator[Line]:
    """Yields the page of an explanation.

    Args:
        request: what was asked. With `why` or `why_not`, each recommendation is told with every
            fact that decided; with `what_if` or `what_would_change` alone, only the comparison or
            the changes; with nothing, the whole way, each question once.
        explained: the explanation.
        audience: ``clinician`` or ``patient``; must be that of the explanation's texts.
    """
    yield Line(headline(explained.decision.guideline))
    yield Line()
    asked = bool(request.why or request.why_not)
    shown = list(explained.recommendations) if asked else []
    for each in shown:
        yield from _recommendation(each, audience)
    for turn in explained.turns:
        yield from _turn(turn, audience)
    if explained.HasField("what_if"):
        yield from _what_if(request, explained.what_if)
    elif not asked and not explained.turns:
        yield from _steps(explained)
        yield from _overview(explained, audience)
        shown = [
            each
            for each in explained.recommendations
            if each.verdict != decision_pb2.VERDICT_DOES_NOT_APPLY
        ]
    yield from _citations(explained, shown, audience)
    yield Line()
    yield Line(explained.decision.disclaimer, style="dim")


def _steps(explained: ExplainPathResponse) -> Iterator[Line]:
    """Yields each question of the way once, with its answer, and each conclusion."""
    yield Line("The way", style="bold")
    told: set[str] = set()
    for step in explained.steps:
        mark = "? " if step.verdict == decision_pb2.VERDICT_UNDETERMINED else "> "
        for because in step.because:
            if because not in told:
                told.add(because)
                yield Line(_shortened(because), mark=f"  {mark}")
        if step.kind in (decision_pb2.NODE_KIND_FINDING, decision_pb2.NODE_KIND_RECOMMENDATION):
            yield Line(step.text, mark=f"      {mark}", style="bold")


def _shortened(because: str) -> str:
    """Returns an answered question with the first of many facts that decided it."""
    facts = because.split("; ")
    if len(facts) <= _FACTS_SHOWN:
        return because
    return f"{'; '.join(facts[:_FACTS_SHOWN])}; and {len(facts) - _FACTS_SHOWN} more)"


def _overview(explained: ExplainPathResponse, audience: str) -> Iterator[Line]:
    for title, mark, verdict in (
        ("What applies", "  ! ", decision_pb2.VERDICT_APPLIES),
        ("What is open", "  ? ", decision_pb2.VERDICT_UNDETERMINED),
    ):
        chosen = [each for each in explained.recommendations if each.verdict == verdict]
        if chosen:
            yield Line(title, style="bold")
        for each in chosen:
            cited = citations(each.statements) if audience == "clinician" else ""
            yield Line(_titled(each, audience), mark=mark, right=cited)
            yield from (Line(reason.text, mark="      ") for reason in each.reasons)
            if each.would_settle:
                yield Line(" ".join(each.would_settle), mark="      would settle it: ")
    refused: dict[str, list[str]] = {}
    for each in explained.recommendations:
        if each.verdict == decision_pb2.VERDICT_DOES_NOT_APPLY:
            refused.setdefault(each.reasons[0].text if each.reasons else "", []).append(each.id)
    if refused and audience == "clinician":
        yield Line("What does not apply", style="bold")
        for reason, names in refused.items():
            yield Line(reason, mark="  x ")
            yield Line(", ".join(names), mark="      ")


def _titled(each: ExplainedRecommendation, audience: str) -> str:
    if audience == "patient" or each.id in each.text:
        return each.text
    return f"{each.id}: {each.text}"


def _recommendation(each: ExplainedRecommendation, audience: str) -> Iterator[Line]:
    mark = {
        decision_pb2.VERDICT_APPLIES: "! ",
        decision_pb2.VERDICT_DOES_NOT_APPLY: "x ",
    }.get(each.verdict, "? ")
    cited = citations(each.statements) if audience == "clinician" else ""
    yield Line(_titled(each, audience), mark=mark, right=cited, style="bold")
    if each.contrary_to_request:
        yield Line("the question assumed otherwise", mark="  ")
    for reason in each.reasons:
        yield from _reason(reason, audience)
    yield from (Line(question, mark="  would settle it: ") for question in each.would_settle)
    if audience == "clinician":
        yield from (
            Line(f"{flag_words(flag.flag)}: {flag.text}", mark="  flag: ", style="italic")
            for flag in each.flags
        )


def _reason(reason: Reason, audience: str) -> Iterator[Line]:
    cited = citations(reason.statements) if audience == "clinician" else ""
    yield Line(reason.text, mark="  ", right=cited)
    yield from (Line(ground, mark="    ") for ground in reason.grounds)
    yield from (
        Line(fact, mark="    because  " if not n else "             ")
        for n, fact in enumerate(reason.because)
    )


def _what_if(request: ExplainPathRequest, what_if: WhatIfResult) -> Iterator[Line]:
    changed = ", ".join(
        f"{change.fact} = {change.value}" if change.value else f"{change.fact} unknown"
        for change in request.what_if
    )
    yield Line(f"What if {changed}", style="bold")
    for change in what_if.changes:
        yield Line(f"{change.id}: {_plain(change.before)} -> {_plain(change.after)}", mark="  ~ ")
    if not what_if.changes:
        yield Line("nothing changes", mark="  ")


def _turn(turn: VerdictTurn, audience: str) -> Iterator[Line]:
    """Yields the smallest sets of changes that turn a verdict, those to one verdict together."""
    titled = (
        turn.text if audience == "patient" or turn.id in turn.text else f"{turn.id}: {turn.text}"
    )
    yield Line(titled, style="bold")
    for verdict, words in (
        (decision_pb2.VERDICT_APPLIES, "would apply, if"),
        (decision_pb2.VERDICT_DOES_NOT_APPLY, "would not apply, if"),
    ):
        sets = [each for each in turn.sets if each.after == verdict]
        if sets:
            yield Line(words, mark="  ")
        for each in sets:
            for number, change in enumerate(each.changes):
                yield Line(change.text, mark="      and " if number else "    ~ ")
    if not turn.sets:
        yield Line("no change of the facts that can change turns this", mark="  ")
    if turn.cut:
        yield Line(turn.cut, mark="  ", style="dim")


def _plain(value: str) -> str:
    return value or "none"


def _citations(
    explained: ExplainPathResponse, shown: list[ExplainedRecommendation], audience: str
) -> Iterator[Line]:
    """Yields the article's statements behind what was told, dangling references marked."""
    wanted = {statement for each in shown for statement in each.statements}
    chosen = [each for each in explained.citations if each.statement in wanted]
    if not chosen or audience == "patient":
        return
    yield Line("The article says, in our words", style="bold")
    for each in chosen:
        reference = ""
        if each.HasField("number"):
            title = each.title if each.resolved else "dangling: the article lists no such reference"
            reference = f" [{each.number}: {title}]"
        yield Line(f"{each.text}{reference}", mark=f"  {each.statement:<4}")
