"""Deliberate faults in the shipped guideline, and what finds each: loading, the proof, or a case.

`python -m tests.proof.seeded_faults` finds anew what finds each of them and rewrites the table in
`docs/proof.md`; it takes some minutes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from rashpath.facts.show import symbol
from rashpath.guideline import DecisionGraph, GuidelineError
from rashpath.guideline.load import load_unproved
from rashpath.readings.answer import answer
from rashpath.readings.proof import Failed, Proved, Refuted, prove
from rashpath.readings.walk import walk
from tests.conformance.expectations import case_files, mismatches
from tests.proof.seeds import SEEDS
from tests.shipped import Copy

DOCS = Path(__file__).parents[2] / "docs" / "proof.md"
BEGIN, END = "<!-- seeded faults -->", "<!-- end of seeded faults -->"

OF_LOADING = ("branches", "no_error", "reachable", "conditions")
"""Properties that loading checks too; they give the counterexample."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What found a fault, and how it showed it.

    Args:
        finder: `load`, `load and ` with the property that shows a case, the id of a property, or
            `case ` with the name of a case file.
        shown: the counterexample, or the words of the fault.
    """

    finder: str
    shown: str


def find(seed: Copy, *, among: str = "") -> Finding | None:
    """Returns what finds a fault, or None.

    Args:
        seed: the fault.
        among: what to try alone, as in :class:`Finding`; empty: everything, the cheapest first.
    """
    try:
        graph, faults = load_unproved(seed.text().encode(), "1.0.0.yaml")
    except GuidelineError as error:
        return Finding("load", error.problems[0].text)
    try:
        faults.raise_if_any()
    except GuidelineError as error:
        wanted = among.removeprefix("load and ") if among else ""
        shown = _prove(graph, (wanted,) if wanted else OF_LOADING)
        if shown is None:
            return Finding("load", error.problems[0].text)
        return Finding(f"load and {shown.finder}", shown.shown)
    if not among.startswith("case "):
        found = _prove(graph, (among,) if among else None)
        if found is not None or among:
            return found
    return _by_case(graph, among.removeprefix("case "))


def _prove(graph: DecisionGraph, only: tuple[str, ...] | None) -> Finding | None:
    unsettled = None
    for settled in prove(graph, only=only).settled:
        match settled.outcome:
            case Refuted(counterexamples=(first, *_)):
                cases = [_words(graph, case) for case in first.cases]
                return Finding(settled.id, "; then ".join(cases))
            case Refuted(reasons=reasons):
                return Finding(settled.id, reasons[0])
            case Failed(reasons=reasons):
                unsettled = unsettled or Finding(settled.id, reasons[0])
            case Proved():
                continue
            case _:
                assert_never(settled.outcome)
    return unsettled


def _words(graph: DecisionGraph, case: object) -> str:
    assert isinstance(case, dict)
    said = [f"{path}={symbol(graph.dictionary[path], value)}" for path, value in case.items()]
    return ", ".join(said) or "nothing given"


def _by_case(graph: DecisionGraph, name: str) -> Finding | None:
    for case in case_files():
        if name and case.name != name:
            continue
        wrong = mismatches(case.expect, answer(walk(graph, case.facts), full=True))
        if wrong:
            return Finding(f"case {case.name}", wrong[0])
    return None


def table(found: list[tuple[Copy, Finding]]) -> str:
    """Returns the faults as a table in Markdown."""
    lines = ["| # | fault | found by | shown by |", "|---|---|---|---|"]
    for number, (seed, finding) in enumerate(found, 1):
        shown = finding.shown.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {number} | {seed.what} | {finding.finder} | {shown} |")
    return "\n".join(lines)


def main() -> None:
    """Finds anew what finds each fault, and rewrites the table of the documentation."""
    found: list[tuple[Copy, Finding]] = []
    for seed in SEEDS:
        finding = find(seed)
        print(f"{seed.what}: {finding}", file=sys.stderr, flush=True)
        found.append((seed, finding or Finding("NOTHING", "survives")))
    page = DOCS.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    DOCS.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
