"""What answers each method: decisions here, one at a time and in batches; the rest elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import Message

from rashpath.audit.content import Question
from rashpath.service import batch_evaluate
from rashpath.service.application import Application
from rashpath.service.audit_calls import audit_calls
from rashpath.service.auditing import Auditing
from rashpath.service.call import Call, Work, in_thread
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import Decision, refuse_request_id
from rashpath.service.gate import Gate
from rashpath.service.guideline_calls import guideline_calls
from rashpath.service.heap import Heap
from rashpath.service.identity import roles as policy
from rashpath.service.identity.door import Door
from rashpath.service.methods import AUDIT_SERVICE, DECISION_SERVICE, GUIDELINE_SERVICE
from rashpath.service.observer import Observer
from rashpath.service.pace import Pace
from rashpath.service.quick_batch import QuickBatch
from rashpath.service.recall import own_only
from rashpath.service.recorded_batch import RecordedBatches
from rashpath.service.recorder import Recorder
from rashpath.service.refusals import Refusals
from rashpath.service.request import parse
from rashpath.service.settings import Settings
from rashpath.service.together import Awaited, Together
from rashpath.service.wire import BATCH, Wire
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
    ExplainPathResponse,
)

_TURN_S = 0.001
"""Seconds that a batch works in one turn; then others get theirs."""


class Calls:
    """The handlers of the service's methods.

    Args:
        application: answers.
        gate: who may work, and when.
        settings: limits of size and time.
        observer: sees every call.
        recorder: records every decision before it is answered; None: audit is off.
        door: knows who calls and what they may do; None: everybody may do everything.
        refusals: counts what is refused.
    """

    def __init__(
        self,
        application: Application,
        gate: Gate,
        settings: Settings,
        observer: Observer,
        recorder: Recorder | None = None,
        door: Door | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        self.application = application
        """May be replaced; a call keeps to the one that it began with."""
        self._door = door
        self._refusals = refusals or Refusals()
        self._pace = Pace()
        self._heap = Heap()
        self._recorder = recorder
        self._together = None if recorder is None else Together(recorder, gate.worked)
        self._recorded_batches = (
            None
            if recorder is None
            else RecordedBatches(recorder, gate, self._pace, observer, self._refusals)
        )
        # Whoever waits longer than its deadline leaves its work behind: one thread, so that what
        # is left behind never adds up.
        self._thinkers = ThreadPoolExecutor(1, thread_name_prefix="think")
        self._gate = gate
        self._settings = settings
        self._observer = observer
        self._desk = None if recorder is None else Auditing.of_ledger(recorder.ledger)

    def handlers(self) -> tuple[Any, ...]:
        """Returns the generic handlers to register with a `grpc.aio` server."""
        works: dict[str, dict[str, Work]] = {
            DECISION_SERVICE: {
                "Evaluate": self._evaluate,
                "ExplainPath": self._explain,
                BATCH: self._batch,
            },
            GUIDELINE_SERVICE: dict(
                guideline_calls(lambda: self.application, self._gate, self._desk, self._thinkers)
            ),
            AUDIT_SERVICE: dict(audit_calls(self._desk)),
        }
        wire = Wire(
            self._gate,
            self._settings,
            self._observer,
            self._door,
            self._refusals,
            lambda error: self.application.fault(error),
        )
        return tuple(
            grpc.method_handlers_generic_handler(
                service, {name: wire.handler(service, name, work) for name, work in each.items()}
            )
            for service, each in works.items()
        )

    def _evaluate(self, call: Call) -> Awaitable[bytes]:
        if self._recorder is None or self._together is None:
            return self._gate.work(call.deadline, partial(self._answer, call))
        return self._evaluate_recorded(call, self._recorder, self._together)

    def _answer(self, call: Call) -> bytes:
        """Does all that a call needs of which no record is kept, in one turn."""
        with call.trace.step("decide"):
            answer = self._unrecorded(call).answer
        self._observer.ended(call, "OK", response_bytes=len(answer))
        return answer

    async def _evaluate_recorded(self, call: Call, recorder: Recorder, together: Together) -> bytes:
        request = parse(EvaluateRequest, call.data)
        if request.request_id:
            answered = await in_thread(call, recorder.answered, call.caller, request)
            if answered is not None:
                call.told |= {"repeated": True}
                return answered

        def decide() -> Awaited:
            return together.take(call.caller, Question.of(request), self._decide(call, request))

        recorder.ledger.expect()
        try:
            with call.trace.step("decide"):
                awaited = await self._gate.work(call.deadline, decide)
        finally:
            recorder.ledger.arrived()
        with call.trace.step("record"):
            return await together.settle(awaited, call.deadline)

    def _unrecorded(self, call: Call) -> Decision:
        decision = self.application.quick.decide(call.data)
        if decision is None:
            request = parse(EvaluateRequest, call.data)
            refuse_request_id(request)
            decision = self.application.decide(request)
        return self._decided(call, decision)

    def _decide(self, call: Call, request: EvaluateRequest) -> Decision:
        return self._decided(call, self.application.decide(request, call.data))

    def _decided(self, call: Call, decision: Decision) -> Decision:
        self._observer.decided(decision.walk)
        call.told["decision_id"] = decision.id
        call.told["guideline"] = decision.walk.graph.name
        return decision

    async def _explain(self, call: Call) -> bytes:
        request = parse(ExplainPathRequest, call.data)
        policy.require_for_explanation(call.roles, request)
        subject = None
        if request.decision_id:
            recall = self.application.recall
            if not policy.may_read_all_decisions(call.roles):
                recall = own_only(recall, call.caller)
            subject = await in_thread(call, self.application.subject, request, recall)
        async with self._gate.turn(call.deadline):
            if subject is None:
                subject = self.application.subject(request)
            if not request.what_would_change:
                response = self.application.explain(subject, request)
                call.told |= _about(response)
                return response.SerializeToString(deterministic=True)
        explain = self.application.explain
        response = await in_thread(call, explain, subject, request, threads=self._thinkers)
        call.told |= _about(response)
        return response.SerializeToString(deterministic=True)

    async def _batch(self, call: Call) -> bytes:
        # A reload may come between two turns: the whole batch is decided by the same guidelines.
        application = self.application
        quick = None if self._recorder is not None else QuickBatch.of(application, call.data)
        if quick is None:
            request = await self._read_batch(call, application)
            cases = len(request.requests)
        else:
            cases = quick.cases
        if self._door is not None:
            self._door.owe(call, cases - 1)
        left_s = call.deadline - asyncio.get_running_loop().time()
        self._pace.require(cases, left_s)
        call.told |= {"cases": cases, "refused_cases": 0}
        if quick is not None:
            response = await quick.answer(self._gate, call.deadline, self._pace)
            if response is not None:
                quick.count(self._observer)
                self._heap.built(len(response))
                return response
            request = await self._read_batch(call, application)
        if self._recorded_batches is not None:
            response = await self._recorded_batches.answer(call, application, request.requests)
        else:
            response = await self._decide_cases(call, application, request.requests)
        self._heap.built(len(response))
        return response

    async def _read_batch(self, call: Call, application: Application) -> BatchEvaluateRequest:
        async with self._gate.turn(call.deadline):
            request = parse(BatchEvaluateRequest, call.data)
            application.check_batch(request)
            return request

    async def _decide_cases(
        self, call: Call, application: Application, requests: Sequence[EvaluateRequest]
    ) -> bytes:
        """Decides the cases of a batch of which nothing is recorded, and returns the response."""
        made: list[bytes | Refusal] = []
        while len(made) < len(requests):
            # A cancelled call ends at the next turn: nobody waits for the rest.
            work = partial(self._some_cases, application, requests, made)
            await self._gate.work(call.deadline, work)
        pieces: list[bytes | memoryview] = []
        for index, each in enumerate(made):
            if isinstance(each, Refusal):
                call.told["refused_cases"] += 1
                self._refusals.count(call.method, each)
                pieces += batch_evaluate.refused(index, each)
            else:
                pieces += batch_evaluate.answered(index, each)
        return b"".join(pieces)

    def _some_cases(
        self,
        application: Application,
        requests: Sequence[EvaluateRequest],
        made: list[bytes | Refusal],
    ) -> None:
        """Decides cases of a batch for as long as one turn may take."""
        before = len(made)
        started = now = time.perf_counter()
        while len(made) < len(requests) and now <= started + _TURN_S:
            made.append(self._case(application, requests[len(made)]))
            now = time.perf_counter()
        self._pace.measure(len(made) - before, now - started)

    def _case(self, application: Application, request: EvaluateRequest) -> bytes | Refusal:
        """Decides one case of a batch of which nothing is recorded."""
        try:
            refuse_request_id(request)
            # To write it again and to decide it from its bytes takes less than to read the message.
            decision = application.decide(request, request.SerializeToString())
            self._observer.decided(decision.walk)
            return decision.answer
        except Exception as error:
            return batch_evaluate.refusal_of_case(error, application.fault)


def _about(response: Message) -> dict[str, Any]:
    if isinstance(response, ExplainPathResponse):
        response = response.decision
    if isinstance(response, EvaluateResponse):
        guideline = response.guideline
        return {
            "decision_id": response.decision_id,
            "guideline": f"{guideline.id}@{guideline.version}",
        }
    return {}
