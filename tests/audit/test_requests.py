"""Checks that a request with an id is decided once, whoever repeats it and however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from rashpath.audit import Recorded, Refused, Repeated, assemble, open_ledger
from rashpath.audit.erase import submit_erasure
from rashpath.audit.errors import DecisionErasedError, RequestIdReusedError
from rashpath.audit.tables import RECORDS
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, GuidelineSelector
from rashpath.v1.facts_pb2 import TREND_SPREADING, PatientCase
from tests.audit.decisions import ENGINE, decided, some_cases

WAIT_S = 20


@pytest.fixture
def record(ledger, graph):
    """Records a request and returns what became of it."""

    def submit(request, caller="ward 3"):
        made = assemble(decided(graph, request, caller), ledger.reader.seal, 5)
        (outcome,) = ledger.submit([made]).result(WAIT_S)
        return outcome

    return submit


def count(ledger):
    """Returns the number of records."""
    with ledger.store.read() as connection:
        return connection.execute(select(func.count()).select_from(RECORDS)).scalar_one()


def request(case=3, **fields):
    """Returns a request with an id."""
    return EvaluateRequest(**({"patient_case": some_cases()[case], "request_id": "r-1"} | fields))


def test_repeated_request_gets_the_stored_answer(ledger, record):
    """The same request again gets the very bytes of the first answer and leaves no new record."""
    first = record(request())
    again = record(request())
    stored = ledger.reader.stored(first.decision_id).content(ledger.reader.seal)
    assert again == Repeated(first.decision_id, stored.answer)
    assert ledger.reader.answered("ward 3", request()) == stored.answer
    assert count(ledger) == 1


def test_view_does_not_make_another_request(record):
    """What is repeated is the question; the answer comes as it was sent."""
    first = record(request())
    assert record(request(view=View.VIEW_FULL)).decision_id == first.decision_id


def test_unspecified_fact_is_the_same_as_none(record):
    """A case that spells out what it does not know is the same case."""
    case, same = PatientCase(), PatientCase()
    case.rash.trend = same.rash.trend = TREND_SPREADING
    same.patient.SetInParent()
    record(request(patient_case=case))
    again = record(request(patient_case=same))
    assert isinstance(again, Repeated)


@pytest.mark.parametrize(
    "other",
    [{"case": 4}, {"guideline": GuidelineSelector(version="1.0.0")}],
    ids=["another case", "another pin"],
)
def test_request_id_of_another_question_is_refused(ledger, record, other):
    """An id that was used for something else gets neither answer."""
    first = record(request())
    refused = record(request(**other))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, RequestIdReusedError)
    assert refused.error.decision_id == first.decision_id
    with pytest.raises(RequestIdReusedError):
        ledger.reader.answered("ward 3", request(**other))
    assert count(ledger) == 1


def test_callers_do_not_share_request_ids(ledger, record):
    """Two callers may use the same id; neither learns of the other."""
    assert isinstance(record(request(), "ward 3"), Recorded)
    assert isinstance(record(request(4), "ward 4"), Recorded)
    assert ledger.reader.answered("ward 5", request()) is None


def test_request_without_id_is_never_repeated(ledger, record):
    """Without an id each request is a decision of its own."""
    assert isinstance(record(request(request_id="")), Recorded)
    assert isinstance(record(request(request_id="")), Recorded)
    assert ledger.reader.answered("ward 3", request(request_id="")) is None


def test_batch_may_repeat_itself(ledger, graph):
    """The same item twice in one batch is decided once; another case under its id is refused."""
    entries = [
        assemble(decided(graph, each, "ward 3"), ledger.reader.seal, 5)
        for each in (request(), request(), request(4), request(request_id="r-2"))
    ]
    first, second, third, fourth = ledger.submit(entries).result(WAIT_S)
    assert first == Recorded(entries[0].id)
    assert isinstance(second, Repeated)
    assert second.decision_id == entries[0].id
    assert isinstance(third, Refused)
    assert fourth == Recorded(entries[3].id)
    assert count(ledger) == 2


def test_erased_answer_is_not_given_again(ledger, record):
    """A repeated request whose answer was erased is told so."""
    first = record(request())
    submit_erasure(ledger, first.decision_id, "asked for", "", ENGINE).result(WAIT_S)
    refused = record(request())
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, DecisionErasedError)


def test_race_of_two_servers_has_one_winner(place, graph):
    """When the same requests reach two servers at once, each is decided once, and all agree."""
    ledgers = [open_ledger(place.config) for _ in range(2)]
    requests = [request(number % 12, request_id=f"r-{number}") for number in range(40)]

    def serve(ledger, order):
        made = [assemble(decided(graph, r, "ward"), ledger.reader.seal, 5) for r in order]
        futures = [ledger.submit([each]) for each in made]
        return {r.request_id: f.result(WAIT_S)[0] for r, f in zip(order, futures, strict=True)}

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(serve, ledgers, (requests, requests[::-1]))
    for id in one:
        kinds = sorted(type(outcome).__name__ for outcome in (one[id], two[id]))
        assert kinds == ["Recorded", "Repeated"]
        assert one[id].decision_id == two[id].decision_id
    assert count(ledgers[0]) == len(requests)
    for ledger in ledgers:
        ledger.close(WAIT_S)
