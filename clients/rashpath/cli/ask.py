"""The command `ask`: an interview in the terminal."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from rashpath.cli.connection import Connection
from rashpath.cli.errors import CommandError
from rashpath.cli.options import (
    Audience,
    AudienceOption,
    DigestOption,
    GuidelineOption,
    examples,
    selector,
)

EXAMPLES = examples(
    "rashpath ask",
    "rashpath ask --save case.yaml --audience patient",
    "rashpath ask case.yaml --save case.yaml --force",
    "printf '3\\nq\\n' | rashpath ask --local",
)


def ask(
    connection: Connection,
    case: Annotated[
        str | None,
        typer.Argument(metavar="CASE", help="YAML or JSON file with what is known already."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Write the case there, as YAML, at the end."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let --save replace a file that is there.")
    ] = False,
    guideline: GuidelineOption = "",
    digest: DigestOption = "",
    audience: AudienceOption = Audience.CLINICIAN,
) -> None:
    """Ask the questions that matter, the most useful first.

    Answer with the number or the name of an answer, or with a number and its
    unit; `?` tells why it is asked, `-` means not known, `b` goes back, `q`
    stops. The decision follows at the end.
    """
    from rashpath.cli.cases import STDIN, read_case, write_case
    from rashpath.cli.interview import Interview
    from rashpath.cli.page import Line, show
    from rashpath.cli.text import answer_page
    from rashpath.v1 import facts_pb2

    if case == STDIN:
        raise CommandError("`ask` reads answers from standard input, so the case must be a file")
    if save is not None and save.exists() and not force:
        raise CommandError(f"`{save}` is there already; `--force` replaces it")
    known = read_case(case) if case is not None else facts_pb2.PatientCase()
    with connection.open() as decider:
        interview = Interview(decider, known, selector(guideline, digest), audience.value)
        try:
            answer = interview.run()
        finally:
            # What was typed is not lost when the server goes away.
            if save is not None:
                write_case(save, interview.case, replace=force)
    if save is not None:
        show([Line(f"The case is in {save}.")])
    show([Line()])
    hint = connection.explain_command(quote(str(save))) if save is not None else ""
    show(answer_page(answer, audience=audience, hint=hint))
