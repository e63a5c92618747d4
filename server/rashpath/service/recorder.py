"""Records decisions before they are answered, and answers what was answered before."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version

from rashpath.audit import Decided, Ledger, Outcome, Recorded, Refused, Repeated, assemble
from rashpath.audit.errors import StoreError
from rashpath.audit.sortable_id import now_us
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import Decision, check_request
from rashpath.service.store_errors import refusal_of
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.errors_pb2 import ErrorReason


@dataclass(frozen=True, slots=True)
class Pending:
    """A decision whose answer must not leave before its record is committed."""

    answer: bytes
    written: Future[tuple[Outcome, ...]]


class Recorder:
    """Records in a ledger what the service decides.

    Args:
        ledger: open for writing.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._engine_version = version("rashpath")

    def answered(self, caller: str, request: EvaluateRequest) -> bytes | None:
        """Returns the answer that was given to this request before, or None; reads the store.

        Raises:
            Refusal: its id was used for another case or pin, its content was erased, or the store
                cannot be read.
        """
        check_request(request)
        try:
            return self.ledger.reader.answered(caller, request)
        except StoreError as error:
            raise refusal_of(error) from None

    def submit(self, caller: str, request: EvaluateRequest, decision: Decision) -> Pending:
        """Hands a decision to the ledger.

        Raises:
            Refusal: the ledger takes no more now (AUDIT_QUEUE_FULL, AUDIT_UNAVAILABLE).
        """
        decided = Decided(
            request=request,
            caller=caller,
            walk=decision.walk,
            answer=decision.answer,
            decision_id=decision.id,
            engine_version=self._engine_version,
        )
        try:
            entry = assemble(decided, self.ledger.reader.seal, now_us())
            return Pending(decision.answer, self.ledger.submit([entry]))
        except StoreError as error:
            raise refusal_of(error) from None

    async def settle(self, pending: Pending, deadline: float) -> bytes:
        """Waits until a record is committed and returns the answer that may leave.

        Args:
            pending: what :meth:`submit` returned.
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: it could not be recorded, its request id is another's, or the deadline passed.
        """
        try:
            async with asyncio.timeout_at(deadline):
                (outcome,) = await asyncio.wrap_future(pending.written)
        except TimeoutError:
            raise Refusal(
                ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
                "the deadline passed before the decision was recorded; it was not answered",
            ) from None
        except StoreError as error:
            raise refusal_of(error) from None
        match outcome:
            case Recorded():
                return pending.answer
            case Repeated():
                return outcome.answer
            case Refused():
                raise refusal_of(outcome.error)
