"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.errors import CommandError

if TYPE_CHECKING:
    from rashpath.v1 import decision_service_pb2


class Audience(StrEnum):
    """Whom a text is for."""

    CLINICIAN = "clinician"
    PATIENT = "patient"


class View(StrEnum):
    """How much of an answer is wanted."""

    BASIC = "basic"
    FULL = "full"


class Format(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


AudienceOption = Annotated[
    Audience, typer.Option("--audience", help="Whom the texts are for.", case_sensitive=False)
]
GuidelineOption = Annotated[
    str,
    typer.Option(
        "--guideline",
        metavar="ID[@VERSION]",
        help="Which guideline decides; the server's default otherwise.",
    ),
]
DigestOption = Annotated[
    str,
    typer.Option(
        "--digest",
        metavar="HEX",
        help="Refuse to answer (exit code 3) unless the guideline has this digest.",
    ),
]


def selector(guideline: str, digest: str = "") -> decision_service_pb2.GuidelineSelector:
    """Returns the guideline that ``ID``, ``ID@VERSION`` or ``@VERSION`` names.

    Raises:
        CommandError: there is no version behind the ``@``.
    """
    from rashpath.v1 import decision_service_pb2

    identifier, at, version = guideline.partition("@")
    if at and not version:
        raise CommandError(f"`--guideline {guideline}` has no version behind the `@`")
    return decision_service_pb2.GuidelineSelector(id=identifier, version=version, digest=digest)


def examples(*lines: str) -> str:
    """Returns the examples that close a command's help, kept line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
