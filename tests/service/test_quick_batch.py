"""Batches decided from their bytes: the same results as case by case, in the same order."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.readings.engine import GraphEngine
from rashpath.service.application import Application, Limits
from rashpath.service.gate import Gate
from rashpath.service.guidelines import load_guidelines
from rashpath.service.metrics.catalogue import DECISIONS, MISSING_FACTS, RECOMMENDATIONS
from rashpath.service.metrics.tally import Tally
from rashpath.service.pace import Pace
from rashpath.service.quick_batch import QuickBatch
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
    GuidelineSelector,
)
from rashpath.v1.facts_pb2 import PatientCase
from rashpath.v1.guideline_pb2 import Audience
from tests.bench.whole_cases import KINDS, whole_cases
from tests.compiled.sameness import Engines
from tests.conformance.expectations import DICTIONARY
from tests.conformance.strategies import partial_cases


@pytest.fixture(scope="module")
def application() -> Application:
    """Returns an application over the shipped guideline."""
    return Application(load_guidelines())


def answered(application: Application, data: bytes) -> tuple[QuickBatch, bytes] | None:
    """Returns a batch that was answered from its bytes, and the answer; None: it was not."""
    batch = QuickBatch.of(application, data)
    if batch is None:
        return None

    async def answer() -> bytes | None:
        gate = Gate(1)
        return await batch.answer(gate, asyncio.get_running_loop().time() + 60, Pace())

    response = asyncio.run(answer())
    return None if response is None else (batch, response)


def quickly(application: Application, data: bytes) -> BatchEvaluateResponse | None:
    """Returns the response to a batch that was answered from its bytes; None: it was not."""
    found = answered(application, data)
    return None if found is None else BatchEvaluateResponse.FromString(found[1])


def without_ids(response: BatchEvaluateResponse) -> tuple[list[str], BatchEvaluateResponse]:
    """Returns the ids of the decisions of a response, and the rest of it."""
    ids = [result.response.decision_id for result in response.results]
    for result in response.results:
        result.response.decision_id = ""
    return ids, response


def batch_of(cases: Sequence[PatientCase], audience: Audience.ValueType) -> BatchEvaluateRequest:
    """Returns a batch of cases."""
    requests = [EvaluateRequest(patient_case=case, audience=audience) for case in cases]
    return BatchEvaluateRequest(requests=requests)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("audience", [0, Audience.AUDIENCE_PATIENT])
def test_a_batch_is_answered_as_case_by_case(
    application: Application, kind: str, audience: Audience.ValueType
) -> None:
    """Order, framing and every byte but the ids, which rise."""
    graph = application.guidelines.select(GuidelineSelector())
    batch = batch_of(whole_cases(graph, kind, 150, seed=7), audience)
    quick = quickly(application, batch.SerializeToString())
    assert quick is not None
    ids, rest = without_ids(quick)
    assert ids == sorted(set(ids))
    assert len(ids) == 150
    assert rest == without_ids(application.batch_evaluate(batch))[1]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_mixed_batches_are_answered_as_case_by_case(
    application: Application, data: st.DataObject
) -> None:
    """Cases of all kinds, and requests that ask for different things."""
    graph = application.guidelines.select(GuidelineSelector())
    engines = Engines(graph)
    pinned = GuidelineSelector(version=graph.guideline.version)
    audiences = st.sampled_from((0, Audience.AUDIENCE_CLINICIAN, Audience.AUDIENCE_PATIENT))
    requests = [
        EvaluateRequest(
            patient_case=engines.message(facts),
            audience=data.draw(audiences),
            guideline=pinned if data.draw(st.booleans()) else None,
        )
        for facts in data.draw(st.lists(partial_cases(DICTIONARY), max_size=12))
    ]
    batch = BatchEvaluateRequest(requests=requests)
    quick = quickly(application, batch.SerializeToString())
    if requests:
        assert quick is not None
        assert without_ids(quick)[1] == without_ids(application.batch_evaluate(batch))[1]
    else:
        assert quick is None


ODD: dict[str, EvaluateRequest] = {
    "no case": EvaluateRequest(),
    "the full view": EvaluateRequest(patient_case={}, view=View.VIEW_FULL),
    "a request id": EvaluateRequest(patient_case={}, request_id="again"),
    "an unknown guideline": EvaluateRequest(patient_case={}, guideline={"id": "none"}),
    "an undefined audience": EvaluateRequest(patient_case={}, audience=77),
    "a faulty value": EvaluateRequest(patient_case={"patient": {"age_years": 1000}}),
    "no number": EvaluateRequest(patient_case={"patient": {"weight_kg": math.nan}}),
}


@pytest.mark.parametrize("why", ODD)
@pytest.mark.parametrize("place", [0, 5])
def test_what_is_unusual_leaves_the_whole_batch(
    application: Application, why: str, place: int
) -> None:
    """It is left to who reads messages and names faults; nothing was answered or counted before."""
    requests = [EvaluateRequest(patient_case={"patient": {"age_years": 40}}) for _ in range(9)]
    requests[place] = ODD[why]
    batch = BatchEvaluateRequest(requests=requests)
    assert quickly(application, batch.SerializeToString()) is None


def test_bytes_that_are_no_batch_are_left(application: Application) -> None:
    """So is a batch that is cut off, has other fields, or more cases than it may."""
    case = EvaluateRequest(patient_case={"patient": {"age_years": 40}})
    good = BatchEvaluateRequest(requests=[case, case]).SerializeToString()
    assert quickly(application, good) is not None
    for bad in (b"", b"\x0a", good[:-1], good + b"\x0a", good + b"\x10\x01", b"\x0a" + b"\xff" * 6):
        assert quickly(application, bad) is None, bad
    small = Application(application.guidelines, limits=Limits(batch=1))
    assert quickly(small, good) is None


def test_more_requests_than_may_be_are_not_counted_to_the_end(application: Application) -> None:
    """Eight million empty ones fit into a batch, and to count them would hold every other call."""
    one = b"\x0a\x00"
    assert application.quick.requests(one * 3, 3) == [0, 2, 4, 6]
    assert application.quick.requests(one * 4, 3) is None
    many = one * 1_000_000
    started = time.thread_time()
    assert application.quick.requests(many, 1000) is None
    assert time.thread_time() - started < 0.05


def test_the_wait_for_a_turn_is_no_work(application: Application) -> None:
    """A busy server must not pass for a slow one: the batch after this one would be refused."""
    case = EvaluateRequest(patient_case={"patient": {"age_years": 40}})
    data = BatchEvaluateRequest(requests=[case] * 20).SerializeToString()
    batch = QuickBatch.of(application, data)
    assert batch is not None
    measured: list[tuple[int, float]] = []

    class Noted(Pace):
        def measure(self, cases: int, seconds: float) -> None:
            measured.append((cases, seconds))

    async def answer() -> bytes | None:
        gate, loop = Gate(1), asyncio.get_running_loop()
        gate._line.hold()
        loop.call_later(1.0, gate.resume)
        return await batch.answer(gate, loop.time() + 60, Noted())

    assert asyncio.run(answer()) is not None
    assert sum(cases for cases, _ in measured) == 20
    assert 0 < sum(seconds for _, seconds in measured) < 0.9


def test_an_engine_that_reads_messages_is_asked_with_them(application: Application) -> None:
    """The plain engine."""
    plain = Application(application.guidelines, engine=GraphEngine())
    case = EvaluateRequest(patient_case={"patient": {"age_years": 40}})
    assert quickly(plain, BatchEvaluateRequest(requests=[case]).SerializeToString()) is None


def test_decisions_of_a_batch_are_counted_as_single_ones(application: Application) -> None:
    """The metrics say the same, whichever way a case came."""
    graph = application.guidelines.select(GuidelineSelector())
    cases = [case for kind in KINDS for case in whole_cases(graph, kind, 40, seed=3)]
    single, many = Tally({}), Tally({})
    for case in cases:
        single.made(application.decide(EvaluateRequest(patient_case=case)).walk)
    found = answered(
        application, batch_of(cases, Audience.AUDIENCE_UNSPECIFIED).SerializeToString()
    )
    assert found is not None
    batch, _ = found
    for some in batch.made:
        many.made_many(some.graph, some.notes)
    assert counts(many) == counts(single)
    assert sum(counts(many).values()) > len(cases)


def counts(tally: Tally) -> dict[tuple[str, tuple[str, ...]], float]:
    """Returns what was counted of decisions."""
    return {
        (name, labels): count
        for name, rows in tally.snapshot().numbers.items()
        if name in {each.name for each in (DECISIONS, RECOMMENDATIONS, MISSING_FACTS)}
        for labels, count in rows.items()
    }
