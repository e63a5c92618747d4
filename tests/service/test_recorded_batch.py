"""Batches decided from their bytes: byte for byte the records that plain decisions leave."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from sqlalchemy import select

from rashpath.audit import AuditConfig, Decided, Ledger, assemble, open_ledger
from rashpath.audit.chain import Position, link_all
from rashpath.audit.content import Question
from rashpath.audit.dictionary import dictionary_of
from rashpath.audit.packing import Dictionary
from rashpath.audit.record import Entry, assemble_all
from rashpath.audit.replay import Replayer, decide_plainly
from rashpath.audit.tables import DATA_KEYS, ENVELOPES, RECORDS
from rashpath.audit.verify import verify
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled.pieces import varint
from rashpath.service.application import Application
from rashpath.service.call import Call
from rashpath.service.gate import Gate
from rashpath.service.guidelines import load_guidelines
from rashpath.service.log import make_log
from rashpath.service.observer import Observer
from rashpath.service.pace import Pace
from rashpath.service.recorded_batch import RecordedBatches
from rashpath.service.recorder import Recorder
from rashpath.service.refusals import Refusals
from rashpath.v1 import audit_pb2
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
    GuidelineSelector,
)
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.facts_pb2 import PatientCase
from rashpath.v1.guideline_pb2 import Audience
from tests.bench.whole_cases import KINDS, whole_cases

T = TypeVar("T")

CALLER = "ward 7"
NOW_US = 1_700_000_000_000_001
FAULTY = PatientCase(patient={"age_years": 1000})


@pytest.fixture(scope="module")
def application() -> Application:
    """Returns an application over the shipped guideline."""
    return Application(load_guidelines())


@pytest.fixture(scope="module")
def graph(application: Application) -> DecisionGraph:
    """Returns the shipped guideline."""
    return application.guidelines.select(GuidelineSelector())


@pytest.fixture(scope="module")
def words(application: Application, graph: DecisionGraph) -> Dictionary:
    """Returns what contents are packed with."""
    return dictionary_of(graph, application.engine)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Yields a ledger on SQLite."""
    opened = open_ledger(AuditConfig(f"sqlite:///{tmp_path}/audit.db"))
    yield opened
    assert opened.close(20)


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes chance and time out of records: what is left must be the same byte for byte."""
    monkeypatch.setattr(secrets, "token_bytes", bytes)
    monkeypatch.setattr("rashpath.service.recorder.now_us", lambda: NOW_US)


class Turned(Gate):
    """A gate that says when a turn is given."""

    def __init__(self, before_turn: Callable[[int], None]) -> None:
        super().__init__(1)
        self._turns = 0
        self._before_turn = before_turn

    def work(self, deadline: float, task: Callable[[], T]) -> Awaitable[T]:
        """Does a task, after it was said to be the next."""
        self._before_turn(self._turns)
        self._turns += 1
        return super().work(deadline, task)


def answered(
    application: Application,
    recorder: Recorder,
    data: bytes,
    *,
    before_turn: Callable[[int], None] = lambda _: None,
) -> BatchEvaluateResponse:
    """Returns the response to a batch, whose decisions are recorded by then."""

    async def answer() -> bytes:
        observer = Observer(make_log("error"), "error")
        batches = RecordedBatches(recorder, Turned(before_turn), Pace(), observer, Refusals())
        deadline = asyncio.get_running_loop().time() + 60
        call = Call("BatchEvaluate", data, deadline, caller=CALLER, told={"refused_cases": 0})
        requests = BatchEvaluateRequest.FromString(data).requests
        return await batches.answer(call, application, requests)

    return BatchEvaluateResponse.FromString(asyncio.run(answer()))


class Stored(NamedTuple):
    """What a ledger holds of its records, in order."""

    chain: str
    bodies: list[bytes]
    envelopes: list[tuple[bytes, bytes, bytes]]
    keys: list[tuple[str, bytes]]


def stored(ledger: Ledger) -> Stored:
    """Returns what a ledger of one chain holds."""
    with ledger.store.read() as connection:
        records = connection.execute(
            select(RECORDS.c.id, RECORDS.c.chain, RECORDS.c.body).order_by(RECORDS.c.sequence)
        ).all()
        envelopes = {id: tuple(rest) for id, *rest in connection.execute(select(ENVELOPES))}
        keys = {id: tuple(rest) for id, *rest in connection.execute(select(DATA_KEYS))}
    return Stored(
        records[0].chain,
        [each.body for each in records],
        [envelopes[each.id] for each in records],
        [keys[each.id] for each in records],
    )


def plain_entry(
    ledger: Ledger, graph: DecisionGraph, request: EvaluateRequest, id: str, words: Dictionary
) -> Entry:
    """Returns the record of a request that was decided plainly, message by message."""
    walk, response = decide_plainly(graph, request)
    response.decision_id = id
    answer = response.SerializeToString(deterministic=True)
    version = Recorder(ledger, {})._engine_version
    decided = Decided(Question.of(request), CALLER, walk, answer, id, version)
    return assemble(decided, ledger.reader.seal, NOW_US, words)


def expected(chain: str, entries: Sequence[Entry]) -> Stored:
    """Returns what a ledger must hold of records."""
    bodies, _ = link_all([each.head for each in entries], Position(chain))
    contents = [each.sealed for each in entries if each.sealed is not None]
    return Stored(
        chain,
        bodies,
        [(each.nonce, b"", each.ciphertext) for each in contents],
        [(each.key_id, each.wrapped_key) for each in contents],
    )


def some_requests(graph: DecisionGraph, each: int) -> list[EvaluateRequest]:
    """Returns requests of all kinds, those that are answered in one go among odd ones."""
    pinned = GuidelineSelector(version=graph.guideline.version)
    found = []
    for number, kind in enumerate(KINDS):
        for place, case in enumerate(whole_cases(graph, kind, each, seed=number)):
            request = EvaluateRequest(patient_case=case)
            if place % 7 == 3:
                request.audience = Audience.AUDIENCE_PATIENT
            if place % 11 == 4:
                request.guideline.CopyFrom(pinned)
            found.append(request)
    found[2:2] = [
        EvaluateRequest(patient_case=FAULTY),
        EvaluateRequest(patient_case=found[0].patient_case, view=View.VIEW_FULL),
        EvaluateRequest(patient_case=found[1].patient_case, request_id="bed/1"),
        EvaluateRequest(),
        EvaluateRequest(patient_case=found[1].patient_case, request_id="bed/2"),
        EvaluateRequest(patient_case=found[1].patient_case, request_id="bed/1"),
        EvaluateRequest(patient_case=found[0].patient_case, request_id="bed/2"),
    ]
    found.append(EvaluateRequest(patient_case={}, guideline={"id": "none"}))
    return found


def test_a_batch_is_recorded_byte_for_byte_as_case_by_case(
    application: Application,
    graph: DecisionGraph,
    words: Dictionary,
    ledger: Ledger,
    fixed: None,
) -> None:
    """Records, sealed contents and data keys are those of the plain walk, in the order of the
    cases; what is refused or repeated has none; what is written is sound and replays."""
    requests = some_requests(graph, 60)
    data = BatchEvaluateRequest(requests=requests).SerializeToString()
    results = answered(application, Recorder(ledger, {graph.digest: words}), data)
    assert [each.index for each in results.results] == list(range(len(requests)))
    refused = {e.index: e.error.reason for e in results.results if e.HasField("error")}
    assert refused == {
        2: ErrorReason.ERROR_REASON_INVALID_REQUEST,
        5: ErrorReason.ERROR_REASON_CASE_MISSING,
        8: ErrorReason.ERROR_REASON_REQUEST_ID_REUSED,
        len(requests) - 1: ErrorReason.ERROR_REASON_GUIDELINE_NOT_FOUND,
    }
    ids = [each.response.decision_id for each in results.results]
    assert ids[7] == ids[4]
    recorded = [at for at in range(len(requests)) if at not in refused and at != 7]
    entries = [plain_entry(ledger, graph, requests[at], ids[at], words) for at in recorded]
    found = stored(ledger)
    assert found == expected(found.chain, entries)
    assert len(found.bodies) == len(recorded) > 180
    assert verify(ledger.store, ledger.key.trusted, ledger.reader.seal).sound
    replayer = Replayer(ledger.reader)
    outcomes = {replayer.replay(ids[at]).outcome for at in recorded[::9]}
    assert outcomes == {audit_pb2.REPLAY_OUTCOME_IDENTICAL}


def reversed_groups(case: PatientCase) -> bytes:
    """Returns a case in bytes whose groups come last to first: as no client writes it, though it
    says the same."""
    groups = []
    for field, value in case.ListFields():
        alone = PatientCase()
        getattr(alone, field.name).CopyFrom(value)
        groups.append(alone.SerializeToString())
    return b"".join(reversed(groups))


def test_a_case_is_recorded_in_one_way_however_it_was_written(
    application: Application,
    graph: DecisionGraph,
    words: Dictionary,
    ledger: Ledger,
    fixed: None,
) -> None:
    """Fields may come in any order: their record is that of the same case in the usual order."""
    cases = whole_cases(graph, KINDS[0], 20)
    written = [reversed_groups(case) for case in cases]
    assert all(each != case.SerializeToString() for each, case in zip(written, cases, strict=True))
    requests = [b"\x0a" + varint(len(each)) + each for each in written]
    data = b"".join(b"\x0a" + varint(len(each)) + each for each in requests)
    results = answered(application, Recorder(ledger, {graph.digest: words}), data).results
    entries = [
        plain_entry(
            ledger, graph, EvaluateRequest(patient_case=case), each.response.decision_id, words
        )
        for case, each in zip(cases, results, strict=True)
    ]
    found = stored(ledger)
    assert found == expected(found.chain, entries)


def test_a_reload_between_two_turns_changes_nothing_but_the_packing(
    application: Application, graph: DecisionGraph, words: Dictionary, ledger: Ledger, fixed: None
) -> None:
    """The batch goes on with its own guideline; contents without a dictionary are packed plainly,
    as case by case."""
    requests = [EvaluateRequest(patient_case=case) for case in whole_cases(graph, KINDS[0], 300)]
    made: list[Entry | Exception] = []

    class Noted(Recorder):
        def entries(self, decided: Sequence[Decided]) -> list[Entry | Exception]:
            made.extend(found := super().entries(decided))
            return found

    recorder = Noted(ledger, {graph.digest: words})

    def reload(_: int) -> None:
        if len(made) > 100:
            recorder.dictionaries = {}

    data = BatchEvaluateRequest(requests=requests).SerializeToString()
    results = answered(application, recorder, data, before_turn=reload).results
    assert len(results) == len(made) == 300
    assert verify(ledger.store, ledger.key.trusted, ledger.reader.seal).sound
    packed = [audit_pb2.AuditRecord.FromString(each) for each in stored(ledger).bodies]
    named = [each.dictionary_digest for each in packed]
    assert set(named) == {words.digest, ""}
    assert named == sorted(named, reverse=True)
    for number in (0, 299):
        shown = ledger.reader.stored(results[number].response.decision_id)
        content = shown.content(ledger.reader.seal)
        assert content.patient_case == requests[number].patient_case
        assert content.answer == results[number].response.SerializeToString(deterministic=True)


def test_a_record_that_cannot_be_made_refuses_its_case_only(
    application: Application,
    graph: DecisionGraph,
    words: Dictionary,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused as a fault of ours; the others of the batch are answered and recorded."""
    cases = whole_cases(graph, KINDS[0], 40)
    bad = cases[17].SerializeToString(deterministic=True)

    def fail(decided: Sequence[Decided], *rest: Any) -> list[Entry]:
        if any(each.question.case == bad for each in decided):
            raise RuntimeError("no record")
        return assemble_all(decided, *rest)

    monkeypatch.setattr("rashpath.service.recorder.assemble_all", fail)
    data = BatchEvaluateRequest(
        requests=[EvaluateRequest(patient_case=case) for case in cases]
    ).SerializeToString()
    results = answered(application, Recorder(ledger, {graph.digest: words}), data).results
    assert [each.index for each in results if each.HasField("error")] == [17]
    assert results[17].error.reason == ErrorReason.ERROR_REASON_INTERNAL
    held = [audit_pb2.AuditRecord.FromString(each).id for each in stored(ledger).bodies]
    assert held == [each.response.decision_id for each in results if each.index != 17]
