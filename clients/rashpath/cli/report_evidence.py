"""Shows the evidence behind a decision: statements, references, reservations and sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rashpath.cli.html import NOTHING, Content, Html, element, table
from rashpath.cli.report_data import ReportData, sources_text
from rashpath.cli.words import flag_words
from rashpath.v1 import decision_pb2
from rashpath.v1.decision_pb2 import RecommendationResult
from rashpath.v1.guideline_pb2 import EvidenceFlag, Statement


def evidence(data: ReportData) -> Html:
    """Returns what stands behind all that applies or is open. Patients are shown none of it."""
    if data.for_patient:
        return element(
            "p",
            "What this rests on is written for professionals and stands in the clinician's report.",
        )
    if data.answer is None:
        return element("p", "What it rested on is not known without the content of the decision.")
    behind = _behind(data)
    flags = list(_flags(data))
    return element(
        "div",
        _statements(data, behind),
        table(
            "Reservations about this evidence",
            ("Kind", "About", "Reservation", "Sources"),
            [(flag_words(flag), about, text, sources) for flag, about, text, sources in flags],
        )
        if flags
        else element("p", "There are no reservations about the evidence."),
        _sources(data),
    )


def _behind(data: ReportData) -> dict[str, list[str]]:
    """Returns the titles of the recommendations that rest on each statement."""
    behind: dict[str, list[str]] = {}
    for each in _chosen(data):
        for statement in (*each.statements, *(s for note in each.notes for s in note.statements)):
            names = behind.setdefault(statement, [])
            if each.title not in names:
                names.append(each.title)
    return behind


def _chosen(data: ReportData) -> list[RecommendationResult]:
    return [
        *data.recommended(decision_pb2.VERDICT_APPLIES),
        *data.recommended(decision_pb2.VERDICT_UNDETERMINED),
    ]


def _statements(data: ReportData, behind: dict[str, list[str]]) -> Html:
    cited = {each.statement: each for each in _citations(data)}
    rows: list[tuple[Content, ...]] = []
    known = [statement.id for statement in data.content.statements] or list(cited)
    sections = {statement.id: statement.section for statement in data.content.statements}
    texts = {statement.id: statement.text for statement in data.content.statements}
    for id in known:
        if id not in behind:
            continue
        citation = cited.get(id)
        text = texts.get(id) or (citation.text if citation is not None else "")
        reference: Content = element("span", "none given", class_="soft")
        if citation is not None and citation.HasField("number"):
            reference = f"[{citation.number}] {citation.title}"
            if not citation.resolved:
                reference = (
                    f"[{citation.number}] ",
                    element("span", "dangling", class_="tag bad"),
                    " the article lists no such reference",
                )
        rows.append((id, (sections.get(id, ""),), text, reference, "; ".join(behind[id])))
    if not rows:
        return element("p", "No statement of the article stands behind this decision.")
    return table(
        "What the article says, in our own words",
        ("Id", "Section", "Statement", "The article's own reference", "Behind"),
        rows,
        class_="statements",
    )


def _citations(data: ReportData) -> Iterator[decision_pb2.Citation]:
    if data.explained is not None:
        yield from data.explained.citations
    for each in _chosen(data):
        yield from each.citations


def _flags(data: ReportData) -> Iterator[tuple[EvidenceFlag.ValueType, str, str, str]]:
    """Yields each reservation once: its kind, what it is about, its text and its sources."""
    for each in _chosen(data):
        for flag in each.flags:
            yield flag.flag, each.title, flag.text, sources_text(flag.sources)
    behind = _behind(data)
    for statement in data.content.statements:
        if statement.id in behind:
            for reservation in statement.flags:
                yield (
                    reservation.flag,
                    f"statement {statement.id}",
                    reservation.text,
                    sources_text(reservation.sources),
                )


def _sources(data: ReportData) -> Html:
    used = set(_used(_chosen(data), data.content.statements, _behind(data)))
    rows = [
        (source.id, source.title, element("span", source.location or "not known", class_="soft"))
        for source in data.content.sources
        if source.id in used
    ]
    if not rows:
        return NOTHING
    return table("Other sources", ("Id", "Title", "Found at"), rows, class_="sources")


def _used(
    chosen: Iterable[RecommendationResult],
    statements: Iterable[Statement],
    behind: dict[str, list[str]],
) -> Iterator[str]:
    for each in chosen:
        yield from each.sources
        for flag in each.flags:
            yield from flag.sources
        for note in each.notes:
            yield from note.sources
        for other in each.alternatives:
            yield from other.sources
    for statement in statements:
        if statement.id in behind:
            for reservation in statement.flags:
                yield from reservation.sources
