"""A case file becomes a case, or a list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, json_format, struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.facts import (
    Choice,
    DecimalNumber,
    Dictionary,
    FactsError,
    Plain,
    Problem,
    Reason,
    WholeNumber,
    fill,
    parse,
)
from rashpath.v1 import facts_pb2, options_pb2

Problems = Callable[..., tuple[Problem, ...]]
Case = facts_pb2.PatientCase
DICTIONARY = Dictionary.of(Case.DESCRIPTOR)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rash: {trned: SPREADING}", "`rash.trned` is not a fact; did you mean `rash.trend`?"),
        ("rash: {fever: true}", "`rash.fever` is not a fact; did you mean `reaction.fever`?"),
        ("trend: SPREADING", "`trend` is not a fact; did you mean `rash.trend`?"),
        ("qqqq: 1", "`qqqq` is not a fact"),
        (
            "renal: {serum_creatinine_mg_dl: 88}",
            "`renal.serum_creatinine_mg_dl` is 88, outside 0.2 to 25 mg/dL"
            " (is it in umol/L? then 1.0)",
        ),
        (
            "renal: {serum_creatinine_mg_dl: 9000}",
            "`renal.serum_creatinine_mg_dl` is 9000, outside 0.2 to 25 mg/dL",
        ),
        (
            'patient: {age_years: "45"}',
            '`patient.age_years` is text "45", where a whole number is expected',
        ),
        (
            "patient: {weight_kg: '70'}",
            '`patient.weight_kg` is text "70", where a number is expected',
        ),
        (
            "patient: {weight_kg: true}",
            "`patient.weight_kg` is true, where a number is expected",
        ),
        (
            "patient: {age_years: 45.0}",
            "`patient.age_years` is the number 45.0, where a whole number is expected",
        ),
        ("patient: {age_years: 121}", "`patient.age_years` is 121, outside 0 to 120 years"),
        ("patient: {age_years: -1}", "`patient.age_years` is -1, outside 0 to 120 years"),
        (
            "patient: {age_years: 99999999999}",
            "`patient.age_years` is 99999999999, outside 0 to 120 years",
        ),
        (
            "patient: {weight_kg: .nan}",
            "`patient.weight_kg` is not a number; give a finite number",
        ),
        ("patient: {weight_kg: .inf}", "`patient.weight_kg` is infinite; give a finite number"),
        ("patient: {weight_kg: 1e999}", "`patient.weight_kg` is infinite; give a finite number"),
        ("patient: {age_years: .nan}", "`patient.age_years` is not a number; give a finite number"),
        (
            "rash: {trend: SPREADNG}",
            '`rash.trend` is "SPREADNG", not one of IMPROVING, UNCHANGED, SPREADING;'
            " did you mean SPREADING?",
        ),
        (
            "rash: {trend: spreading}",
            '`rash.trend` is "spreading", not one of IMPROVING, UNCHANGED, SPREADING;'
            " did you mean SPREADING?",
        ),
        (
            "immune: {hiv: POSITIVE}",
            '`immune.hiv` is "POSITIVE", not one of HIV_NOT_TESTED, HIV_PENDING, HIV_NEGATIVE,'
            " HIV_POSITIVE; did you mean HIV_POSITIVE?",
        ),
        (
            "rash: {trend: 3}",
            "`rash.trend` is the number 3, where one of IMPROVING, UNCHANGED, SPREADING"
            " is expected",
        ),
        (
            "rash: {trend: true}",
            "`rash.trend` is true, where one of IMPROVING, UNCHANGED, SPREADING is expected",
        ),
        (
            "rash: {severe: yes}",
            '`rash.severe` is "yes", not one of PRESENT, ABSENT, true, false',
        ),
        (
            "rash: {severe: 'true'}",
            '`rash.severe` is "true", not one of PRESENT, ABSENT, true, false;'
            " write it without quotes",
        ),
        (
            "rash: {severe: 1}",
            "`rash.severe` is the number 1, where one of PRESENT, ABSENT, true, false is expected",
        ),
        ("rash: {trend: null}", "`rash.trend` is null; leave a fact out if it is unknown"),
        ("rash: {trend: }", "`rash.trend` is null; leave a fact out if it is unknown"),
        ("rash:", "`rash` is null; leave a field out if it is unknown"),
        (
            "rash: SPREADING",
            '`rash` is text "SPREADING", where a group of `name: value` is expected',
        ),
        ("rash: []", "`rash` is a list, where a group of `name: value` is expected"),
        (
            "rash: {trend: {a: 1}}",
            "`rash.trend` is a group, where one of IMPROVING, UNCHANGED, SPREADING is expected",
        ),
        ("[1]", "the input is a list, where a group of `name: value` is expected"),
        ("hello", 'the input is text "hello", where a group of `name: value` is expected'),
        (
            "therapy: {dose_mg: 1000, doseMg: 500}",
            "`therapy.dose_mg` is given twice, as `dose_mg` and as `doseMg`",
        ),
        (
            '{"rash": {"\\ud800\\u001b[31m": 1}}',
            "`rash.\\ud800\\x1b[31m` is not a fact",
        ),
    ],
)
def test_bad_input_is_refused_with_the_field_and_the_next_step(
    problems_of: Problems, text: str, shown: str
) -> None:
    """Each kind of slip is named in words a nurse can act on."""
    assert [problem.text for problem in problems_of(text)] == [shown]


def test_all_problems_are_listed_with_their_lines(problems_of: Problems) -> None:
    """Nobody mends a file one error at a time."""
    text = "rash:\n  severe: true\n  trned: SPREADING\nrenal:\n  serum_creatinine_mg_dl: 88\n"
    assert [problem.located() for problem in problems_of(text, "typo.yaml")] == [
        "typo.yaml:3: `rash.trned` is not a fact; did you mean `rash.trend`?",
        "typo.yaml:5: `renal.serum_creatinine_mg_dl` is 88, outside 0.2 to 25 mg/dL"
        " (is it in umol/L? then 1.0)",
    ]


def test_private_texts_and_logs_carry_no_value(problems_of: Problems) -> None:
    """What leaves the process names the field, never what was typed for it."""
    text = (
        "patient: {age_years: 777, weight_kg: '777', height_cm: 777, sex: X777}\n"
        "rash: {trend: 777, severe: '777'}\nrenal: {serum_creatinine_mg_dl: 777}"
    )
    problems = problems_of(text)
    assert len(problems) == 7
    assert all("777" in problem.text for problem in problems)
    assert not [problem for problem in problems if "777" in problem.private_text]
    assert "777" not in str(FactsError(problems))


def test_a_fault_in_json_has_its_line_too(problems_of: Problems) -> None:
    """JSON files are served as well as YAML files."""
    (problem,) = problems_of('{"rash": {\n "severe": true,\n "trned": "SPREADING"}}', "a.json")
    assert (problem.line, problem.column, problem.field) == (3, 2, "rash.trned")


def test_junk_with_very_many_unknown_fields_is_cut_short(problems_of: Problems) -> None:
    """A hostile file costs no more than a hundred problems."""
    text = "\n".join(f"field_{number}: 1" for number in range(5000))
    assert len(problems_of(text)) == 100


@pytest.mark.parametrize(
    "text",
    [
        "rash: {trend: SPREADING, severe: true, disseminated: false}",
        "rash: {trend: TREND_SPREADING, severe: PRESENT, disseminated: FINDING_ABSENT}",
        '{"rash": {"trend": "SPREADING", "severe": true, "disseminated": "ABSENT"}}',
    ],
)
def test_short_names_full_names_and_true_and_false_are_the_same(text: str) -> None:
    """A case may be written in any of the accepted forms."""
    case = fill(Case, parse(text.encode()).value)
    assert case == Case(
        rash=facts_pb2.Rash(
            trend=facts_pb2.TREND_SPREADING,
            severe=facts_pb2.FINDING_PRESENT,
            disseminated=facts_pb2.FINDING_ABSENT,
        )
    )


def test_json_names_and_proto_names_are_the_same() -> None:
    """What another language's client writes is read."""
    camel: Plain = {"renal": {"serumCreatinineMgDl": 1, "creatinineAgeHours": 0x10}}
    snake: Plain = {"renal": {"serum_creatinine_mg_dl": 1.0, "creatinine_age_hours": 16}}
    assert fill(Case, camel) == fill(Case, snake)


