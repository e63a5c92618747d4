"""The parts of the compiled walk: lowered conditions, the reader, and what it cannot serve."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.audit.content import walked_nodes
from rashpath.expression import compile_condition, evaluate
from rashpath.expression.evaluate import MISSING, number, unknown_in, waits_for
from rashpath.facts.check import check
from rashpath.facts.dictionary import Choice, Fact, WholeNumber
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import Answers, CompiledGraph, NotCompiledError
from rashpath.readings.compiled.lower import Lowering
from rashpath.readings.compiled.pieces import MOST_KEPT, Kept, Memo, varint
from rashpath.readings.engine import CompiledEngine, GraphEngine
from rashpath.v1 import facts_pb2
from rashpath.v1.decision_service_pb2 import EvaluateResponse
from tests.compiled.kernel import Kernel
from tests.compiled.sameness import Engines
from tests.expression.language import CASES, CONDITIONS, DICTIONARY, extent, names

TRUTHS = {0: "FALSE", 1: "UNKNOWN", 3: "TRUE"}


@pytest.fixture(scope="module")
def compiled(graph: DecisionGraph) -> CompiledGraph:
    """The shipped guideline, compiled."""
    return CompiledGraph(graph)


@settings(max_examples=300, deadline=None)
@given(text=CONDITIONS, facts=CASES)
def test_a_lowered_condition_reads_as_the_plain_one(text: str, facts: dict[str, float]) -> None:
    condition = compile_condition(text, names())
    lowering = Lowering(DICTIONARY)
    truth, unknown = lowering.truth(condition), lowering.unknown_in(condition)
    found = Kernel(lowering, DICTIONARY, truths=[truth], sets=[unknown]).told(facts)
    assert found is not None
    assert [TRUTHS[each] for each in found.truths] == [evaluate(condition, facts).name]
    assert found.sets == [set(unknown_in(condition, facts))]


@settings(max_examples=200, deadline=None)
@given(facts=CASES)
def test_a_lowered_number_is_the_plain_one(facts: dict[str, float]) -> None:
    lowering = Lowering(DICTIONARY)
    value, _ = lowering.computed(extent())
    kernel = Kernel(lowering, DICTIONARY, numbers=[value], sets=[lowering.waits_for(extent())])
    found = kernel.told(facts)
    assert found is not None
    plain = number(extent(), facts)
    told = MISSING if math.isnan(found.numbers[0]) else found.numbers[0]
    assert told == plain
    assert found.sets == [set(waits_for(extent(), facts))]


def faulty_values(fact: Fact) -> list[float]:
    """Returns values that a message can carry for a fact, and that are none of it."""
    if isinstance(fact.kind, Choice):
        return [-1, max(value.number for value in fact.kind.values) + 1, 2**31 - 1]
    hard = fact.kind.hard
    outside = [hard.minimum - 1, hard.maximum + 1]
    if isinstance(fact.kind, WholeNumber):
        return [int(value) for value in outside]
    return [*outside, math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("fact", list(DICTIONARY), ids=lambda fact: fact.path)
def test_no_faulty_value_is_decided(compiled: CompiledGraph, fact: Fact) -> None:
    for value in faulty_values(fact):
        case = facts_pb2.PatientCase()
        setattr(getattr(case, fact.group), fact.name, value)
        problems, _ = check(case, DICTIONARY)
        assert problems, value
        assert compiled.read(case) is None, value


@pytest.mark.parametrize("fact", list(DICTIONARY), ids=lambda fact: fact.path)
def test_every_value_at_its_edge_is_read(compiled: CompiledGraph, fact: Fact) -> None:
    """A 0 that is given is not taken for unknown."""
    kind = fact.kind
    edges: list[float]
    if isinstance(kind, Choice):
        edges = [value.number for value in kind.values]
    else:
        edges = [kind.hard.minimum, kind.hard.maximum]
    if isinstance(kind, WholeNumber):
        edges = [int(edge) for edge in edges]
    for value in edges:
        case = facts_pb2.PatientCase()
        setattr(getattr(case, fact.group), fact.name, value)
        values = compiled.read(case)
        assert values is not None
        assert compiled.facts(values) == {fact.path: value}


def test_a_guideline_beyond_the_limit_is_walked_plainly(graph: DecisionGraph) -> None:
    """Where an exact reading is missing, the compiled engine answers as the plain one: marked."""
    nodes = {id: diagram for id, diagram in graph.reach.nodes.items() if id != "start_foscarnet"}
    whole, graph_reach = graph.reach, replace(graph.reach, nodes=nodes)
    graph.reach = graph_reach
    try:
        with pytest.raises(NotCompiledError):
            CompiledGraph(graph)
        case = facts_pb2.PatientCase()
        made = [
            engine.decide(graph, case, audience=Audience.CLINICIAN, full=False)
            for engine in (CompiledEngine(), GraphEngine())
        ]
    finally:
        graph.reach = whole
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].answer == made[1].answer
    marked = [
        result.id
        for result in EvaluateResponse.FromString(made[0].answer).recommendations
        if result.not_refined
    ]
    assert marked == ["start_foscarnet"]


def kept_by(holder: object) -> str:
    """Returns all that the memos of an object hold, in words."""
    values = [
        each
        for value in vars(holder).values()
        for part in (value.values() if isinstance(value, dict) else [value])
        for row in (part if isinstance(part, list) else [part])
        for each in (row if isinstance(row, tuple) else [row])
    ]
    memos = [each for each in values if isinstance(each, Kept)]
    assert len(memos) >= 5
    assert any(memos)
    return " ".join(repr(dict(memo)) for memo in memos)


def test_no_number_of_a_patient_is_kept(compiled: CompiledGraph) -> None:
    """What the kernel and memos hold of a case are states: nobody's weight or dose outlives it."""
    numbers = {
        "patient.weight_kg": 71.375,
        "therapy.dose_mg": 612.625,
        "renal.serum_creatinine_mg_dl": 1.0625,
    }
    others = {
        "patient.weight_kg": 88.625,
        "therapy.dose_mg": 734.125,
        "renal.serum_creatinine_mg_dl": 1.4375,
    }
    # No antiviral, but a dose of one: a contradiction, which keeps the dose of foscarnet back.
    states = {"rash.trend": 3, "therapy.drug": 4}
    answers = Answers(compiled, Audience.CLINICIAN)
    machine = compiled.machine

    def memory() -> bytes:
        return bytes(machine._memory.read(machine._store))

    def traces(text: bytes) -> list[str]:
        return [
            name
            for name, number in numbers.items()
            if struct.pack("<d", number) in text or str(number).encode() in text
        ]

    answered = answers.answer(compiled.values(states | numbers))
    assert answered is not None
    response = EvaluateResponse.FromString(answered[1])
    assert any(each.regimen.withheld_because for each in response.recommendations)
    assert traces(memory()) == list(numbers)
    # The numbers of a case are written over by those of the next.
    assert answers.answer(compiled.values(states | others)) is not None
    assert traces(memory()) == []
    assert walked_nodes(answered[0])
    assert traces(kept_by(compiled).encode()) == []


