"""Writes the traceability matrix and the hazards as one page to file or print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rashpath.cli.html import NOTHING, Content, Html, bullets, document, element, join, table
from rashpath.guideline.trace import Trace
from rashpath.guideline.trace_formats import summary

_STATEMENTS = (
    "Id",
    "Statement",
    "Cited by",
    "Recommendations",
    "Invariants",
    "Test cases",
)
_HAZARDS = (
    "Invariant",
    "Control",
    "Speaks of",
    "Statements",
    "Cases where it applies",
    "Cases where it does not",
)


def trace_page(traced: Trace) -> str:
    """Returns the page; it fetches nothing and runs nothing.

    Args:
        traced: what was traced, with its case files or without.
    """
    numbers = _numbered(traced)
    title = f"Traceability of {traced.guideline}"
    cover = element(
        "header",
        element("p", "Traceability", class_="kicker"),
        element("h1", traced.guideline),
        element("p", summary(traced), class_="lead"),
        _gaps(traced),
    )
    statements = table(
        "Statement to nodes, recommendations, invariants and test cases",
        _STATEMENTS,
        (
            (
                row.statement,
                (row.text, element("div", row.note, class_="soft") if row.note else NOTHING),
                _lines(row.cited_by),
                (
                    _codes(row.recommendations),
                    element("div", "also bears on ", _codes(row.bears_on), class_="soft")
                    if row.bears_on
                    else NOTHING,
                ),
                _codes(row.invariants),
                _cases(row.cases, numbers),
            )
            for row in traced.rows
        ),
        class_="matrix",
    )
    hazards = table(
        "Each invariant as the control of a hazard, with the cases that exercise it",
        _HAZARDS,
        (
            (
                element("code", hazard.id),
                (hazard.control, element("div", element("code", hazard.holds), class_="soft")),
                _codes((*hazard.recommendations, *hazard.definitions)),
                " ".join(hazard.statements),
                _cases(hazard.held_on, numbers),
                _cases(hazard.held_off, numbers),
            )
            for hazard in traced.hazards
        ),
        class_="matrix hazards",
    )
    main = element(
        "main",
        element("section", element("h2", "Statements"), statements),
        element("section", element("h2", "Hazards"), hazards) if traced.hazards else NOTHING,
        element("section", element("h2", "Test cases"), _case_table(traced))
        if traced.cases
        else NOTHING,
    )
    body = element("div", cover, main, class_="sheets")
    return document(title, body, header=title, footer=summary(traced))


def _gaps(traced: Trace) -> Html:
    if not traced.gaps:
        return NOTHING
    return element(
        "div", element("strong", "Gaps"), bullets(traced.gaps), class_="alert", role="note"
    )


def _numbered(traced: Trace) -> dict[str, int]:
    """Returns the number of each case on this page, from 1."""
    return {case.name: place for place, case in enumerate(traced.cases, start=1)}


def _cases(cases: Sequence[str], numbers: Mapping[str, int]) -> Html:
    """Returns how many cases there are, and their numbers with runs joined."""
    if not cases:
        return element("span", "none", class_="soft")
    return join([element("strong", f"{len(cases)}: "), runs([numbers[each] for each in cases])])


def runs(numbers: Sequence[int]) -> str:
    """Returns rising numbers with runs joined.

    >>> runs([1, 2, 3, 7, 9, 10])
    '1-3, 7, 9-10'
    """
    found: list[list[int]] = []
    for each in numbers:
        if found and each == found[-1][-1] + 1:
            found[-1].append(each)
        else:
            found.append([each])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in found)


def _case_table(traced: Trace) -> Html:
    rows = [
        (
            str(place),
            element("code", case.name),
            _codes(sorted(case.on)),
            _codes(sorted(case.off)),
            (
                [element("div", "in mg: ", _codes(sorted(case.dosed)))] if case.dosed else [],
                [element("div", "withheld: ", _codes(sorted(case.withheld)))]
                if case.withheld
                else [],
            ),
        )
        for place, case in enumerate(traced.cases, start=1)
    ]
    return table(
        "The test cases, by the numbers used above",
        ("No.", "File", "Expected to apply", "Expected not to apply", "Expected dose"),
        rows,
        class_="matrix cases",
    )


def _codes(names: Iterable[str]) -> Html:
    return join([element("code", each) for each in names], ", ")


def _lines(names: Iterable[str]) -> Content:
    return [element("div", each) for each in names]
