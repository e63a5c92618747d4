"""Copies of the shipped guideline that are written otherwise and decide alike."""

from __future__ import annotations

from tests.shipped import Copy, edge

REFACTORINGS = (
    Copy(
        "De Morgan",
        '"!resistance && !drug_reaction_suspected"',
        '"!(resistance || drug_reaction_suspected)"',
    ),
    Copy(
        "operands in another order",
        "bacterial.purulence == PRESENT || bacterial.spreading_warmth == PRESENT",
        "bacterial.spreading_warmth == PRESENT || bacterial.purulence == PRESENT",
    ),
    Copy(
        "a definition renamed",
        "on_dialysis",
        "dialysed",
        everywhere=True,
    ),
    Copy(
        "a definition split in two",
        ("  - id: bacterial_suspected\n    when: >-\n      bacterial.purulence == PRESENT ||"),
        (
            "  - id: pus_or_warmth\n"
            '    when: "bacterial.purulence == PRESENT || '
            'bacterial.spreading_warmth == PRESENT"\n'
            "    text: {clinician: pus or warmth, patient: pus or warmth}\n"
            "    statements: [S14]\n"
            "  - id: bacterial_suspected\n    when: >-\n      pus_or_warmth ||"
        ),
    ),
    Copy(
        "`otherwise` written out",
        edge("lesion_pcr_question", "diagnosis_stands", "otherwise: true"),
        edge(
            "lesion_pcr_question",
            "diagnosis_stands",
            'when: "infection.lesion_pcr in [PCR_POSITIVE, PCR_NEGATIVE]"',
        ),
    ),
    Copy(
        "a condition replaced by `otherwise`",
        edge("danger_question", "no_danger", "otherwise: true"),
        edge("danger_question", "no_danger", 'when: "!red_flag"'),
        long=True,
    ),
    Copy(
        "a named number renamed",
        "adequate_days",
        "enough_days",
        everywhere=True,
    ),
    Copy(
        "a number written where its name stood",
        "valid(clearance) && clearance >= renal_row_50",
        "valid(clearance) && clearance >= 50.0",
    ),
    Copy(
        "a list of values as a disjunction",
        'when: "rash.trend in [UNCHANGED, SPREADING]"',
        'when: "rash.trend == UNCHANGED || rash.trend == SPREADING"',
        long=True,
    ),
    Copy(
        "a list of values as the negation of the others",
        'when: "rash.trend in [UNCHANGED, SPREADING]"',
        'when: "rash.trend != IMPROVING"',
        long=True,
    ),
    Copy(
        "a presence test drawn out of a negation",
        "!(has(infection.lesion_pcr) && infection.lesion_pcr == PCR_NEGATIVE)",
        "(!has(infection.lesion_pcr) || infection.lesion_pcr != PCR_NEGATIVE)",
    ),
    Copy(
        "a definition opened where it is used",
        (
            '"reaction.new_exanthem == PRESENT || reaction.facial_oedema == PRESENT || '
            'reaction.skin_detachment == PRESENT"'
        ),
        (
            '"reaction.skin_detachment == PRESENT ? true : (reaction.new_exanthem == PRESENT '
            '|| reaction.facial_oedema == PRESENT)"'
        ),
        long=True,
    ),
    Copy(
        "a computed number renamed",
        "- id: body_mass_index",
        "- id: quetelet",
        (("(body_mass_index >=", "(quetelet >="),),
    ),
    Copy(
        "factors of a formula in another order",
        "formula: therapy.dose_mg * double(therapy.doses_per_day)\n",
        "formula: double(therapy.doses_per_day) * therapy.dose_mg\n",
    ),
    Copy(
        "more than one day as two days or more",
        "therapy.days_on_therapy > 1",
        "therapy.days_on_therapy >= 2",
        long=True,
    ),
    Copy(
        "edges in another order",
        (
            "  - {from_node: lanes, to_node: danger_question}\n"
            "  - {from_node: lanes, to_node: spreading_checks}\n"
        ),
        (
            "  - {from_node: lanes, to_node: spreading_checks}\n"
            "  - {from_node: lanes, to_node: danger_question}\n"
        ),
    ),
)