def test_what_the_kernel_does_not_spell_is_spelled_for_it(compiled: CompiledGraph) -> None:
    """Numbers with an exponent: in the words of the plain answer, and gone with their case."""
    answers = Answers(compiled, Audience.CLINICIAN)
    machine = compiled.machine
    tiny = 1.2345678912345e-07
    odd = {"rash.trend": 3, "renal.creatinine_clearance_ml_min": tiny}
    answered = answers.answer(compiled.values(odd))
    assert answered is not None
    case = Engines(compiled.graph).message(odd)
    plain = GraphEngine().decide(compiled.graph, case, audience=Audience.CLINICIAN, full=False)
    assert plain is not None
    assert answered[1] == plain.answer
    assert b"1.2345678912345e-07" in answered[1]
    assert b"1.2345678912345e-07" in bytes(machine._memory.read(machine._store))
    assert answers.answer(compiled.values({"rash.trend": 3, "patient.weight_kg": 70})) is not None
    left = bytes(machine._memory.read(machine._store))
    assert struct.pack("<d", tiny) not in left
    assert b"e-07" not in left


def test_a_memo_stays_bounded() -> None:
    memo = Memo[int, int](lambda key: key + 1)
    for key in range(MOST_KEPT + 10):
        assert memo[key] == key + 1
    assert len(memo) == 10


@given(number=st.integers(0, 2**40))
def test_lengths_are_written_as_protobuf_writes_them(number: int) -> None:
    found, shift = 0, 0
    for byte in varint(number):
        found |= (byte & 0x7F) << shift
        shift += 7
    assert found == number
    assert all(byte & 0x80 for byte in varint(number)[:-1])
    assert not varint(number)[-1] & 0x80
