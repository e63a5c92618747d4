"""Cases in bytes: what the kernel reads itself is read as the protobuf library reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.facts.check import check, has_unknown
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.engine import CompiledEngine, GraphEngine
from rashpath.service.cut_numbers import refuse_cut_numbers
from rashpath.service.errors import Refusal
from rashpath.v1.facts_pb2 import Patient, PatientCase
from tests.compiled.sameness import Engines, said
from tests.conformance.expectations import DICTIONARY
from tests.conformance.strategies import Facts, partial_cases


@pytest.fixture(scope="module")
def engines(graph: DecisionGraph) -> Engines:
    """Returns both engines."""
    return Engines(graph)


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    """Returns the compiled engine."""
    return CompiledEngine()


def read_by_protobuf(data: bytes) -> PatientCase | None:
    """Returns the case that bytes encode; None: it would be refused, or cannot be read."""
    try:
        case = PatientCase.FromString(data)
        refuse_cut_numbers(PatientCase.DESCRIPTOR, data)
    except (DecodeError, Refusal):
        return None
    problems, _ = check(case, DICTIONARY)
    return None if problems or has_unknown(case) else case


@st.composite
def damaged(draw: st.DrawFn, engines: Engines) -> bytes:
    """Returns the bytes of a case with a few of them changed, put in, taken out or repeated."""
    facts: Facts = draw(partial_cases(DICTIONARY))
    data = bytearray(engines.message(facts).SerializeToString())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(("change", "insert", "cut", "repeat"))):
            case "change" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "insert":
                data[at:at] = draw(st.binary(max_size=6))
            case "cut":
                del data[at : at + draw(st.integers(1, 6))]
            case "repeat":
                data += data[at:]
            case _:
                pass
    return bytes(data)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_damaged_bytes_are_left_or_read_as_protobuf_reads_them(
    engine: CompiledEngine, engines: Engines, graph: DecisionGraph, data: st.DataObject
) -> None:
    """No fault is overlooked, and no value is read as another one."""
    case = data.draw(damaged(engines))
    made = engine.decide_bytes(graph, case, audience=Audience.CLINICIAN, full=False)
    if made is not None:
        message = read_by_protobuf(case)
        assert message is not None
        assert said(made) == engines.plain(message, Audience.CLINICIAN)


def odd_cases() -> Iterator[tuple[str, bytes]]:
    """Yields bytes that are for the protobuf library and the checks, and why."""
    group = PatientCase.DESCRIPTOR.fields_by_name["patient"].number
    field = Patient.DESCRIPTOR.fields_by_name["age_years"].number
    weight = Patient.DESCRIPTOR.fields_by_name["weight_kg"].number

    def patient(content: bytes) -> bytes:
        return bytes((group << 3 | 2, len(content))) + content

    def number(digits: bytes) -> bytes:
        return patient(bytes((field << 3,)) + digits)

    nan = PatientCase(patient=Patient(weight_kg=float("nan"))).SerializeToString()
    yield "a number of 33 bits", number(bytes.fromhex("ad80808010"))
    yield "a number of 64 bits", number(bytes.fromhex("ffffffffffffffffff01"))
    yield "a number beyond its range", number(bytes.fromhex("e807"))
    yield "a number that does not end", number(b"\x80")
    yield "a number of another kind", patient(bytes((field << 3 | 5,)) + bytes(4))
    yield "not a number", nan
    yield "a decimal number cut off", patient(bytes((weight << 3 | 1,)) + bytes(7))
    yield "a field twice", patient(bytes((field << 3, 40, field << 3, 41)))
    yield "a group twice", number(b"\x28") + number(b"\x29")
    yield "an unknown field", patient(b"\xf8\x06\x01")
    yield "an unknown group", b"\xfa\x06\x00"
    yield "an undefined value", patient(bytes((_choice() << 3, 99)))
    yield "a negative value", patient(bytes((_choice() << 3,)) + b"\xff" * 9 + b"\x01")
    yield "a length beyond the end", bytes((group << 3 | 2, 9, field << 3, 40))
    yield "field number 0", b"\x02\x00"


def _choice() -> int:
    fields = Patient.DESCRIPTOR.fields
    return next(field.number for field in fields if field.enum_type is not None)


@pytest.mark.parametrize(("why", "data"), list(odd_cases()), ids=lambda each: str(each)[:40])
def test_what_is_odd_is_left(
    engine: CompiledEngine, graph: DecisionGraph, why: str, data: bytes
) -> None:
    """It is left to the protobuf library, which merges or refuses it."""
    assert why
    assert engine.decide_bytes(graph, data, audience=Audience.CLINICIAN, full=False) is None


def test_a_case_of_any_length_is_read(engine: CompiledEngine, graph: DecisionGraph) -> None:
    """More bytes than any case has are left, and the next case is decided as before."""
    empty = engine.decide_bytes(graph, b"", audience=Audience.PATIENT, full=False)
    for size in (5_000, 70_000, 300_000):
        junk = bytes(size)
        assert engine.decide_bytes(graph, junk, audience=Audience.PATIENT, full=False) is None
    again = engine.decide_bytes(graph, b"", audience=Audience.PATIENT, full=False)
    assert said(again) == said(empty)


def test_the_full_view_and_the_plain_engine_read_messages(graph: DecisionGraph) -> None:
    """They are asked with a message."""
    compiled, plain = CompiledEngine(), GraphEngine()
    assert compiled.decide_bytes(graph, b"", audience=Audience.CLINICIAN, full=True) is None
    assert plain.decide_bytes(graph, b"", audience=Audience.CLINICIAN, full=False) is None
