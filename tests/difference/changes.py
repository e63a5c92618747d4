"""Copies of the shipped guideline that decide otherwise, and how a smallest case shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rashpath.readings.difference import Kind
from tests.shipped import Copy, edge


@dataclass(frozen=True, slots=True)
class Change(Copy):
    """A change that decides, and how a smallest case shows it.

    Args:
        kind: of the aspect that it is about.
        id: of that aspect.
        value: of that aspect.
        before: what the shipped guideline says in the case.
        after: what the copy says.
        given: facts that the case must have, and no others where `exactly` is set.
        exactly: True if the smallest case is known to be `given`.
    """

    kind: Kind = Kind.RECOMMENDATION
    id: str = ""
    value: str = ""
    before: str = ""
    after: str = ""
    given: dict[str, int | float] = field(default_factory=dict)
    exactly: bool = False


APPLIES, NOT, OPEN = "APPLIES", "DOES_NOT_APPLY", "UNDETERMINED"

CHANGES = (
    Change(
        "HIV is tested only where the rash does not improve",
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED"),
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED && failing"),
        id="test_hiv",
        before=APPLIES,
        after=NOT,
        given={"rash.trend": 1, "immune.hiv": 1},
        exactly=True,
    ),
    Change(
        "a pending HIV test is asked for again, one not done is awaited",
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED"),
        edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_PENDING "),
        (
            (
                edge("hiv_question", "awaiting_hiv", "when: immune.hiv == HIV_PENDING,"),
                edge("hiv_question", "awaiting_hiv", "when: immune.hiv == HIV_NOT_TESTED,"),
            ),
        ),
        id="test_hiv",
        before=APPLIES,
        after=NOT,
        given={"immune.hiv": 1},
        exactly=True,
        long=True,
    ),
    Change(
        "danger counts only where the rash does not improve",
        edge("danger_question", "emergency_review", "when: red_flag"),
        edge("danger_question", "emergency_review", "when: red_flag && failing"),
        id="emergency_review",
        before=APPLIES,
        after=NOT,
        given={"rash.trend": 1},
    ),
    Change(
        "an eye lesion is no red flag",
        "|| severe_drug_reaction || infection.eye == PRESENT ||",
        "|| severe_drug_reaction ||",
        id="emergency_review",
        before=APPLIES,
        after=NOT,
        given={"infection.eye": 1},
    ),
    Change(
        "an eye that nobody looked at counts as healthy",
        "|| severe_drug_reaction || infection.eye == PRESENT ||",
        "|| severe_drug_reaction || (has(infection.eye) && infection.eye == PRESENT) ||",
        id="emergency_review",
        before=OPEN,
        after=NOT,
        given={"rash.disseminated": 2},
    ),
    Change(
        "emergency review is called routine",
        "      urgency: EMERGENCY\n      provenance: [SAFETY, ARTICLE]",
        "      urgency: ROUTINE\n      provenance: [SAFETY, ARTICLE]",
        kind=Kind.URGENCY,
        value="EMERGENCY",
        before="EMERGENCY",
        after="ROUTINE, EMERGENCY not excluded",
    ),
    Change(
        "resistance no longer consults infectious disease",
        "  - {from_node: resistance_actions, to_node: consult_infectious_disease}\n",
        "",
        id="consult_infectious_disease",
        before=APPLIES,
        after=NOT,
        given={"infection.acyclovir_susceptibility": 4},
    ),
    Change(
        "cidofovir for varicella-zoster too",
        edge("topical_virus", "topical_reach", "when: infection.virus == HSV"),
        edge("topical_virus", "topical_reach", 'when: "infection.virus in [HSV, VZV]"'),
        id="topical_cidofovir",
        before=NOT,
        after=APPLIES,
        given={"infection.virus": 2},
    ),
    Change(
        "the floor of foscarnet is lowered everywhere",
        "foscarnet_floor, decimal: 0.4",
        "foscarnet_floor, decimal: 0.3",
        id="foscarnet_not_recommended_renal",
        before=APPLIES,
        after=NOT,
    ),
    Change(
        "the dose gate forgets the QT interval",
        "gate_no_interacting_drug && gate_no_long_qt &&",
        "gate_no_interacting_drug &&",
        kind=Kind.DOSE_GIVEN,
        id="start_foscarnet",
        before="withheld: gate_no_long_qt",
        after="not withheld",
        given={"foscarnet.long_qt": 1},
    ),
    Change(
        "a creatinine is current for two days only",
        "creatinine_current_hours\n    whole: 72",
        "creatinine_current_hours\n    whole: 48",
        kind=Kind.DOSE_GIVEN,
        id="start_foscarnet",
        before="not withheld",
        after="withheld: gate_creatinine_current",
    ),
    Change(
        "an interval of foscarnet is halved",
        "dose_mg_per_kg: 30, interval_hours: 8",
        "dose_mg_per_kg: 30, interval_hours: 4",
        kind=Kind.DOSE_ROW,
        id="start_foscarnet",
        value="30 mg/kg every 8 hours",
        before="30 mg/kg every 8 hours",
        after="30 mg/kg every 4 hours",
    ),
    Change(
        "a digit too many in the first row of foscarnet",
        "dose_mg_per_kg: 40, interval_hours: 8",
        "dose_mg_per_kg: 400, interval_hours: 8",
        kind=Kind.DOSE_ROW,
        id="start_foscarnet",
        value="400 mg/kg every 8 hours",
        before="40 mg/kg every 8 hours",
        after="400 mg/kg every 8 hours",
        long=True,
    ),
    Change(
        "another cause no longer speaks against herpes",
        '"infection.lesion_pcr == PCR_NEGATIVE || infection.virus == OTHER_CAUSE"',
        "infection.lesion_pcr == PCR_NEGATIVE",
        id="reconsider_diagnosis",
        before=APPLIES,
        after=NOT,
        given={"infection.virus": 3},
    ),
    Change(
        "a partial adherence is good enough",
        'to_node: restore_adherence, when: "therapy.adherence in [PARTIAL, POOR]"',
        "to_node: restore_adherence, when: therapy.adherence == POOR",
        id="restore_adherence",
        before=APPLIES,
        after=NOT,
        given={"therapy.adherence": 2},
        long=True,
    ),
    Change(
        "a lesion PCR that was not done is awaited, a pending one sent",
        "to_node: send_lesion_pcr, when: infection.lesion_pcr == PCR_NOT_DONE",
        "to_node: send_lesion_pcr, when: infection.lesion_pcr == PCR_PENDING ",
        (
            (
                "to_node: awaiting_lesion_pcr, when: infection.lesion_pcr == PCR_PENDING,",
                "to_node: awaiting_lesion_pcr, when: infection.lesion_pcr == PCR_NOT_DONE,",
            ),
        ),
        id="send_lesion_pcr",
        before=APPLIES,
        after=NOT,
        given={"infection.lesion_pcr": 1},
        exactly=True,
        long=True,
    ),
    Change(
        "purulence is no sign of bacteria",
        "bacterial.purulence == PRESENT || bacterial.spreading_warmth == PRESENT",
        "bacterial.spreading_warmth == PRESENT",
        id="treat_bacterial_superinfection",
        before=APPLIES,
        after=NOT,
        given={"bacterial.purulence": 1},
    ),
    Change(
        "unchanged lesions are left to go on",
        "to_node: continue_and_review, when: rash.trend == IMPROVING",
        'to_node: continue_and_review, when: "rash.trend in [IMPROVING, UNCHANGED]"',
        id="continue_and_review",
        before=NOT,
        after=APPLIES,
        given={"rash.trend": 2},
        exactly=True,
    ),
    Change(
        "severe and not severe swapped for HIV with zoster",
        "to_node: acyclovir_iv_hiv_zoster, when: rash.severe == PRESENT",
        "to_node: acyclovir_iv_hiv_zoster, when: rash.severe == ABSENT",
        id="acyclovir_oral_hiv_zoster",
    ),
    Change(
        "a body mass index counts as obesity from 35 up only",
        "id: obesity_index\n    decimal: 30.0",
        "id: obesity_index\n    decimal: 35.0",
        kind=Kind.CAUTION,
        id="weight_to_use_unknown",
        before="yes",
        after="no",
    ),
    Change(
        "the body mass index is computed wrongly",
        "patient.weight_kg * 10000.0 /",
        "patient.weight_kg * 9000.0 /",
        kind=Kind.CAUTION,
        id="weight_to_use_unknown",
        before="yes",
        after="no",
    ),
    Change(
        "experience with foscarnet is called limited from a higher creatinine up only",
        "limited_experience_creatinine, decimal: 2.8",
        "limited_experience_creatinine, decimal: 3.0",
        kind=Kind.CAUTION,
        id="limited_renal_experience",
        before="yes",
        after="no",
        long=True,
    ),
    Change(
        "a man who is pregnant is no contradiction",
        '"has(patient.pregnancy) && has(patient.sex) && patient.pregnancy == PREGNANT',
        '"has(patient.pregnancy) && !has(patient.sex) && patient.pregnancy == PREGNANT',
        (
            (
                '&& patient.sex == MALE"\n    text: {clinician: the patient is given as male',
                '"\n    text: {clinician: the patient is given as male',
            ),
        ),
        kind=Kind.CONTRADICTION,
        id="pregnant_male",
    ),
    Change(
        "pregnancy is told only by a fact that is given",
        "to_node: pregnancy_actions, when: patient.pregnancy == PREGNANT",
        (
            'to_node: pregnancy_actions, when: "has(patient.pregnancy) && '
            'patient.pregnancy == PREGNANT"'
        ),
        id="pregnancy_specialist_review",
        before=OPEN,
        after=NOT,
        exactly=True,
    ),
    Change(
        "a recommendation has another id",
        "send_lesion_pcr",
        "swab_the_lesion",
        everywhere=True,
        id="send_lesion_pcr",
        before=APPLIES,
        after="",
    ),
    Change(
        "a drug reaction is found by the skin alone",
        "to_node: stop_and_manage_drug_reaction, when: drug_reaction_suspected",
        "to_node: stop_and_manage_drug_reaction, when: reaction.skin_detachment == PRESENT",
        id="stop_and_manage_drug_reaction",
        before=APPLIES,
        after=NOT,
        given={"reaction.skin_detachment": 2},
        long=True,
    ),
)
