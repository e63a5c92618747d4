"""What became of mutants and what the suites cover, as the tables of `docs/coverage.md`."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from rashpath.guideline import load_bytes
from rashpath.readings.coverage.measure import KINDS, measure
from rashpath.readings.coverage.mutants import Mutant
from rashpath.readings.coverage.suite import read_suite

TESTS = Path(__file__).parents[1]
GENERATED = TESTS / "generated"
CONTENT = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
DOCS = TESTS.parent / "docs" / "coverage.md"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one mutant.

    Args:
        mutant: the mutant.
        refused: why loading refuses it; empty where it loads.
        invariant: the invariant that a case of the suites then violates; empty where none does.
        by_hand: what finds it without generated cases: a case written by hand, or the table of the
            decision logic; empty where nothing does.
        generated: the generated case or the record that finds it; empty where none does.
        same: True where it is proved that no case can tell it from the guideline.
        differs: what it decides differently, where nothing finds it.
        case: a new case that would find it, where nothing does.
    """

    mutant: Mutant
    refused: str = ""
    invariant: str = ""
    by_hand: str = ""
    generated: str = ""
    same: bool = False
    differs: tuple[str, ...] = ()
    case: dict[str, int | float] | None = None

    @property
    def survives(self) -> bool:
        """True where nothing finds it, though it is not the same."""
        return not (self.refused or self.by_hand or self.generated or self.same)


def write_tables(found: list[Found]) -> None:
    """Rewrites the tables of the documentation."""
    page = DOCS.read_text(encoding="utf-8")
    page = _replaced(page, "mutants", table(found))
    page = _replaced(page, "generated alone", alone(found))
    page = _replaced(page, "coverage", coverage_table())
    DOCS.write_text(page, encoding="utf-8")


def table(found: list[Found]) -> str:
    """Returns the results as a table in Markdown, one row for each operator."""
    rows: dict[str, Counter[str]] = {}
    for each in found:
        row = rows.setdefault(each.mutant.operator, Counter())
        row["all"] += 1
        if each.refused:
            row["refused"] += 1
        elif each.same:
            row["same"] += 1
        elif each.survives:
            row["survives"] += 1
        else:
            row["invariant"] += bool(each.invariant)
            row["hand"] += bool(each.by_hand)
            row["generated"] += bool(each.generated)
            row["only"] += bool(each.generated and not each.by_hand)
    keys = ("all", "refused", "invariant", "hand", "generated", "only", "same", "survives")
    head = (
        "mutants",
        "refused at load",
        "break an invariant",
        "found by hand-written",
        "found by generated",
        "by generated alone",
        "proved the same",
        "survive",
    )
    lines = ["| slip | " + " | ".join(head) + " |", "|---|" + "---:|" * len(head)]
    total: Counter[str] = Counter()
    for operator, row in sorted(rows.items(), key=lambda each: (-each[1]["all"], each[0])):
        lines.append(f"| {operator} | " + " | ".join(str(row[key]) for key in keys) + " |")
        total += row
    lines.append("| **all** | " + " | ".join(f"**{total[key]}**" for key in keys) + " |")
    return "\n".join(lines)


def alone(found: list[Found]) -> str:
    """Returns where hand-written cases let a slip of the logic pass, with how many there are."""
    places = Counter(
        each.mutant.place
        for each in found
        if each.mutant.is_logic and each.generated and not each.by_hand
    )
    text = ", ".join(f"`{place}` ({count})" for place, count in sorted(places.items()))
    return textwrap.fill(f"{text}.", 120, break_long_words=False, break_on_hyphens=False)


def coverage_table() -> str:
    """Returns what each suite covers as a table in Markdown."""
    graph = load_bytes(CONTENT.read_bytes(), "1.0.0.yaml")
    hand = read_suite(TESTS / "cases", graph.dictionary)
    made = read_suite(GENERATED, graph.dictionary)
    suites = {"hand-written": hand, "generated": made, "both": (*hand, *made)}
    measured = {name: measure(graph, cases) for name, cases in suites.items()}
    heads = [f"{name}, {each.cases} cases" for name, each in measured.items()]
    lines = ["| what | " + " | ".join(heads) + " | proved impossible |", "|---" * 5 + "|"]
    for kind in KINDS:
        cells = []
        for each in measured.values():
            items = [item for item in each.of(kind) if item.covered or item.possible]
            shown = sum(item.covered for item in items)
            cells.append(f"{shown} of {len(items)} ({100 * shown / len(items):.1f}%)")
        never = sum(not item.possible for item in measured["both"].of(kind))
        lines.append(f"| {NAMES[kind]} | {' | '.join(cells)} | {never} |")
    return "\n".join(lines)


def _replaced(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{text}\n{end}{after}"


NAMES = {
    "node": "nodes: reached, ruled out, open",
    "branch": "branches: taken, refused, open",
    "leaf": "leaves that decide alone (MC/DC)",
    "threshold": "thresholds: just below, on, just above",
    "fact": "facts whose lack alone leaves a verdict open",
}
