"""Case files are read strictly: nothing is guessed, everything refused has its place."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.facts import FactsError, Place, Plain, Reason, parse
from rashpath.facts.plain import DEPTH_LIMIT


def fault(data: bytes, source: str = "case.yaml", limit: int = 1 << 20) -> tuple[str, int | None]:
    """Returns message and line of the one problem of a bad text."""
    with pytest.raises(FactsError) as caught:
        parse(data, source, limit=limit)
    (problem,) = caught.value.problems
    return problem.text, problem.line


def is_read_or_refused(data: bytes, source: str) -> bool:
    """Tells whether a text gives a value with its place, or a problem that names its fault."""
    try:
        return () in parse(data, source).places
    except FactsError as error:
        return all(problem.text and problem.private_text for problem in error.problems)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("2025-07-11", "2025-07-11"),
        ("12:30:45", "12:30:45"),
        ("010", 10),
        ("0o10", 8),
        ("0x10", 16),
        ("1_000", "1_000"),
        ("+12", 12),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        ("~", None),
        ("null", None),
        ("'45'", "45"),
        ('"true"', "true"),
        ("'null'", "null"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Plain) -> None:
    """The Norway problem and its kin do not exist here."""
    document = parse(f"a: {text}".encode())
    assert document.value == {"a": value}
    assert isinstance(document.value, dict)
    assert type(document.value["a"]) is type(value)


@pytest.mark.parametrize("text", ["a: .nan", '{"a": NaN}'])
def test_not_a_number_reaches_the_checker(text: str) -> None:
    """NaN is read as such, so that the refusal can name the fact."""
    value = parse(text.encode()).value
    assert isinstance(value, dict)
    assert isinstance(value["a"], float)
    assert math.isnan(value["a"])


@pytest.mark.parametrize(
    ("data", "text", "line"),
    [
        (b"", "the input is empty; write `{}` if nothing is known", None),
        (b" \n\n", "the input is empty; write `{}` if nothing is known", None),
        (b"# nothing\n", "the input is empty; write `{}` if nothing is known", None),
        (b"---\n", "the input is empty; write `{}` if nothing is known", None),
        (b"a: 1\nb: 2\na: 3", "`a` is given twice, first on line 1", 3),
        (b"a:\n  b: 1\n  b: 2", "`a.b` is given twice, first on line 2", 3),
        (b'{"a": {"b": 1,\n"b": 2}}', "`a.b` is given twice, first on line 1", 2),
        (b"{a: 1, a: 2}", "`a` is given twice", 1),
        (b"a: &x 1", "anchors are not accepted; write the value out", 1),
        (b"a: *x", "aliases are not accepted; write the value out", 1),
        (b"a: !!str 1", "tags are not accepted; write the plain value", 1),
        (b"a: !!python/object:os.system {}", "tags are not accepted; write the plain value", 1),
        (b"a: 1\n---\nb: 2", "more than one document; give one", 2),
        (b"1: 2", "a key must be text", 1),
        (b"a: 1\ntrue: 2", "a key must be text", 2),
        (b"? [a]\n: 2", "a key must be text", 1),
        (b"\x00\x01\x02", "the input is not text that YAML allows", None),
        (b"\xff\xfea\x00", "the input is not UTF-8 text", None),
        (b"a: b: c", "not valid YAML: mapping values are not allowed in this context", 1),
        (b"[" * 70, "nested deeper than 64", 1),
        (b"[" * 100_000, "nested deeper than 64", None),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested deeper than 64", None),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    data: bytes, text: str, line: int | None
) -> None:
    """A clinician sees what is wrong, where, and what to do."""
    assert fault(data) == (text, line)


def test_a_json_file_must_be_json() -> None:
    """YAML in a file called .json is refused."""
    assert fault(b"{a: 1}", "case.json") == (
        "not valid JSON: expecting property name enclosed in double quotes",
        1,
    )
    assert parse(b"{a: 1}", "case.yaml").value == {"a": 1}


def test_a_text_over_the_limit_is_refused_before_it_is_read() -> None:
    """A ten-megabyte case costs nothing."""
    with pytest.raises(FactsError) as caught:
        parse(b"a" * 10_000_000)
    assert [problem.reason for problem in caught.value.problems] == [Reason.TOO_LARGE]
    assert parse(b"a: 1", limit=4).value == {"a": 1}
    assert fault(b"a: 11", limit=4) == ("the input has 5 bytes, more than 4", None)


def test_an_empty_case_and_a_byte_order_mark_are_fine() -> None:
    """`{}` says that nothing is known; Windows editors add a mark."""
    assert parse(b"{}").value == {}
    assert parse(b"\xef\xbb\xbfa: 1").value == {"a": 1}


def test_nesting_up_to_the_limit_is_read() -> None:
    """The limit itself is allowed, in both languages."""
    text = b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT
    assert parse(text, "a.json").value == parse(b"# yaml\n" + text).value


@pytest.mark.parametrize("source", ["a.json", "a.yaml"])
def test_places_point_at_keys_and_items(source: str) -> None:
    """An error can name line and column in JSON as in YAML."""
    text = b'{"rash": {\n  "trend": "SPREADING"},\n "list": [1,\n  {"a\\n": [2]}, "}"], "b": true}'
    if source == "a.yaml":
        text = b"# yaml\n" + text
    shift = 1 if source == "a.yaml" else 0
    places = parse(text, source).places
    assert dict(places) == {
        (): Place(1 + shift, 1),
        ("rash",): Place(1 + shift, 2),
        ("rash", "trend"): Place(2 + shift, 3),
        ("list",): Place(3 + shift, 2),
        ("list", 0): Place(3 + shift, 11),
        ("list", 1): Place(4 + shift, 3),
        ("list", 1, "a\n"): Place(4 + shift, 4),
        ("list", 1, "a\n", 0): Place(4 + shift, 12),
        ("list", 2): Place(4 + shift, 17),
        ("b",): Place(4 + shift, 23),
    }


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=4), st.sampled_from([None, 1]))
@settings(max_examples=100, deadline=None)
def test_what_json_writes_is_read_back(value: dict[str, Plain], indent: int | None) -> None:
    """No value changes on its way through a file, and every value has a place."""
    document = parse(json.dumps(value, indent=indent).encode(), "a.json")
    assert document.value == value
    assert all(((key,) in document.places) for key in value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
@settings(max_examples=300, deadline=None)
def test_junk_raises_nothing_but_a_facts_error(data: bytes) -> None:
    """Whatever arrives, the answer is a value or an error that names the fault."""
    for source in ("", "a.json"):
        assert is_read_or_refused(data, source)


@given(st.text(alphabet="{}[]:,-? \n\"'#&*!|>%@`ab01.~\\\t", max_size=60))
@settings(max_examples=300, deadline=None)
def test_punctuation_raises_nothing_but_a_facts_error(text: str) -> None:
    """Text made of YAML's own signs cannot break the reader either."""
    assert is_read_or_refused(text.encode(), "")
