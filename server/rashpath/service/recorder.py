"""Records decisions before they are answered, and answers what was answered before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from importlib.metadata import version
from itertools import groupby
from typing import TypeVar, assert_never

from rashpath.audit import Decided, Ledger, Outcome, Recorded, Refused, Repeated
from rashpath.audit.content import Question
from rashpath.audit.errors import StoreError
from rashpath.audit.packing import Dictionary
from rashpath.audit.record import Entry, assemble_all
from rashpath.audit.sortable_id import now_us
from rashpath.readings.walk import Walked
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import check_request
from rashpath.service.store_errors import refusal_of
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.errors_pb2 import ErrorReason

A = TypeVar("A")

_WRITTEN_TOGETHER = 128
"""Records of a batch that are handed to the ledger together: a commit costs as much as the writing
of some twenty."""


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

    def decided(
        self, caller: str, question: Question, id: str, walk: Walked, answer: bytes | memoryview
    ) -> Decided:
        """Returns a decision as it is to be recorded."""
        return Decided(question, caller, walk, answer, id, self._engine_version)

    def entries(self, decided: Sequence[Decided]) -> list[Entry | Exception]:
        """Returns the records of decisions, in order; where one cannot be made, why."""
        try:
            return [*self._entries(decided)]
        except Exception as error:
            if len(decided) == 1:
                return [error]
            # One must not fail the others.
            return [made for each in decided for made in self.entries([each])]

    def _entries(self, decided: Sequence[Decided]) -> Iterator[Entry]:
        seal, now = self.ledger.reader.seal, now_us()
        for digest, some in groupby(decided, key=lambda each: each.walk.graph.digest):
            yield from assemble_all(list(some), seal, now, self.dictionaries.get(digest))

    def hand_over(self, entries: Sequence[Entry]) -> Future[tuple[Outcome, ...]]:
        """Hands records to the ledger, which writes them in one commit.

        Args:
            entries: at most `most_together`.

        Returns:
            What becomes of each; cancelled before their turn, none is written.

        Raises:
            Refusal: the ledger takes no more now (AUDIT_QUEUE_FULL, AUDIT_UNAVAILABLE).
        """
        try:
            return self.ledger.submit(entries)
        except StoreError as error:
            raise refusal_of(error) from None

    async def outcomes(
        self, written: Future[tuple[Outcome, ...]], deadline: float
    ) -> tuple[Outcome, ...]:
        """Waits until records are committed, and returns what became of each.

        Args:
            written: what :meth:`hand_over` returned.
            deadline: time of the event loop's clock, in seconds.

        Raises:
            Refusal: they could not be recorded, or the deadline passed.
        """
        try:
            if written.done():
                return written.result()
            async with asyncio.timeout_at(deadline):
                return await asyncio.wrap_future(written)
        except TimeoutError:
            raise too_late() from None
        except StoreError as error:
            raise refusal_of(error) from None


def settled(outcome: Outcome, answer: A) -> A | bytes | Refusal:
    """Returns what may leave once it is known what became of a record.

    Args:
        outcome: what became of it.
        answer: what was decided.

    Returns:
        The answer; or the one that was given before; or why none is given.
    """
    match outcome:
        case Recorded():
            return answer
        case Repeated():
            return outcome.answer
        case Refused():
            return refusal_of(outcome.error)
        case _:
            assert_never(outcome)


def too_late() -> Refusal:
    """Returns the refusal of a call whose deadline passes before its record is committed."""
    return Refusal(
        ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
        "the deadline passed before the decision was recorded; it was not answered",
    )
