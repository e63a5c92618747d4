"""Reads what was recorded: one decision, pages of them, and the answer to a repeated request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, tuple_

from rashpath.audit.chain import record_hash
from rashpath.audit.content import same_question
from rashpath.audit.envelope import FORMAT, Envelope, Seal
from rashpath.audit.errors import (
    DecisionErasedError,
    DecisionNotFoundError,
    LedgerDamagedError,
    RequestIdReusedError,
    StoreError,
)
from rashpath.audit.kept_dictionary import KeptDictionaries
from rashpath.audit.packing import Dictionary
from rashpath.audit.record import ANONYMOUS
from rashpath.audit.store import Store
from rashpath.audit.tables import DATA_KEYS, ENVELOPES, RECORDS, REQUESTS
from rashpath.v1 import audit_pb2
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse

DEFAULT_PAGE = 50
LARGEST_PAGE = 1000
_AT_ONCE = 500
_SEALED = (ENVELOPES.c.nonce, ENVELOPES.c.tags, ENVELOPES.c.ciphertext)
_SCANNED = 5000
"""Most decisions that one page looks through for a recommendation."""


class PageTokenError(StoreError):
    """A page token that no page has given out."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record with its content as they are stored.

    Args:
        body: bytes of the `AuditRecord`.
        envelope: the sealed content.
        keys: its data key as wrapped, by wrapping key; empty where it was erased.
        dictionary: what the content is packed with; None: nothing, or it is not kept as it was.
    """

    body: bytes
    envelope: Envelope
    keys: Mapping[str, bytes] = field(repr=False)
    dictionary: Dictionary | None

    @property
    def record(self) -> audit_pb2.AuditRecord:
        """The record."""
        return audit_pb2.AuditRecord.FromString(self.body)

    @property
    def erased(self) -> bool:
        """True where the content cannot be opened any more."""
        return not self.keys

    def content(self, seal: Seal) -> audit_pb2.AuditEnvelope:
        """Returns the content, checked against the record.

        Raises:
            DecisionErasedError: it was erased.
            KeyUnknownError: the keyring does not hold its key.
            LedgerDamagedError: it is not what was recorded.
        """
        record = self.record
        if self.erased:
            raise DecisionErasedError(record.id)
        damaged = LedgerDamagedError(f"the content of `{record.id}` is not what was recorded")
        if self.envelope.digest != record.ciphertext_digest:
            raise damaged
        if record.dictionary_digest and self.dictionary is None:
            raise LedgerDamagedError(
                f"what the content of `{record.id}` is packed with is not kept as it was"
            )
        opened = seal.open(record.id, self.keys, self.envelope, self.dictionary)
        if opened.commitment != record.envelope_commitment:
            raise damaged
        return audit_pb2.AuditEnvelope.FromString(opened.content)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which decisions are listed.

    Args:
        since_us: recorded at or after, microseconds since 1970, UTC; None: any.
        until_us: recorded before; None: any.
        guideline_id: by this guideline; empty: any.
        recommendation: in which this recommendation applied; empty: any.
    """

    since_us: int | None = None
    until_us: int | None = None
    guideline_id: str = ""
    recommendation: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of decisions, the newest first, and where the next one starts (empty: nowhere)."""

    decisions: tuple[audit_pb2.RecordedDecision, ...]
    next_token: str


class Reader:
    """Reads a store.

    Args:
        store: the store.
        seal: opens contents.
    """

    def __init__(self, store: Store, seal: Seal) -> None:
        self.store = store
        self.seal = seal
        self._dictionaries = KeptDictionaries()

    def stored(self, decision_id: str) -> Stored:
        """Returns a decision as it is stored.

        Raises:
            DecisionNotFoundError: it is not in the ledger.
            StoreUnavailableError: the store cannot be read.
        """
        with self.store.read() as connection:
            return self._stored(connection, decision_id)

    def decision(self, decision_id: str) -> audit_pb2.RecordedDecision:
        """Returns a decision with its content, where it was not erased.

        Raises:
            DecisionNotFoundError: it is not in the ledger.
            KeyUnknownError: the keyring does not hold its key.
            LedgerDamagedError: its content is not what was recorded.
            StoreUnavailableError: the store cannot be read.
        """
        stored = self.stored(decision_id)
        shown = _shown(stored.body, erased=stored.erased)
        if not stored.erased:
            content = stored.content(self.seal)
            shown.patient_case.CopyFrom(content.patient_case)
            shown.response.CopyFrom(EvaluateResponse.FromString(content.answer))
            shown.request.CopyFrom(content.request)
            shown.walk.extend(content.walk)
        return shown

    def answered(self, caller: str, request: EvaluateRequest) -> bytes | None:
        """Returns the recorded answer to a request that was made before; None if it was not.

        Args:
            caller: who asks; empty: `anonymous`.
            request: with its request id and its case.

        Raises:
            RequestIdReusedError: its id was used with another case or pin.
            DecisionErasedError: the content of that decision was erased.
            StoreError: the store cannot be read, or the content not opened.
        """
        caller = caller or ANONYMOUS
        hashed = self.seal.request_hash(caller, request.request_id)
        if not hashed:
            return None
        with self.store.read() as connection:
            decision_id = connection.execute(
                select(REQUESTS.c.decision_id).where(
                    REQUESTS.c.caller == caller, REQUESTS.c.request_hash == hashed
                )
            ).scalar()
            if decision_id is None:
                return None
            stored = self._stored(connection, decision_id)
        content = stored.content(self.seal)
        if not same_question(request, content):
            raise RequestIdReusedError(decision_id)
        return content.answer

    def page(self, filters: Filters, size: int = DEFAULT_PAGE, token: str = "") -> Page:
        """Returns a page of decisions without their content.

        With a recommendation asked for, a page may be short, even empty, though more follow: it
        looks through a bounded number of decisions. Erased ones are then never found.

        Args:
            filters: which decisions.
            size: most decisions on the page, 1 to 1000.
            token: where it starts, as the page before said; empty: at the newest.

        Raises:
            PageTokenError: no page has given out this token.
            KeyUnknownError: a recommendation is asked for, and the keyring does not hold a key.
            StoreUnavailableError: the store cannot be read.
        """
        found: list[audit_pb2.RecordedDecision] = []
        place: str = ""
        with self.store.read() as connection:
            most = _SCANNED if filters.recommendation else size
            for number, row in enumerate(self._rows(connection, filters, most + 1, token)):
                if len(found) == size or number == most:
                    return Page(tuple(found), place)
                place = f"{row.time_us}.{row.id}"
                keys = _keys(connection, row.id)
                if not filters.recommendation or self._applied(connection, row, keys, filters):
                    found.append(_shown(row.body, erased=not keys))
        return Page(tuple(found), "")

    def all(self, filters: Filters) -> Iterator[audit_pb2.RecordedDecision]:
        """Yields all decisions without their content, the oldest first.

        A decision that is recorded meanwhile may or may not be among them.

        Raises:
            KeyUnknownError: a recommendation is asked for, and the keyring does not hold a key.
            StoreUnavailableError: the store cannot be read.
        """
        token = ""
        while True:
            with self.store.read() as connection:
                rows = list(self._rows(connection, filters, _AT_ONCE, token, oldest_first=True))
                keys = {row.id: _keys(connection, row.id) for row in rows}
                shown = [
                    _shown(row.body, erased=not keys[row.id])
                    for row in rows
                    if not filters.recommendation
                    or self._applied(connection, row, keys[row.id], filters)
                ]
            yield from shown
            if not rows:
                return
            token = f"{rows[-1].time_us}.{rows[-1].id}"

    def _applied(
        self, connection: Connection, row: Any, keys: Mapping[str, bytes], filters: Filters
    ) -> bool:
        if not keys:
            return False
        stored = self._stored_in(connection, row, keys)
        if stored.envelope.format < FORMAT:
            return self.seal.tagged(row.id, keys, row.tags, filters.recommendation)
        return filters.recommendation in stored.content(self.seal).recommendations

    def _rows(
        self,
        connection: Connection,
        filters: Filters,
        most: int,
        token: str,
        *,
        oldest_first: bool = False,
    ) -> Iterator[Any]:
        wanted: list[ColumnElement[bool]] = [RECORDS.c.kind == audit_pb2.RECORD_KIND_DECISION]
        if filters.since_us is not None:
            wanted.append(RECORDS.c.time_us >= filters.since_us)
        if filters.until_us is not None:
            wanted.append(RECORDS.c.time_us < filters.until_us)
        if filters.guideline_id:
            wanted.append(RECORDS.c.guideline_id == filters.guideline_id)
        place = tuple_(RECORDS.c.time_us, RECORDS.c.id)
        if token:
            last = _place(token)
            wanted.append(place > last if oldest_first else place < last)
        # Contents are opened only where one looks for what was recommended.
        sealed = _SEALED if filters.recommendation else ()
        order = [column if oldest_first else column.desc() for column in place.clauses]
        yield from connection.execute(
            select(RECORDS.c.id, RECORDS.c.time_us, RECORDS.c.body, *sealed)
            .join(ENVELOPES, ENVELOPES.c.id == RECORDS.c.id)
            .where(*wanted)
            .order_by(*order)
            .limit(most)
        )

    def _stored(self, connection: Connection, decision_id: str) -> Stored:
        row = connection.execute(
            select(RECORDS.c.body, *_SEALED)
            .join(ENVELOPES, ENVELOPES.c.id == RECORDS.c.id)
            .where(RECORDS.c.id == decision_id, RECORDS.c.kind == audit_pb2.RECORD_KIND_DECISION)
        ).one_or_none()
        if row is None:
            raise DecisionNotFoundError(decision_id)
        return self._stored_in(connection, row, _keys(connection, decision_id))

    def _stored_in(self, connection: Connection, row: Any, keys: Mapping[str, bytes]) -> Stored:
        record = audit_pb2.AuditRecord.FromString(row.body)
        envelope = Envelope(record.content_format, row.nonce, row.tags, row.ciphertext)
        dictionary = self._dictionaries.get(connection, record.dictionary_digest)
        return Stored(row.body, envelope, keys, dictionary)


def _keys(connection: Connection, id: str) -> dict[str, bytes]:
    rows = connection.execute(
        select(DATA_KEYS.c.key_id, DATA_KEYS.c.wrapped_key).where(DATA_KEYS.c.id == id)
    )
    return {row.key_id: row.wrapped_key for row in rows}


def _shown(body: bytes, *, erased: bool) -> audit_pb2.RecordedDecision:
    return audit_pb2.RecordedDecision(
        record=audit_pb2.AuditRecord.FromString(body),
        record_hash=record_hash(body).hex(),
        erased=erased,
    )


def _place(token: str) -> tuple[int, str]:
    time_us, dot, id = token.partition(".")
    if not dot or not time_us.isdecimal() or len(time_us) > 18:
        raise PageTokenError("the page token is not one that a page has given out")
    return int(time_us), id
