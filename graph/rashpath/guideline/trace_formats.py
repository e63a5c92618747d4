"""Writes the traceability matrix and the hazards as text, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Sequence

from rashpath.guideline.trace import Trace

_HEADINGS = (
    "statement",
    "text",
    "cited by",
    "recommendations",
    "also bears on",
    "invariants",
    "cases",
    "note",
)
_HAZARD_HEADINGS = (
    "invariant",
    "control",
    "recommendations",
    "definitions",
    "statements",
    "cases on",
    "cases off",
    "condition",
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
            ("invariants", _cut(row.invariants)),
            ("cases", _cut(row.cases)),
        ):
            if names:
                lines.extend(_wrapped(f"     {heading:<11}", ", ".join(names)))
        if row.note:
            lines.extend(_wrapped("     ", row.note))
    if traced.hazards:
        lines.extend(["", "Hazards, each with the invariant that controls it", ""])
    for hazard in traced.hazards:
        lines.append(hazard.id)
        lines.extend(_wrapped("     ", hazard.control))
        for heading, names in (
            ("speaks of", (*hazard.recommendations, *hazard.definitions)),
            ("statements", hazard.statements),
            ("cases on", _cut(hazard.held_on)),
            ("cases off", _cut(hazard.held_off)),
        ):
            if names:
                lines.extend(_wrapped(f"     {heading:<11}", ", ".join(names)))
    lines.extend(["", summary(traced)])
    return "\n".join(lines) + "\n"


def as_csv(traced: Trace) -> str:
    """Returns the matrix of statements as CSV with a heading; lists are separated by blanks."""
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
                " ".join(row.invariants),
                " ".join(row.cases),
                row.note,
            )
        )
    return stream.getvalue()


def hazards_as_csv(traced: Trace) -> str:
    """Returns the hazards as CSV with a heading; lists are separated by blanks."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_HAZARD_HEADINGS)
    for hazard in traced.hazards:
        writer.writerow(
            (
                hazard.id,
                hazard.control,
                " ".join(hazard.recommendations),
                " ".join(hazard.definitions),
                " ".join(hazard.statements),
                " ".join(hazard.held_on),
                " ".join(hazard.held_off),
                hazard.holds,
            )
        )
    return stream.getvalue()


def as_markdown(traced: Trace) -> str:
    """Returns the matrix and the hazards as Markdown tables; many cases are cut short."""
    lines = [f"# Traceability of {traced.guideline}", ""]
    lines += _markdown_table(
        _HEADINGS,
        (
            (
                row.statement,
                row.text,
                ", ".join(row.cited_by),
                _quoted(row.recommendations),
                _quoted(row.bears_on),
                _quoted(row.invariants),
                ", ".join(_cut(row.cases)),
                row.note,
            )
            for row in traced.rows
        ),
    )
    if traced.hazards:
        lines += ["", "## Hazards", ""]
        lines += _markdown_table(
            _HAZARD_HEADINGS[:-1],
            (
                (
                    f"`{hazard.id}`",
                    hazard.control,
                    _quoted(hazard.recommendations),
                    _quoted(hazard.definitions),
                    ", ".join(hazard.statements),
                    ", ".join(_cut(hazard.held_on)),
                    ", ".join(_cut(hazard.held_off)),
                )
                for hazard in traced.hazards
            ),
        )
    lines.extend(["", summary(traced)])
    return "\n".join(lines) + "\n"


def _markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    for row in rows:
        lines.append(f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |")
    return lines


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def summary(traced: Trace) -> str:
    """Returns how many statements were traced, and how many gaps were found."""
    homes = sum(1 for row in traced.rows if row.cited_by or row.note)
    gaps = f"{len(traced.gaps)} gap{'' if len(traced.gaps) == 1 else 's'}"
    checked = "" if traced.has_cases else " (cases were not looked at)"
    hazards = f"{len(traced.hazards)} hazards; " if traced.hazards else ""
    return (
        f"{len(traced.rows)} statements and page features, {homes} with a home; {hazards}"
        f"{gaps}{checked}"
    )


def _cut(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) <= _CASES_SHOWN + 1:
        return tuple(names)
    return (*names[:_CASES_SHOWN], f"and {len(names) - _CASES_SHOWN} more")


def _wrapped(mark: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark)) or [
        mark.rstrip()
    ]
