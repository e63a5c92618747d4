"""Shows the decision of a report: what to do with its doses, what is open, what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rashpath.cli.html import NOTHING, Content, Html, bullets, definitions, element
from rashpath.cli.report_data import ReportData, counted, sources_text, urgency_class
from rashpath.cli.words import (
    citations,
    fact_label,
    flag_words,
    milligrams,
    number,
    urgency_words,
)
from rashpath.v1 import decision_pb2, guideline_pb2
from rashpath.v1.decision_pb2 import RecommendationResult, Regimen
from rashpath.v1.decision_service_pb2 import EvaluateResponse

_WHEN = {
    guideline_pb2.URGENCY_EMERGENCY: "Now",
    guideline_pb2.URGENCY_SAME_DAY: "Today",
    guideline_pb2.URGENCY_PROMPT: "Within days",
    guideline_pb2.URGENCY_ROUTINE: "At the next visit",
}


def headline(answer: EvaluateResponse) -> str:
    """Returns the urgency of an answer and what is not excluded, in words."""
    if answer.urgency == guideline_pb2.URGENCY_UNSPECIFIED:
        words = "Nothing applies yet"
    else:
        words = urgency_words(answer.urgency).capitalize()
    if answer.urgency_not_excluded != answer.urgency:
        words += f"; {urgency_words(answer.urgency_not_excluded).lower()} is not excluded"
    return words


def in_brief(data: ReportData) -> Html:
    """Returns what matters first: urgency, what applies, how much is open."""
    answer = data.answer
    if answer is None:
        return element(
            "section",
            element("p", "The content of this decision is not there", class_="headline"),
            element("p", "What is left is its record, below."),
            class_="brief",
            aria_label="In brief",
        )
    applying = [
        _line(each)
        for each in data.recommended(decision_pb2.VERDICT_APPLIES)
        if each.urgency > guideline_pb2.URGENCY_ROUTINE
    ]
    waiting = len(data.recommended(decision_pb2.VERDICT_UNDETERMINED))
    if answer.status == decision_pb2.DECISION_STATUS_DECIDED:
        state = "Decided: no verdict and no dose waits for a fact."
    else:
        state = (
            f"Needs facts: {counted(waiting, 'recommendation')} open, "
            f"{counted(len(answer.questions), 'question')}."
        )
    return element(
        "section",
        element("p", headline(answer), class_="headline"),
        element("p", state),
        bullets(applying),
        class_=f"brief {urgency_class(answer.urgency)}",
        aria_label="In brief",
    )


def decision(data: ReportData) -> Html:
    """Returns the recommendations that apply, by urgency, with all that belongs to each."""
    if data.answer is None:
        return element("p", "The decision itself is not there.")
    applying = data.recommended(decision_pb2.VERDICT_APPLIES)
    parts: list[Content] = []
    if not applying:
        parts.append(element("p", "No recommendation applies on what was known."))
    for urgency, when in _WHEN.items():
        cards = [_card(each, data) for each in applying if each.urgency == urgency]
        if cards:
            parts.append(element("h3", f"{when} ({urgency_words(urgency).lower()})"))
            parts.extend(cards)
    return element("div", parts)


def what_is_open(data: ReportData) -> Html:
    """Returns what is undetermined with what would settle it, and the questions."""
    answer = data.answer
    if answer is None:
        return element("p", "What was open is not known.")
    waiting = data.recommended(decision_pb2.VERDICT_UNDETERMINED)
    if not waiting and not answer.questions:
        return element("p", "Nothing is open.")
    cards = [
        element(
            "article",
            _heading(each, data),
            element("p", each.text) if each.text != each.title else NOTHING,
            definitions(
                [
                    ("Waits for", _labels(each.decisive_facts, data)),
                    (
                        "Not refined",
                        "the exact verdict lies beyond the engine's bound"
                        if each.not_refined
                        else "",
                    ),
                    *([] if data.for_patient else _regimen(each.regimen)),
                ]
            ),
            class_=f"card open {urgency_class(each.urgency)}",
        )
        for each in waiting
    ]
    asked = [
        (
            element("strong", question.text),
            " ",
            element("span", "may be a sign of danger", class_="tag bad")
            if question.red_flag
            else NOTHING,
            element("div", f"settles {_settled(question.settles, data)}", class_="soft small"),
        )
        for question in answer.questions
    ]
    questions = [element("h3", "Questions, the most useful first"), _numbered(asked)]
    heading = element("h3", "Open recommendations") if cards else NOTHING
    return element("div", heading, cards, questions if asked else NOTHING)


def found(data: ReportData) -> Html:
    """Returns the named conclusions."""
    answer = data.answer
    if answer is None or not answer.findings:
        return NOTHING
    pairs: list[tuple[str, Content]] = []
    for each in answer.findings:
        value: Content = (element("strong", each.value), f"  {each.text}" if each.text else "")
        if each.decisive_facts:
            value = (value, f"; waits for {_labels(each.decisive_facts, data)}")
        pairs.append((each.id.replace("_", " "), value))
    return element("div", element("h3", "Findings"), definitions(pairs))


def _line(each: RecommendationResult) -> Content:
    dose = ""
    if each.HasField("regimen") and each.regimen.HasField("dose_mg"):
        dose = f"{milligrams(each.regimen.dose_mg)} a dose"
    elif each.HasField("regimen") and each.regimen.withheld_because:
        dose = "dose in mg withheld"
    return (each.title, (": ", element("span", dose, class_="dose")) if dose else NOTHING)


def _card(each: RecommendationResult, data: ReportData) -> Html:
    if data.for_patient:
        notes = bullets(note.text for note in each.notes)
        return element(
            "article",
            _heading(each, data),
            element("p", each.text),
            notes,
            class_=f"card {urgency_class(each.urgency)}",
        )
    return element(
        "article",
        _heading(each, data),
        element("p", each.text) if each.text != each.title else NOTHING,
        definitions(_regimen(each.regimen) if each.HasField("regimen") else []),
        bullets(_note(note) for note in each.notes),
        [
            element("p", element("strong", "Another source: "), other.text, _sourced(other.sources))
            for other in each.alternatives
        ],
        [
            element(
                "p",
                element("span", flag_words(flag.flag), class_="tag"),
                f" {flag.text}",
                _sourced(flag.sources),
                class_="flag small",
            )
            for flag in each.flags
        ],
        element("p", f"Could be withdrawn by: {_labels(each.defeaters, data)}", class_="small soft")
        if each.defeaters
        else NOTHING,
        class_=f"card {urgency_class(each.urgency)}",
    )


def _heading(each: RecommendationResult, data: ReportData) -> Html:
    layers = " + ".join(
        guideline_pb2.Provenance.Name(layer).removeprefix("PROVENANCE_").lower()
        for layer in each.provenance
    )
    cited = f"{citations(each.statements)} {sources_text(each.sources)}".strip()
    marks = "" if data.for_patient else f"from: {layers}  {cited}".strip()
    return element(
        "header",
        element(
            "h4",
            each.title or each.id,
            " ",
            NOTHING if data.for_patient else element("code", each.id, class_="soft"),
        ),
        element("span", marks, class_="cited") if marks else NOTHING,
    )


def _regimen(regimen: Regimen) -> Iterator[tuple[str, Content]]:
    yield "Drug", " ".join(part for part in (regimen.drug, regimen.route) if part)
    how = []
    if regimen.HasField("dose_mg_per_kg"):
        how.append(f"{number(regimen.dose_mg_per_kg)} mg/kg")
    if regimen.HasField("interval_hours"):
        how.append(f"every {regimen.interval_hours} h")
    if regimen.HasField("doses_per_day_max"):
        fewest, most = regimen.doses_per_day_min, regimen.doses_per_day_max
        times = f"{most}" if fewest in (0, most) else f"{fewest} to {most}"
        how.append("once daily" if times == "1" else f"{times} times daily")
    yield "Dosing", " ".join(how)
    if regimen.HasField("dose_mg"):
        yield "Single dose", element("span", milligrams(regimen.dose_mg), class_="dose")
    yield "Row of the table", regimen.row
    yield "Formula", regimen.formula
    if regimen.HasField("days"):
        yield "Duration", counted(regimen.days, "day")
    yield "Until", regimen.until
    yield "Strength", regimen.strength
    if regimen.withheld_because:
        reasons = regimen.withheld_texts or regimen.withheld_because
        yield "Dose in mg withheld", bullets(reasons)


def _note(note: decision_pb2.NoteResult) -> Content:
    flags = [
        (" ", element("span", flag_words(flag), class_="tag plain")) for flag in note.evidence_flags
    ]
    cited = f"{citations(note.statements)} {sources_text(note.sources)}".strip()
    return (note.text, flags, _sourced([cited] if cited else []))


def _sourced(sources: Iterable[str]) -> Html:
    text = sources_text(sources)
    return element("span", f" {text}", class_="cited") if text else NOTHING


def _labels(paths: Iterable[str], data: ReportData) -> str:
    return ", ".join(fact_label(path, data.audience) for path in paths)


def _settled(ids: Iterable[str], data: ReportData) -> str:
    titles = {each.id: each.title for each in data.answer.recommendations} if data.answer else {}
    words = []
    for each in ids:
        name, dot, _ = each.partition(".")
        title = titles.get(name, name.replace("_", " "))
        words.append(f"the dose of: {title}" if dot else title)
    return "; ".join(words)


def _numbered(items: Iterable[Content]) -> Html:
    return element("ol", [element("li", item) for item in items])
