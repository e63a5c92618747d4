"""The commands `audit list`, `show`, `verify`, `checkpoint` and `erase`."""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.audit_filter import (
    PAGE,
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
    from rashpath.v1.audit_pb2 import Checkpoint

_ID = "01JDB7Q9V2M8K4T6W3XNRYHCFA"
GROUP_EXAMPLES = examples("rashpath audit list", "rashpath audit verify")
LIST_EXAMPLES = examples(
    "rashpath audit list --limit 10",
    "rashpath audit list --since 2026-01-31 --recommendation start_foscarnet",
    "rashpath audit list --store sqlite:///audit.db --keyring keyring.json --format json",
)
SHOW_EXAMPLES = examples(f"rashpath audit show {_ID}", f"rashpath audit show {_ID} --format json")
VERIFY_EXAMPLES = examples(
    "rashpath audit verify",
    "rashpath audit verify --checkpoint kept-elsewhere/checkpoint.json",
    "rashpath audit verify --store sqlite:///copy-of-audit.db --public-key signing.pem",
)
CHECKPOINT_EXAMPLES = examples("rashpath audit checkpoint -o checkpoint.json")
ERASE_EXAMPLES = examples(f"rashpath audit erase {_ID} --reason 'asked for by the patient' --yes")

DecisionArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the decision.")]


def list_decisions(
    source: Source,
    since: SinceOption = "",
    until: UntilOption = "",
    guideline: ByGuidelineOption = "",
    recommendation: RecommendationOption = "",
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="Most decisions to list; 0: all.")
    ] = 50,
    format_: AuditFormatOption = AuditFormat.TEXT,
) -> None:
    """List recorded decisions, the newest first.

    Nothing of a patient is shown. Erased decisions cannot be found by
    recommendation any more.
    """
    wanted = Filter.of(since, until, guideline, recommendation)
    with open_auditor(source.connection, source.store) as auditor:
        decisions = wanted.decisions(auditor, min(limit + 1, PAGE) if limit else PAGE)
        shown = list(islice(decisions, limit)) if limit else decisions
        if shown == []:
            say("no recorded decision fits")
        if format_ is AuditFormat.JSON:
            from rashpath.cli.output import as_json
            from rashpath.v1.audit_service_pb2 import ListDecisionsResponse

            print(as_json(ListDecisionsResponse(decisions=shown)))
        else:
            from rashpath.cli.audit_text import listed_decision
            from rashpath.cli.page import show

            show(listed_decision(each) for each in shown)
        if next(decisions, None) is not None:
            say(f"more than {limit} are recorded; `--limit` lists more")


def show_decision(
    source: Source, decision: DecisionArgument, format_: AuditFormatOption = AuditFormat.TEXT
) -> None:
    """Show one recorded decision: its record, facts, answer and walk."""
    with open_auditor(source.connection, source.store) as auditor:
        found = auditor.get_decision(decision).decision
    if format_ is AuditFormat.JSON:
        from rashpath.cli.output import as_json

        print(as_json(found))
        return
    from rashpath.cli.audit_text import decision_page
    from rashpath.cli.page import show

    show(decision_page(found))


def verify_ledger(
    source: Source,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="Compare with this one, which was kept elsewhere."
        ),
    ] = None,
    format_: AuditFormatOption = AuditFormat.TEXT,
) -> None:
    """Verify the whole ledger; exits with 5 where it is not sound.

    Every record, its place, its signature and its content are checked. What
    was cut off at the end shows back to the newest checkpoint that was kept
    where nobody who can write to the ledger can reach it.
    """
    from rashpath.cli.progress import ProgressBar

    kept = read_checkpoint(checkpoint) if checkpoint is not None else None
    with (
        ProgressBar("records") as bar,
        open_auditor(source.connection, source.store, bar.reached) as auditor,
    ):
        found = auditor.verify_ledger(kept)
    if format_ is AuditFormat.JSON:
        from rashpath.cli.output import as_json

        print(as_json(found))
    else:
        from rashpath.cli.audit_text import verification_page
        from rashpath.cli.page import show

        show(verification_page(found, checkpoint=kept.id if kept is not None else ""))
    if not found.sound:
        raise typer.Exit(ExitCode.CHECK_FAILED)


def make_checkpoint(
    source: Source,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; `-` is stdout.")
    ] = "-",
) -> None:
    """Make a checkpoint: the signed heads of all chains, to be kept elsewhere."""
    from rashpath.cli.output import as_json

    with open_auditor(source.connection, source.store) as auditor:
        made = auditor.create_checkpoint().checkpoint
    text = f"{as_json(made)}\n"
    if output == "-":
        sys.stdout.write(text)
        return
    path = Path(output)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise CommandError(f"`{path}` is there already; checkpoints are kept") from None
    except OSError as error:
        raise CommandError(f"`{path}`: {(error.strerror or 'cannot be written').lower()}") from None
    records = sum(head.count for head in made.heads)
    say(f"wrote {path}: checkpoint {made.id}, {records} records")


def erase_decision(
    source: Source,
    decision: DecisionArgument,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why; it is recorded. No patient data."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase the facts, walk and answer of one decision for good.

    The record stays and still verifies; the erasure is recorded. Backups keep
    the deleted key until they expire.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError(
                "nobody can be asked here whether to erase for good", hint="say so with `--yes`"
            )
        typer.confirm(f"Erase the content of decision {decision} for good?", abort=True, err=True)
    with open_auditor(source.connection, source.store) as auditor:
        erased = auditor.erase_decision(decision, reason)
    print(f"erased {decision}; the erasure is recorded as {erased.record_id}")


def read_checkpoint(path: Path) -> Checkpoint:
    """Returns the checkpoint of a file; its signature is checked by the verification.

    Raises:
        CommandError: the file cannot be read, or holds none.
    """
    from google.protobuf import json_format

    from rashpath.v1.audit_pb2 import Checkpoint

    try:
        return json_format.Parse(path.read_bytes(), Checkpoint())
    except OSError as error:
        raise CommandError(f"`{path}`: {(error.strerror or 'cannot be read').lower()}") from None
    except (json_format.ParseError, UnicodeDecodeError):
        raise CommandError(f"`{path}` holds no checkpoint") from None
