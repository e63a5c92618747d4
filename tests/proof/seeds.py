"""Copies of the shipped guideline, each with one deliberate fault."""

from __future__ import annotations

from tests.shipped import Copy, edge

ROW = "valid(clearance_per_kg) && clearance_per_kg"
SWAPPED = f'"{ROW} > 0.6 && clearance_per_kg <= 0.8", dose_mg_per_kg: 35'

SEEDS = (
    Copy(
        "a gap and an overlap: the grade of resistance asks for the trend",
        edge("resistance_grade", "resistance_status_not_suspected", "otherwise: true"),
        edge("resistance_grade", "resistance_status_not_suspected", 'when: "!failing"'),
    ),
    Copy(
        "a gap: nobody is left for a pending HIV test",
        edge("hiv_question", "immune_status_done", "otherwise: true"),
        edge("hiv_question", "immune_status_done", "when: immune.hiv == HIV_NEGATIVE"),
    ),
    Copy(
        "an overlap: confirmed resistance counts as suspected too",
        '"!resistance_confirmed && resistance_suspected"',
        '"resistance_suspected"',
    ),
    Copy(
        "an overlap of dose findings: 3000 mg counts as too low for zoster",
        "(renal_at_least_50 && daily_dose_mg < valacyclovir_zoster_50)",
        "(renal_at_least_50 && daily_dose_mg <= valacyclovir_zoster_50)",
    ),
    Copy(
        "a dead branch: pending and not tested at once",
        edge("hiv_question", "awaiting_hiv", "when: immune.hiv == HIV_PENDING"),
        edge(
            "hiv_question",
            "awaiting_hiv",
            "when: immune.hiv == HIV_PENDING && immune.hiv == HIV_NOT_TESTED",
        ),
    ),
    Copy(
        "a dead node: foscarnet only where the trend is better and worse",
        edge("foscarnet_trend", "foscarnet_block_question", "when: failing"),
        edge(
            "foscarnet_trend",
            "foscarnet_block_question",
            "when: failing && rash.trend == IMPROVING",
        ),
    ),
    Copy(
        "acyclovir allowed under resistance",
        '"!resistance && !drug_reaction_suspected"',
        '"!drug_reaction_suspected"',
    ),
    Copy(
        "acyclovir allowed under suspected resistance",
        '"!resistance && !drug_reaction_suspected"',
        '"!resistance_confirmed && !drug_reaction_suspected"',
    ),
    Copy(
        "acyclovir allowed under a drug reaction",
        '"!resistance && !drug_reaction_suspected"',
        '"!resistance"',
    ),
    Copy(
        "doses are corrected whatever the resistance",
        edge("therapy_class", "therapy_repairs", "when: acyclovir_class_may_go_on"),
        edge("therapy_class", "therapy_repairs", 'when: "!drug_reaction_suspected"'),
    ),
    Copy(
        "the article's acyclovir for HIV whatever the resistance",
        edge("special_class", "special_options", "when: acyclovir_class_may_go_on"),
        edge("special_class", "special_options", 'when: "!drug_reaction_suspected"'),
    ),
    Copy(
        "two foscarnet rows swapped",
        "dose_mg_per_kg: 35, interval_hours: 12",
        "dose_mg_per_kg: 25, interval_hours: 12 ",
        ((f'"{ROW} > 0.6 && clearance_per_kg <= 0.8", dose_mg_per_kg: 25', SWAPPED),),
    ),
    Copy(
        "a foscarnet interval halved",
        "dose_mg_per_kg: 30, interval_hours: 8",
        "dose_mg_per_kg: 30, interval_hours: 4",
    ),
    Copy(
        "a digit too many in the first foscarnet row",
        "dose_mg_per_kg: 40, interval_hours: 8",
        "dose_mg_per_kg: 400, interval_hours: 8",
    ),
    Copy(
        "a foscarnet row open at both ends (< for <=)",
        "clearance_per_kg > 0.6 && clearance_per_kg <= 0.8",
        "clearance_per_kg > 0.6 && clearance_per_kg < 0.8",
    ),
    Copy(
        "two foscarnet rows that share their end (>= for >)",
        "clearance_per_kg > 0.5 && clearance_per_kg <= 0.6",
        "clearance_per_kg >= 0.5 && clearance_per_kg <= 0.6",
    ),
    Copy(
        "foscarnet barred at its floor too (<= for <)",
        "clearance_per_kg < foscarnet_floor)",
        "clearance_per_kg <= foscarnet_floor)",
    ),
    Copy(
        "the floor of the dose gate lowered",
        '"!valid(clearance_per_kg) || clearance_per_kg >= foscarnet_floor"',
        '"!valid(clearance_per_kg) || clearance_per_kg >= 0.3"',
    ),
    Copy(
        "the floor of foscarnet lowered everywhere",
        "foscarnet_floor, decimal: 0.4",
        "foscarnet_floor, decimal: 0.3",
    ),
    Copy(
        "the dose gate forgets the QT interval",
        "gate_no_interacting_drug && gate_no_long_qt &&",
        "gate_no_interacting_drug &&",
    ),
    Copy(
        "foscarnet blocked only by its own failure",
        edge("foscarnet_block_question", "foscarnet_barred", "when: foscarnet_blocked"),
        edge("foscarnet_block_question", "foscarnet_barred", "when: foscarnet_failed"),
    ),
    Copy(
        "foscarnet while resistance is only possible",
        edge("foscarnet_need", "foscarnet_checks", "when: resistance,"),
        edge("foscarnet_need", "foscarnet_checks", "when: resistance_at_least_possible,"),
    ),
    Copy(
        "resistance no longer consults infectious disease",
        "  - {from_node: resistance_actions, to_node: consult_infectious_disease}\n",
        "",
    ),
    Copy(
        "cidofovir without resistance",
        edge("topical_need", "topical_virus", "when: resistance,"),
        edge("topical_need", "topical_virus", "when: failing,"),
    ),
    Copy(
        "cidofovir for varicella-zoster",
        edge("topical_virus", "topical_reach", "when: infection.virus == HSV"),
        edge("topical_virus", "topical_reach", 'when: "infection.virus in [HSV, VZV]"'),
    ),
    Copy(
        "HIV tested only where the rash does not improve",
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED"),
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED && failing"),
    ),
    Copy(
        "danger only where the rash does not improve",
        edge("danger_question", "emergency_review", "when: red_flag"),
        edge("danger_question", "emergency_review", "when: red_flag && failing"),
    ),
    Copy(
        "an eye lesion is no red flag",
        "|| severe_drug_reaction || infection.eye == PRESENT ||",
        "|| severe_drug_reaction ||",
    ),
    Copy(
        "an eye that nobody looked at counts as healthy",
        "|| severe_drug_reaction || infection.eye == PRESENT ||",
        "|| severe_drug_reaction || (has(infection.eye) && infection.eye == PRESENT) ||",
    ),
    Copy(
        "emergency review is called routine",
        "      urgency: EMERGENCY\n      provenance: [SAFETY, ARTICLE]",
        "      urgency: ROUTINE\n      provenance: [SAFETY, ARTICLE]",
    ),
    Copy(
        "an excessive dose is not reduced under resistance",
        "{from_node: dose_status_excessive, to_node: reduce_dose_for_renal_function}",
        "{from_node: resistance_status_confirmed, to_node: reduce_dose_for_renal_function}",
    ),
    Copy(
        "a clearance of exactly 50 is below the full row (> for >=)",
        '"valid(clearance) && clearance >= renal_row_50"',
        '"valid(clearance) && clearance > renal_row_50"',
    ),
    Copy(
        "a clearance is read where none exists",
        '"valid(clearance) && clearance >= renal_row_50"',
        '"clearance >= renal_row_50"',
    ),
    Copy(
        "a divisor that can be zero",
        "(patient.height_cm * patient.height_cm)",
        "(patient.height_cm * (patient.height_cm - 100.0))",
    ),
    Copy(
        "a range that does not hold all clearances",
        "range: {minimum: 0, maximum: 3889}",
        "range: {minimum: 0, maximum: 2000}",
    ),
    Copy(
        "the clearance of women is raised, not lowered",
        "/ (72.0 * renal.serum_creatinine_mg_dl)\n      * (patient.sex == FEMALE ? 0.85 : 1.0)\n"
        "    valid_when: clearance_computable\n    invalid_text:\n      clinician: >-\n"
        "        no clearance per kg",
        "/ (72.0 * renal.serum_creatinine_mg_dl)\n      * (patient.sex == FEMALE ? 1.0 : 0.85)\n"
        "    valid_when: clearance_computable\n    invalid_text:\n      clinician: >-\n"
        "        no clearance per kg",
    ),
    Copy(
        "adequate therapy from day 8",
        "id: adequate_days\n    whole: 7",
        "id: adequate_days\n    whole: 8",
    ),
    Copy(
        "weaker grounds from day 5",
        "id: possible_days\n    whole: 4",
        "id: possible_days\n    whole: 5",
    ),
    Copy(
        "the zoster dose of the article one step lower",
        "valacyclovir_zoster_50, decimal: 3000.0",
        "valacyclovir_zoster_50, decimal: 2500.0",
    ),
    Copy(
        "a creatinine is current for a day longer",
        "id: creatinine_current_hours\n    whole: 72",
        "id: creatinine_current_hours\n    whole: 96",
    ),
    Copy(
        "failing means any trend",
        '"rash.trend in [UNCHANGED, SPREADING]"',
        '"rash.trend in [UNCHANGED, SPREADING, IMPROVING]"',
    ),
    Copy(
        "a contradiction that no case can have",
        'patient.pregnancy == PREGNANT && patient.sex == MALE"',
        'patient.sex == FEMALE && patient.sex == MALE"',
    ),
    Copy(
        "a contradiction that reads what is not given",
        '"has(patient.pregnancy) && has(patient.sex) && patient.pregnancy == PREGNANT',
        '"has(patient.pregnancy) && patient.pregnancy == PREGNANT',
    ),
    Copy(
        "a note that is never shown",
        "when: failing && herpes_plausible\n",
        'when: "failing && rash.trend == IMPROVING"\n',
    ),
    Copy(
        "a caution that always warns",
        'id: pregnancy_changes_clearance\n    when: "patient.pregnancy == PREGNANT"',
        "id: pregnancy_changes_clearance\n"
        '    when: "patient.pregnancy in [PREGNANT, NOT_PREGNANT]"',
    ),
    Copy(
        "a recommendation that everybody gets",
        "{from_node: pregnancy_actions, to_node: pregnancy_specialist_review}",
        "{from_node: special_checks, to_node: pregnancy_specialist_review}",
    ),
    Copy(
        "the branches of keeping and replacing swapped",
        edge("resistance_trend", "replace_acyclovir_class", "when: failing"),
        edge("resistance_trend", "replace_acyclovir_class", 'when: "!failing"'),
    ),
    Copy(
        "a susceptible isolate no longer refutes the suspicion",
        "      failing && herpes_plausible && not_shown_susceptible && (adequately_treated\n",
        "      failing && herpes_plausible && (adequately_treated\n",
    ),
    Copy(
        "a negative PCR refutes only where it is given (has() lost)",
        "!(has(infection.lesion_pcr) && infection.lesion_pcr == PCR_NEGATIVE)\n",
        "infection.lesion_pcr != PCR_NEGATIVE\n",
    ),
    Copy(
        "a statement without a home",
        "statements: [S17, S18, S19]",
        "statements: [S17, S18]",
    ),
    Copy(
        "a source that is not listed",
        "sources: [V38, V39, V50, V51, V64, V67]",
        "sources: [V38, V39, V50, V51, V640]",
    ),
    Copy(
        "a misspelt fact",
        'when: "rash.disseminated == PRESENT || infection.virus == VZV"',
        'when: "rash.dissemnated == PRESENT || infection.virus == VZV"',
    ),
    Copy(
        "a value of another choice",
        '"rash.trend in [UNCHANGED, SPREADING]"',
        '"rash.trend in [UNCHANGED, PRESENT]"',
    ),
    Copy(
        "a cycle",
        "  - {from_node: lanes, to_node: danger_question}\n",
        "  - {from_node: lanes, to_node: danger_question}\n"
        "  - {from_node: emergency_review, to_node: lanes}\n",
    ),
    Copy(
        "an edge twice",
        "  - {from_node: lanes, to_node: danger_question}\n",
        "  - {from_node: lanes, to_node: danger_question}\n" * 2,
    ),
    Copy(
        "a decision with one branch left",
        "  - "
        + edge(
            "danger_question",
            "no_danger",
            'otherwise: true, text: {clinician: "no", patient: "no"}}\n',
        ),
        "",
    ),
    Copy(
        "no words for the patient",
        "title: {clinician: Test for HIV, patient: Ask for an HIV test}",
        "title: {clinician: Test for HIV}",
    ),
)
"""What finds each stands in the table of `docs/proof.md`, and is found anew by the tests."""
