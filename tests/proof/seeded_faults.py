"""Deliberate faults in the shipped guideline, and what finds each: loading, the proof, or a case.

`python -m tests.proof.seeded_faults` finds anew what finds each of them and rewrites the table in
`docs/proof.md`; it takes some minutes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import assert_never

from rashpath.facts.show import symbol
from rashpath.guideline import DecisionGraph, GuidelineError
from rashpath.guideline.load import load_unproved
from rashpath.readings.answer import answer
from rashpath.readings.proof import Failed, Proved, Refuted, prove
from rashpath.readings.walk import walk
from tests.conformance.expectations import case_files, mismatches

CONTENT = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
DOCS = Path(__file__).parents[2] / "docs" / "proof.md"
BEGIN, END = "<!-- seeded faults -->", "<!-- end of seeded faults -->"

OF_LOADING = ("branches", "no_error", "reachable", "conditions")
"""Properties that loading checks too; they give the counterexample."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One fault.

    Args:
        what: the fault in words.
        old: a passage of the guideline file that stands there once.
        new: what stands in its place.
        also: further passages, each with what stands in its place.
    """

    what: str
    old: str
    new: str
    also: tuple[tuple[str, str], ...] = ()


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


def text() -> str:
    """Returns the shipped guideline as text."""
    return CONTENT.read_text(encoding="utf-8")


def seeded(seed: Seed) -> bytes:
    """Returns the shipped guideline with one fault."""
    whole = text()
    for old, new in ((seed.old, seed.new), *seed.also):
        assert whole.count(old) == 1, f"{old!r} stands {whole.count(old)} times"
        whole = whole.replace(old, new)
    return whole.encode()


def find(seed: Seed, *, among: str = "") -> Finding | None:
    """Returns what finds a fault, or None.

    Args:
        seed: the fault.
        among: what to try alone, as in :class:`Finding`; empty: everything, the cheapest first.
    """
    try:
        graph, faults = load_unproved(seeded(seed), "1.0.0.yaml")
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


def table(found: list[tuple[Seed, Finding]]) -> str:
    """Returns the faults as a table in Markdown."""
    lines = ["| # | fault | found by | shown by |", "|---|---|---|---|"]
    for number, (seed, finding) in enumerate(found, 1):
        shown = finding.shown.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {number} | {seed.what} | {finding.finder} | {shown} |")
    return "\n".join(lines)


def edge(tail: str, head: str, rest: str) -> str:
    """Returns the beginning of an edge as the file has it."""
    return f"{{from_node: {tail}, to_node: {head}, {rest}"


ROW = "valid(clearance_per_kg) && clearance_per_kg"
SWAPPED = f'"{ROW} > 0.6 && clearance_per_kg <= 0.8", dose_mg_per_kg: 35'

SEEDS = (
    Seed(
        "a gap and an overlap: the grade of resistance asks for the trend",
        edge("resistance_grade", "resistance_status_not_suspected", "otherwise: true"),
        edge("resistance_grade", "resistance_status_not_suspected", 'when: "!failing"'),
    ),
    Seed(
        "a gap: nobody is left for a pending HIV test",
        edge("hiv_question", "immune_status_done", "otherwise: true"),
        edge("hiv_question", "immune_status_done", "when: immune.hiv == HIV_NEGATIVE"),
    ),
    Seed(
        "an overlap: confirmed resistance counts as suspected too",
        '"!resistance_confirmed && resistance_suspected"',
        '"resistance_suspected"',
    ),
    Seed(
        "an overlap of dose findings: 3000 mg counts as too low for zoster",
        "(renal_at_least_50 && daily_dose_mg < valacyclovir_zoster_50)",
        "(renal_at_least_50 && daily_dose_mg <= valacyclovir_zoster_50)",
    ),
    Seed(
        "a dead branch: pending and not tested at once",
        edge("hiv_question", "awaiting_hiv", "when: immune.hiv == HIV_PENDING"),
        edge(
            "hiv_question",
            "awaiting_hiv",
            "when: immune.hiv == HIV_PENDING && immune.hiv == HIV_NOT_TESTED",
        ),
    ),
    Seed(
        "a dead node: foscarnet only where the trend is better and worse",
        edge("foscarnet_trend", "foscarnet_block_question", "when: failing"),
        edge(
            "foscarnet_trend",
            "foscarnet_block_question",
            "when: failing && rash.trend == IMPROVING",
        ),
    ),
    Seed(
        "acyclovir allowed under resistance",
        '"!resistance && !drug_reaction_suspected"',
        '"!drug_reaction_suspected"',
    ),
    Seed(
        "acyclovir allowed under suspected resistance",
        '"!resistance && !drug_reaction_suspected"',
        '"!resistance_confirmed && !drug_reaction_suspected"',
    ),
    Seed(
        "acyclovir allowed under a drug reaction",
        '"!resistance && !drug_reaction_suspected"',
        '"!resistance"',
    ),
    Seed(
        "doses are corrected whatever the resistance",
        edge("therapy_class", "therapy_repairs", "when: acyclovir_class_may_go_on"),
        edge("therapy_class", "therapy_repairs", 'when: "!drug_reaction_suspected"'),
    ),
    Seed(
        "the article's acyclovir for HIV whatever the resistance",
        edge("special_class", "special_options", "when: acyclovir_class_may_go_on"),
        edge("special_class", "special_options", 'when: "!drug_reaction_suspected"'),
    ),
    Seed(
        "two foscarnet rows swapped",
        "dose_mg_per_kg: 35, interval_hours: 12",
        "dose_mg_per_kg: 25, interval_hours: 12 ",
        ((f'"{ROW} > 0.6 && clearance_per_kg <= 0.8", dose_mg_per_kg: 25', SWAPPED),),
    ),
    Seed(
        "a foscarnet interval halved",
        "dose_mg_per_kg: 30, interval_hours: 8",
        "dose_mg_per_kg: 30, interval_hours: 4",
    ),
    Seed(
        "a digit too many in the first foscarnet row",
        "dose_mg_per_kg: 40, interval_hours: 8",
        "dose_mg_per_kg: 400, interval_hours: 8",
    ),
    Seed(
        "a foscarnet row open at both ends (< for <=)",
        "clearance_per_kg > 0.6 && clearance_per_kg <= 0.8",
        "clearance_per_kg > 0.6 && clearance_per_kg < 0.8",
    ),
    Seed(
        "two foscarnet rows that share their end (>= for >)",
        "clearance_per_kg > 0.5 && clearance_per_kg <= 0.6",
        "clearance_per_kg >= 0.5 && clearance_per_kg <= 0.6",
    ),
    Seed(
        "foscarnet barred at its floor too (<= for <)",
        "clearance_per_kg < foscarnet_floor)",
        "clearance_per_kg <= foscarnet_floor)",
    ),
    Seed(
        "the floor of the dose gate lowered",
        '"!valid(clearance_per_kg) || clearance_per_kg >= foscarnet_floor"',
        '"!valid(clearance_per_kg) || clearance_per_kg >= 0.3"',
    ),
    Seed(
        "the floor of foscarnet lowered everywhere",
        "foscarnet_floor, decimal: 0.4",
        "foscarnet_floor, decimal: 0.3",
    ),
    Seed(
        "the dose gate forgets the QT interval",
        "gate_no_interacting_drug && gate_no_long_qt &&",
        "gate_no_interacting_drug &&",
    ),
    Seed(
        "foscarnet blocked only by its own failure",
        edge("foscarnet_block_question", "foscarnet_barred", "when: foscarnet_blocked"),
        edge("foscarnet_block_question", "foscarnet_barred", "when: foscarnet_failed"),
    ),
    Seed(
        "foscarnet while resistance is only possible",
        edge("foscarnet_need", "foscarnet_checks", "when: resistance,"),
        edge("foscarnet_need", "foscarnet_checks", "when: resistance_at_least_possible,"),
    ),
    Seed(
        "resistance no longer consults infectious disease",
        "  - {from_node: resistance_actions, to_node: consult_infectious_disease}\n",
        "",
    ),
    Seed(
        "cidofovir without resistance",
        edge("topical_need", "topical_virus", "when: resistance,"),
        edge("topical_need", "topical_virus", "when: failing,"),
    ),
    Seed(
        "cidofovir for varicella-zoster",
        edge("topical_virus", "topical_reach", "when: infection.virus == HSV"),
        edge("topical_virus", "topical_reach", 'when: "infection.virus in [HSV, VZV]"'),
    ),
    Seed(
        "HIV tested only where the rash does not improve",
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED"),
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED && failing"),
    ),
    Seed(
        "danger only where the rash does not improve",
        edge("danger_question", "emergency_review", "when: red_flag"),
        edge("danger_question", "emergency_review", "when: red_flag && failing"),
    ),
    Seed(
        "an eye lesion is no red flag",
        "|| severe_drug_reaction || infection.eye == PRESENT ||",
        "|| severe_drug_reaction ||",
    ),
    Seed(
        "an eye that nobody looked at counts as healthy",
        "|| severe_drug_reaction || infection.eye == PRESENT ||",
        "|| severe_drug_reaction || (has(infection.eye) && infection.eye == PRESENT) ||",
    ),
    Seed(
        "emergency review is called routine",
        "      urgency: EMERGENCY\n      provenance: [SAFETY, ARTICLE]",
        "      urgency: ROUTINE\n      provenance: [SAFETY, ARTICLE]",
    ),
    Seed(
        "an excessive dose is not reduced under resistance",
        "{from_node: dose_status_excessive, to_node: reduce_dose_for_renal_function}",
        "{from_node: resistance_status_confirmed, to_node: reduce_dose_for_renal_function}",
    ),
    Seed(
        "a clearance of exactly 50 is below the full row (> for >=)",
        '"valid(clearance) && clearance >= renal_row_50"',
        '"valid(clearance) && clearance > renal_row_50"',
    ),
    Seed(
        "a clearance is read where none exists",
        '"valid(clearance) && clearance >= renal_row_50"',
        '"clearance >= renal_row_50"',
    ),
    Seed(
        "a divisor that can be zero",
        "(patient.height_cm * patient.height_cm)",
        "(patient.height_cm * (patient.height_cm - 100.0))",
    ),
    Seed(
        "a range that does not hold all clearances",
        "range: {minimum: 0, maximum: 3889}",
        "range: {minimum: 0, maximum: 2000}",
    ),
    Seed(
        "the clearance of women is raised, not lowered",
        "/ (72.0 * renal.serum_creatinine_mg_dl)\n      * (patient.sex == FEMALE ? 0.85 : 1.0)\n"
        "    valid_when: clearance_computable\n    invalid_text:\n      clinician: >-\n"
        "        no clearance per kg",
        "/ (72.0 * renal.serum_creatinine_mg_dl)\n      * (patient.sex == FEMALE ? 1.0 : 0.85)\n"
        "    valid_when: clearance_computable\n    invalid_text:\n      clinician: >-\n"
        "        no clearance per kg",
    ),
    Seed(
        "adequate therapy from day 8",
        "id: adequate_days\n    whole: 7",
        "id: adequate_days\n    whole: 8",
    ),
    Seed(
        "weaker grounds from day 5",
        "id: possible_days\n    whole: 4",
        "id: possible_days\n    whole: 5",
    ),
    Seed(
        "the zoster dose of the article one step lower",
        "valacyclovir_zoster_50, decimal: 3000.0",
        "valacyclovir_zoster_50, decimal: 2500.0",
    ),
    Seed(
        "a creatinine is current for a day longer",
        "id: creatinine_current_hours\n    whole: 72",
        "id: creatinine_current_hours\n    whole: 96",
    ),
    Seed(
        "failing means any trend",
        '"rash.trend in [UNCHANGED, SPREADING]"',
        '"rash.trend in [UNCHANGED, SPREADING, IMPROVING]"',
    ),
    Seed(
        "a contradiction that no case can have",
        'patient.pregnancy == PREGNANT && patient.sex == MALE"',
        'patient.sex == FEMALE && patient.sex == MALE"',
    ),
    Seed(
        "a contradiction that reads what is not given",
        '"has(patient.pregnancy) && has(patient.sex) && patient.pregnancy == PREGNANT',
        '"has(patient.pregnancy) && patient.pregnancy == PREGNANT',
    ),
    Seed(
        "a note that is never shown",
        "when: failing && herpes_plausible\n",
        'when: "failing && rash.trend == IMPROVING"\n',
    ),
    Seed(
        "a caution that always warns",
        'id: pregnancy_changes_clearance\n    when: "patient.pregnancy == PREGNANT"',
        "id: pregnancy_changes_clearance\n"
        '    when: "patient.pregnancy in [PREGNANT, NOT_PREGNANT]"',
    ),
    Seed(
        "a recommendation that everybody gets",
        "{from_node: pregnancy_actions, to_node: pregnancy_specialist_review}",
        "{from_node: special_checks, to_node: pregnancy_specialist_review}",
    ),
    Seed(
        "the branches of keeping and replacing swapped",
        edge("resistance_trend", "replace_acyclovir_class", "when: failing"),
        edge("resistance_trend", "replace_acyclovir_class", 'when: "!failing"'),
    ),
    Seed(
        "a susceptible isolate no longer refutes the suspicion",
        "      failing && herpes_plausible && not_shown_susceptible && (adequately_treated\n",
        "      failing && herpes_plausible && (adequately_treated\n",
    ),
    Seed(
        "a negative PCR refutes only where it is given (has() lost)",
        "!(has(infection.lesion_pcr) && infection.lesion_pcr == PCR_NEGATIVE)\n",
        "infection.lesion_pcr != PCR_NEGATIVE\n",
    ),
    Seed(
        "a statement without a home",
        "statements: [S17, S18, S19]",
        "statements: [S17, S18]",
    ),
    Seed(
        "a source that is not listed",
        "sources: [V38, V39, V50, V51, V64, V67]",
        "sources: [V38, V39, V50, V51, V640]",
    ),
    Seed(
        "a misspelt fact",
        'when: "rash.disseminated == PRESENT || infection.virus == VZV"',
        'when: "rash.dissemnated == PRESENT || infection.virus == VZV"',
    ),
    Seed(
        "a value of another choice",
        '"rash.trend in [UNCHANGED, SPREADING]"',
        '"rash.trend in [UNCHANGED, PRESENT]"',
    ),
    Seed(
        "a cycle",
        "  - {from_node: lanes, to_node: danger_question}\n",
        "  - {from_node: lanes, to_node: danger_question}\n"
        "  - {from_node: emergency_review, to_node: lanes}\n",
    ),
    Seed(
        "an edge twice",
        "  - {from_node: lanes, to_node: danger_question}\n",
        "  - {from_node: lanes, to_node: danger_question}\n" * 2,
    ),
    Seed(
        "a decision with one branch left",
        "  - "
        + edge(
            "danger_question",
            "no_danger",
            'otherwise: true, text: {clinician: "no", patient: "no"}}\n',
        ),
        "",
    ),
    Seed(
        "no words for the patient",
        "title: {clinician: Test for HIV, patient: Ask for an HIV test}",
        "title: {clinician: Test for HIV}",
    ),
)
"""The faults. What finds each stands in the table, and is found anew by the tests."""


def main() -> None:
    """Finds anew what finds each fault, and rewrites the table of the documentation."""
    found: list[tuple[Seed, Finding]] = []
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
