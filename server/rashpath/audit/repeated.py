"""Finds out what becomes of a request whose id was used before."""

from __future__ import annotations

from rashpath.audit.content import same_question
from rashpath.audit.errors import RequestIdReusedError, StoreError
from rashpath.audit.outcome import Outcome, Refused, Repeated
from rashpath.audit.reading import Reader
from rashpath.audit.record import Entry


def outcome_of_repeated(reader: Reader, entry: Entry, decision_id: str) -> Outcome:
    """Returns the answer that was given before, if the same was asked.

    Args:
        reader: reads the ledger.
        entry: the record that was not written, of a request with an id.
        decision_id: the decision that the id was used for.
    """
    assert entry.request is not None
    try:
        content = reader.stored(decision_id).content(reader.seal)
    except StoreError as error:
        return Refused(error)
    if not same_question(entry.request, content):
        return Refused(RequestIdReusedError(decision_id))
    return Repeated(decision_id, content.answer)
