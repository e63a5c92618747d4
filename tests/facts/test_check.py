"""A case that arrives as bytes is checked as strictly as a file."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2

from rashpath.facts import Dictionary, Reason, check, given, unknown_fields
from rashpath.v1 import facts_pb2


def case(**groups: dict[str, int | float | str]) -> facts_pb2.PatientCase:
    """Returns a case with these facts, unchecked."""
    message = facts_pb2.PatientCase()
    for group, facts in groups.items():
        for name, value in facts.items():
            setattr(getattr(message, group), name, value)
    return message


@pytest.mark.parametrize(
    ("message", "field", "reason", "text"),
    [
        (
            case(patient={"age_years": -1}),
            "patient.age_years",
            Reason.OUT_OF_RANGE,
            "`patient.age_years` is outside 0 to 120 years",
        ),
        (
            case(patient={"weight_kg": float("nan")}),
            "patient.weight_kg",
            Reason.NOT_FINITE,
            "`patient.weight_kg` is not a finite number",
        ),
        (
            case(patient={"weight_kg": float("-inf")}),
            "patient.weight_kg",
            Reason.NOT_FINITE,
            "`patient.weight_kg` is not a finite number",
        ),
        (
            case(renal={"serum_creatinine_mg_dl": 88}),
            "renal.serum_creatinine_mg_dl",
            Reason.OUT_OF_RANGE,
            "`renal.serum_creatinine_mg_dl` is outside 0.2 to 25 mg/dL (is it in umol/L?)",
        ),
        (
            case(rash={"trend": 9}),
            "rash.trend",
            Reason.UNDEFINED_VALUE,
            "`rash.trend` has a value that is not defined",
        ),
        (
            case(rash={"severe": -1}),
            "rash.severe",
            Reason.UNDEFINED_VALUE,
            "`rash.severe` has a value that is not defined",
        ),
        (
            facts_pb2.PatientCase.FromString(b"\xa2\x06\x00"),
            "",
            Reason.UNKNOWN_FIELD,
            "the message has an unknown field of number 100; the sender may be newer",
        ),
        (
            facts_pb2.PatientCase.FromString(b"\x12\x03\xa0\x06\x01"),
            "rash",
            Reason.UNKNOWN_FIELD,
            "`rash` has an unknown field of number 100; the sender may be newer",
        ),
    ],
)
def test_a_bad_message_is_refused_by_name(
    dictionary: Dictionary,
    message: facts_pb2.PatientCase,
    field: str,
    reason: Reason,
    text: str,
) -> None:
    """No contraindication of a newer client vanishes and no impossible number is used."""
    problems, warnings = check(message, dictionary)
    assert [(p.field, p.reason, p.private_text) for p in problems] == [(field, reason, text)]
    assert warnings == []


def test_an_unusual_value_is_warned_about_and_accepted(dictionary: Dictionary) -> None:
    """A weight of 130 kg is possible; the reader is told, without the number."""
    problems, warnings = check(case(patient={"weight_kg": 130}), dictionary)
    assert problems == []
    assert [(warning.field, warning.text) for warning in warnings] == [
        (
            "patient.weight_kg",
            "`patient.weight_kg` is outside the usual 35 to 120 kg; check the value and its unit",
        )
    ]


@pytest.mark.parametrize("weight", [35, 120])
def test_the_ends_of_plausible_ranges_are_usual(dictionary: Dictionary, weight: float) -> None:
    """The warning begins beyond the end."""
    assert check(case(patient={"weight_kg": weight}), dictionary) == ([], [])


def test_given_facts_come_in_the_order_of_the_dictionary(dictionary: Dictionary) -> None:
    """Facts are read in one order, whatever order they were set in."""
    message = case(rash={"severe": 2, "trend": 3}, patient={"weight_kg": 70, "age_years": 0})
    assert list(given(message, dictionary).items()) == [
        ("patient.age_years", 0),
        ("patient.weight_kg", 70.0),
        ("rash.trend", 3),
        ("rash.severe", 2),
    ]


def test_unset_unspecified_and_an_empty_group_are_alike(dictionary: Dictionary) -> None:
    """There is one way of not knowing."""
    explicit = case(rash={"trend": facts_pb2.TREND_UNSPECIFIED})
    explicit.immune.SetInParent()
    for message in (facts_pb2.PatientCase(), explicit):
        assert check(message, dictionary) == ([], [])
        assert given(message, dictionary) == {}


def test_unknown_fields_are_found_in_any_message_and_its_lists() -> None:
    """A request around a case is searched as well as the case."""
    options = descriptor_pb2.FileDescriptorProto()
    options.message_type.add()
    options.message_type.add()
    options.message_type[1].MergeFromString(b"\xa0\x06\x01")
    assert [(problem.field, problem.text) for problem in unknown_fields(options)] == [
        (
            "message_type[1]",
            "`message_type[1]` has an unknown field of number 100; the sender may be newer",
        )
    ]
