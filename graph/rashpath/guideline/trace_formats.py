"""Writes the traceability matrix as text, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence

from rashpath.guideline.trace import Trace

_HEADINGS = (
    "statement",
    "text",
    "cited by",
    "recommendations",
    "also bears on",
    "cases",
    "note",
)
_CASES_SHOWN = 3
_WIDTH = 100


def as_text(traced: Trace) -> str:
    """Returns the matrix as text of at most 100 columns; many cases are cut short."""
    lines = [f"Traceability of {traced.guideline}", ""]
    for row in traced.rows:
        lines.extend(_wrapped(f"{row.statement:<4} ", row.text))
        for heading, names in (
            ("cited by", row.cited_by),
            ("recommends", row.recommendations),
            ("bears on", _cut(row.bears_on)),
            ("cases", _cut(row.cases)),
        ):
            if names:
                lines.extend(_wrapped(f"     {heading:<11}", ", ".join(names)))
        if row.note:
            lines.extend(_wrapped("     ", row.note))
    lines.extend(["", summary(traced)])
    return "\n".join(lines) + "\n"


def as_csv(traced: Trace) -> str:
    """Returns the matrix as CSV with a heading; lists are separated by blanks."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_HEADINGS)
    for row in traced.rows:
        writer.writerow(
            (
                row.statement,
                row.text,
                "; ".join(row.cited_by),
                " ".join(row.recommendations),
                " ".join(row.bears_on),
                " ".join(row.cases),
                row.note,
            )
        )
    return stream.getvalue()


def as_markdown(traced: Trace) -> str:
    """Returns the matrix as a Markdown table; many cases are cut short."""
    lines = [
        f"# Traceability of {traced.guideline}",
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"|{'---|' * len(_HEADINGS)}",
    ]
    for row in traced.rows:
        cells = (
            row.statement,
            row.text,
            ", ".join(row.cited_by),
            ", ".join(f"`{each}`" for each in row.recommendations),
            ", ".join(f"`{each}`" for each in row.bears_on),
            ", ".join(_cut(row.cases)),
            row.note,
        )
        lines.append(f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |")
    lines.extend(["", summary(traced)])
    return "\n".join(lines) + "\n"


def summary(traced: Trace) -> str:
    """Returns how many statements were traced, and how many gaps were found."""
    homes = sum(1 for row in traced.rows if row.cited_by or row.note)
    gaps = f"{len(traced.gaps)} gap{'' if len(traced.gaps) == 1 else 's'}"
    checked = "" if traced.has_cases else " (cases were not looked at)"
    return f"{len(traced.rows)} statements and page features, {homes} with a home; {gaps}{checked}"


def _cut(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) <= _CASES_SHOWN + 1:
        return tuple(names)
    return (*names[:_CASES_SHOWN], f"and {len(names) - _CASES_SHOWN} more")


def _wrapped(mark: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark)) or [
        mark.rstrip()
    ]
