"""Requests that are answered in one go: never so many that everybody else waits for them."""

from __future__ import annotations

from io import BytesIO

import pytest

from rashpath.audit.sortable_id import id_text
from rashpath.facts.dictionary import Choice
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.compiled import Answers, Asked, CompiledGraph
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
)
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.whole_cases import KINDS, whole_cases
from tests.guideline.wide import facts_of, wide

PAIRS = 18
"""Just below the bound of the exact reading."""


@pytest.fixture(scope="module")
def slow() -> DecisionGraph:
    """A guideline of which a case with one known fact takes a millisecond."""
    return load_bytes(wide(PAIRS))


def batch_of(graph: DecisionGraph, paths: tuple[str, ...], count: int) -> bytes:
    """Returns a batch of equal cases with some facts known."""
    case = PatientCase()
    for path in paths:
        group, name = path.split(".")
        kind = graph.dictionary[path].kind
        assert isinstance(kind, Choice)
        setattr(getattr(case, group), name, kind.values[-1].number)
    request = EvaluateRequest(patient_case=case)
    return BatchEvaluateRequest(requests=[request] * count).SerializeToString()


def asked(requests: bytes, *, place: int = 0, first_id: int = 0, most: int = 8) -> Asked:
    """Returns requests that ask for nothing besides their cases."""
    return Asked(requests, b"", place, first_id, most, BytesIO())


def test_the_kernel_ends_after_much_work(slow: DecisionGraph) -> None:
    """One case that takes long ends it, while many short ones are answered at once."""
    compiled = CompiledGraph(slow)
    answers = Answers(compiled, Audience.PATIENT)
    facts = facts_of(PAIRS)
    for paths, least, most in ((facts, 8, 8), (facts[:1], 1, 4)):
        batch = batch_of(slow, paths, 8)
        words = answers.answer_many(asked(batch, most=1))
        assert words.done == 1
        with compiled.machine.lock:
            many = compiled.machine.answer_many(answers._words, asked(batch))
        assert least <= many.done <= most
        assert not many.words


def test_a_turn_ends_with_the_time_for_it(
    slow: DecisionGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests whose words are not there yet take long too: one is answered, and it ends."""
    answers = Answers(CompiledGraph(slow), Audience.PATIENT)
    monkeypatch.setattr("rashpath.readings.compiled.answer._TURN_S", 0.0)
    batch = batch_of(slow, facts_of(PAIRS)[:1], 8)
    assert answers.answer_many(asked(batch)).done == 1
    monkeypatch.undo()
    assert answers.answer_many(asked(batch_of(slow, facts_of(PAIRS), 8))).done >= 1


@pytest.mark.parametrize("index", [0, 1, 127, 128, 16_383, 16_384, 99_999])
def test_every_place_is_framed_as_protobuf_frames_it(graph: DecisionGraph, index: int) -> None:
    """To the byte, also beyond one and two bytes of a number; the id is the one asked for."""
    answers = Answers(CompiledGraph(graph), Audience.PATIENT)
    batch = BatchEvaluateRequest(requests=[EvaluateRequest(patient_case=PatientCase())] * 2)
    id = (0xFFFF_FFFF_FFFF_FFFF << 1) + index
    for _ in range(2):  # the words are there the second time
        wanted = asked(batch.SerializeToString(), place=index, first_id=id, most=2)
        many, results = answers.answer_many(wanted), wanted.into.getvalue()
        response = BatchEvaluateResponse.FromString(results)
        places = [result.index for result in response.results]
        assert places == [index, index + 1][: many.done]
        ids = [result.response.decision_id for result in response.results]
        assert ids == [id_text(id), id_text(id + 1)][: many.done]
        assert response.SerializeToString(deterministic=True) == results
    assert many.done == 2


@pytest.mark.parametrize("audience", list(Audience))
def test_the_way_of_each_is_told_where_it_is_wanted(
    graph: DecisionGraph, audience: Audience
) -> None:
    """It is that of the same case decided alone, whether its words were there or not."""
    alone, many = CompiledGraph(graph), Answers(CompiledGraph(graph), audience)
    cases = [case for kind in KINDS for case in whole_cases(graph, kind, 20, seed=5)]
    requests = [EvaluateRequest(patient_case=case) for case in cases]
    data = BatchEvaluateRequest(requests=requests).SerializeToString()
    decided = [alone.decide_bytes(case.SerializeToString()) for case in cases]
    wanted = [each and (each.note, each.stretches, each.values) for each in decided]
    for _ in range(2):  # the words are there the second time
        found, left = [], asked(data, most=len(cases))._replace(walks=True)
        while left.requests:
            made = many.answer_many(left)
            found += [(each.note, each.stretches, each.values) for each in made.walks]
            size = BatchEvaluateRequest(requests=requests[: len(found)]).ByteSize()
            left = left._replace(requests=data[size:], place=len(found))
        assert found == wanted
    assert many.answer_many(asked(data)).walks == []
