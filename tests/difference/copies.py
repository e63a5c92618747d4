"""Changed copies of the shipped guideline, and what the comparison must say of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.difference import Kind

TEXT = (files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml").read_text(
    encoding="utf-8"
)


@dataclass(frozen=True, slots=True)
class Copy:
    """One change of a file.

    Args:
        what: the change in words.
        edits: passages, each with what stands in its place.
        everywhere: True if a passage may stand more than once.
        long: True if it is tried in the long run of the tests only.
    """

    what: str
    edits: tuple[tuple[str, str], ...]
    everywhere: bool = False
    long: bool = False

    def text(self) -> str:
        """Returns the changed file."""
        text = TEXT
        for old, new in self.edits:
            assert old in text, f"{old!r} stands nowhere"
            assert self.everywhere or text.count(old) == 1, f"{old!r} stands more than once"
            text = text.replace(old, new)
        return text

    def load(self) -> DecisionGraph:
        """Returns the changed guideline."""
        return load_bytes(self.text().encode(), "copy.yaml")


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


@cache
def shipped() -> DecisionGraph:
    """Returns the shipped guideline."""
    return load_bytes(TEXT.encode(), "1.0.0.yaml")


def edge(tail: str, head: str, rest: str) -> str:
    """Returns the beginning of an edge as the file has it."""
    return f"{{from_node: {tail}, to_node: {head}, {rest}"


APPLIES, NOT, OPEN = "APPLIES", "DOES_NOT_APPLY", "UNDETERMINED"

CHANGES = (
    Change(
        "HIV is tested only where the rash does not improve",
        (
            (
                edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED"),
                edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED && failing"),
            ),
        ),
        id="test_hiv",
        before=APPLIES,
        after=NOT,
        given={"rash.trend": 1, "immune.hiv": 1},
        exactly=True,
    ),
    Change(
        "a pending HIV test is asked for again, one not done is awaited",
        (
            (
                edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_NOT_TESTED"),
                edge("hiv_question", "test_hiv", "when: immune.hiv == HIV_PENDING "),
            ),
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
        (
            (
                edge("danger_question", "emergency_review", "when: red_flag"),
                edge("danger_question", "emergency_review", "when: red_flag && failing"),
            ),
        ),
        id="emergency_review",
        before=APPLIES,
        after=NOT,
        given={"rash.trend": 1},
    ),
    Change(
        "an eye lesion is no red flag",
        (
            (
                "|| severe_drug_reaction || infection.eye == PRESENT ||",
                "|| severe_drug_reaction ||",
            ),
        ),
        id="emergency_review",
        before=APPLIES,
        after=NOT,
        given={"infection.eye": 1},
    ),
    Change(
        "an eye that nobody looked at counts as healthy",
        (
            (
                "|| severe_drug_reaction || infection.eye == PRESENT ||",
                "|| severe_drug_reaction || (has(infection.eye) && infection.eye == PRESENT) ||",
            ),
        ),
        id="emergency_review",
        before=OPEN,
        after=NOT,
        given={"rash.disseminated": 2},
    ),
    Change(
        "emergency review is called routine",
        (
            (
                "      urgency: EMERGENCY\n      provenance: [SAFETY, ARTICLE]",
                "      urgency: ROUTINE\n      provenance: [SAFETY, ARTICLE]",
            ),
        ),
        kind=Kind.URGENCY,
        value="EMERGENCY",
        before="EMERGENCY",
        after="ROUTINE, EMERGENCY not excluded",
    ),
    Change(
        "resistance no longer consults infectious disease",
        (("  - {from_node: resistance_actions, to_node: consult_infectious_disease}\n", ""),),
        id="consult_infectious_disease",
        before=APPLIES,
        after=NOT,
        given={"infection.acyclovir_susceptibility": 4},
    ),
    Change(
        "cidofovir for varicella-zoster too",
        (
            (
                edge("topical_virus", "topical_reach", "when: infection.virus == HSV"),
                edge("topical_virus", "topical_reach", 'when: "infection.virus in [HSV, VZV]"'),
            ),
        ),
        id="topical_cidofovir",
        before=NOT,
        after=APPLIES,
        given={"infection.virus": 2},
    ),
    Change(
        "the floor of foscarnet is lowered everywhere",
        (("foscarnet_floor, decimal: 0.4", "foscarnet_floor, decimal: 0.3"),),
        id="foscarnet_not_recommended_renal",
        before=APPLIES,
        after=NOT,
    ),
    Change(
        "the dose gate forgets the QT interval",
        (("gate_no_interacting_drug && gate_no_long_qt &&", "gate_no_interacting_drug &&"),),
        kind=Kind.DOSE_GIVEN,
        id="start_foscarnet",
        before="withheld: gate_no_long_qt",
        after="not withheld",
        given={"foscarnet.long_qt": 1},
    ),
    Change(
        "a creatinine is current for two days only",
        (("creatinine_current_hours\n    whole: 72", "creatinine_current_hours\n    whole: 48"),),
        kind=Kind.DOSE_GIVEN,
        id="start_foscarnet",
        before="not withheld",
        after="withheld: gate_creatinine_current",
    ),
    Change(
        "an interval of foscarnet is halved",
        (("dose_mg_per_kg: 30, interval_hours: 8", "dose_mg_per_kg: 30, interval_hours: 4"),),
        kind=Kind.DOSE_ROW,
        id="start_foscarnet",
        value="30 mg/kg every 8 hours",
        before="30 mg/kg every 8 hours",
        after="30 mg/kg every 4 hours",
    ),
    Change(
        "a digit too many in the first row of foscarnet",
        (("dose_mg_per_kg: 40, interval_hours: 8", "dose_mg_per_kg: 400, interval_hours: 8"),),
        kind=Kind.DOSE_ROW,
        id="start_foscarnet",
        value="400 mg/kg every 8 hours",
        before="40 mg/kg every 8 hours",
        after="400 mg/kg every 8 hours",
        long=True,
    ),
    Change(
        "another cause no longer speaks against herpes",
        (
            (
                '"infection.lesion_pcr == PCR_NEGATIVE || infection.virus == OTHER_CAUSE"',
                "infection.lesion_pcr == PCR_NEGATIVE",
            ),
        ),
        id="reconsider_diagnosis",
        before=APPLIES,
        after=NOT,
        given={"infection.virus": 3},
    ),
    Change(
        "a partial adherence is good enough",
        (
            (
                'to_node: restore_adherence, when: "therapy.adherence in [PARTIAL, POOR]"',
                "to_node: restore_adherence, when: therapy.adherence == POOR",
            ),
        ),
        id="restore_adherence",
        before=APPLIES,
        after=NOT,
        given={"therapy.adherence": 2},
        long=True,
    ),
    Change(
        "a lesion PCR that was not done is awaited, a pending one sent",
        (
            (
                "to_node: send_lesion_pcr, when: infection.lesion_pcr == PCR_NOT_DONE",
                "to_node: send_lesion_pcr, when: infection.lesion_pcr == PCR_PENDING ",
            ),
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
        (
            (
                "bacterial.purulence == PRESENT || bacterial.spreading_warmth == PRESENT",
                "bacterial.spreading_warmth == PRESENT",
            ),
        ),
        id="treat_bacterial_superinfection",
        before=APPLIES,
        after=NOT,
        given={"bacterial.purulence": 1},
    ),
    Change(
        "unchanged lesions are left to go on",
        (
            (
                "to_node: continue_and_review, when: rash.trend == IMPROVING",
                'to_node: continue_and_review, when: "rash.trend in [IMPROVING, UNCHANGED]"',
            ),
        ),
        id="continue_and_review",
        before=NOT,
        after=APPLIES,
        given={"rash.trend": 2},
        exactly=True,
    ),
    Change(
        "severe and not severe swapped for HIV with zoster",
        (
            (
                "to_node: acyclovir_iv_hiv_zoster, when: rash.severe == PRESENT",
                "to_node: acyclovir_iv_hiv_zoster, when: rash.severe == ABSENT",
            ),
        ),
        id="acyclovir_oral_hiv_zoster",
    ),
    Change(
        "a body mass index counts as obesity from 35 up only",
        (("id: obesity_index\n    decimal: 30.0", "id: obesity_index\n    decimal: 35.0"),),
        kind=Kind.CAUTION,
        id="weight_to_use_unknown",
        before="yes",
        after="no",
    ),
    Change(
        "the body mass index is computed wrongly",
        (("patient.weight_kg * 10000.0 /", "patient.weight_kg * 9000.0 /"),),
        kind=Kind.CAUTION,
        id="weight_to_use_unknown",
        before="yes",
        after="no",
    ),
    Change(
        "experience with foscarnet is called limited from a higher creatinine up only",
        (
            (
                "limited_experience_creatinine, decimal: 2.8",
                "limited_experience_creatinine, decimal: 3.0",
            ),
        ),
        kind=Kind.CAUTION,
        id="limited_renal_experience",
        before="yes",
        after="no",
        long=True,
    ),
    Change(
        "a man who is pregnant is no contradiction",
        (
            (
                '"has(patient.pregnancy) && has(patient.sex) && patient.pregnancy == PREGNANT',
                '"has(patient.pregnancy) && !has(patient.sex) && patient.pregnancy == PREGNANT',
            ),
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
        (
            (
                "to_node: pregnancy_actions, when: patient.pregnancy == PREGNANT",
                'to_node: pregnancy_actions, when: "has(patient.pregnancy) && '
                'patient.pregnancy == PREGNANT"',
            ),
        ),
        id="pregnancy_specialist_review",
        before=OPEN,
        after=NOT,
        exactly=True,
    ),
    Change(
        "a recommendation has another id",
        (("send_lesion_pcr", "swab_the_lesion"),),
        everywhere=True,
        id="send_lesion_pcr",
        before=APPLIES,
        after="",
    ),
    Change(
        "a drug reaction is found by the skin alone",
        (
            (
                "to_node: stop_and_manage_drug_reaction, when: drug_reaction_suspected",
                "to_node: stop_and_manage_drug_reaction, when: reaction.skin_detachment == PRESENT",
            ),
        ),
        id="stop_and_manage_drug_reaction",
        before=APPLIES,
        after=NOT,
        given={"reaction.skin_detachment": 2},
        long=True,
    ),
)

REFACTORINGS = (
    Copy(
        "De Morgan",
        (
            (
                '"!resistance && !drug_reaction_suspected"',
                '"!(resistance || drug_reaction_suspected)"',
            ),
        ),
    ),
    Copy(
        "operands in another order",
        (
            (
                "bacterial.purulence == PRESENT || bacterial.spreading_warmth == PRESENT",
                "bacterial.spreading_warmth == PRESENT || bacterial.purulence == PRESENT",
            ),
        ),
    ),
    Copy("a definition renamed", (("on_dialysis", "dialysed"),), everywhere=True),
    Copy(
        "a definition split in two",
        (
            (
                "  - id: bacterial_suspected\n"
                "    when: >-\n"
                "      bacterial.purulence == PRESENT ||",
                "  - id: pus_or_warmth\n"
                '    when: "bacterial.purulence == PRESENT || '
                'bacterial.spreading_warmth == PRESENT"\n'
                "    text: {clinician: pus or warmth, patient: pus or warmth}\n"
                "    statements: [S14]\n"
                "  - id: bacterial_suspected\n    when: >-\n      pus_or_warmth ||",
            ),
        ),
    ),
    Copy(
        "`otherwise` written out",
        (
            (
                edge("lesion_pcr_question", "diagnosis_stands", "otherwise: true"),
                edge(
                    "lesion_pcr_question",
                    "diagnosis_stands",
                    'when: "infection.lesion_pcr in [PCR_POSITIVE, PCR_NEGATIVE]"',
                ),
            ),
        ),
    ),
    Copy(
        "a condition replaced by `otherwise`",
        (
            (
                edge("danger_question", "no_danger", "otherwise: true"),
                edge("danger_question", "no_danger", 'when: "!red_flag"'),
            ),
        ),
        long=True,
    ),
    Copy("a named number renamed", (("adequate_days", "enough_days"),), everywhere=True),
    Copy(
        "a number written where its name stood",
        (
            (
                "valid(clearance) && clearance >= renal_row_50",
                "valid(clearance) && clearance >= 50.0",
            ),
        ),
    ),
    Copy(
        "a list of values as a disjunction",
        (
            (
                'when: "rash.trend in [UNCHANGED, SPREADING]"',
                'when: "rash.trend == UNCHANGED || rash.trend == SPREADING"',
            ),
        ),
        long=True,
    ),
    Copy(
        "a list of values as the negation of the others",
        (('when: "rash.trend in [UNCHANGED, SPREADING]"', 'when: "rash.trend != IMPROVING"'),),
        long=True,
    ),
    Copy(
        "a presence test drawn out of a negation",
        (
            (
                "!(has(infection.lesion_pcr) && infection.lesion_pcr == PCR_NEGATIVE)",
                "(!has(infection.lesion_pcr) || infection.lesion_pcr != PCR_NEGATIVE)",
            ),
        ),
    ),
    Copy(
        "a definition opened where it is used",
        (
            (
                '"reaction.new_exanthem == PRESENT || reaction.facial_oedema == PRESENT || '
                'reaction.skin_detachment == PRESENT"',
                '"reaction.skin_detachment == PRESENT ? true : (reaction.new_exanthem == PRESENT '
                '|| reaction.facial_oedema == PRESENT)"',
            ),
        ),
        long=True,
    ),
    Copy(
        "a computed number renamed",
        (("- id: body_mass_index", "- id: quetelet"), ("(body_mass_index >=", "(quetelet >=")),
    ),
    Copy(
        "factors of a formula in another order",
        (
            (
                "formula: therapy.dose_mg * double(therapy.doses_per_day)\n",
                "formula: double(therapy.doses_per_day) * therapy.dose_mg\n",
            ),
        ),
    ),
    Copy(
        "more than one day as two days or more",
        (("therapy.days_on_therapy > 1", "therapy.days_on_therapy >= 2"),),
        long=True,
    ),
    Copy(
        "edges in another order",
        (
            (
                "  - {from_node: lanes, to_node: danger_question}\n"
                "  - {from_node: lanes, to_node: spreading_checks}\n",
                "  - {from_node: lanes, to_node: spreading_checks}\n"
                "  - {from_node: lanes, to_node: danger_question}\n",
            ),
        ),
    ),
)
