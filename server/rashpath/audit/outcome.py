"""What becomes of records that are handed to a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rashpath.audit.errors import DecisionErasedError, RequestIdReusedError, StoreError


class Recorded(NamedTuple):
    """The entry is committed; its answer may leave."""

    decision_id: str


class Repeated(NamedTuple):
    """The request was answered before; this is that answer, in the bytes that were sent."""

    decision_id: str
    answer: bytes


class Refused(NamedTuple):
    """The entry was not recorded: its request id was used for something else, or the content of
    the decision that it was used for is erased or cannot be opened."""

    error: RequestIdReusedError | DecisionErasedError | StoreError


Outcome = Recorded | Repeated | Refused


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to commit a group of records.

    Args:
        records: how many were written; 0 where it failed.
        seconds: how long it took.
        committed: whether it holds.
    """

    records: int
    seconds: float
    committed: bool