@pytest.mark.parametrize("word", ["UNSPECIFIED", "TREND_UNSPECIFIED"])
def test_an_explicit_unspecified_is_unset(word: str) -> None:
    """Saying that it is unknown is the same as not saying it."""
    assert fill(Case, {"rash": {"trend": word}}).rash.trend == facts_pb2.TREND_UNSPECIFIED


def test_zero_is_given_and_not_unset() -> None:
    """Zero days on therapy is knowledge."""
    assert fill(Case, {"therapy": {"days_on_therapy": 0}}).therapy.HasField("days_on_therapy")


def test_the_ends_of_hard_ranges_are_included() -> None:
    """Every number at an end is taken, every one just outside is refused."""
    for fact in DICTIONARY:
        if isinstance(fact.kind, Choice):
            continue
        whole = isinstance(fact.kind, WholeNumber)
        for end, step in ((fact.kind.hard.minimum, -1), (fact.kind.hard.maximum, 1)):
            at: int | float = int(end) if whole else end
            fill(Case, {fact.group: {fact.name: at}})
            with pytest.raises(FactsError, match="outside"):
                fill(Case, {fact.group: {fact.name: at + (step if whole else step * 1e-9)}})


def test_any_other_message_is_filled_too() -> None:
    """Lists, nested messages, booleans, text and 64-bit numbers of any message are read."""
    plain: dict[str, Any] = {
        "name": "a.proto",
        "message_type": [{"name": "A", "field": [{"name": "b", "number": 1, "type": "TYPE_BOOL"}]}],
        "options": {"javaPackage": "a", "deprecated": True},
        "public_dependency": [1, 2],
    }
    filled = fill(descriptor_pb2.FileDescriptorProto, plain)
    assert filled == json_format.ParseDict(plain, descriptor_pb2.FileDescriptorProto())


