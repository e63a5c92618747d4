"""The fact dictionary holds every fact of the decision logic, with words, units and ranges."""

from __future__ import annotations

import json
import re

import pytest

from rashpath.facts import Choice, DecimalNumber, Dictionary, Sensitivity, WholeNumber
from rashpath.v1 import facts_pb2

NUMBERS = {
    "patient.age_years": (int, "a", 0, 120),
    "patient.weight_kg": (float, "kg", 1, 400),
    "patient.weight_age_days": (int, "d", 0, 3650),
    "patient.height_cm": (float, "cm", 30, 250),
    "patient.gestation_weeks": (int, "wk", 0, 43),
    "therapy.dose_mg": (float, "mg", 0, 8000),
    "therapy.doses_per_day": (int, "1", 0, 6),
    "therapy.days_on_therapy": (int, "d", 0, 365),
    "renal.serum_creatinine_mg_dl": (float, "mg/dL", 0.2, 25),
    "renal.creatinine_age_hours": (int, "h", 0, 8760),
    "renal.creatinine_clearance_ml_min": (float, "mL/min", 0, 250),
}

CHOICES = {
    "patient.sex": "FEMALE MALE",
    "patient.pregnancy": "NOT_PREGNANT PREGNANT",
    "rash.trend": "IMPROVING UNCHANGED SPREADING",
    "infection.virus": "HSV VZV OTHER_CAUSE",
    "infection.indication": "ZOSTER GENITAL_HSV_FIRST GENITAL_HSV_RECURRENT OROLABIAL_HSV"
    " HSV_SUPPRESSION OTHER_INDICATION",
    "infection.lesion_pcr": "PCR_NOT_DONE PCR_PENDING PCR_POSITIVE PCR_NEGATIVE",
    "infection.acyclovir_susceptibility": "SUSCEPTIBILITY_NOT_TESTED SUSCEPTIBILITY_PENDING"
    " SUSCEPTIBILITY_SUSCEPTIBLE SUSCEPTIBILITY_RESISTANT",
    "therapy.drug": "VALACYCLOVIR ACYCLOVIR FAMCICLOVIR NO_ANTIVIRAL",
    "therapy.route": "ORAL INTRAVENOUS",
    "therapy.adherence": "GOOD PARTIAL POOR",
    "immune.hiv": "HIV_NOT_TESTED HIV_PENDING HIV_NEGATIVE HIV_POSITIVE",
    "renal.dialysis": "NO_DIALYSIS HAEMODIALYSIS PERITONEAL_DIALYSIS CONTINUOUS_DIALYSIS",
    "foscarnet.availability": "AVAILABLE DELAYED UNAVAILABLE",
}

FINDINGS = {
    "rash": "verrucous_or_chronic disseminated severe localised_accessible",
    "infection": "earlier_resistant_isolate life_threatening eye cns lung liver",
    "therapy": "appropriate_therapy_failed breakthrough_on_prophylaxis"
    " prolonged_or_repeated_courses",
    "immune": "organ_transplant stem_cell_transplant immunosuppressive_medication"
    " haematological_malignancy other_immunodeficiency unexplained_weight_loss lymphadenopathy",
    "reaction": "new_exanthem facial_oedema airway fever eosinophilia mucosal_involvement"
    " skin_detachment",
    "bacterial": "purulence spreading_warmth sepsis pain_out_of_proportion",
    "renal": "stable",
    "foscarnet": "hypersensitivity failed_or_not_tolerated interacting_drug long_qt"
    " uncorrected_electrolytes",
}

FINDING_PATHS = [f"{group}.{name}" for group, names in FINDINGS.items() for name in names.split()]

PLAUSIBLE = {
    "patient.age_years": (18, 85),
    "patient.weight_kg": (35, 120),
    "patient.weight_age_days": (0, 30),
    "therapy.days_on_therapy": (0, 60),
    "renal.serum_creatinine_mg_dl": (0.5, 2.8),
    "renal.creatinine_clearance_ml_min": (50, 250),
}


def test_the_dictionary_has_exactly_the_facts_of_the_decision_logic(dictionary: Dictionary) -> None:
    """No fact is missing and none was added in silence."""
    assert {fact.path for fact in dictionary} == {*NUMBERS, *CHOICES, *FINDING_PATHS}


@pytest.mark.parametrize("path", NUMBERS)
def test_a_number_has_the_type_unit_and_hard_range_of_the_table(
    dictionary: Dictionary, path: str
) -> None:
    """A number outside the table's range is refused, one inside is taken."""
    number, unit, minimum, maximum = NUMBERS[path]
    kind = dictionary[path].kind
    assert isinstance(kind, WholeNumber if number is int else DecimalNumber)
    assert (kind.unit, kind.hard.minimum, kind.hard.maximum) == (unit, minimum, maximum)


@pytest.mark.parametrize("path", NUMBERS)
def test_a_number_has_the_plausible_range_of_the_reference(
    dictionary: Dictionary, path: str
) -> None:
    """What reference C7 warns about is outside the plausible range, and nothing else is."""
    kind = dictionary[path].kind
    assert not isinstance(kind, Choice)
    plausible = kind.plausible and (kind.plausible.minimum, kind.plausible.maximum)
    assert plausible == PLAUSIBLE.get(path)


