"""Writes the audit report of one decision: one page that an auditor can file or print."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from rashpath.cli.html import NOTHING, Content, Html, bullets, definitions, document, element
from rashpath.cli.report_data import ReportData, utc
from rashpath.cli.report_decision import decision, found, in_brief, what_is_open
from rashpath.cli.report_evidence import evidence
from rashpath.cli.report_facts import cautions, facts
from rashpath.cli.report_record import checks, record, recorded_walk, replay, verification
from rashpath.cli.report_way import drawing, steps, strays, why, why_not
from rashpath.cli.words import review_words
from rashpath.v1 import decision_pb2, guideline_pb2

__all__ = ["ReportData", "page"]

_DIGEST_SHOWN = 16
_SECTIONS = (
    ("decision", "The decision"),
    ("open", "What is open"),
    ("facts", "The facts"),
    ("cautions", "Contradictions and warnings"),
    ("way", "The way through the guideline"),
    ("steps", "Each step in words"),
    ("why", "Why it applies, or is open"),
    ("why-not", "Why not the others"),
    ("evidence", "The evidence"),
    ("record", "The record"),
    ("walk", "The walk as recorded"),
)
_OF_ANY_RECORD = frozenset({"record"})
"""What is left to tell of a decision whose content was erased."""


def page(data: ReportData) -> str:
    """Returns the report as one HTML page that fetches nothing and runs nothing.

    Title, header and footer hold ids and hashes only, no value of the patient. The same data give
    the same page.

    Args:
        data: all that is told.
    """
    record_hash = data.recorded.record_hash[:_DIGEST_SHOWN]
    return document(
        f"Audit report, decision {data.record.id}",
        [_cover(data), _contents(data), element("main", _body(data)), _footer(data)],
        header=f"Audit report - decision {data.record.id}",
        footer=(
            f"{data.info.id} {data.info.version} - digest {data.info.digest[:_DIGEST_SHOWN]}"
            f" - record {record_hash}"
        ),
    )


def _cover(data: ReportData) -> Html:
    return element(
        "header",
        element("p", "Audit report of one decision", class_="kicker"),
        element("h1", data.info.title or data.info.id),
        element("p", _question(data), class_="lead"),
        element("div", _identity(data), _guideline(data), class_="cover"),
        in_brief(data),
        checks(data),
        strays(data),
        _missing(data),
    )


def _question(data: ReportData) -> str:
    question = data.content.question
    return (question.patient if data.for_patient else "") or question.clinician


def _identity(data: ReportData) -> Html:
    raw = data.record
    request = data.recorded.request
    view = decision_pb2.View.Name(request.view).removeprefix("VIEW_").lower()
    asked = ""
    if data.recorded.HasField("request"):
        asked = f"{data.sent_audience}'s words, {'basic' if view == 'unspecified' else view} view"
    return definitions(
        [
            ("Decision", element("span", raw.id, class_="hash")),
            ("Decided", utc(raw.time.ToDatetime(tzinfo=UTC)) if raw.HasField("time") else ""),
            ("Caller", raw.caller),
            ("Request id", (request.request_id or "none given") if asked else ""),
            ("Asked for", asked),
            ("Report made", f"{utc(data.made)}, {data.made_by}"),
        ]
    )


def _guideline(data: ReportData) -> Html:
    info = data.info
    known = info.review_status != guideline_pb2.REVIEW_STATUS_UNSPECIFIED
    return definitions(
        [
            ("Guideline", f"{info.id} {info.version}".strip()),
            ("Digest", element("span", info.digest, class_="hash")),
            ("Review", review_words(info.review_status) if known else ""),
            ("Last updated", info.last_updated),
            ("Semantics", f"version {info.semantics_version}" if info.semantics_version else ""),
            ("Software", data.record.engine_version),
        ]
    )


def _missing(data: ReportData) -> Html:
    if not data.missing:
        return NOTHING
    return element(
        "div",
        element("strong", "Not in this report"),
        bullets(data.missing),
        class_="alert warn",
        role="note",
    )


def _sections(data: ReportData) -> list[tuple[str, str]]:
    """Returns ids and titles of the sections that there is something to tell in."""
    told = data.recorded.HasField("patient_case") or data.answer is not None
    return [each for each in _SECTIONS if told or each[0] in _OF_ANY_RECORD]


def _contents(data: ReportData) -> Html:
    items = [
        element("li", element("a", f"{place}. {title}", href=f"#{id}"))
        for place, (id, title) in enumerate(_sections(data), start=1)
    ]
    return element("nav", element("ol", items), aria_label="Contents")


def _body(data: ReportData) -> list[Content]:
    told = NOTHING
    if data.answer is not None and not data.as_sent:
        told = element(
            "p",
            f"The answer was sent in the {data.sent_audience}'s words. Here the same facts are "
            f"decided anew under the same guideline and told in the {data.audience}'s words.",
            class_="alert warn",
        )
    sections: dict[str, Callable[[], Content]] = {
        "decision": lambda: (told, decision(data), found(data)),
        "open": lambda: what_is_open(data),
        "facts": lambda: facts(data),
        "cautions": lambda: cautions(data),
        "steps": lambda: steps(data),
        "why": lambda: why(data),
        "why-not": lambda: why_not(data),
        "evidence": lambda: evidence(data),
        "record": lambda: (
            record(data),
            element("h3", "Verification of the ledger"),
            verification(data),
            element("h3", "Replay"),
            replay(data),
        ),
        "walk": lambda: recorded_walk(data),
    }
    body: list[Content] = []
    for place, (id, title) in enumerate(_sections(data), start=1):
        heading = element("h2", f"{place}. {title}", id=id)
        if id == "way":
            body.append(drawing(data, heading))
        else:
            body.append(element("section", heading, sections[id](), aria_labelledby=id))
    return body


def _footer(data: ReportData) -> Html:
    wording = data.content.disclaimer
    written = (wording.patient if data.for_patient else "") or wording.clinician
    disclaimer = (data.answer.disclaimer if data.answer is not None else "") or written
    return element(
        "footer",
        element("p", element("strong", "Disclaimer. "), disclaimer) if disclaimer else NOTHING,
        element(
            "p",
            "This report holds facts of a patient. File it as you file the patient's record.",
            class_="small soft",
        )
        if data.recorded.HasField("patient_case")
        else NOTHING,
    )
