"""Writes what is kept of the scenarios into docs/load-and-faults.md, between two marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.load.kept import FIGURES, read
from tests.load.scenarios import SCENARIOS

PAGE = FIGURES.with_suffix(".md")
BEGIN = "<!-- figures: written by `make load`, from load-and-faults.json; do not edit -->"
END = "<!-- end of the figures -->"

_HEADS = (
    "scenario",
    "s",
    "sent",
    "answered",
    "accepted",
    "**lost**",
    "**duplicated**",
    "**wrong**",
    "refused",
    "no word",
    "tried again",
)
_SPAN = 5
"""Minutes of the soak that become one row."""


def page(kept: Mapping[str, Any], text: str) -> str:
    """Returns a page with the figures between the marks put anew.

    Args:
        kept: what is kept of each scenario.
        text: the page as it is.

    Raises:
        ValueError: it lacks a mark.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks `{BEGIN}` or `{END}`")
    return f"{before}{BEGIN}\n\n{figures(kept)}\n{END}{after}"


def write(path: Path = PAGE) -> None:
    """Writes the page anew."""
    path.write_text(page(read(), path.read_text(encoding="utf-8")), encoding="utf-8")


def figures(kept: Mapping[str, Any]) -> str:
    """Returns the figures of all scenarios as Markdown."""
    runs = [kept[each.name] for each in SCENARIOS if each.name in kept]
    parts = [_table(_HEADS, (_row(run) for run in runs))]
    parts += [_about(run) for run in runs]
    parts += [_minutes(run) for run in runs if run["tables"]]
    return "\n".join(parts)


def _row(run: Mapping[str, Any]) -> Sequence[str]:
    of = run["figures"]
    cells = [
        round(run["seconds"]),
        of["sent"],
        of["answered"],
        of["accepted"],
        of["lost"],
        of["duplicated"],
        of["wrong"],
        sum(of["refused"].values()),
        sum(of["unanswered"].values()),
        of["retried"],
    ]
    return [run["scenario"], *(f"{cell:,}" for cell in cells)]


def _about(run: Mapping[str, Any]) -> str:
    of, machine = run["figures"], run["machine"]
    lines = [f"**{run['scenario']}**: {run['done']}.", ""]
    lines += [f"- {note}." for note in run["notes"]]
    lines.append(
        f"- Ledger: {of['records']:,} records in {of['chains']:,} chains verified against "
        f"{of['checkpoints']} checkpoints kept elsewhere; {of['replayed']:,} replayed to the byte."
    )
    if of["given_up"]:
        lines.append(f"- Without a request id, and so not sent again: {_counted(of['given_up'])}.")
    if of["refused"] or of["unanswered"]:
        said = _counted({**of["refused"], **of["unanswered"]})
        lines.append(f"- Attempts without an answer: {said}.")
    lines += [f"- **FAULT**: {fault}." for fault in of["faults"]]
    lines.append(
        f"- {run['date']}, rashpath {run['version']}, Python "
        f"{machine['python']}, {machine['cores']} cores of {machine['processor']}, "
        f"{machine['memory']}, {machine['system']}."
    )
    return "\n".join(lines) + "\n"


def _minutes(run: Mapping[str, Any]) -> str:
    heads, *rows = run["tables"]["by minute"]
    spans: dict[int, list[list[float]]] = {}
    for row in rows:
        spans.setdefault(int(row[0]) // _SPAN, []).append(row)
    shown = []
    for span, minutes in sorted(spans.items()):
        calls, tried = (sum(minute[place] for minute in minutes) for place in (1, 5))
        worst = [max(minute[place] for minute in minutes) for place in (2, 3, 4, 6, 7)]
        p50, p99, longest, mib, files = worst
        shown.append(
            [
                f"{span * _SPAN} to {span * _SPAN + _SPAN}",
                f"{calls:,.0f}",
                f"{p50:.0f}",
                f"{p99:.0f}",
                f"{longest:,.0f}",
                f"{tried:.0f}",
                f"{mib:.0f}",
                f"{files:.0f}",
            ]
        )
    title = (
        f"**{run['scenario']}, by {_SPAN} minutes**: the highest of each minute's figures; memory "
        "and files of the largest process.\n\n"
    )
    return title + _table(["minutes", *heads[1:]], shown)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
