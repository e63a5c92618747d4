"""The sub-guideline as a Python programmer would write it: `if` and `elif`, on a dict."""

from __future__ import annotations

from tests.bench.sub_cases import Outcome, Plain


def decide(facts: Plain) -> Outcome:
    """Returns the outcome of each lane."""
    dose_low = facts["dose_mg"] * facts["doses_per_day"] < 1000.0  # type: ignore[operator]  # both are numbers
    hiv = facts["hiv"]
    immunocompromised = (
        hiv == "HIV_POSITIVE"
        or facts["organ_transplant"]
        or facts["stem_cell_transplant"]
        or facts["immunosuppressive_medication"]
        or facts["haematological_malignancy"]
        or facts["other_immunodeficiency"]
    )
    grounds = (
        (
            facts["drug"] != "NO_ANTIVIRAL"
            and not dose_low
            and facts["adherence"] == "GOOD"
            and facts["days_on_therapy"] >= 7  # type: ignore[operator]  # a number
        )
        or facts["appropriate_therapy_failed"]
        or (facts["prolonged_or_repeated_courses"] and immunocompromised)
        or (facts["breakthrough_on_prophylaxis"] and facts["stem_cell_transplant"])
        or facts["earlier_resistant_isolate"]
    )
    another_cause = facts["lesion_pcr"] == "PCR_NEGATIVE" or facts["virus"] == "OTHER_CAUSE"
    susceptibility = facts["acyclovir_susceptibility"]
    failing = facts["trend"] != "IMPROVING"

    if facts["drug"] == "NO_ANTIVIRAL":
        therapy = "no_antiviral"
    elif dose_low:
        therapy = "correct_dose"
    elif facts["adherence"] in ("PARTIAL", "POOR"):
        therapy = "restore_adherence"
    else:
        therapy = "therapy_in_order"

    if hiv == "HIV_NOT_TESTED":
        immune = "test_hiv"
    elif hiv == "HIV_PENDING":
        immune = "awaiting_hiv"
    elif facts["unexplained_weight_loss"] or facts["lymphadenopathy"]:
        immune = "investigate_immunodeficiency"
    elif immunocompromised:
        immune = "host_immunocompromised"
    else:
        immune = "host_not_reported"

    if not failing:
        resistance = "continue_and_review"
    elif susceptibility == "SUSCEPTIBILITY_RESISTANT":
        resistance = "resistance_confirmed"
    elif susceptibility == "SUSCEPTIBILITY_SUSCEPTIBLE":
        resistance = "resistance_excluded"
    elif another_cause:
        resistance = "reconsider_diagnosis"
    elif grounds:
        resistance = "resistance_suspected"
    elif facts["prolonged_or_repeated_courses"] or (
        facts["days_on_therapy"] >= 4 and facts["adherence"] == "GOOD"  # type: ignore[operator]  # a number
    ):
        resistance = "resistance_possible"
    else:
        resistance = "resistance_not_suspected"

    return therapy, immune, resistance, _foscarnet(facts, resistance)


def _foscarnet(facts: Plain, resistance: str) -> str:
    if resistance not in ("resistance_confirmed", "resistance_suspected"):
        return "foscarnet_not_needed"
    if (
        facts["new_exanthem"]
        or facts["facial_oedema"]
        or facts["skin_detachment"]
        or facts["hypersensitivity"]
        or facts["failed_or_not_tolerated"]
    ):
        return "foscarnet_barred"
    age = facts["age_years"]
    if not (
        age >= 18  # type: ignore[operator]  # a number
        and facts["pregnancy"] == "NOT_PREGNANT"
        and facts["dialysis"] == "NO_DIALYSIS"
        and facts["stable"]
    ):
        return "settle_renal_function"
    clearance = (140.0 - age) / (72.0 * facts["serum_creatinine_mg_dl"])  # type: ignore[operator]  # both are numbers
    if facts["sex"] == "FEMALE":
        clearance *= 0.85
    if clearance > 1.4:
        return "foscarnet_full"
    if clearance >= 0.4:
        return "foscarnet_reduced"
    return "foscarnet_not_recommended"
