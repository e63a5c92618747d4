"""Which recorded decisions a command is about: options that several audit commands share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.errors import CommandError

if TYPE_CHECKING:
    from rashpath.client.audit import AuditCalls
    from rashpath.v1.audit_pb2 import RecordedDecision

PAGE = 500


class AuditFormat(StrEnum):
    """How an auditor's command writes."""

    TEXT = "text"
    JSON = "json"


AuditFormatOption = Annotated[AuditFormat, typer.Option("--format", help="How it is written.")]
SinceOption = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Recorded then or later: 2026-01-31, 2026-01-31T08:30Z; UTC where no zone is given.",
    ),
]
UntilOption = Annotated[str, typer.Option("--until", metavar="TIME", help="Recorded before then.")]
ByGuidelineOption = Annotated[
    str, typer.Option("--guideline", metavar="ID", help="Decided by this guideline.")
]
RecommendationOption = Annotated[
    str,
    typer.Option("--recommendation", metavar="ID", help="In which this recommendation applied."),
]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which decisions are meant.

    Args:
        since: recorded then or later; None: any.
        until: recorded before; None: any.
        guideline: id of the guideline; empty: any.
        recommendation: id of one that applied; empty: any.
    """

    since: datetime | None = None
    until: datetime | None = None
    guideline: str = ""
    recommendation: str = ""

    @classmethod
    def of(cls, since: str, until: str, guideline: str, recommendation: str) -> Filter:
        """Returns the filter that options ask for.

        Raises:
            CommandError: a time cannot be read.
        """
        return cls(
            parse_moment("--since", since) if since else None,
            parse_moment("--until", until) if until else None,
            guideline,
            recommendation,
        )

    def decisions(self, auditor: AuditCalls, page_size: int = PAGE) -> Iterator[RecordedDecision]:
        """Yields the decisions without their content, the newest first, page by page."""
        token = ""
        while True:
            page = auditor.list_decisions(
                since=self.since,
                until=self.until,
                guideline=self.guideline,
                recommendation=self.recommendation,
                page_size=page_size,
                page_token=token,
            )
            yield from page.decisions
            token = page.next_page_token
            if not token:
                return


def parse_moment(option: str, text: str) -> datetime:
    """Returns the moment that an ISO 8601 text means; UTC where it names no zone.

    Raises:
        CommandError: it is none.

    Example:
        >>> parse_moment("--since", "2026-01-31").isoformat()
        '2026-01-31T00:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"`{option}` takes a time such as 2026-01-31 or 2026-01-31T08:30:00Z"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
