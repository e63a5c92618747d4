"""Shows the facts of a report: each that the dictionary knows, given or not, group by group."""

from __future__ import annotations

from collections.abc import Iterable

from rashpath.cli.html import NOTHING, Content, Html, bullets, element, table
from rashpath.cli.report_data import ReportData, counted
from rashpath.cli.words import fact_label, number
from rashpath.facts.check import given
from rashpath.facts.dictionary import Choice, Dictionary, Fact
from rashpath.facts.show import range_text, show, unit_name
from rashpath.facts.wording import Audience
from rashpath.v1 import facts_pb2


def facts(data: ReportData) -> Html:
    """Returns the facts with their units, and what was unknown."""
    if not data.recorded.HasField("patient_case"):
        return element("p", "The facts were erased from the ledger, or were not handed out.")
    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    values = given(data.recorded.patient_case, dictionary)
    asked = {each.fact: each.settles for each in data.answer.questions} if data.answer else {}
    groups = [
        table(
            group.replace("_", " ").capitalize(),
            ("Fact", "Value"),
            [
                _row(data, fact, values.get(fact.path), fact.path in asked)
                for fact in dictionary
                if fact.group == group
            ],
        )
        for group in dictionary.groups()
    ]
    unknown = len(dictionary) - len(values)
    return element(
        "div",
        element(
            "p",
            f"{len(values)} of {counted(len(dictionary), 'fact')} were given, {unknown} were not "
            "known. A fact that is not known was taken neither as present nor as absent.",
        ),
        element("div", groups, class_="facts"),
        _computed(data),
    )


def cautions(data: ReportData) -> Html:
    """Returns contradictions and warnings about the facts, and what is not covered."""
    answer = data.answer
    if answer is None:
        return element("p", "These are not known without the content of the decision.")
    contradictions = [
        (element("strong", each.text), _named(each.facts, data)) for each in answer.contradictions
    ]
    parts: list[Html] = []
    if contradictions:
        parts.append(
            element(
                "div",
                element("h3", "Contradictions: no dose is computed until they are resolved"),
                bullets(contradictions),
                class_="alert",
            )
        )
    else:
        parts.append(element("p", "No given fact contradicts another."))
    if answer.warnings:
        parts.append(element("h3", "Warnings"))
        parts.append(bullets((each.text, _named(each.facts, data)) for each in answer.warnings))
    else:
        parts.append(element("p", "There are no warnings."))
    if answer.not_covered:
        parts.append(element("h3", "Not covered by the guideline"))
        parts.append(bullets(each.text for each in answer.not_covered))
    return element("div", parts)


def _row(data: ReportData, fact: Fact, value: float | None, decisive: bool) -> tuple[Content, ...]:
    audience = Audience(data.audience)
    label = fact.label.to(audience)
    if value is None:
        note = element("span", "not known", class_="unknown")
        tag = element("span", "decisive", class_="tag") if decisive else NOTHING
        return label, (note, " ", tag)
    shown = show(fact, value, audience)
    if not isinstance(fact.kind, Choice):
        if data.for_patient and fact.kind.unit.startswith("mg"):
            return label, element("span", "as you told us", class_="value")
        usual = fact.kind.plausible
        if usual is not None and not usual.minimum <= value <= usual.maximum:
            words = f"unusual: {range_text(usual, fact.kind.unit)} expected"
            return label, (element("span", shown, class_="value"), " ", _tag(words))
    return label, element("span", shown, class_="value")


def _computed(data: ReportData) -> Html:
    """Returns the numbers that the engine computed; patients are told none."""
    if data.answer is None or not data.answer.computed or data.for_patient:
        return NOTHING
    rows = []
    for each in data.answer.computed:
        if each.HasField("value"):
            value: Content = element(
                "span",
                f"{number(each.value, 6)} {unit_name(each.unit, each.value)}".rstrip(),
                class_="value",
            )
        elif each.absent_because:
            value = f"does not exist: {each.absent_because}"
        else:
            labels = ", ".join(fact_label(path, data.audience) for path in each.waits_for)
            value = f"not known; waits for {labels}"
        rows.append((each.label, value))
    return table("Computed from the facts", ("Number", "Value"), rows, class_="keep")


def _named(paths: Iterable[str], data: ReportData) -> Html:
    labels = [fact_label(path, data.audience) for path in paths]
    return element("span", f" ({', '.join(labels)})", class_="soft") if labels else NOTHING


def _tag(words: str) -> Html:
    return element("span", words, class_="tag")
