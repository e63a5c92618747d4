"""Decisions of single calls, recorded together: each call has its own outcome all the same."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rashpath.audit import AuditConfig, Decided, Ledger, open_ledger
from rashpath.audit.content import Question
from rashpath.audit.reading import Filters
from rashpath.audit.record import Entry, assemble_all
from rashpath.audit.tables import HEADS
from rashpath.guideline import DecisionGraph
from rashpath.service.application import Application
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import Decision
from rashpath.service.guidelines import load_guidelines
from rashpath.service.recorder import Recorder
from rashpath.service.together import Awaited, Together
from rashpath.v1.decision_service_pb2 import EvaluateRequest, GuidelineSelector
from rashpath.v1.errors_pb2 import ErrorReason
from tests.bench.whole_cases import KINDS, whole_cases
from tests.service.test_audit_faults import locked

FAR_S = 30.0


@pytest.fixture(scope="module")
def application() -> Application:
    """Returns an application over the shipped guideline."""
    return Application(load_guidelines())


@pytest.fixture(scope="module")
def asked(application: Application) -> list[EvaluateRequest]:
    """Returns requests that all differ."""
    graph: DecisionGraph = application.guidelines.select(GuidelineSelector())
    return [EvaluateRequest(patient_case=case) for case in whole_cases(graph, KINDS[0], 12)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Returns where the ledger is."""
    return tmp_path / "audit.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """Yields a ledger in which three records may wait at most."""
    opened = open_ledger(AuditConfig(f"sqlite:///{path}", queue_limit=3, busy_timeout_s=FAR_S))
    yield opened
    assert opened.close(20)


def taken(
    together: Together, application: Application, asked: list[EvaluateRequest]
) -> list[tuple[Decision, Awaited]]:
    """Returns decisions of one burst that are to be recorded."""
    decided = [(application.decide(each), Question.of(each)) for each in asked]
    return [(made, together.take("ward", question, made)) for made, question in decided]


def outcome_of(
    together: Together, awaited: Awaited, wait_s: float = FAR_S
) -> Coroutine[Any, Any, bytes | Refusal]:
    """Returns the answer that may leave, or why there is none."""

    async def outcome() -> bytes | Refusal:
        try:
            deadline = asyncio.get_running_loop().time() + wait_s
            return await together.settle(awaited, deadline)
        except Refusal as refusal:
            return refusal

    return outcome()


def recorded(ledger: Ledger) -> list[str]:
    """Returns the ids of what is recorded, the oldest first."""
    return [each.record.id for each in ledger.reader.all(Filters())]


async def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(FAR_S):
        while not holds():
            await asyncio.sleep(0.01)


def test_a_burst_shares_a_commit(
    application: Application, asked: list[EvaluateRequest], tmp_path: Path
) -> None:
    """Each call gets its own answer, in the order of the decisions they stand in the ledger, and
    the work is told to whoever shares out the time of the loop."""
    ledger = open_ledger(AuditConfig(f"sqlite:///{tmp_path}/audit.db"))
    worked: list[float] = []

    async def burst() -> tuple[list[Decision], list[bytes | Refusal]]:
        together = Together(Recorder(ledger, {}), worked.append)
        found = taken(together, application, asked)
        waits = [outcome_of(together, awaited) for _, awaited in found]
        return [made for made, _ in found], await asyncio.gather(*waits)

    made, outcomes = asyncio.run(burst())
    assert outcomes == [each.answer for each in made]
    assert recorded(ledger) == [each.id for each in made]
    with ledger.store.read() as connection:
        lengths = connection.execute(select(HEADS.c.length)).scalars().all()
    assert lengths == [len(asked)]
    assert len(worked) == 1
    assert worked[0] > 0
    assert ledger.close(20)


def test_who_gives_up_is_not_recorded(
    application: Application, asked: list[EvaluateRequest], ledger: Ledger, path: Path
) -> None:
    """Neither who is cancelled before the records are made, nor who is while others of the same
    burst wait for the ledger, nor whose deadline passes meanwhile; the others are answered."""

    async def burst() -> tuple[list[str], list[Any]]:
        together = Together(Recorder(ledger, {}), lambda _: None)
        with locked(path):
            first = taken(together, application, asked[:1])
            waits = [asyncio.create_task(outcome_of(together, first[0][1]))]
            await until(lambda: first[0][1].handed is not None and not ledger.waiting)
            # The first is being written, as far as the lock lets it.
            next = taken(together, application, asked[1:5])
            for (_, awaited), wait_s in zip(next, (FAR_S, FAR_S, 0.3, FAR_S), strict=True):
                waits.append(asyncio.create_task(outcome_of(together, awaited, wait_s)))
            next[0][1].give_up()
            await until(lambda: ledger.waiting == 3)
            waits[2].cancel()
            late = await waits[3]
            assert isinstance(late, Refusal)
            assert late.reason == ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED
        ends = await asyncio.gather(*waits, return_exceptions=True)
        return [made.id for made, _ in (*first, *next)], ends

    ids, ends = asyncio.run(burst())
    kinds = [bytes, asyncio.CancelledError, asyncio.CancelledError, Refusal, bytes]
    assert [type(each) for each in ends] == kinds
    assert recorded(ledger) == [ids[0], ids[4]]


def test_a_full_queue_refuses_each_by_itself(
    application: Application, asked: list[EvaluateRequest], ledger: Ledger, path: Path
) -> None:
    """Of a burst as many are taken as may wait; the others are refused, and nothing is lost."""

    async def burst() -> tuple[list[str], list[bytes | Refusal]]:
        together = Together(Recorder(ledger, {}), lambda _: None)
        with locked(path):
            first = taken(together, application, asked[:1])
            await until(lambda: first[0][1].handed is not None and not ledger.waiting)
            next = taken(together, application, asked[1:6])
            await until(lambda: ledger.waiting == 3)
        waits = [outcome_of(together, awaited) for _, awaited in (*first, *next)]
        return [made.id for made, _ in (*first, *next)], await asyncio.gather(*waits)

    ids, outcomes = asyncio.run(burst())
    reasons = [each.reason if isinstance(each, Refusal) else 0 for each in outcomes]
    assert reasons == [0, 0, 0, 0, *[ErrorReason.ERROR_REASON_AUDIT_QUEUE_FULL] * 2]
    assert recorded(ledger) == ids[:4]


def test_a_record_that_cannot_be_made_fails_its_call_only(
    application: Application,
    asked: list[EvaluateRequest],
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The call sees the fault, which is reported; the others of the burst are recorded."""
    counted = itertools.count()
    bad = asked[1].patient_case.SerializeToString(deterministic=True)

    def fail(decided: Sequence[Decided], *rest: Any) -> list[Entry]:
        next(counted)
        if any(each.question.case == bad for each in decided):
            raise RuntimeError("no record")
        return assemble_all(decided, *rest)

    monkeypatch.setattr("rashpath.service.recorder.assemble_all", fail)

    async def burst() -> tuple[list[str], list[Any]]:
        together = Together(Recorder(ledger, {}), lambda _: None)
        found = taken(together, application, asked[:3])
        waits = [outcome_of(together, awaited) for _, awaited in found]
        return [made.id for made, _ in found], await asyncio.gather(*waits, return_exceptions=True)

    ids, outcomes = asyncio.run(burst())
    assert [type(each) for each in outcomes] == [bytes, RuntimeError, bytes]
    assert recorded(ledger) == [ids[0], ids[2]]
    assert next(counted) == 4
