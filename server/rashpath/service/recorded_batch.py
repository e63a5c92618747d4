"""Answers batches whose decisions are recorded, each with a record of its own.

What is as ordinary clients write it is decided from its bytes, many cases in one go, and their
records are made together. Whatever is unusual, faulty, or has a request id is decided by itself in
its place. So the records stand in the ledger in the order of the cases.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from io import BytesIO

from rashpath.audit import Outcome
from rashpath.audit.content import Question
from rashpath.audit.record import Decided, Entry
from rashpath.readings.compiled import MOST_AT_ONCE
from rashpath.readings.compiled.pieces import id_in
from rashpath.service.application import Application
from rashpath.service.batch_evaluate import (
    OF_THE_CALL,
    answered,
    answers_in,
    refusal_of_case,
    refused,
)
from rashpath.service.call import Call, in_thread
from rashpath.service.errors import Refusal
from rashpath.service.gate import Gate
from rashpath.service.observer import Observer
from rashpath.service.pace import Pace
from rashpath.service.recorder import Recorder, settled
from rashpath.service.refusals import Refusals
from rashpath.v1.decision_service_pb2 import EvaluateRequest

_TURN_S = 0.001
"""Seconds that a batch works in one turn; then others get theirs."""

_RECORDED_TOGETHER = 64
"""Decisions after which their records are made: decisions among each other find the processor's
caches full of what they need, and so do records."""

_AT_ONCE = 16
"""Records that are made in one go: nobody can interrupt it."""


class RecordedBatches:
    """Answers batches of one event loop.

    Args:
        recorder: records.
        gate: gives turns.
        pace: is told how long cases take.
        observer: sees every decision.
        refusals: counts what is refused.
    """

    def __init__(
        self, recorder: Recorder, gate: Gate, pace: Pace, observer: Observer, refusals: Refusals
    ) -> None:
        self._recorder = recorder
        self._gate = gate
        self._pace = pace
        self._observer = observer
        self._refusals = refusals

    async def answer(
        self, call: Call, application: Application, requests: Sequence[EvaluateRequest]
    ) -> bytes:
        """Returns the `BatchEvaluateResponse` once every case is recorded or refused.

        Args:
            call: the call, with the batch in bytes.
            application: answers.
            requests: the requests of the batch, which was checked as a whole.

        Raises:
            Refusal: of the whole batch: no turn can be had, or the deadline passed.
        """
        batch = _Batch(call, application, requests)
        try:
            while batch.done < batch.cases or batch.unrecorded:
                if batch.may_be_repeated and len(batch.unrecorded) < _RECORDED_TOGETHER:
                    await self._repeat(batch)
                else:
                    # A cancelled call ends at the next turn: nobody waits for the rest.
                    await self._gate.work(call.deadline, partial(self._turn, batch))
                self._hand_over(batch)
            for places, written in batch.handed:
                await self._settle(batch, places, written)
        except BaseException:
            # Nobody is answered: what is not being written yet need not be.
            for _, written in batch.handed:
                written.cancel()
            raise
        return self._response(batch)

    def _turn(self, batch: _Batch) -> None:
        """Decides cases, or makes records of what was decided, for as long as one turn may take."""
        started = now = time.perf_counter()
        while now < started + _TURN_S:
            left = len(batch.unrecorded)
            decides = batch.done < batch.cases and not batch.may_be_repeated
            batch.records = (
                left >= _RECORDED_TOGETHER or (left > 0 and batch.records) or not decides
            )
            if not batch.records:
                if not self._decide_some(batch):
                    self._decide_one(batch)
            elif left:
                self._record_some(batch)
            else:
                break
            now = time.perf_counter()
        batch.worked_s += now - started
        if not batch.unrecorded and batch.done > batch.measured:
            self._pace.measure(batch.done - batch.measured, batch.worked_s)
            batch.measured, batch.worked_s = batch.done, 0.0

    def _decide_some(self, batch: _Batch) -> bool:
        """Decides some cases from their bytes; tells whether it did."""
        if batch.starts is None:
            return False
        first, into = batch.done, BytesIO()
        began = time.perf_counter()
        most = max(1, min(int(_TURN_S / batch.case_s), MOST_AT_ONCE))
        some = batch.application.quick.decide_some(
            batch.call.data, batch.starts, first, most, into, walks=True
        )
        if some is None:
            return False
        batch.case_s = (time.perf_counter() - began) / some.cases
        self._observer.decided_many(some.graph, some.notes)
        results = into.getvalue()
        batch.runs.append((first, some.cases, results))
        caller, requests = batch.call.caller, batch.requests[first : first + some.cases]
        for request, walk, answer in zip(requests, some.walks, answers_in(results), strict=True):
            question = Question.of(request)
            batch.record(self._recorder.decided(caller, question, id_in(answer), walk, answer))
        return True

    def _decide_one(self, batch: _Batch) -> None:
        """Decides the next case by itself."""
        request = batch.requests[batch.done]
        try:
            # To write it again and to decide it from its bytes takes less than to read the message.
            decision = batch.application.decide(request, request.SerializeToString())
            self._observer.decided(decision.walk)
        except Exception as error:
            batch.settle(refusal_of_case(error, batch.application.fault))
        else:
            question = Question.of(request)
            batch.record(self._recorder.decided(batch.call.caller, question, *decision))

    def _record_some(self, batch: _Batch) -> None:
        """Makes the records of some decisions, the first ones first."""
        some = batch.unrecorded[:_AT_ONCE]
        del batch.unrecorded[:_AT_ONCE]
        made = self._recorder.entries([decided for _, decided in some])
        for (place, _), entry in zip(some, made, strict=True):
            if isinstance(entry, Entry):
                batch.unwritten.append((place, entry))
            else:
                batch.change([place], [refusal_of_case(entry, batch.application.fault)])

    async def _repeat(self, batch: _Batch) -> None:
        """Decides the next case, which has a request id, unless it was answered before."""
        call, request = batch.call, batch.requests[batch.done]
        try:
            found = await in_thread(call, self._recorder.answered, call.caller, request)
        except Exception as error:
            batch.settle(refusal_of_case(error, batch.application.fault))
            return
        if found is None:
            await self._gate.work(call.deadline, partial(self._decide_one, batch))
        else:
            batch.settle(found)

    def _hand_over(self, batch: _Batch) -> None:
        """Hands records to the ledger, as soon as there are enough, or no more will come."""
        together, unwritten = self._recorder.most_together, batch.unwritten
        ends = batch.done == batch.cases and not batch.unrecorded
        while len(unwritten) >= together or (unwritten and ends):
            some = unwritten[:together]
            del unwritten[:together]
            places = [place for place, _ in some]
            try:
                written = self._recorder.hand_over([entry for _, entry in some])
            except Refusal as refusal:
                batch.change(places, [refusal] * len(places))
            else:
                batch.handed.append((places, written))

    async def _settle(
        self, batch: _Batch, places: Sequence[int], written: Future[tuple[Outcome, ...]]
    ) -> None:
        """Waits until records that were handed over together are committed."""
        try:
            outcomes = await self._recorder.outcomes(written, batch.call.deadline)
        except Refusal as refusal:
            if refusal.reason in OF_THE_CALL:
                raise
            batch.change(places, [refusal] * len(places))
        else:
            answers = [batch.made[place] for place in places]
            batch.change(places, map(settled, outcomes, answers))

    def _response(self, batch: _Batch) -> bytes:
        """Joins the response from what was answered in one go, and from single results."""
        pieces: list[bytes | memoryview] = []
        done = 0
        for first, count, results in batch.runs:
            end = first + count
            pieces += self._single(batch, range(done, first))
            if batch.changed.isdisjoint(range(first, end)):
                pieces.append(results)
            else:
                pieces += self._single(batch, range(first, end))
            done = end
        pieces += self._single(batch, range(done, batch.cases))
        return b"".join(pieces)

    def _single(self, batch: _Batch, places: range) -> Iterator[bytes | memoryview]:
        """Yields the results of cases one by one, in pieces of the response."""
        for place in places:
            made = batch.made[place]
            if isinstance(made, Refusal):
                batch.call.told["refused_cases"] += 1
                self._refusals.count(batch.call.method, made)
                yield from refused(place, made)
            else:
                yield from answered(place, made)


class _Batch:
    """One batch.

    Args:
        call: its call.
        application: answers.
        requests: its requests.

    Attributes:
        starts: where its requests begin in its bytes; None: they are read as messages.
        made: of each case that is done its answer, which must not leave before its record is
            committed, or why there is none.
        changed: places of what became other than what was decided.
        runs: what was answered in one go: the place of the first case, how many, and their results
            as bytes of a `BatchEvaluateResponse`.
        unrecorded: decisions whose records are not made yet, with the places of their cases.
        records: whether records are made now.
        unwritten: records that the ledger was not given yet, with the places of their cases.
        handed: places of cases whose records the ledger was given together, and what became of
            those.
        case_s: seconds that it takes to decide a case from its bytes.
        measured: how many cases were measured.
        worked_s: seconds that those after them took so far.
    """

    def __init__(
        self, call: Call, application: Application, requests: Sequence[EvaluateRequest]
    ) -> None:
        self.call = call
        self.application = application
        self.requests = requests
        self.cases = len(requests)
        self.starts = application.quick.requests(call.data, application.limits.batch)
        self.made: list[bytes | memoryview | Refusal] = []
        self.changed: set[int] = set()
        self.runs: list[tuple[int, int, bytes]] = []
        self.unrecorded: list[tuple[int, Decided]] = []
        self.records = False
        self.unwritten: list[tuple[int, Entry]] = []
        self.handed: list[tuple[Sequence[int], Future[tuple[Outcome, ...]]]] = []
        self.case_s = _TURN_S
        self.measured = 0
        self.worked_s = 0.0

    @property
    def may_be_repeated(self) -> bool:
        """Whether the next case has a request id."""
        return self.done < self.cases and bool(self.requests[self.done].request_id)

    @property
    def done(self) -> int:
        """How many cases are decided or refused."""
        return len(self.made)

    def record(self, decided: Decided) -> None:
        """Takes the decision of the next case."""
        self.unrecorded.append((self.done, decided))
        self.made.append(decided.answer)

    def settle(self, made: bytes | Refusal) -> None:
        """Takes what became of the next case, of which nothing is to be recorded."""
        self.made.append(made)

    def change(self, places: Sequence[int], made: Iterable[bytes | memoryview | Refusal]) -> None:
        """Takes what became of cases that were decided."""
        for place, each in zip(places, made, strict=True):
            if each is not self.made[place]:
                self.made[place] = each
                self.changed.add(place)
