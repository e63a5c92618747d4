"""The command `cohort`: decides a table of cases by one query, without a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.options import examples
from rashpath.cli.verify import guideline_file

if TYPE_CHECKING:
    from rashpath.guideline import DecisionGraph
    from rashpath.readings.cohort.duck import Progress
    from rashpath.readings.cohort.outputs import Output
    from rashpath.readings.cohort.result import Counts

EXAMPLES = examples(
    "rashpath cohort cases.parquet -o verdicts.parquet --key case_id",
    "rashpath cohort cases.csv -o verdicts.csv --outputs urgency,start_foscarnet",
    "rashpath cohort cases.parquet --flow flow.svg",
    "rashpath cohort --sql trino --outputs start_foscarnet > foscarnet.sql",
)

_MOST_MISSING = 10
_KEY_IN_SQL = "case_id"


class Engine(StrEnum):
    """What works the query out."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class SqlDialect(StrEnum):
    """Whose SQL is printed."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    POSTGRES = "postgres"
    TRINO = "trino"
    BIGQUERY = "bigquery"
    SNOWFLAKE = "snowflake"


def cohort(
    cases: Annotated[
        str,
        typer.Argument(metavar="[CASES]", help="Parquet or CSV, a column a fact; empty: unknown."),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Verdicts: .parquet or .csv."),
    ] = None,
    key: Annotated[
        str, typer.Option("--key", metavar="COLUMN", help="Names a case; else the row's number.")
    ] = "",
    outputs: Annotated[
        str, typer.Option("--outputs", metavar="NAME,...", help="Which outputs; all otherwise.")
    ] = "",
    list_outputs: Annotated[
        bool, typer.Option("--list-outputs", help="Print the names of the outputs and stop.")
    ] = False,
    engine: Annotated[Engine, typer.Option("--engine", help="What does the work.")] = Engine.DUCKDB,
    flow: Annotated[
        Path | None,
        typer.Option("--flow", metavar="FILE.svg", help="Draw the graph with counts on its edges."),
    ] = None,
    sql: Annotated[
        SqlDialect | None, typer.Option("--sql", help="Print the query for a database and stop.")
    ] = None,
    guideline: Annotated[
        str,
        typer.Option("--guideline", metavar="FILE|ID[@VERSION]", help="Which guideline decides."),
    ] = "",
    memory_limit: Annotated[
        str, typer.Option("--memory-limit", metavar="SIZE", help="Most memory, such as 1GB.")
    ] = "",
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", min=0, help="Threads; 0: one a core.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Let -o and --flow replace a file that is there.")
    ] = False,
) -> None:
    """Decide a table of cases by one query; needs no server.

    The table has a column for each fact, named by its path, such as
    rash.trend; what is empty is unknown. Verdicts equal those of `evaluate`,
    case by case. Nothing is recorded.
    """
    _needs_ibis()
    from rashpath.readings.cohort.outputs import OutputError, chosen

    graph = _load(guideline)
    try:
        wanted = chosen(graph, [name.strip() for name in outputs.split(",") if name.strip()])
    except OutputError as error:
        raise CommandError(str(error)) from None
    if list_outputs:
        for each in wanted:
            print(each.name)
        return
    if sql is not None:
        if cases or output is not None or flow is not None:
            raise CommandError("`--sql` only prints the query; leave the files out")
        _print_sql(graph, wanted, sql, key or _KEY_IN_SQL)
        return
    if not cases:
        raise CommandError("name a table of cases", hint="see `rashpath cohort --help`")
    if output is None and flow is None:
        raise CommandError("name a file with `-o FILE`, or a picture with `--flow FILE.svg`")
    for path, suffixes in ((output, (".parquet", ".csv")), (flow, (".svg",))):
        if path is not None and path.suffix.lower() not in suffixes:
            raise CommandError(f"`{path}` ends in none of {', '.join(suffixes)}")
    _spare(Path(cases), [path for path in (output, flow) if path is not None], engine, force=force)
    with _told():
        match engine:
            case Engine.DUCKDB:
                _with_duckdb(graph, wanted, Path(cases), output, flow, key, memory_limit, threads)
            case Engine.SPARK:
                if flow is not None or output is None:
                    raise CommandError("`--engine spark` writes verdicts with `-o`, no picture")
                _with_spark(graph, wanted, Path(cases), output, key)


def _spare(cases: Path, written: list[Path], engine: Engine, *, force: bool) -> None:
    """Refuses to write over the cases, or unasked over any other file, before anything is done."""
    for path in written:
        if not path.exists():
            continue
        if cases.exists() and path.samefile(cases):
            raise CommandError(f"`{path}` is the table of cases; name another file to write")
        # Spark writes a folder, which it never replaces.
        if not force and engine is Engine.DUCKDB:
            raise CommandError(f"`{path}` is there already; `--force` replaces it")


def _with_duckdb(
    graph: DecisionGraph,
    wanted: tuple[Output, ...],
    cases: Path,
    output: Path | None,
    flow: Path | None,
    key: str,
    memory_limit: str,
    threads: int,
) -> None:
    from rashpath.readings.cohort.duck import DuckCohort

    with DuckCohort(
        graph, cases, key=key, threads=threads or None, memory_limit=memory_limit or None
    ) as opened:
        if output is not None:
            with _bar("deciding") as progress:
                counts = opened.decide(wanted, output, progress)
            _print_counts(graph, wanted, counts)
            say(f"wrote {output}: {counts.cases} cases")
        if flow is not None:
            from rashpath.readings.cohort.picture import draw_flow

            with _bar("counting") as progress:
                counted = opened.flow(progress)
            flow.write_bytes(draw_flow(graph, counted).content)
            say(f"wrote {flow}: the ways of {counted.cases} cases")


def _with_spark(
    graph: DecisionGraph, wanted: tuple[Output, ...], cases: Path, output: Path, key: str
) -> None:
    from rashpath.readings.cohort.spark import decide, session

    if not key:
        raise CommandError("`--engine spark` needs `--key COLUMN`: its rows have no numbers")
    counts = decide(session(), graph, wanted, cases, output, key=key)
    _print_counts(graph, wanted, counts)
    say(f"wrote {output}: {counts.cases} cases")


def _print_sql(
    graph: DecisionGraph, wanted: tuple[Output, ...], dialect: SqlDialect, key: str
) -> None:
    from rashpath.readings.cohort.query import query
    from rashpath.readings.cohort.sql import Dialect
    from rashpath.readings.cohort.sql import sql as text_of

    guideline = graph.guideline
    print(f"-- {guideline.id} {guideline.version}, digest {graph.digest}")
    print(text_of(query(graph, wanted, key=key).worded(), Dialect(dialect.value), pretty=True))


def _print_counts(graph: DecisionGraph, wanted: tuple[Output, ...], counts: Counts) -> None:
    from rashpath.readings.cohort.query import VERDICT_WORDS

    guideline = graph.guideline
    print(f"{guideline.id} {guideline.version}, digest {graph.digest[:8]}, {counts.cases:,} cases")
    if counts.verdicts:
        words = list(VERDICT_WORDS.values())
        width = max(len(name) for name in counts.verdicts)
        print(f"\n  {'':{width}}" + "".join(f"{word:>16}" for word in words))
        ordered = sorted(counts.verdicts, key=lambda name: -counts.verdicts[name].get(words[0], 0))
        for name in ordered:
            numbers = "".join(f"{counts.verdicts[name].get(word, 0):>16,}" for word in words)
            print(f"  {name:{width}}{numbers}")
    missing = sorted(
        ((path, count) for path, count in counts.missing.items() if count),
        key=lambda each: -each[1],
    )
    if missing:
        print("\n  missing most often")
        for path, count in missing[:_MOST_MISSING]:
            print(f"  {path:40}{count:>16,}{100 * count / max(counts.cases, 1):>7.1f}%")


def _load(name: str) -> DecisionGraph:
    from rashpath.guideline import GuidelineError, load

    try:
        return load(guideline_file(name))
    except GuidelineError as error:
        raise CommandError(
            *(problem.located() for problem in error.problems), exit_code=ExitCode.CHECK_FAILED
        ) from None


def _needs_ibis() -> None:
    try:
        import duckdb  # noqa: F401 - asks whether it is there
        import ibis  # noqa: F401 - likewise
    except ImportError as error:
        if error.name not in ("ibis", "duckdb"):
            raise
        raise CommandError(
            "the query of a cohort needs Ibis and DuckDB, which are not installed",
            exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION,
            hint="install them with `pip install 'rashpath[cohort]'`",
        ) from None


@contextmanager
def _told() -> Iterator[None]:
    """Turns what the reading raises into errors of the command."""
    from rashpath.readings.cohort.outputs import OutputError
    from rashpath.readings.cohort.result import EngineError
    from rashpath.readings.cohort.source import SourceError

    try:
        yield
    except (OutputError, SourceError) as error:
        raise CommandError(str(error)) from None
    except EngineError as error:
        raise CommandError(str(error), exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION) from None


@contextmanager
def _bar(what: str) -> Iterator[Progress | None]:
    """Shows how much is done, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda done: bar.update(task, completed=done)
