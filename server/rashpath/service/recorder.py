"""Records decisions before they are answered, and answers what was answered before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby

from rashpath.audit import Decided, Ledger, Outcome, Recorded, Refused, Repeated
from rashpath.audit.content import Question
from rashpath.audit.errors import StoreError
from rashpath.audit.packing import Dictionary
from rashpath.audit.record import Entry, assemble_all
from rashpath.audit.sortable_id import now_us
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import Decision, check_request
from rashpath.service.store_errors import refusal_of
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.errors_pb2 import ErrorReason

_WRITTEN_TOGETHER = 128
"""Records of a batch that are handed to the ledger together: a commit costs as much as the writing
of some twenty."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A decision with its record, which the ledger has not been given yet."""

    answer: bytes
    entry: Entry


@dataclass(frozen=True, slots=True)
class Pending:
    """A decision whose answer must not leave before its record is committed.

    Args:
        answer: the answer.
        written: what became of the records that were handed over together.
        place: which of them is this one's.
    """

    answer: bytes
    written: Future[tuple[Outcome, ...]]
    place: int


class Recorder:
    """Records in a ledger what the service decides.

    Args:
        ledger: open for writing.
        dictionaries: what contents are packed with, by digest of the guideline; those of another
            guideline are packed without.

    Attributes:
        dictionaries: may be replaced: every record names its own.
        most_together: most decisions that are handed over together, 1 or more; never more than may
            wait or than one commit may have, since the ledger does not divide them.
    """

    def __init__(self, ledger: Ledger, dictionaries: Mapping[str, Dictionary]) -> None:
        self.ledger = ledger
        self.dictionaries = dictionaries
        self._engine_version = version("rashpath")
        self.most_together = min(_WRITTEN_TOGETHER, ledger.queue_limit, ledger.batch_limit)

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

    def decided(self, caller: str, question: Question, decision: Decision) -> Decided:
        """Returns a decision as it is to be recorded."""
        return Decided(
            question,
            caller,
            decision.walk,
            decision.answer,
            decision.id,
            self._engine_version,
        )

    def entries(self, decided: Sequence[Decided]) -> list[Entry]:
        """Returns the records of decisions, in order."""
        found: list[Entry] = []
        seal, now = self.ledger.reader.seal, now_us()
        for digest, some in groupby(decided, key=lambda each: each.walk.graph.digest):
            found += assemble_all(list(some), seal, now, self.dictionaries.get(digest))
        return found

    def record(self, caller: str, request: EvaluateRequest, decision: Decision) -> Unwritten:
        """Returns a decision with its record."""
        (entry,) = self.entries([self.decided(caller, Question.of(request), decision)])
        return Unwritten(decision.answer, entry)

    def submit(self, unwritten: Sequence[Unwritten]) -> list[Pending]:
        """Hands decisions to the ledger, which writes them in one commit.

        Args:
            unwritten: at most `most_together`.

        Raises:
            Refusal: the ledger takes no more now (AUDIT_QUEUE_FULL, AUDIT_UNAVAILABLE).
        """
        try:
            written = self.ledger.submit([each.entry for each in unwritten])
        except StoreError as error:
            raise refusal_of(error) from None
        return [Pending(each.answer, written, place) for place, each in enumerate(unwritten)]

    async def settle(self, pending: Pending, deadline: float) -> bytes:
        """Waits until a record is committed and returns the answer that may leave.

        Args:
            pending: what :meth:`submit` returned.
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: it could not be recorded, its request id is another's, or the deadline passed.
        """
        try:
            if pending.written.done():
                outcomes = pending.written.result()
            else:
                async with asyncio.timeout_at(deadline):
                    outcomes = await asyncio.wrap_future(pending.written)
        except TimeoutError:
            raise too_late() from None
        except StoreError as error:
            raise refusal_of(error) from None
        match outcomes[pending.place]:
            case Recorded():
                return pending.answer
            case Repeated() as repeated:
                return repeated.answer
            case Refused() as refused:
                raise refusal_of(refused.error)


def too_late() -> Refusal:
    """Returns the refusal of a call whose deadline passes before its record is committed."""
    return Refusal(
        ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
        "the deadline passed before the decision was recorded; it was not answered",
    )
