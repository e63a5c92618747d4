"""That the fuzzing sees what it looks for: each fault is made on purpose, and must be found."""

from __future__ import annotations

import math

import pytest
from google.protobuf.message import Message

from rashpath.readings.engine import CompiledEngine, GraphEngine
from rashpath.service import evaluate as evaluating
from rashpath.service import request
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase, Rash, Trend
from tests.fuzz import documents, requests, wire
from tests.fuzz.corpus import corpus
from tests.fuzz.drive import Count, run
from tests.fuzz.outcome import FaultError, Outcome
from tests.fuzz.reading import objection, undefined
from tests.fuzz.targets import TARGETS, Target

EVALUATE = next(target for target in TARGETS if target.name == "evaluate")
TREND = bytes.fromhex("0a0412020803")
"""A case in which the rash spreads."""


def faults_of(count: Count) -> str:
    """Returns what was found, in words."""
    return "\n".join(fault.what for fault in count.faults)


def target(feed) -> Target:
    """Returns a target that takes anything."""
    return Target("made up", feed, wire.bytes_mutated, lambda: (b"x",), 1, 1, seconds=0.02)


def test_an_unknown_field_that_is_overlooked_is_found(monkeypatch):
    """A server that stopped looking for unknown fields is told of at once."""
    monkeypatch.setattr(evaluating, "has_unknown", lambda message: False)
    assert "silent answer: unknown field" in faults_of(run(EVALUATE, math.inf, 1, most=2000))


def test_a_number_out_of_range_that_is_let_through_is_found(monkeypatch):
    """An engine that takes an age of 200 years for an age is told of."""
    empty = PatientCase()

    def decide(self, graph, case: Message, **how):
        return GraphEngine().decide(graph, empty, **how)

    monkeypatch.setattr(CompiledEngine, "decide", decide)
    assert "silent answer: number out of range" in faults_of(run(EVALUATE, math.inf, 1, most=50))


def test_a_number_that_protobuf_cuts_is_found(monkeypatch):
    """A server that answers an age of 2^32 + 45 as one of 45 is told of."""
    monkeypatch.setattr(request, "refuse_cut_numbers", lambda descriptor, data: None)
    assert "silent answer: number cut to 32" in faults_of(run(EVALUATE, math.inf, 1, most=2000))
    (batch,) = (each for each in TARGETS if each.name == "batch_evaluate")
    assert "silent answer: number cut to 32" in faults_of(run(batch, math.inf, 1, most=1000))


def test_engines_that_differ_are_found(monkeypatch):
    """An engine that answers every case as if nothing were known is told of."""

    def decide(self, graph, case, **how):
        return GraphEngine().decide(graph, PatientCase(), **how)

    monkeypatch.setattr(CompiledEngine, "decide", decide)
    monkeypatch.setattr(requests, "_sampled", lambda data: True)
    with pytest.raises(FaultError, match="answer differently"):
        requests.evaluate(TREND)


def test_a_hang_is_found():
    """An input that never ends is ended, and told of."""

    def feed(data: bytes) -> Outcome:
        while True:
            pass

    count = run(target(feed), 0, 1)
    assert "still at work" in faults_of(count)


def test_a_slow_input_is_found():
    """An input that ends too late is told of too."""

    def feed(data: bytes) -> Outcome:
        sum(range(3_000_000))
        return Outcome.REFUSED

    assert "of processor time" in faults_of(run(target(feed), 0, 1))


def test_a_crash_is_found_with_its_input():
    """An exception that nobody meant is told of, with the bytes that made it."""

    def feed(data: bytes) -> Outcome:
        raise RecursionError("too deep")

    (fault,) = run(target(feed), 0, 1).faults
    assert (fault.data, fault.what) == (b"x", "RecursionError: too deep")


def test_the_same_seed_makes_the_same_inputs():
    """A fault can be found again."""
    seen: list[list[bytes]] = [[], [], []]
    for inputs, seed in zip(seen, (1, 1, 2), strict=True):

        def feed(data: bytes, inputs=inputs) -> Outcome:
            inputs.append(data)
            return Outcome.REFUSED

        made = Target("made up", feed, EVALUATE.mutate, EVALUATE.seeds, 1, 1)
        run(made, math.inf, seed, most=200)
    assert seen[0] == seen[1] != seen[2]


def test_a_document_read_in_part_is_found(monkeypatch):
    """A reader that leaves out a fact is told of."""
    monkeypatch.setattr(
        documents, "fill", lambda *_: PatientCase(rash=Rash(trend=Trend.TREND_SPREADING))
    )
    with pytest.raises(FaultError, match="states more than was read"):
        documents.case_document(b"{rash: {trend: SPREADING, severe: PRESENT}}")


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ({"patient": {"age_years": 121}}, "age_years"),
        ({"patient": {"weight_kg": math.nan}}, "weight_kg"),
        ({"patient": {"weight_kg": math.inf}}, "weight_kg"),
        ({"rash": {"trend": 99}}, "trend"),
        ({"rash": {"trend": 3}, "patient": {"age_years": 120}}, ""),
    ],
)
def test_a_value_out_of_bounds_is_objected_to(case, named):
    """The check of silent answers knows ranges and choices from the contract alone."""
    assert undefined(PatientCase(**case)).endswith(named)


@pytest.mark.parametrize(
    "more",
    [
        "f8ffffff0f01",  # the largest field number
        "3001",  # field 6
        "0801",  # field 1, as a number
        "0a03b80101",  # field 23 of the case
        "0a0512039a0600",  # field 99 of the rash
        "3334",  # a group
    ],
)
def test_an_unknown_field_is_objected_to(more):
    """The check of silent answers reads the bytes by itself, at every depth."""
    data = TREND + bytes.fromhex(more)
    assert objection(data, EvaluateRequest.FromString(data)).startswith("unknown field")


@pytest.mark.parametrize(
    "more",
    [
        "1883808080 10",  # view: 2^32 + 3
        "1883808080 80808080807e",  # view: more than 64 bits
        "0a0d120b0883808080808080808001",  # the trend: 2^63 + 3
    ],
)
def test_a_number_that_protobuf_cuts_is_objected_to(more):
    """The check of silent answers reads numbers as they were sent."""
    data = bytes.fromhex(more)
    assert objection(data, EvaluateRequest.FromString(data)).startswith("number cut")


@pytest.mark.parametrize("kind", ["evaluate", "batch_evaluate", "explain_path"])
def test_fields_are_written_as_they_were_read(kind):
    """Only what a mutation changes is changed."""
    for data in corpus()[kind]:
        assert wire.encode(wire.fields(data)) == data
