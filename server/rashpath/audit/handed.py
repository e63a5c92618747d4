"""A record that was handed to a ledger by somebody who waits in an event loop.

A future of its own for each would have the loop woken once a record; of these it is woken once a
commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from rashpath.audit.outcome import Outcome
from rashpath.audit.record import Entry


class Handed:
    """A record that was handed over.

    Args:
        owner: who waits for it, for whoever tells them.
        tell: called in the writing thread with all that were handed over with it and share a
            commit, once it is known what became of them; must not raise.

    Attributes:
        given_up: whether nobody waits for it any more; set before its turn, nothing is written.
        outcome: what became of it, once it is told; None: see `error`.
        error: why nothing is known of it, or nothing was written.
    """

    __slots__ = ("error", "given_up", "outcome", "owner", "tell")

    def __init__(self, owner: Any, tell: Tell) -> None:
        self.owner = owner
        self.tell = tell
        self.given_up = False
        self.outcome: Outcome | None = None
        self.error: Exception | None = None

    # What a ledger asks of a `concurrent.futures.Future`, too

    def set_running_or_notify_cancel(self) -> bool:
        """Tells whether it is to be written."""
        return not self.given_up

    def set_result(self, outcomes: tuple[Outcome, ...]) -> None:
        """Takes note of what became of it."""
        (self.outcome,) = outcomes

    def set_exception(self, error: Exception) -> None:
        """Takes note of why it was not written."""
        self.error = error


Tell = Callable[[Sequence[Handed]], None]


class Waiting(NamedTuple):
    """Records that wait for the same commit.

    Args:
        entries: the records.
        future: is told what becomes of them.
    """

    entries: tuple[Entry, ...]
    future: Future[tuple[Outcome, ...]] | Handed


def tell_all(group: Sequence[Waiting]) -> None:
    """Tells those who wait in event loops, each loop once."""
    found: dict[Tell, list[Handed]] = {}
    for waiting in group:
        if isinstance(waiting.future, Handed):
            found.setdefault(waiting.future.tell, []).append(waiting.future)
    for tell, handed in found.items():
        tell(handed)
