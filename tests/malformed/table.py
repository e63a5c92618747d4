"""The table of what can go wrong with a fact: kind by kind, a row for each malformed case."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.bench.sub_cases import Plain


@dataclass(frozen=True, slots=True)
class Row:
    """One slip.

    Args:
        fact: the fact, without its group.
        entries: keys (empty: the fact's own) and JSON texts that stand in its place.
        meant: the value that was meant; None: that of the sound case.
        also: other facts that differ from the sound case, both as meant and as given.
        note: what was meant, where it does not show.
        detectable: False where the value could be true of another patient.
    """

    fact: str
    entries: tuple[tuple[str, str], ...]
    meant: bool | int | float | str | None = None
    also: Plain = field(default_factory=dict, hash=False)
    note: str = ""
    detectable: bool = True


def _is(fact: str, text: str, meant: bool | int | float | str | None = None, note: str = "") -> Row:
    """The fact has a JSON text as its value."""
    return Row(fact, (("", text),), meant, note=note)


def _word(fact: str, word: str, meant: str | bool | int | float | None = None) -> Row:
    """The fact has a text as its value."""
    return _is(fact, json.dumps(word), meant)


def _key(fact: str, key: str, value: bool | int | float | str) -> Row:
    """The value is sound, and stands under another key."""
    return Row(fact, ((key, json.dumps(value)),), value)


def _twice(fact: str, first: bool | int | float | str, second: bool | int | float | str) -> Row:
    """The fact stands there twice; the first value was meant."""
    return Row(fact, (("", json.dumps(first)), ("", json.dumps(second))), first)


def _no_drug(*words: str) -> Row:
    """No antiviral was meant, and its dose says so too."""
    entries = tuple(("", json.dumps(word)) for word in words)
    none: Plain = {"dose_mg": 0.0, "doses_per_day": 0, "days_on_therapy": 0}
    return Row("drug", entries, "NO_ANTIVIRAL", none)


def _missing(fact: str, true: bool | int | float | str | None = None) -> Row:
    """The fact is not given; `true` is what it would be."""
    return Row(fact, (), true)


def _plausible(fact: str, text: str, note: str) -> Row:
    """The value is wrong for this patient, and could be true of another."""
    return Row(fact, (("", text),), note=note, detectable=False)


KINDS: dict[str, tuple[Row, ...]] = {
    "misspelt field": (
        _key("hypersensitivity", "hypersensitvity", True),
        _key("failed_or_not_tolerated", "failed_or_not_tolerate", True),
        _key("skin_detachment", "skin_detachement", True),
        _key("serum_creatinine_mg_dl", "serum_creatinine_mgdl", 4.0),
        _key("age_years", "age_year", 15),
        _key("days_on_therapy", "day_on_therapy", 2),
        _key("dialysis", "dialisys", "HAEMODIALYSIS"),
        _key("lymphadenopathy", "lymphadenopaty", True),
        _key("trend", "tend", "IMPROVING"),
    ),
    "another name for a field": (
        _key("hypersensitivity", "foscarnet_allergy", True),
        _key("pregnancy", "pregnant", "PREGNANT"),
        _key("new_exanthem", "drug_rash", True),
        _key("stem_cell_transplant", "bone_marrow_transplant", True),
        _key("age_years", "age", 15),
        _key("serum_creatinine_mg_dl", "creatinine", 4.0),
    ),
    "field with other letters": (
        _key("hypersensitivity", "Hypersensitivity", True),
        _key("stable", "STABLE", False),
        _key("hypersensitivity", "hypersensitivity ", True),
        _key("hypersensitivity", "hypersens\u0456tivity", True),
        _key("age_years", "age-years", 15),
        _key("new_exanthem", "new exanthem", True),
    ),
    "misspelt value": (
        _word("trend", "IMPROVNG", "IMPROVING"),
        _word("hiv", "HIV_POSITVE", "HIV_POSITIVE"),
        _word("hiv", "HIV_PENDNG", "HIV_PENDING"),
        _word("lesion_pcr", "PCR_NEGATVE", "PCR_NEGATIVE"),
        _word(
            "acyclovir_susceptibility", "SUSCEPTIBILITY_SUSCEPTABLE", "SUSCEPTIBILITY_SUSCEPTIBLE"
        ),
        _no_drug("NO_ANTIVRAL"),
        _word("dialysis", "NO_DIALISYS", "NO_DIALYSIS"),
        _word("pregnancy", "NOT_PREGNANTT", "NOT_PREGNANT"),
        _word("sex", "FEMAL"),
        _word("adherence", "POR", "POOR"),
    ),
    "value in other letters": (
        _word("trend", "improving", "IMPROVING"),
        _word("sex", "Female"),
        _word("hiv", "Hiv_Not_Tested", "HIV_NOT_TESTED"),
        _word("lesion_pcr", "pcr_negative", "PCR_NEGATIVE"),
        _word("adherence", "poor", "POOR"),
        _no_drug("No_Antiviral"),
        _word("virus", "other_cause", "OTHER_CAUSE"),
    ),
    "value with blanks around it": (
        _word("trend", "IMPROVING ", "IMPROVING"),
        _word("sex", " FEMALE"),
        _word("hiv", "HIV_NOT_TESTED\n", "HIV_NOT_TESTED"),
        _word("lesion_pcr", "PCR_NEGATIVE\t", "PCR_NEGATIVE"),
        _word("adherence", "POOR\u00a0", "POOR"),
        _word("dialysis", "NO_DIALYSIS ", "NO_DIALYSIS"),
    ),
    "Unicode look-alike": (
        _word("trend", "IMPR\u041eVING", "IMPROVING"),
        _word("hiv", "HIV_NOT_T\u0415STED", "HIV_NOT_TESTED"),
        _word("adherence", "\u0420OOR", "POOR"),
        _word("lesion_pcr", "PCR\uff3fNEGATIVE", "PCR_NEGATIVE"),
        _word("trend", "IMPROVING\u200b", "IMPROVING"),
        _word("age_years", "\uff11\uff15", 15),
    ),
    "another word for a value": (
        _word("trend", "better", "IMPROVING"),
        _word("sex", "F"),
        _no_drug("none"),
        _word("acyclovir_susceptibility", "S", "SUSCEPTIBILITY_SUSCEPTIBLE"),
        _word("hiv", "pending", "HIV_PENDING"),
        _word("virus", "eczema", "OTHER_CAUSE"),
        _word("adherence", "unknown"),
        _word("hiv", "N/A", "HIV_NOT_TESTED"),
    ),
    "text for a number": (
        _word("age_years", "45"),
        _word("age_years", "15", 15),
        _word("serum_creatinine_mg_dl", "0.9"),
        _word("dose_mg", "1000"),
        _word("doses_per_day", "3"),
        _word("days_on_therapy", "10"),
        _word("age_years", "forty-five"),
    ),
    "text with comma or unit for a number": (
        _word("serum_creatinine_mg_dl", "0,9"),
        _word("dose_mg", "1.000,0"),
        _word("dose_mg", "1,000"),
        _word("age_years", "45 years"),
        _word("serum_creatinine_mg_dl", "0.9 mg/dL"),
        _word("serum_creatinine_mg_dl", "<0.5", 0.4),
        _word("days_on_therapy", "~10"),
    ),
    "date for a number": (
        _word("age_years", "1981-05-01"),
        _is("age_years", "19810501", note="45, a date of birth"),
        _is("age_years", "1981", note="45, a year of birth"),
        _word("days_on_therapy", "2026-11-13"),
        _word("serum_creatinine_mg_dl", "2026-11-23T08:00:00Z"),
    ),
    "number for a word": (
        _is("sex", "1", note="FEMALE, by its number in the contract"),
        _is("trend", "1", "IMPROVING", "IMPROVING, by its number in the contract"),
        _is("hiv", "1", "HIV_NOT_TESTED", "HIV_NOT_TESTED, by its number in the contract"),
        _is("adherence", "0.5", "PARTIAL", "PARTIAL"),
        _is("dialysis", "0", note="NO_DIALYSIS"),
    ),
    "true or false for a number": (
        _is("age_years", "true"),
        _is("dose_mg", "true"),
        _is("days_on_therapy", "false", 0, "0"),
        _is("serum_creatinine_mg_dl", "true"),
    ),
    "true or false for a word": (
        _is("pregnancy", "true", "PREGNANT", "PREGNANT"),
        _is("dialysis", "false", note="NO_DIALYSIS"),
        _is("hiv", "true", "HIV_POSITIVE", "HIV_POSITIVE"),
        _is("adherence", "false", "POOR", "POOR"),
    ),
    "text for true or false": (
        _word("hypersensitivity", "true", True),
        _word("hypersensitivity", "false"),
        _word("hypersensitivity", "no"),
        _word("hypersensitivity", "yes", True),
        _word("stable", "false", False),
        _word("stable", "0", False),
        _word("unexplained_weight_loss", "absent"),
    ),
    "number for true or false": (
        _is("hypersensitivity", "1", True, "true"),
        _is("hypersensitivity", "0", note="false"),
        _is("stable", "0", False, "false"),
        _is("stable", "2", False, "false, by its number in the contract"),
        _is("new_exanthem", "1", True, "true"),
    ),
    "decimals for a whole number": (
        _is("age_years", "45.5"),
        _is("doses_per_day", "2.5"),
        _is("days_on_therapy", "6.9999"),
    ),
    "out of range": (
        _is("age_years", "450"),
        _is("serum_creatinine_mg_dl", "90"),
        _is("serum_creatinine_mg_dl", "0", note="not measured"),
        _is("serum_creatinine_mg_dl", "0.009"),
        _is("dose_mg", "100000"),
        _is("doses_per_day", "30"),
        _is("days_on_therapy", "1000"),
    ),
    "negative": (
        _is("age_years", "-45"),
        _is("serum_creatinine_mg_dl", "-0.9"),
        _is("dose_mg", "-1000"),
        _is("doses_per_day", "-3"),
        _is("days_on_therapy", "-1", note="not known, in many a database"),
    ),
    "wrong unit": (
        _is("serum_creatinine_mg_dl", "79.6", note="0.9; given in umol/L"),
        _is("dose_mg", "1000000", note="1000; given in micrograms"),
        _is("age_years", "540", note="45; given in months"),
        _is("days_on_therapy", "14400", note="10; given in minutes"),
    ),
    "NaN and infinity": (
        _is("age_years", "NaN"),
        _is("serum_creatinine_mg_dl", "NaN"),
        _is("dose_mg", "NaN"),
        _is("days_on_therapy", "NaN"),
        _is("serum_creatinine_mg_dl", "Infinity"),
        _is("dose_mg", "Infinity"),
        _is("age_years", "-Infinity"),
        _is("dose_mg", "1e400"),
    ),
    "huge whole number": (
        _is("age_years", "1" + "0" * 30),
        _is("days_on_therapy", "9223372036854775808", note="one more than fits 64 bits"),
        _is("doses_per_day", "4294967299", note="3 where it is cut to 32 bits"),
        _is("serum_creatinine_mg_dl", "1" + "0" * 400),
    ),
    "null": tuple(
        _is(fact, "null")
        for fact in (
            *("age_years", "serum_creatinine_mg_dl", "dose_mg", "trend"),
            *("hiv", "adherence", "hypersensitivity", "stable"),
        )
    ),
    "empty text": tuple(
        _word(fact, "")
        for fact in (
            *("age_years", "serum_creatinine_mg_dl", "dose_mg", "trend"),
            *("hiv", "adherence", "hypersensitivity", "stable"),
        )
    ),
    "list for one value": (
        _is("age_years", "[45]"),
        _is("serum_creatinine_mg_dl", "[0.9, 1.3]"),
        _is("trend", '["IMPROVING"]', "IMPROVING"),
        _is("adherence", '["POOR"]', "POOR"),
        _is("hypersensitivity", "[]"),
        _is("hypersensitivity", "[false]"),
    ),
    "object for one value": (
        _is("age_years", '{"value": 45, "unit": "a"}'),
        _is("serum_creatinine_mg_dl", '{"value": 0.9, "unit": "mg/dL"}'),
        _is("trend", '{"code": "IMPROVING"}', "IMPROVING"),
        _is("hiv", '{"code": "HIV_NOT_TESTED"}', "HIV_NOT_TESTED"),
        _is("hypersensitivity", "{}"),
        _is("hypersensitivity", '{"value": false}'),
    ),
    "given twice": (
        _twice("hypersensitivity", True, False),
        _twice("trend", "IMPROVING", "SPREADING"),
        _twice("age_years", 15, 45),
        _twice("serum_creatinine_mg_dl", 4.0, 0.9),
        _twice("hiv", "HIV_NOT_TESTED", "HIV_NEGATIVE"),
        _twice("stable", True, True),
    ),
    "missing": (
        _missing("age_years", 15),
        _missing("serum_creatinine_mg_dl", 4.0),
        _missing("sex"),
        _missing("stable", False),
        _missing("dialysis", "HAEMODIALYSIS"),
        _missing("pregnancy", "PREGNANT"),
        _missing("hypersensitivity", True),
        _missing("failed_or_not_tolerated", True),
        _missing("new_exanthem", True),
        _missing("trend", "IMPROVING"),
        _missing("virus", "OTHER_CAUSE"),
        _missing("lesion_pcr", "PCR_NEGATIVE"),
        _missing("acyclovir_susceptibility", "SUSCEPTIBILITY_SUSCEPTIBLE"),
        _no_drug(),
        _missing("dose_mg", 100.0),
        _missing("doses_per_day"),
        _missing("adherence", "POOR"),
        _missing("days_on_therapy", 2),
        _missing("hiv", "HIV_NOT_TESTED"),
        _missing("unexplained_weight_loss", True),
        _missing("organ_transplant"),
        _word("hiv", "UNSPECIFIED", "HIV_NOT_TESTED"),
        _word("trend", "UNSPECIFIED", "IMPROVING"),
    ),
    "contradictory": (
        Row("pregnancy", (("", '"PREGNANT"'),), also={"sex": "MALE"}, note="beside `sex` MALE"),
        Row("sex", (("", '"MALE"'),), also={"pregnancy": "PREGNANT"}, note="beside PREGNANT"),
        Row("age_years", (("", "75"),), also={"pregnancy": "PREGNANT"}, note="beside PREGNANT"),
        Row("drug", (("", '"NO_ANTIVIRAL"'),), note="beside 3 doses of 1000 mg a day"),
    ),
    "wrong, but true of another patient": (
        _plausible("dose_mg", "1", "1000; given in grams"),
        _plausible("serum_creatinine_mg_dl", "9", "0.9; given in mg/L"),
        _plausible("days_on_therapy", "240", "10; given in hours"),
        _plausible("age_years", "4", "45; a digit is lost"),
        _plausible("sex", '"MALE"', "FEMALE; the wrong box ticked"),
        Row("hypersensitivity", (("", "false"),), True, note="true; not asked", detectable=False),
    ),
}
"""Rows by kind. Each slip is about a fact that the decision turns on."""