@pytest.mark.parametrize(
    ("kind", "plain", "shown"),
    [
        (
            options_pb2.FactOptions,
            {"label": {"clinican": "x"}},
            "`clinican` is not a field of `label`; did you mean `clinician`?",
        ),
        (
            options_pb2.FactOptions,
            {"nit": "x"},
            "`nit` is not a field of a FactOptions; did you mean `unit`?",
        ),
        (
            options_pb2.FactOptions,
            {"fixed": "true"},
            '`fixed` is text "true", where true or false is expected',
        ),
        (options_pb2.FactOptions, {"unit": 1}, "`unit` is the number 1, where text is expected"),
        (
            descriptor_pb2.FileDescriptorProto,
            {"dependency": ["a", 1]},
            "`dependency[1]` is the number 1, where text is expected",
        ),
        (
            descriptor_pb2.FileDescriptorProto,
            {"public_dependency": 1},
            "`public_dependency` is the number 1, where a list is expected",
        ),
        (
            descriptor_pb2.FileDescriptorProto,
            {"public_dependency": [1 << 31]},
            "`public_dependency[0]` is outside -2147483648 to 2147483647",
        ),
        (
            descriptor_pb2.UninterpretedOption,
            {"negative_int_value": -(1 << 63) - 1},
            "`negative_int_value` is outside -9223372036854775808 to 9223372036854775807",
        ),
        (
            struct_pb2.Value,
            {"string_value": "a", "number_value": 1},
            "`number_value` and `string_value` exclude each other; give one",
        ),
        (
            struct_pb2.Struct,
            {"fields": {"a": {"number_value": "1"}}},
            '`fields.a.number_value` is text "1", where a number is expected',
        ),
    ],
)
def test_a_fault_in_any_message_names_the_field(kind: Any, plain: Plain, shown: str) -> None:
    """A guideline file is checked as strictly as a case."""
    with pytest.raises(FactsError) as caught:
        fill(kind, plain)
    assert [problem.text for problem in caught.value.problems] == [shown]


def test_every_problem_has_a_reason_for_programs(problems_of: Problems) -> None:
    """A client need not read the words to tell kinds of faults apart."""
    text = (
        "rash: {trned: A, trend: B, severe: 1}\n"
        "patient: {age_years: 121, weight_kg: .nan, weightKg: 1}"
    )
    assert [problem.reason for problem in problems_of(text)] == [
        Reason.UNKNOWN_FIELD,
        Reason.UNDEFINED_VALUE,
        Reason.WRONG_TYPE,
        Reason.OUT_OF_RANGE,
        Reason.NOT_FINITE,
        Reason.DUPLICATE_FIELD,
    ]


@st.composite
def cases(draw: st.DrawFn) -> facts_pb2.PatientCase:
    """Draws a case with some facts, each within its hard range."""
    case = Case()
    for fact in draw(st.lists(st.sampled_from(DICTIONARY.facts), unique=True)):
        match fact.kind:
            case Choice() as choice:
                value: int | float = draw(st.sampled_from(choice.values)).number
            case WholeNumber() as kind:
                value = draw(st.integers(int(kind.hard.minimum), int(kind.hard.maximum)))
            case DecimalNumber() as kind:
                value = draw(st.floats(kind.hard.minimum, kind.hard.maximum))
        setattr(getattr(case, fact.group), fact.name, value)
    return case


@given(cases(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_case_written_as_json_is_read_back_unchanged(
    case: facts_pb2.PatientCase, proto_names: bool
) -> None:
    """Saving a case and evaluating the file is the same as evaluating the case."""
    text = json_format.MessageToJson(case, preserving_proto_field_name=proto_names)
    document = parse(text.encode(), "case.json")
    assert fill(Case, document.value, document.places) == case


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**320)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["SPREADING", "HIV_POSITIVE", "true", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(), max_size=4)
            | st.sampled_from([fact.name for fact in DICTIONARY])
            | st.sampled_from(DICTIONARY.groups()),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(DICTIONARY.groups()) | st.text(max_size=4), VALUES) | VALUES)
@settings(max_examples=300, deadline=None)
def test_odd_values_raise_nothing_but_a_facts_error(plain: Plain) -> None:
    """Whatever a file holds, the answer is a case or a list of problems that can be printed."""
    assert is_filled_or_refused(plain)


def is_filled_or_refused(plain: Plain) -> bool:
    """Tells whether a value gives a case that can be sent, or problems that can be printed."""
    try:
        return fill(Case, plain).IsInitialized()
    except FactsError as error:
        return all(problem.located().encode() for problem in error.problems)
