"""The command `audit export`: recorded decisions as a table, for other programs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from rashpath.cli.audit_filter import (
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
    from rashpath.audit.reading import Reader
    from rashpath.client.audit import AuditCalls
    from rashpath.v1.audit_pb2 import RecordedDecision

EXPORT_EXAMPLES = examples(
    "rashpath audit export -o decisions.ndjson",
    "rashpath audit export --format parquet -o decisions.parquet --store sqlite:///audit.db",
    "rashpath audit export --content --since 2026-01-31 -o with-facts.ndjson",
)

STDOUT = "-"


class ExportFormat(StrEnum):
    """File format of an export."""

    NDJSON = "ndjson"
    PARQUET = "parquet"


def export(
    source: Source,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; `-` is stdout.")
    ],
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="Parquet needs `rashpath[parquet]`.")
    ] = ExportFormat.NDJSON,
    content: Annotated[
        bool, typer.Option("--content", help="Facts, answer and walk too: data of patients.")
    ] = False,
    since: SinceOption = "",
    until: UntilOption = "",
    guideline: ByGuidelineOption = "",
    recommendation: RecommendationOption = "",
) -> None:
    """Export recorded decisions, one row each, the oldest first.

    Without --content the rows tell nothing of a patient. A large ledger is
    exported best with --store, which reads it in pieces.
    """
    wanted = Filter.of(since, until, guideline, recommendation)
    if output == STDOUT and format_ is ExportFormat.PARQUET:
        raise CommandError("Parquet needs a file; name it with `-o`")
    with open_auditor(source.connection, source.store) as auditor:
        exported = _rows(auditor, wanted, content=content)
        if output == STDOUT:
            from rashpath.audit.export import write_ndjson

            write_ndjson(exported, sys.stdout)
            return
        count = _write(exported, Path(output), format_, content=content)
    say(f"wrote {output}: {count} decisions{', with facts of patients' if content else ''}")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Reads a ledger through an auditor, with the two methods of a reader that an export uses."""

    auditor: AuditCalls
    wanted: Filter

    def all(self, _: object) -> Iterator[RecordedDecision]:
        """Yields the wanted decisions, the oldest first."""
        yield from reversed(list(self.wanted.decisions(self.auditor)))

    def decision(self, decision_id: str) -> RecordedDecision:
        """Returns one decision with its content."""
        return self.auditor.get_decision(decision_id).decision


def _rows(auditor: AuditCalls, wanted: Filter, *, content: bool) -> Iterator[dict[str, Any]]:
    from rashpath.audit.export import rows
    from rashpath.audit.reading import Filters
    from rashpath.cli.store import StoreAuditor, told

    if not isinstance(auditor, StoreAuditor):
        # Of a reader, an export calls these two methods only.
        return rows(cast("Reader", _Asked(auditor, wanted)), content=content)
    filters = Filters(
        None if wanted.since is None else round(wanted.since.timestamp() * 1e6),
        None if wanted.until is None else round(wanted.until.timestamp() * 1e6),
        wanted.guideline,
        wanted.recommendation,
    )
    return told(rows(auditor.opened.reader, filters, content=content))


def _write(
    exported: Iterator[dict[str, Any]], path: Path, format_: ExportFormat, *, content: bool
) -> int:
    """Writes a file whole or not at all, readable by its owner alone; returns the rows in it.

    Raises:
        CommandError: it cannot be written, or Parquet is not installed.
    """
    from rashpath.audit.export import ParquetMissingError, write_ndjson, write_parquet

    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".export-")
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                if format_ is ExportFormat.NDJSON:
                    count = write_ndjson(exported, file)
            if format_ is ExportFormat.PARQUET:
                count = write_parquet(exported, draft, content=content)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except ParquetMissingError as error:
        raise CommandError(str(error), exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION) from None
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise CommandError(f"`{path}`: {reason}") from None
    return count
