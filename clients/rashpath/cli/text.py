"""Tells a decision on one page: what to do first, then what is open, then why to be careful."""

from __future__ import annotations

from collections.abc import Iterator

from rashpath.cli.page import Line
from rashpath.cli.words import (
    URGENCY_STYLES,
    citations,
    fact_label,
    flag_words,
    listed,
    milligrams,
    number,
    review_words,
    urgency_words,
)
from rashpath.v1 import decision_pb2, guideline_pb2
from rashpath.v1.decision_pb2 import RecommendationResult, Regimen
from rashpath.v1.decision_service_pb2 import EvaluateResponse

OPEN_SHOWN = 8
QUESTIONS_SHOWN = 5
NEEDS_SHOWN = 3

_PITFALL_PREFIX = "pitfall_"

_WHEN = {
    guideline_pb2.URGENCY_EMERGENCY: ("Do now", "Now"),
    guideline_pb2.URGENCY_SAME_DAY: ("Do today", "Today"),
    guideline_pb2.URGENCY_PROMPT: ("Do within days", "Within days"),
    guideline_pb2.URGENCY_ROUTINE: ("Do at the next visit", "At the next visit"),
}
"""Headings by urgency, for clinicians and for patients."""


def answer_page(answer: EvaluateResponse, *, audience: str, hint: str = "") -> Iterator[Line]:
    """Yields the page of an answer.

    Args:
        answer: an answer in the full view.
        audience: ``clinician`` or ``patient``; must be that of the answer's texts.
        hint: command that explains the answer; empty: none is named.
    """
    yield Line(headline(answer.guideline))
    yield from _urgency(answer)
    yield from _contradictions(answer, audience)
    yield from _todo(answer, audience)
    yield from _open(answer, audience)
    yield from _pitfalls(answer, audience)
    yield from _findings(answer, audience)
    yield from questions(answer, audience)
    yield from _section("Warnings", [Line(each.text, mark="  - ") for each in answer.warnings])
    yield from _section(
        "Not covered here", [Line(each.text, mark="  - ") for each in answer.not_covered]
    )
    yield Line()
    if hint:
        yield Line(f"Why: {hint}")
    decision = f"Decision {answer.decision_id}. " if answer.decision_id else ""
    yield Line(f"{decision}{answer.disclaimer}", style="dim")


def headline(guideline: decision_pb2.GuidelineInfo) -> str:
    """Returns the guideline's title with version, review status, date and short digest."""
    return (
        f"{guideline.title}, guideline {guideline.version} "
        f"({review_words(guideline.review_status)}, last updated {guideline.last_updated}), "
        f"digest {guideline.digest[:8]}"
    )


def settled(answer: EvaluateResponse) -> tuple[int, int]:
    """Returns how many recommendations of a full answer are settled, and how many there are."""
    total = len(answer.recommendations)
    return total - len(_by_verdict(answer, decision_pb2.VERDICT_UNDETERMINED)), total


def questions(answer: EvaluateResponse, audience: str) -> Iterator[Line]:
    """Yields the questions whose answers matter most."""
    if not answer.questions:
        return
    yield Line("Ask next" if audience == "clinician" else "What would help to know", style="bold")
    for place, question in enumerate(answer.questions[:QUESTIONS_SHOWN], start=1):
        yield Line(question.text, mark=f"  {place}. ", right=_effect(question, answer))
    left = len(answer.questions) - QUESTIONS_SHOWN
    if left > 0:
        yield Line(f"and {left} more; `rashpath ask` goes through them", mark="     ", style="dim")


def _regimen_lines(regimen: Regimen) -> Iterator[Line]:
    """Yields how a treatment is given, each line indented below its recommendation."""
    mark = "      "
    yield Line(_regimen(regimen), mark=mark, style="bold")
    how = "; ".join(part for part in (regimen.row, regimen.formula) if part)
    yield from (Line(part, mark=mark) for part in (how, regimen.strength) if part)
    if regimen.withheld_because:
        yield Line("dose in mg withheld:", mark=mark)
        reasons = regimen.withheld_texts or regimen.withheld_because
        yield from (Line(reason, mark=f"{mark}- ") for reason in reasons)


def _regimen(regimen: Regimen) -> str:
    parts = [f"{regimen.drug} {regimen.route}".strip()]
    if regimen.HasField("dose_mg_per_kg"):
        parts[0] += f" {number(regimen.dose_mg_per_kg)} mg/kg"
    if regimen.HasField("interval_hours"):
        parts[0] += f" every {regimen.interval_hours} h"
    if regimen.HasField("doses_per_day_max"):
        fewest, most = regimen.doses_per_day_min, regimen.doses_per_day_max
        times = f"{most}" if fewest in (0, most) else f"{fewest} to {most}"
        parts.append("once daily" if times == "1" else f"{times} times daily")
    if regimen.HasField("dose_mg"):
        parts.append(f"{milligrams(regimen.dose_mg)} a dose")
    if regimen.HasField("days"):
        parts.append(f"for {regimen.days} days")
    if regimen.until:
        parts.append(f"until {regimen.until.removeprefix('until ')}")
    return ", ".join(parts)


