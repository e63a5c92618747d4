"""The commands `guideline list`, `show`, `lint` and `trace`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rashpath.cli.connection import Connection
from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.options import Audience, AudienceOption, Format, examples, selector

LIST_EXAMPLES = examples("rashpath guideline list", "rashpath guideline list --format json")
SHOW_EXAMPLES = examples(
    "rashpath guideline show",
    "rashpath guideline show valacyclovir_spreading_rash@1.0.0 --format yaml",
)
LINT_EXAMPLES = examples("rashpath guideline lint my_guideline/1.0.0.yaml")
TRACE_EXAMPLES = examples(
    "rashpath guideline trace --local",
    "rashpath guideline trace --cases tests/cases --format markdown > trace.md",
    "rashpath guideline trace --cases tests/cases --format html > trace.html",
    "rashpath guideline trace --cases tests/cases --format csv --table hazards",
    "rashpath guideline trace --cases tests/cases --check",
)


class TraceFormat(StrEnum):
    """How the matrix is written."""

    TEXT = "text"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"


class TraceTable(StrEnum):
    """What the rows of a CSV file are."""

    STATEMENTS = "statements"
    HAZARDS = "hazards"


GuidelineArgument = Annotated[
    str,
    typer.Argument(metavar="ID[@VERSION]", help="The server's default guideline otherwise."),
]


def list_guidelines(
    connection: Connection,
    format_: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """List the guidelines that the server serves."""
    with connection.open() as decider:
        response = decider.list_guidelines()
    if format_ is not Format.TEXT:
        from rashpath.cli.output import as_json, as_yaml

        print(as_json(response) if format_ is Format.JSON else as_yaml(response))
        return
    from rashpath.cli.page import Line, show
    from rashpath.cli.words import review_words

    lines = []
    for each in response.guidelines:
        lines.append(
            Line(
                f"{each.id} {each.version}  {review_words(each.review_status)}",
                right=f"digest {each.digest[:8]}",
                style="bold",
            )
        )
        lines.append(Line(f"{each.title}, last updated {each.last_updated}", mark="  "))
    show(lines)


def show_guideline(
    connection: Connection,
    guideline: GuidelineArgument = "",
    format_: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
    audience: AudienceOption = Audience.CLINICIAN,
) -> None:
    """Show a guideline: what it can recommend, lane by lane, and from what."""
    with connection.open() as decider:
        response = decider.get_guideline(selector(guideline))
    match format_:
        case Format.JSON:
            from rashpath.cli.output import as_json

            print(as_json(response.guideline))
        case Format.YAML:
            from rashpath.cli.output import as_yaml

            print(as_yaml(response.guideline))
        case Format.TEXT:
            from rashpath.cli.guideline_text import guideline_page
            from rashpath.cli.page import show

            show(guideline_page(response, audience=audience.value))


def lint(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Guideline files.")],
) -> None:
    """Check guideline files, without a server.

    Prints every fault as file:line: path: text and exits with 5 if there is
    one.
    """
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise CommandError(*(f"`{path}`: no such file" for path in missing))
    from rashpath.guideline import GuidelineError, load

    faulty = 0
    faults = 0
    for path in files:
        try:
            graph = load(path)
        except GuidelineError as error:
            faulty += 1
            for problem in error.problems:
                faults += 1
                print(problem.located())
            continue
        guideline = graph.guideline
        print(
            f"{path}: {guideline.id} {guideline.version} is sound: {len(guideline.nodes)} nodes, "
            f"{len(guideline.edges)} edges, digest {graph.digest[:8]}"
        )
    if faulty:
        say(f"{faults} fault{'' if faults == 1 else 's'} in {faulty} of {len(files)} files")
        raise typer.Exit(ExitCode.CHECK_FAILED)


def trace(
    connection: Connection,
    guideline: GuidelineArgument = "",
    cases: Annotated[
        Path | None,
        typer.Option("--cases", metavar="DIR", help="Case files whose expectations are matched."),
    ] = None,
    format_: Annotated[
        TraceFormat, typer.Option("--format", help="How the matrix is written.")
    ] = TraceFormat.TEXT,
    table: Annotated[
        TraceTable, typer.Option("--table", help="Which rows a CSV has; other formats have both.")
    ] = TraceTable.STATEMENTS,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with 5 if a statement has no home, or a recommendation "
            "or an invariant no case that has it on and one that has it off.",
        ),
    ] = False,
) -> None:
    """Trace each statement to nodes, recommendations, invariants and test cases.

    Each invariant is traced too, as the control of a hazard, with the cases
    that exercise it.
    """
    if cases is not None and not cases.is_dir():
        raise CommandError(f"`{cases}`: no such folder")
    with connection.open() as decider:
        response = decider.get_guideline(selector(guideline))
    from rashpath.guideline.trace import read_cases
    from rashpath.guideline.trace import trace as trace_statements
    from rashpath.guideline.trace_formats import as_csv, as_markdown, as_text, hazards_as_csv

    traced = trace_statements(response.guideline, read_cases(cases) if cases is not None else None)
    match format_:
        case TraceFormat.TEXT:
            print(as_text(traced), end="")
        case TraceFormat.CSV:
            written = as_csv if table is TraceTable.STATEMENTS else hazards_as_csv
            print(written(traced), end="")
        case TraceFormat.MARKDOWN:
            print(as_markdown(traced), end="")
        case TraceFormat.HTML:
            from rashpath.cli.trace_page import trace_page

            print(trace_page(traced), end="")
    if check and traced.gaps:
        for gap in traced.gaps:
            say(f"gap: {gap}")
        raise typer.Exit(ExitCode.CHECK_FAILED)