@pytest.mark.parametrize("path", CHOICES)
def test_a_choice_has_the_values_of_the_table_in_its_order(
    dictionary: Dictionary, path: str
) -> None:
    """The short names are the table's words, numbered from 1."""
    kind = dictionary[path].kind
    assert isinstance(kind, Choice)
    assert [value.short for value in kind.values] == CHOICES[path].split()
    assert [value.number for value in kind.values] == list(range(1, len(kind.values) + 1))


@pytest.mark.parametrize("path", FINDING_PATHS)
def test_a_finding_is_present_or_absent_and_takes_true_and_false(
    dictionary: Dictionary, path: str
) -> None:
    """A sign is there or is not; unknown is neither."""
    kind = dictionary[path].kind
    assert isinstance(kind, Choice)
    assert [(value.short, value.alias) for value in kind.values] == [
        ("PRESENT", "true"),
        ("ABSENT", "false"),
    ]
    assert [value.label.patient for value in kind.values] == ["yes", "no"]


def test_every_full_name_carries_the_prefix_of_its_type(dictionary: Dictionary) -> None:
    """Full names are unique in every client language."""
    for fact in dictionary:
        if isinstance(fact.kind, Choice):
            prefix = fact.kind.unspecified.removesuffix("UNSPECIFIED")
            assert all(value.name.startswith(prefix) for value in fact.kind.values), fact.path


def test_every_fact_asks_a_question_in_both_audiences(dictionary: Dictionary) -> None:
    """Whoever answers is asked in their own words."""
    for fact in dictionary:
        assert fact.question.clinician.endswith((".", "?")), fact.path
        assert "?" in fact.question.patient, fact.path
        assert fact.label.clinician, fact.path
        assert fact.label.patient, fact.path


def test_patient_wording_carries_no_dose_and_no_order(dictionary: Dictionary) -> None:
    """No wording for patients names milligrams or tells anyone to change a medicine."""
    forbidden = re.compile(
        r"\bmg\b|milligram|\b(stop|start|change|increase|reduce)\w* (taking|your|the medicine)",
        re.IGNORECASE,
    )
    for fact in dictionary:
        texts = [fact.label.patient, fact.question.patient]
        if isinstance(fact.kind, Choice):
            texts.extend(value.label.patient for value in fact.kind.values)
        assert not [text for text in texts if forbidden.search(text)], fact.path


def test_what_is_specially_protected_is_marked(dictionary: Dictionary) -> None:
    """Pregnancy, immune status and what the infection is are masked most."""
    high = {fact.path for fact in dictionary if fact.sensitivity is Sensitivity.HIGH}
    immune = {fact.path for fact in dictionary if fact.group == "immune"}
    assert high == immune | {
        "patient.pregnancy",
        "patient.gestation_weeks",
        "infection.virus",
        "infection.indication",
    }


def test_age_and_sex_are_never_proposed_as_a_change(dictionary: Dictionary) -> None:
    """Nothing but age and sex is fixed."""
    assert [fact.path for fact in dictionary if fact.fixed] == ["patient.age_years", "patient.sex"]


def test_the_verified_codes_stand_at_their_facts(dictionary: Dictionary) -> None:
    """Codes are those that the reference calls verified for exactly that concept."""
    assert {fact.path: fact.code.code for fact in dictionary if fact.code is not None} == {
        "patient.weight_kg": "29463-7",
        "infection.acyclovir_susceptibility": "1-8",
        "renal.serum_creatinine_mg_dl": "2160-0",
        "renal.creatinine_clearance_ml_min": "2164-2",
    }


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rash.trned", "rash.trend"),
        ("rash.fever", "reaction.fever"),
        ("trend", "rash.trend"),
        ("immun", "immune"),
        ("rsh.trend", "rash.trend"),
        ("renal.creatinine", "renal.creatinine_age_hours"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_a_misspelt_fact_gives_the_nearest(
    dictionary: Dictionary, typed: str, meant: str | None
) -> None:
    """A slip of the finger is answered with what was probably meant."""
    assert dictionary.nearest(typed) == meant


def test_the_canonical_form_is_json_and_stable(dictionary: Dictionary) -> None:
    """The digest of a guideline rests on it: every question and range is in it, in order."""
    text = json.dumps(dictionary.canonical(), allow_nan=False)
    assert text == json.dumps(Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR).canonical())
    facts = dictionary.canonical()["facts"]
    assert [fact["path"] for fact in facts] == [fact.path for fact in dictionary]
    assert facts[0]["kind"]["hard"] == {"minimum": 0, "maximum": 120}


def test_facts_stand_in_the_order_of_the_proto(dictionary: Dictionary) -> None:
    """Field numbers rise with the order, on which reading a message relies."""
    numbers = [(fact.group_number, fact.number) for fact in dictionary]
    assert numbers == sorted(numbers)
    assert [fact.order for fact in dictionary] == list(range(len(dictionary)))
