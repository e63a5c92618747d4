"""Facts are shown in words and read from the words of a command line."""

from __future__ import annotations

import pytest

from rashpath.facts import (
    Audience,
    Choice,
    Dictionary,
    FactsError,
    parse_assignment,
    parse_value,
    show,
    symbol,
)


@pytest.mark.parametrize(
    ("path", "value", "clinician", "patient"),
    [
        ("rash.trend", 3, "spreading", "spreading"),
        ("rash.trend", 1, "improving", "getting better"),
        ("rash.severe", 1, "present", "yes"),
        ("rash.severe", 2, "absent", "no"),
        ("patient.age_years", 45, "45 years", "45 years"),
        ("patient.age_years", 1, "1 year", "1 year"),
        ("patient.weight_kg", 70.0, "70 kg", "70 kg"),
        ("renal.serum_creatinine_mg_dl", 1.1, "1.1 mg/dL", "1.1 mg/dL"),
        ("therapy.doses_per_day", 3, "3", "3"),
        ("therapy.days_on_therapy", 0, "0 days", "0 days"),
    ],
)
def test_a_value_is_shown_in_the_readers_words(
    dictionary: Dictionary, path: str, value: float, clinician: str, patient: str
) -> None:
    """Numbers come with their unit, choices in words."""
    assert show(dictionary[path], value) == clinician
    assert show(dictionary[path], value, Audience.PATIENT) == patient


def test_an_undefined_value_cannot_be_shown(dictionary: Dictionary) -> None:
    """A value that no one defined is a fault, never a blank."""
    with pytest.raises(ValueError, match=r"`rash\.trend` has no value of that number"):
        show(dictionary["rash.trend"], 9)


def test_what_is_shown_as_typed_can_be_typed(dictionary: Dictionary) -> None:
    """Every value of every choice is read back from its short name."""
    for fact in dictionary:
        if isinstance(fact.kind, Choice):
            for value in fact.kind.values:
                assert parse_value(fact, symbol(fact, value.number)) == value.number


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("rash.trend=SPREADING", "rash.trend", 3),
        (" rash.trend = TREND_SPREADING ", "rash.trend", 3),
        ("rash.severe=true", "rash.severe", 1),
        ("rash.severe=ABSENT", "rash.severe", 2),
        ("rash.trend=UNSPECIFIED", "rash.trend", None),
        ("patient.weight_kg=70", "patient.weight_kg", 70.0),
        ("patient.age_years=0", "patient.age_years", 0),
    ],
)
def test_an_assignment_is_read(
    dictionary: Dictionary, text: str, path: str, value: float | None
) -> None:
    """What if the rash spread? The question is typed as fact=value."""
    fact, read = parse_assignment(text, dictionary)
    assert (fact.path, read) == (path, value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rash.trned=X", "`rash.trned` is not a fact; did you mean `rash.trend`?"),
        ("rash.trend", "`rash.trend` is not of the form `fact=value`"),
        ("rash=X", "`rash` is a group of facts; name one in it, such as `rash.trend`"),
        (
            "patient.age_years=4.0",
            "`patient.age_years` is the number 4.0, where a whole number is expected",
        ),
        (
            "rash.severe=yes",
            '`rash.severe` is "yes", not one of PRESENT, ABSENT, true, false',
        ),
        (
            "patient.weight_kg=NaN",
            '`patient.weight_kg` is text "NaN", where a number is expected',
        ),
        ("patient.weight_kg=", "`patient.weight_kg` is null, where a number is expected"),
        (
            "renal.serum_creatinine_mg_dl=88",
            "`renal.serum_creatinine_mg_dl` is 88, outside 0.2 to 25 mg/dL"
            " (is it in umol/L? then 1.0)",
        ),
    ],
)
def test_a_bad_assignment_is_refused_like_a_bad_file(
    dictionary: Dictionary, text: str, shown: str
) -> None:
    """The command line is as strict as a case file and as helpful."""
    with pytest.raises(FactsError) as caught:
        parse_assignment(text, dictionary)
    assert [problem.text for problem in caught.value.problems] == [shown]
