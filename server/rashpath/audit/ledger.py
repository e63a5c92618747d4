"""The ledger of one process: callers wait until their records are committed, many at a time.

One thread writes. While a commit is on its way, records gather for the next one, which waits a
moment for those that are announced and for as many callers as shared the last; so the more callers
there are, the more records share a commit. Each process writes a chain of its own, so that several
write to one store without waiting for each other's hashes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import select

from rashpath.audit.chain import Position
from rashpath.audit.commit import Written, write
from rashpath.audit.errors import (
    CommitUncertainError,
    QueueFullError,
    StoreError,
    StoreUnavailableError,
)
from rashpath.audit.handed import Handed, Tell, Waiting, tell_all
from rashpath.audit.outcome import Attempt, Outcome, Recorded
from rashpath.audit.reading import Reader
from rashpath.audit.record import Entry
from rashpath.audit.repeated import outcome_of_repeated
from rashpath.audit.signing import SigningKey
from rashpath.audit.sortable_id import now_us, sortable_id
from rashpath.audit.store import Store, may_retry
from rashpath.audit.tables import HEADS
from rashpath.v1.audit_pb2 import SignedHead

_TRIES = 3
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_GATHER_S = 0.005
"""Longest wait of a commit for as many callers as shared the one before: a commit costs as much as
the writing of some twenty records."""

_GATHER_COMING_S = 0.02
"""Longest wait for records that are on their way: it must not add up to much for the callers of
those that wait already."""

_PROBE_S = 1.0
"""Seconds after which a store that failed is tried again, though nobody asks."""

_IDLE_S = 2.0
"""Seconds without a record after which the store is tried too: it may be gone, and whoever only
reads it for a repeated request never comes to write."""

HANGS_S = 5.0
"""Seconds after which a store that says nothing counts as one that fails."""


class Ledger:
    """Records decisions durably.

    Args:
        store: where to.
        reader: reads the same store.
        key: signs.
        queue_limit: most records that wait, 1 or more.
        batch_limit: most records of one commit, 1 or more; one submission is never divided.
        on_commit: called in the writing thread after each commit with the number of records; what
            it raises is dropped.
        on_attempt: called in the writing thread after each try to commit; must not raise.
        hangs_s: seconds after which a store that says nothing counts as one that fails.
    """

    def __init__(
        self,
        store: Store,
        reader: Reader,
        key: SigningKey,
        *,
        queue_limit: int = 4096,
        batch_limit: int = 512,
        on_commit: Callable[[int], None] = lambda _: None,
        on_attempt: Callable[[Attempt], None] = lambda _: None,
        hangs_s: float = HANGS_S,
    ) -> None:
        self.store = store
        self.reader = reader
        self.key = key
        self._queue_limit = queue_limit
        self._batch_limit = batch_limit
        self._on_commit = on_commit
        self._on_attempt = on_attempt
        self._hangs_s = hangs_s
        self._queue: deque[Waiting] = deque()
        self._queued = 0
        self._changed = threading.Condition()
        self._closing = False
        self._healthy = True
        self._asked_s: float | None = None
        self._pause_s = 0.0
        self._not_before = 0.0
        self._seconds_per_record = 0.0
        self._crowd = 0
        self._coming = 0
        self._enough = threading.Event()
        self._kept: frozenset[str] = frozenset()
        self._position = _new_chain()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    @property
    def healthy(self) -> bool:
        """False while the store cannot be written, or does not say whether it can."""
        return self._healthy and not self._hangs()

    @property
    def waiting(self) -> int:
        """Records that wait to be written."""
        return self._queued

    @property
    def queue_limit(self) -> int:
        """Most records that may wait."""
        return self._queue_limit

    @property
    def batch_limit(self) -> int:
        """Most records of one commit."""
        return self._batch_limit

    def submit(self, entries: Sequence[Entry]) -> Future[tuple[Outcome, ...]]:
        """Takes records to be written together, in one commit.

        Await it with `asyncio.wrap_future`. Where a caller gives up before its turn, by cancelling
        the future, nothing is written for it.

        Args:
            entries: one or more.

        Returns:
            What became of each, in order, once it is committed; or :class:`StoreUnavailableError`.

        Raises:
            QueueFullError: too many records wait; nothing was taken.
            StoreUnavailableError: the store failed a moment ago, or the ledger is closed.
        """
        future: Future[tuple[Outcome, ...]] = Future()
        with self._changed:
            self._take(Waiting(tuple(entries), future))
            self._taken()
        return future

    def submit_each(
        self, entries: Iterable[tuple[Entry, Any]], tell: Tell
    ) -> list[Handed | StoreError]:
        """Takes records of several callers, each by itself, as :meth:`submit` does.

        Args:
            entries: the records, each with its owner.
            tell: called in the writing thread, with all of them that share a commit, once it is
                known what became of them; must not raise.

        Returns:
            Of each what it waits as, or why it was not taken; see :meth:`submit`.
        """
        found: list[Handed | StoreError] = []
        with self._changed:
            for entry, owner in entries:
                handed = Handed(owner, tell)
                try:
                    self._take(Waiting((entry,), handed))
                    found.append(handed)
                except StoreError as error:
                    found.append(error)
            self._taken()
        return found

    def _take(self, waiting: Waiting) -> None:
        """Takes records in, if they may be; who calls this holds the lock."""
        if self._closing:
            raise StoreUnavailableError("the ledger is closed")
        pause = self._not_before - time.monotonic()
        if pause > 0:
            raise StoreUnavailableError("the ledger cannot be written", pause)
        if self._hangs():
            raise StoreUnavailableError("the ledger does not answer", _PROBE_S)
        count = len(waiting.entries)
        if self._queued and self._queued + count > self._queue_limit:
            wait = max(0.01, self._queued * self._seconds_per_record)
            raise QueueFullError(self._queued, min(wait, _LONGEST_PAUSE_S))
        self._queue.append(waiting)
        self._queued += count

    def _taken(self) -> None:
        """Has the writing thread see what was taken in; who calls this holds the lock."""
        if self._queue:
            self._changed.notify()
            if not self._more_s(0.0):
                self._enough.set()

    def expect(self) -> None:
        """Says that a record is on its way: a commit waits a moment for it."""
        with self._changed:
            self._coming += 1

    def arrived(self) -> None:
        """Says that an expected record was submitted, or will not be."""
        with self._changed:
            self._coming -= 1
            if not self._coming:
                self._enough.set()

    def close(self, timeout_s: float | None = None) -> bool:
        """Takes nothing more, writes what waits, and closes the store.

        Args:
            timeout_s: seconds to wait for that; None: as long as it takes.

        Returns:
            True if everything was written or refused in time.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
            self._enough.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self.store.close()
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    if not self._changed.wait(_IDLE_S if self._healthy else _PROBE_S):
                        break
                if not self._queue and self._closing:
                    return
            self._gather()
            with self._changed:
                group = self._next_group()
            self._crowd = len(group)
            self._asked_s = time.monotonic()
            if group:
                self._write_group(group)
            else:
                self._probe()
            self._asked_s = None

    def _gather(self) -> None:
        """Waits a moment for the records that are on their way, and for as many callers as shared
        the last commit, if several did, unless what waits fills a commit already.
        """
        began = time.monotonic()
        while True:
            with self._changed:
                more_s = self._more_s(time.monotonic() - began)
                if not more_s:
                    return
                self._enough.clear()
            self._enough.wait(more_s)

    def _more_s(self, waited_s: float) -> float:
        """Returns how many seconds a commit that has waited so long should wait yet at most."""
        if self._closing or self._queued >= self._batch_limit:
            return 0.0
        if self._coming:
            return max(0.0, _GATHER_COMING_S - waited_s)
        if self._crowd > 1 and len(self._queue) < self._crowd:
            return max(0.0, _GATHER_S - waited_s)
        return 0.0

    def _next_group(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._queue and (
            not group or size + len(self._queue[0].entries) <= self._batch_limit
        ):
            waiting = self._queue.popleft()
            self._queued -= len(waiting.entries)
            # Whoever has given up is not recorded: nothing was answered.
            if waiting.future.set_running_or_notify_cancel():
                group.append(waiting)
                size += len(waiting.entries)
        return group

    def _write_group(self, group: list[Waiting]) -> None:
        started = time.monotonic()
        entries = [entry for waiting in group for entry in waiting.entries]
        try:
            repeated = self._commit(entries)
        except StoreUnavailableError as error:
            self._failed(error)
            self._on_attempt(Attempt(0, time.monotonic() - started, committed=False))
            for waiting in group:
                waiting.future.set_exception(StoreUnavailableError(str(error), self._pause_s))
            tell_all(group)
            return
        except Exception as error:
            # A fault of ours: the callers must learn of it, and the next group gets its turn.
            self._on_attempt(Attempt(0, time.monotonic() - started, committed=False))
            for waiting in group:
                waiting.future.set_exception(error)
            tell_all(group)
            return
        self._succeeded()
        seconds = time.monotonic() - started
        self._seconds_per_record = seconds / len(entries)
        self._on_attempt(Attempt(len(entries) - len(repeated), seconds, committed=True))
        # INVARIANT: nobody is told before the commit has returned.
        for waiting in group:
            waiting.future.set_result(
                tuple(
                    [
                        outcome_of_repeated(self.reader, entry, repeated[entry.id])
                        if entry.id in repeated
                        else Recorded(entry.id)
                        for entry in waiting.entries
                    ]
                )
            )
        tell_all(group)
        try:
            self._on_commit(len(entries) - len(repeated))
        except Exception:
            return

    def _commit(self, entries: Sequence[Entry]) -> dict[str, str]:
        for attempt in range(1, _TRIES + 1):
            written: Written | None = None
            try:
                with self.store.write() as connection:
                    written = write(
                        connection, self.store, entries, self._position, self.key, self._kept
                    )
            except CommitUncertainError:
                # INVARIANT: a chain whose end is not known is never written to again.
                before, self._position = self._position, _new_chain()
                if written is None or not self._stands(before, written.position):
                    raise
                return written.repeated
            except StoreUnavailableError as error:
                if attempt < _TRIES and may_retry(error):
                    continue
                raise
            self._position = written.position
            self._kept |= written.kept
            return written.repeated
        raise AssertionError("the last try returns or raises")

    def _stands(self, before: Position, after: Position) -> bool:
        """Tells whether a commit that failed to answer was carried out all the same."""
        if after == before:
            return False
        try:
            with self.store.read() as connection:
                body = connection.execute(
                    select(HEADS.c.body).where(
                        HEADS.c.chain == after.chain, HEADS.c.length == after.count
                    )
                ).scalar()
        except StoreUnavailableError:
            return False
        return body is not None and SignedHead.FromString(body).hash == after.hash

    def _probe(self) -> None:
        try:
            if not self._healthy:
                self.store.require_room()
            with self.store.write():
                pass
        except StoreUnavailableError as error:
            self._failed(error)
        else:
            self._succeeded()

    def _hangs(self) -> bool:
        asked_s = self._asked_s
        return asked_s is not None and time.monotonic() - asked_s > self._hangs_s

    def _failed(self, error: StoreUnavailableError) -> None:
        with self._changed:
            self._healthy = False
            self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
            self._not_before = time.monotonic() + self._pause_s

    def _succeeded(self) -> None:
        with self._changed:
            self._healthy = True
            self._pause_s = self._not_before = 0.0


def _new_chain() -> Position:
    return Position(sortable_id(now_us()))
