"""The command `audit replay`: decides what was recorded again, and compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.audit_filter import (
    AuditFormat,
    AuditFormatOption,
    ByGuidelineOption,
    Filter,
    RecommendationOption,
    SinceOption,
    UntilOption,
)
from rashpath.cli.auditor import Source, open_auditor
from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.options import examples

if TYPE_CHECKING:
    from rashpath.client.audit import AuditCalls
    from rashpath.v1.audit_pb2 import ReplayResult

REPLAY_EXAMPLES = examples(
    "rashpath audit replay 01JDB7Q9V2M8K4T6W3XNRYHCFA",
    "rashpath audit replay --all --since 2026-01-31",
    "rashpath audit replay --all --store sqlite:///audit.db --format json > replayed.ndjson",
)

_DAMAGED = "DAMAGED"
_BROKEN = ("DIFFERENT", "GUIDELINE_MISSING", _DAMAGED)
"""Outcomes that speak against the record or the engine, not for another engine or an erasure."""


def replay(
    source: Source,
    decisions: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of decisions.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Replay all, or those filtered.")] = False,
    since: SinceOption = "",
    until: UntilOption = "",
    guideline: ByGuidelineOption = "",
    recommendation: RecommendationOption = "",
    format_: AuditFormatOption = AuditFormat.TEXT,
) -> None:
    """Decide recorded facts again under the recorded guideline, and compare.

    Under the same semantics version the answer must come out byte for byte;
    under another, a difference is the engine's. Exits with 5 where a record
    or the engine is broken. JSON is one line a decision.
    """
    from rashpath.cli.progress import ProgressBar

    if bool(decisions) == every:
        raise CommandError("give ids of decisions or `--all`, one of them")
    wanted = Filter.of(since, until, guideline, recommendation)
    if decisions and wanted != Filter():
        raise CommandError("`--since`, `--until` and the like go with `--all`")
    outcomes: Counter[str] = Counter()
    with (
        open_auditor(source.connection, source.store) as auditor,
        ProgressBar("decisions") as bar,
    ):
        ids = decisions or (each.record.id for each in wanted.decisions(auditor))
        for outcome, line in _replayed(auditor, iter(ids), format_, quiet=every):
            outcomes[outcome] += 1
            bar.advance()
            if line:
                print(line)
    if every:
        told = ", ".join(f"{count} {_words(name)}" for name, count in sorted(outcomes.items()))
        say(f"replayed {outcomes.total()}: {told or 'nothing is recorded'}")
    if any(outcomes[name] for name in _BROKEN):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _replayed(
    auditor: AuditCalls, ids: Iterator[str], format_: AuditFormat, *, quiet: bool
) -> Iterator[tuple[str, str]]:
    """Yields for each decision the name of its outcome and the line to print, if any."""
    from rashpath.client.errors import LedgerDamaged
    from rashpath.v1.audit_pb2 import ReplayOutcome

    for decision_id in ids:
        try:
            result = auditor.replay_decision(decision_id).result
        except LedgerDamaged as error:
            yield _DAMAGED, _damaged(decision_id, error.message, format_)
            continue
        outcome = ReplayOutcome.Name(result.outcome).removeprefix("REPLAY_OUTCOME_")
        dull = quiet and outcome == "IDENTICAL" and format_ is AuditFormat.TEXT
        yield outcome, "" if dull else _line(result, format_)


def _line(result: ReplayResult, format_: AuditFormat) -> str:
    if format_ is AuditFormat.JSON:
        from rashpath.cli.output import as_json_line, as_plain

        return as_json_line(as_plain(result))
    from rashpath.cli.audit_text import replay_text

    return replay_text(result)


def _damaged(decision_id: str, message: str, format_: AuditFormat) -> str:
    if format_ is AuditFormat.JSON:
        from rashpath.cli.output import as_json_line

        error = {"code": "DATA_LOSS", "message": message}
        return as_json_line({"decision_id": decision_id, "error": error})
    return f"{decision_id}  {_words(_DAMAGED)}: {message}"


def _words(outcome: str) -> str:
    return outcome.replace("_", " ").lower()
