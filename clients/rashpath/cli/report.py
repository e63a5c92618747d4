"""The command `report`: all that is known of one recorded decision, as a page to file or print."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rashpath.cli.auditor import Source
from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.options import Audience, AudienceOption, examples

if TYPE_CHECKING:
    from rashpath.cli.report_data import ReportData
    from rashpath.client.audit import AuditCalls

EXAMPLES = examples(
    "rashpath report --decision 01JDB7Q9V2M8K4T6W3XNRYHCFA -o report.html",
    "rashpath report --decision 01JDB7Q9V2M8K4T6W3XNRYHCFA --store sqlite:///audit.db",
)

STDOUT = "-"
_PLAIN = re.compile(r"[0-9A-Za-z-]{1,64}")
_OPTIONAL = frozenset({"NOT_FOUND", "FAILED_PRECONDITION", "UNIMPLEMENTED"})
"""Codes of an answer that says that a part of the report cannot be had, now or ever."""

T = TypeVar("T")


def report(
    source: Source,
    decision: Annotated[
        str, typer.Option("--decision", metavar="ID", help="Id of the recorded decision.")
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the page goes; `-` is stdout. Else rashpath-report-ID.html.",
        ),
    ] = "",
    audience: AudienceOption = Audience.CLINICIAN,
) -> None:
    """Write the audit report of one recorded decision.

    One HTML page that needs nothing else, to file or to print: facts, decision,
    drawing, every step in words, evidence, record, verification and replay. It
    holds facts of a patient; its name and title do not. Exits with 5 if the
    ledger does not verify or the replay differs; the report is written all the
    same.
    """
    if _PLAIN.fullmatch(decision) is None:
        raise CommandError("`--decision` takes the id of a recorded decision")
    from rashpath.cli.auditor import open_auditor
    from rashpath.cli.report_page import page

    with open_auditor(source.connection, source.store) as auditor:
        data = gather(auditor, decision, audience.value, datetime.now(UTC))
    text = page(data)
    if output == STDOUT:
        sys.stdout.write(text)
    else:
        path = Path(output or f"rashpath-report-{decision}.html")
        write(path, text)
        say(f"wrote {path}; it holds facts of a patient")
    alarms = faults(data)
    for alarm in alarms:
        say(f"warning: {alarm}")
    if alarms:
        raise typer.Exit(ExitCode.CHECK_FAILED)


def gather(auditor: AuditCalls, decision: str, audience: str, made: datetime) -> ReportData:
    """Returns all that a report tells, and says what of it cannot be had.

    Args:
        auditor: what is asked.
        decision: id of the decision.
        audience: ``clinician`` or ``patient``.
        made: when the report is made, with its time zone.

    Raises:
        ClientError: the decision is not recorded, or the ledger cannot be asked.
    """
    from importlib.metadata import version

    from rashpath.cli.report_data import ReportData
    from rashpath.cli.words import audience_message
    from rashpath.v1.decision_service_pb2 import GuidelineSelector
    from rashpath.v1.guideline_service_pb2 import DIAGRAM_FORMAT_SVG

    found = auditor.get_decision(decision)
    record = found.decision.record
    selector = GuidelineSelector(
        id=record.guideline_id, version=record.guideline_version, digest=record.guideline_digest
    )
    words = audience_message(audience)
    missing: list[str] = []

    def attempt(name: str, ask: Callable[[], T], possible: bool = True) -> T | None:
        return _attempt(name, ask, missing) if possible else None

    told = found.decision.HasField("patient_case")
    if not told:
        missing.append("Explanation and drawing: the ledger holds no content of this decision.")
    return ReportData(
        decision=found,
        explained=attempt(
            "Explanation", lambda: auditor.explain_decision(decision, audience=words), told
        ),
        diagram=attempt(
            "Drawing",
            lambda: auditor.render_decision(decision, format=DIAGRAM_FORMAT_SVG, audience=words),
            told,
        ),
        guideline=attempt("Guideline", lambda: auditor.get_guideline(selector)),
        verification=attempt("Verification", auditor.verify_ledger),
        replay=attempt("Replay", lambda: auditor.replay_decision(decision)),
        audience=audience,
        made=made,
        made_by=f"rashpath {version('rashpath')}",
        missing=tuple(missing),
    )


def faults(data: ReportData) -> list[str]:
    """Returns what an auditor must not overlook: a ledger that is not sound, words that stray."""
    from rashpath.v1 import audit_pb2

    found = []
    if data.verification is not None and not data.verification.sound:
        found.append("the ledger does not verify")
    broken = (
        audit_pb2.REPLAY_OUTCOME_DIFFERENT,
        audit_pb2.REPLAY_OUTCOME_GUIDELINE_MISSING,
    )
    if data.replay is not None and data.replay.result.outcome in broken:
        found.append("the replay does not give the recorded answer")
    if data.strayed:
        found.append("the explanation is not of the walk that was recorded")
    return found


def write(path: Path, text: str) -> None:
    """Writes a file whole or not at all, readable by its owner alone.

    Raises:
        CommandError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".report-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise CommandError(f"`{path}`: {reason}") from None


def _attempt(name: str, ask: Callable[[], T], missing: list[str]) -> T | None:
    """Returns an answer, or notes why there is none where the rest can stand without it."""
    from rashpath.client.errors import ClientError

    try:
        return ask()
    except ClientError as error:
        if error.code not in _OPTIONAL:
            raise
        missing.append(f"{name}: {error.message}.")
        return None
