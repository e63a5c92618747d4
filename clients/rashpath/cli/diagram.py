"""The command `diagram`: draws a guideline, alone or with the way of a case through it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rashpath.cli.auditor import Source, open_auditor
from rashpath.cli.errors import CommandError, ExitCode
from rashpath.cli.options import (
    Audience,
    AudienceOption,
    DigestOption,
    GuidelineOption,
    examples,
    selector,
)

EXAMPLES = examples(
    "rashpath diagram -o guideline.svg",
    "rashpath diagram --case case.yaml -o path.svg",
    "rashpath diagram --case case.yaml --detail overview --mask -o path.png --dpi 200",
    "rashpath diagram --decision 01JDB7Q9V2M8K4T6W3XNRYHCFA --store sqlite:///copy.db -o way.svg",
    "rashpath diagram --guideline valacyclovir_spreading_rash@1.0.0 --format mermaid",
)

STDOUT = "-"
"""The file name that means standard output."""


class DiagramFormat(StrEnum):
    """File format of a picture."""

    SVG = "svg"
    PNG = "png"
    DOT = "dot"
    MERMAID = "mermaid"


class DiagramDetail(StrEnum):
    """How much of the graph is drawn."""

    OVERVIEW = "overview"
    FULL = "full"


_SUFFIXES = {
    ".svg": DiagramFormat.SVG,
    ".png": DiagramFormat.PNG,
    ".dot": DiagramFormat.DOT,
    ".gv": DiagramFormat.DOT,
    ".mermaid": DiagramFormat.MERMAID,
    ".mmd": DiagramFormat.MERMAID,
}


def diagram(
    source: Source,
    case: Annotated[
        str,
        typer.Option("--case", metavar="FILE", help="Case whose way is drawn; `-` is stdin."),
    ] = "",
    decision: Annotated[
        str, typer.Option("--decision", metavar="ID", help="Recorded decision that is drawn.")
    ] = "",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; `-` is stdout.")
    ] = STDOUT,
    format_: Annotated[
        DiagramFormat | None,
        typer.Option("--format", help="File format; else by the file's name, else svg."),
    ] = None,
    detail: Annotated[
        DiagramDetail, typer.Option("--detail", help="All, or lanes with what they conclude.")
    ] = DiagramDetail.FULL,
    mask: Annotated[
        bool, typer.Option("--mask", help="Leave the values of facts out of the picture.")
    ] = False,
    dpi: Annotated[
        int,
        typer.Option("--dpi", min=36, max=300, help="Dots an inch of a PNG printed on A3."),
    ] = 150,
    guideline: GuidelineOption = "",
    digest: DigestOption = "",
    audience: AudienceOption = Audience.CLINICIAN,
) -> None:
    """Draw a guideline, or the way of a case through it.

    The picture reads from top to bottom, lane by lane. With --case, what was
    taken, refused, left open and not visited is told apart, and the facts that
    decided stand on the arrows.
    """
    if case and decision:
        raise CommandError("give `--case` or `--decision`, not both")
    if decision and (guideline or digest):
        raise CommandError("a recorded decision names its own guideline; leave `--guideline` out")
    source.require_decision(decision)
    chosen = format_ or _format_of(output)
    if output == STDOUT and chosen is DiagramFormat.PNG and sys.stdout.isatty():
        raise CommandError(
            "a PNG cannot be shown in a terminal", hint="name a file with `-o picture.png`"
        )
    from rashpath.cli.words import audience_message
    from rashpath.v1 import guideline_service_pb2

    request = guideline_service_pb2.RenderDiagramRequest(
        format=guideline_service_pb2.DiagramFormat.Value(f"DIAGRAM_FORMAT_{chosen.name}"),
        detail=guideline_service_pb2.DiagramDetail.Value(f"DIAGRAM_DETAIL_{detail.name}"),
        audience=audience_message(audience),
        mask_facts=mask,
        dots_per_inch=dpi,
    )
    if decision:
        with open_auditor(source.connection, source.store) as auditor:
            picture = auditor.render_decision(
                decision,
                format=request.format,
                detail=request.detail,
                audience=request.audience,
                mask_facts=request.mask_facts,
                dots_per_inch=request.dots_per_inch,
            )
    else:
        request.guideline.CopyFrom(selector(guideline, digest))
        if case:
            from rashpath.cli.cases import read_case

            request.patient_case.CopyFrom(read_case(case))
        with source.connection.open() as decider:
            picture = decider.render_diagram(request)
    _write(picture.content, output)


def _format_of(output: str) -> DiagramFormat:
    """Returns the format that a file's name asks for; SVG for standard output.

    Raises:
        CommandError: the name asks for none that is known.
    """
    if output == STDOUT:
        return DiagramFormat.SVG
    suffix = Path(output).suffix.lower()
    if suffix not in _SUFFIXES:
        known = ", ".join(f"`{name}`" for name in _SUFFIXES)
        raise CommandError(f"`{output}` ends in none of {known}", hint="say which with `--format`")
    return _SUFFIXES[suffix]


def _write(content: bytes, output: str) -> None:
    if output == STDOUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        Path(output).write_bytes(content)
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise CommandError(f"`{output}`: {reason}", exit_code=ExitCode.OUR_FAULT) from None
