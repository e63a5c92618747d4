"""The commands `guideline coverage` and `guideline generate-cases`, without a server."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.errors import CommandError, ExitCode
from rashpath.cli.options import examples
from rashpath.cli.verify import guideline_file

if TYPE_CHECKING:
    from rashpath.guideline import DecisionGraph
    from rashpath.readings.coverage.measure import Coverage

COVERAGE_EXAMPLES = examples(
    "rashpath guideline coverage --cases tests/cases",
    "rashpath guideline coverage --cases tests/cases --cases tests/generated --check",
)
GENERATE_EXAMPLES = examples("rashpath guideline generate-cases -o tests/generated")

GuidelineArgument = Annotated[
    str,
    typer.Argument(
        metavar="[FILE|ID[@VERSION]]",
        help="A guideline file, or one that comes with rashpath; the only one otherwise.",
    ),
]

_WORDS = {
    "node": "nodes, each reached, ruled out and open",
    "branch": "branches, each taken, refused and open",
    "leaf": "leaves that decide alone (MC/DC)",
    "threshold": "thresholds, just below, on and above",
    "fact": "facts whose lack alone leaves a verdict open",
}


class CoverageFormat(StrEnum):
    """How coverage is written."""

    TEXT = "text"
    JSON = "json"


def coverage(
    guideline: GuidelineArgument = "",
    cases: Annotated[
        list[Path] | None,
        typer.Option("--cases", metavar="DIR", help="Case files; may be given more than once."),
    ] = None,
    format_: Annotated[
        CoverageFormat, typer.Option("--format", help="How it is written.")
    ] = CoverageFormat.TEXT,
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit with 5 where something that could be shown is not."),
    ] = False,
) -> None:
    """Measure what case files show of a guideline.

    Counts nodes, branches, leaves, thresholds and facts, and lists what is not
    shown with the reason: proved impossible, or not shown by any case.
    """
    from rashpath.readings.coverage.measure import measure
    from rashpath.readings.coverage.suite import read_suite

    folders = cases or []
    for folder in folders:
        if not folder.is_dir():
            raise CommandError(f"`{folder}`: no such folder")
    graph = _load(guideline)
    suite = [case for folder in folders for case in read_suite(folder, graph.dictionary)]
    measured = measure(graph, suite)
    if format_ is CoverageFormat.JSON:
        _print_json(graph, measured)
    else:
        _print_text(graph, measured)
    if check and measured.gaps:
        raise typer.Exit(ExitCode.CHECK_FAILED)


def generate_cases(
    guideline: GuidelineArgument = "",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where the files go."),
    ] = None,
) -> None:
    """Write cases from a guideline: leaves, thresholds, unknown facts.

    What each case expects is derived by the second opinion, which shares
    nothing with the engine but the parsed guideline. Takes minutes.
    """
    if output is None:
        raise CommandError("name a folder with `-o DIR`")
    try:
        from rashpath.readings.coverage.generate import generate
        from rashpath.readings.coverage.write import write_suite
    except ImportError as error:
        if error.name != "z3":
            raise
        raise CommandError(
            "the package of the second opinion needs the solver, which is not installed",
            exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION,
            hint="install it with `pip install 'rashpath[proof]'`",
        ) from None

    graph = _load(guideline)
    suite = generate(graph, _progress)
    for path in write_suite(output, graph, suite, _progress):
        _progress("")
        print(path)
    print(f"{len(suite.cases)} cases")


def _load(name: str) -> DecisionGraph:
    from rashpath.guideline import GuidelineError, load

    path = guideline_file(name)
    try:
        return load(path)
    except GuidelineError as error:
        for problem in error.problems:
            print(problem.located())
        raise typer.Exit(ExitCode.CHECK_FAILED) from None


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:78]}", end="", file=sys.stderr, flush=True)


def _print_text(graph: DecisionGraph, measured: Coverage) -> None:
    from rashpath.readings.coverage.measure import KINDS

    guideline = graph.guideline
    print(f"{guideline.id} {guideline.version}, digest {graph.digest[:8]}, {measured.cases} cases")
    for kind in KINDS:
        items = measured.of(kind)
        shown = sum(item.covered for item in items)
        possible = sum(item.covered or item.possible for item in items)
        rate = 100 * shown / possible if possible else 100.0
        never = f", {len(items) - possible} proved impossible" if len(items) > possible else ""
        print(f"  {_WORDS[kind]:46} {shown:5} of {possible:5}  {rate:5.1f}%{never}")
    leaves = [item.how for item in measured.of("leaf")]
    counts = ", ".join(f"{leaves.count(how)} {how}" for how in ("unique", "masking", "open"))
    print(f"  how leaves are shown: {counts}")
    for title, items in (
        ("not shown", measured.gaps),
        ("proved impossible", tuple(i for i in measured.items if not i.covered and not i.possible)),
    ):
        if items:
            print(f"\n{title}:")
        for item in items:
            print(f"  {item.kind} {item.name}: {item.reason}")


def _print_json(graph: DecisionGraph, measured: Coverage) -> None:
    from rashpath.readings.coverage.measure import KINDS

    kinds = {}
    for kind in KINDS:
        items = measured.of(kind)
        kinds[kind] = {
            "shown": sum(item.covered for item in items),
            "possible": sum(item.covered or item.possible for item in items),
            "missing": [
                {"name": item.name, "reason": item.reason, "possible": item.possible}
                for item in items
                if not item.covered
            ],
        }
    leaves = [item.how for item in measured.of("leaf")]
    kinds["leaf"]["how"] = {how: leaves.count(how) for how in ("unique", "masking", "open")}
    guideline = graph.guideline
    print(
        json.dumps(
            {
                "guideline": guideline.id,
                "version": guideline.version,
                "digest": graph.digest,
                "cases": measured.cases,
                "coverage": kinds,
            },
            indent=2,
        )
    )
