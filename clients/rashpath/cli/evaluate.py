"""The command `evaluate`: cases in, decisions out."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.connection import Connection
from rashpath.cli.errors import CommandError, ExitCode
from rashpath.cli.options import (
    Audience,
    AudienceOption,
    DigestOption,
    Format,
    GuidelineOption,
    View,
    examples,
    selector,
)

if TYPE_CHECKING:
    from rashpath.v1.decision_service_pb2 import GuidelineSelector

EXAMPLES = examples(
    "rashpath evaluate case.yaml",
    "rashpath evaluate case.yaml --format json --view full",
    "rashpath evaluate ward/*.yaml > decisions.ndjson",
    "rashpath evaluate --batch cases.ndjson > decisions.ndjson",
    "echo 'rash: {trend: SPREADING}' | rashpath evaluate - --local",
)


def evaluate(
    connection: Connection,
    cases: Annotated[
        list[str],
        typer.Argument(metavar="CASE", help="YAML or JSON files of a case; `-` is stdin."),
    ],
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="For one case [default: text]; several give NDJSON."),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Read NDJSON, one case a line; blank lines are skipped.")
    ] = False,
    view: Annotated[
        View, typer.Option("--view", help="basic: what applies or is open; full: everything.")
    ] = View.BASIC,
    guideline: GuidelineOption = "",
    digest: DigestOption = "",
    audience: AudienceOption = Audience.CLINICIAN,
    request_id: Annotated[
        str,
        typer.Option(
            "--request-id",
            metavar="TEXT",
            help="One case: sent again with the same id, it gets the recorded answer.",
        ),
    ] = "",
) -> None:
    """Decide cases.

    One CASE gives a page of text (or --format json or yaml). Several, or
    --batch, give NDJSON: one line a case, in order, with "index" and either
    "response" or "error". A faulty case never stops the others; the exit code
    is then 2.
    """
    chosen = selector(guideline, digest)
    if batch or len(cases) > 1:
        if format_ not in (None, Format.JSON):
            raise CommandError(
                f"`--format {format_.value}` is for one case; several cases give NDJSON"
            )
        if request_id:
            raise CommandError("`--request-id` is for one case")
        from rashpath.cli.batch import run

        if not run(
            connection,
            cases,
            ndjson=batch,
            guideline=chosen,
            view=view.value,
            audience=audience.value,
        ):
            raise typer.Exit(ExitCode.BAD_INPUT)
        return
    _one(connection, cases[0], format_ or Format.TEXT, view, chosen, audience, request_id)


def _one(
    connection: Connection,
    name: str,
    format_: Format,
    view: View,
    chosen: GuidelineSelector,
    audience: Audience,
    request_id: str,
) -> None:
    from rashpath.cli.cases import read_case
    from rashpath.cli.words import audience_message
    from rashpath.v1 import decision_pb2

    case = read_case(name)
    wanted = View.FULL if format_ is Format.TEXT else view
    with connection.open() as decider:
        answer = decider.evaluate(
            case,
            guideline=chosen,
            view=decision_pb2.View.Value(f"VIEW_{wanted.name}"),
            audience=audience_message(audience),
            request_id=request_id,
        )
    match format_:
        case Format.JSON:
            from rashpath.cli.output import as_json

            print(as_json(answer))
        case Format.YAML:
            from rashpath.cli.output import as_yaml

            print(as_yaml(answer))
        case Format.TEXT:
            from rashpath.cli.page import show
            from rashpath.cli.text import answer_page

            hint = connection.explain_command(quote(name) if name != "-" else "CASE")
            show(answer_page(answer, audience=audience, hint=hint))
