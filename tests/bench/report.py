"""Writes what was measured: tables as text and Markdown, JSON, and plots."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.contenders import PEERS, installed
from tests.bench.machine import DISTURBED_CORES, description
from tests.bench.points import Figure, Point

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "performance.md"
DATA = DOCS / "performance.json"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

_PACKAGES = ("rashpath", "grpcio", "uvloop", "protobuf", "networkx", "SQLAlchemy")


@dataclass(slots=True)
class Report:
    """What one run of the benchmark has found.

    Args:
        form: ``short`` or ``full``.
        date: of the run, as ISO 8601 has it.
        machine: what the machine is.
        versions: of the packages.
        missing: packages of peers that are not installed.
        points: in the order in which they were taken.
        took_s: seconds of the whole run.
    """

    form: str
    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    missing: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    took_s: int = 0

    def groups(self) -> dict[str, list[Point]]:
        """Returns the points by table, in order."""
        found: dict[str, list[Point]] = {}
        for point in self.points:
            found.setdefault(point.group, []).append(point)
        return found


def begin(*, quick: bool) -> Report:
    """Returns the empty report of a run that begins now."""
    return Report(
        form="short" if quick else "full",
        date=datetime.now(UTC).date().isoformat(),
        machine=description(),
        versions={name: version(name) for name in _PACKAGES}
        | {peer.distribution: peer.version for peer in PEERS if peer.version},
        missing=list(installed()[1]),
    )


def text_table(report: Report) -> str:
    """Returns all tables for a terminal."""
    lines: list[str] = []
    for group, points in report.groups().items():
        rows = _rows(points)
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines += ["", group]
        lines += [
            "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        ]
    lines += ["", _conditions(report)]
    return "\n".join(line.rstrip() for line in lines)


def markdown(report: Report) -> str:
    """Returns all tables, and under which conditions they were taken, as Markdown."""
    lines = [_conditions(report), ""]
    for group, points in report.groups().items():
        header, *rows = _rows(points)
        lines += [f"### {group}", "", _line(header), _line(["---"] * len(header))]
        lines += [_line(row) for row in rows]
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def as_json(report: Report) -> str:
    """Returns the whole report as JSON, one point a line."""
    content = asdict(report)
    points = [json.dumps(_lean(point)) for point in content.pop("points")]
    head = json.dumps(content, indent=1).removesuffix("\n}")
    return head + ',\n "points": [\n  ' + ",\n  ".join(points) + "\n ]\n}\n"


def from_json(text: str) -> Report:
    """Returns the report that :func:`as_json` has written."""
    content = json.loads(text)
    points = [Point(**point) for point in content.pop("points")]
    return Report(**content, points=points)


def write(report: Report) -> list[Path]:
    """Writes the tables into docs/performance.md, the JSON and the plots; returns what it wrote."""
    from tests.bench.plot import plots

    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), report), encoding="utf-8")
    DATA.write_text(as_json(report), encoding="utf-8")
    written = [PAGE, DATA]
    for name, picture in plots(report.groups()).items():
        path = DOCS / f"performance-{name}.svg"
        path.write_text(picture, encoding="utf-8")
        written.append(path)
    return written


def fill(page: str, report: Report) -> str:
    """Returns a page with the tables between its marks replaced by those of a report."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{markdown(report)}\n{END}{after}"


def _rows(points: list[Point]) -> list[list[str]]:
    columns = list(dict.fromkeys(column for point in points for column in point.figures))
    goals = any(point.goal for point in points)
    header = ["", *columns, *(["goal", "met"] if goals else []), "held", "others' cores"]
    rows = [header]
    for point in points:
        cells = [_shown(point.figures.get(column, "")) for column in columns]
        met = "" if point.met is None else ("yes" if point.met else "**no**")
        others = f"{point.others:.2f}" + (" (!)" if point.others > DISTURBED_CORES else "")
        rows.append([point.name, *cells, *([point.goal, met] if goals else []), point.held, others])
    return rows


def _shown(figure: Figure) -> str:
    if isinstance(figure, bool | str):
        return str(figure)
    if isinstance(figure, int):
        return f"{figure:,}"
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:g}"


def _conditions(report: Report) -> str:
    machine = report.machine
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    missing = f" Not installed: {', '.join(report.missing)}." if report.missing else ""
    return (
        f"Taken on {report.date} in {report.took_s} s ({report.form} form) on "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}, Python {machine['python']}; {versions}.{missing}"
    )


def _lean(point: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in point.items() if value not in ("", None, [])}


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
