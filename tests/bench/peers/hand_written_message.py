"""The sub-guideline as a Python programmer would write it, straight over the message."""

from __future__ import annotations

from rashpath.v1 import facts_pb2
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.sub_cases import Outcome

_PRESENT = int(facts_pb2.FINDING_PRESENT)
_FEMALE = int(facts_pb2.SEX_FEMALE)
_NOT_PREGNANT = int(facts_pb2.PREGNANCY_NOT_PREGNANT)
_IMPROVING = int(facts_pb2.TREND_IMPROVING)
_OTHER_CAUSE = int(facts_pb2.VIRUS_OTHER_CAUSE)
_PCR_NEGATIVE = int(facts_pb2.PCR_NEGATIVE)
_SUSCEPTIBLE = int(facts_pb2.SUSCEPTIBILITY_SUSCEPTIBLE)
_RESISTANT = int(facts_pb2.SUSCEPTIBILITY_RESISTANT)
_NO_ANTIVIRAL = int(facts_pb2.DRUG_NO_ANTIVIRAL)
_GOOD = int(facts_pb2.ADHERENCE_GOOD)
_PARTIAL = int(facts_pb2.ADHERENCE_PARTIAL)
_POOR = int(facts_pb2.ADHERENCE_POOR)
_HIV_NOT_TESTED = int(facts_pb2.HIV_NOT_TESTED)
_HIV_PENDING = int(facts_pb2.HIV_PENDING)
_HIV_POSITIVE = int(facts_pb2.HIV_POSITIVE)
_NO_DIALYSIS = int(facts_pb2.DIALYSIS_NO_DIALYSIS)


def decide_bytes(case: bytes) -> Outcome:
    """Returns the outcome of each lane of a case in bytes in which every fact is known."""
    return decide(PatientCase.FromString(case))


def decide(case: PatientCase) -> Outcome:
    """Returns the outcome of each lane of a case in which every fact is known."""
    rash, infection, therapy, immune = case.rash, case.infection, case.therapy, case.immune
    drug, adherence, days = therapy.drug, therapy.adherence, therapy.days_on_therapy
    hiv, stem_cell = immune.hiv, immune.stem_cell_transplant
    prolonged = therapy.prolonged_or_repeated_courses
    susceptibility = infection.acyclovir_susceptibility
    dose_low = therapy.dose_mg * therapy.doses_per_day < 1000.0
    immunocompromised = (
        hiv == _HIV_POSITIVE
        or immune.organ_transplant == _PRESENT
        or stem_cell == _PRESENT
        or immune.immunosuppressive_medication == _PRESENT
        or immune.haematological_malignancy == _PRESENT
        or immune.other_immunodeficiency == _PRESENT
    )

    if drug == _NO_ANTIVIRAL:
        treated = "no_antiviral"
    elif dose_low:
        treated = "correct_dose"
    elif adherence in (_PARTIAL, _POOR):
        treated = "restore_adherence"
    else:
        treated = "therapy_in_order"

    if hiv == _HIV_NOT_TESTED:
        host = "test_hiv"
    elif hiv == _HIV_PENDING:
        host = "awaiting_hiv"
    elif immune.unexplained_weight_loss == _PRESENT or immune.lymphadenopathy == _PRESENT:
        host = "investigate_immunodeficiency"
    elif immunocompromised:
        host = "host_immunocompromised"
    else:
        host = "host_not_reported"

    if rash.trend == _IMPROVING:
        return treated, host, "continue_and_review", "foscarnet_not_needed"
    if susceptibility == _RESISTANT:
        return treated, host, "resistance_confirmed", _foscarnet(case)
    if susceptibility == _SUSCEPTIBLE:
        return treated, host, "resistance_excluded", "foscarnet_not_needed"
    if infection.lesion_pcr == _PCR_NEGATIVE or infection.virus == _OTHER_CAUSE:
        return treated, host, "reconsider_diagnosis", "foscarnet_not_needed"
    if (
        (drug != _NO_ANTIVIRAL and not dose_low and adherence == _GOOD and days >= 7)
        or therapy.appropriate_therapy_failed == _PRESENT
        or (prolonged == _PRESENT and immunocompromised)
        or (therapy.breakthrough_on_prophylaxis == _PRESENT and stem_cell == _PRESENT)
        or infection.earlier_resistant_isolate == _PRESENT
    ):
        return treated, host, "resistance_suspected", _foscarnet(case)
    if prolonged == _PRESENT or (days >= 4 and adherence == _GOOD):
        return treated, host, "resistance_possible", "foscarnet_not_needed"
    return treated, host, "resistance_not_suspected", "foscarnet_not_needed"


def _foscarnet(case: PatientCase) -> str:
    patient, reaction, renal, foscarnet = case.patient, case.reaction, case.renal, case.foscarnet
    if (
        reaction.new_exanthem == _PRESENT
        or reaction.facial_oedema == _PRESENT
        or reaction.skin_detachment == _PRESENT
        or foscarnet.hypersensitivity == _PRESENT
        or foscarnet.failed_or_not_tolerated == _PRESENT
    ):
        return "foscarnet_barred"
    age = patient.age_years
    if not (
        age >= 18
        and patient.pregnancy == _NOT_PREGNANT
        and renal.dialysis == _NO_DIALYSIS
        and renal.stable == _PRESENT
    ):
        return "settle_renal_function"
    clearance = (140.0 - age) / (72.0 * renal.serum_creatinine_mg_dl)
    if patient.sex == _FEMALE:
        clearance *= 0.85
    if clearance > 1.4:
        return "foscarnet_full"
    if clearance >= 0.4:
        return "foscarnet_reduced"
    return "foscarnet_not_recommended"