def _urgency(answer: EvaluateResponse) -> Iterator[Line]:
    done, total = settled(answer)
    if answer.urgency == guideline_pb2.URGENCY_UNSPECIFIED:
        words = "NOTHING APPLIES" if done == total else "NOTHING SETTLED THAT APPLIES"
    else:
        words = urgency_words(answer.urgency)
    if answer.urgency_not_excluded != answer.urgency:
        words += f" ({urgency_words(answer.urgency_not_excluded)} not excluded)"
    yield Line(
        f"{words}    {done} settled, {total - done} open",
        style=URGENCY_STYLES.get(answer.urgency, ""),
    )
    yield Line()


def _contradictions(answer: EvaluateResponse, audience: str) -> Iterator[Line]:
    lines = []
    for each in answer.contradictions:
        facts = ", ".join(fact_label(path, audience) for path in each.facts)
        lines.append(Line(each.text, mark="  x ", right=f"({facts})" if facts else ""))
    yield from _section("Contradictions (no dose is computed until they are resolved)", lines)


def _todo(answer: EvaluateResponse, audience: str) -> Iterator[Line]:
    applying = _by_verdict(answer, decision_pb2.VERDICT_APPLIES)
    if not any(not _is_pitfall(each) for each in applying):
        yield Line("Nothing to do is settled yet.")
    for urgency, headings in _WHEN.items():
        lines: list[Line] = []
        for each in applying:
            if each.urgency == urgency and not _is_pitfall(each):
                lines.extend(_recommendation(each, audience))
        yield from _section(
            headings[audience == "patient"], lines, URGENCY_STYLES.get(urgency, "bold")
        )


def _recommendation(each: RecommendationResult, audience: str) -> Iterator[Line]:
    if audience == "patient":
        yield Line(each.text or each.title, mark="  ! ")
        yield from (Line(note.text, mark="      ") for note in each.notes)
        return
    right = citations(each.statements) or " ".join(each.sources)
    mark = "  ! " if each.urgency >= guideline_pb2.URGENCY_SAME_DAY else "  - "
    yield Line(each.title or each.text, mark=mark, right=right)
    if each.HasField("regimen"):
        yield from _regimen_lines(each.regimen)
    if each.text and each.text.rstrip(".") != each.title.rstrip("."):
        yield Line(each.text, mark="      ")
    yield from (Line(other.text, mark="      other source: ") for other in each.alternatives)
    yield from (Line(note.text, mark="      + ") for note in each.notes)
    yield from (
        Line(f"{flag_words(flag.flag)}: {flag.text}", mark="      flag: ", style="italic")
        for flag in each.flags
    )
    if each.defeaters:
        facts = listed([fact_label(path, audience) for path in each.defeaters], NEEDS_SHOWN)
        yield Line(f"could be withdrawn by: {facts}", mark="      ")


def _open(answer: EvaluateResponse, audience: str) -> Iterator[Line]:
    undetermined = _by_verdict(answer, decision_pb2.VERDICT_UNDETERMINED)
    lines = []
    for each in undetermined[:OPEN_SHOWN]:
        labels = [fact_label(path, audience) for path in each.decisive_facts]
        needs = f"needs: {listed(labels, NEEDS_SHOWN)}" if labels else ""
        lines.append(Line(f"{each.title}    {needs}".rstrip(), mark="  ? "))
    left = len(undetermined) - OPEN_SHOWN
    if left > 0:
        lines.append(Line(f"and {left} more (`--format json` lists all)", mark="    ", style="dim"))
    yield from _section("Open" if audience == "clinician" else "Not clear yet", lines)


def _pitfalls(answer: EvaluateResponse, audience: str) -> Iterator[Line]:
    lines = []
    for each in _by_verdict(answer, decision_pb2.VERDICT_APPLIES):
        if _is_pitfall(each):
            cited = citations(each.statements) if audience == "clinician" else ""
            title = each.title.removeprefix("Pitfall: ")
            text = f"{title[:1].upper()}{title[1:]}"
            if audience == "patient":
                text = each.text or each.title
            lines.append(Line(text, mark="  - ", right=cited))
    yield from _section("Pitfalls" if audience == "clinician" else "To keep in mind", lines)


def _findings(answer: EvaluateResponse, audience: str) -> Iterator[Line]:
    if audience == "patient":
        return
    lines = []
    for finding in answer.findings:
        if finding.verdict == decision_pb2.VERDICT_APPLIES:
            value = "" if finding.value == "YES" else finding.value
            lines.append(Line(finding.text or finding.id, mark="  = ", right=value))
    for computed in answer.computed:
        if computed.HasField("value"):
            lines.append(
                Line(f"{computed.label} {number(computed.value)} {computed.unit}", mark="  = ")
            )
    yield from _section("Found", lines)


def _effect(question: decision_pb2.Question, answer: EvaluateResponse) -> str:
    parts = [f"settles {len(question.settles)}"] if question.settles else []
    if question.urgency > answer.urgency:
        parts.append(f"may raise urgency to {urgency_words(question.urgency)}")
    return ", ".join(parts)


def _section(title: str, lines: list[Line], style: str = "bold") -> Iterator[Line]:
    if lines:
        yield Line(title, style=style)
        yield from lines


def _by_verdict(
    answer: EvaluateResponse, verdict: decision_pb2.Verdict.ValueType
) -> list[RecommendationResult]:
    return [each for each in answer.recommendations if each.verdict == verdict]


def _is_pitfall(each: RecommendationResult) -> bool:
    return each.id.startswith(_PITFALL_PREFIX)
