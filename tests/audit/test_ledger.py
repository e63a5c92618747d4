"""Checks that what is recorded is recorded before anybody is told, in order, and found again."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from rashpath.audit import Recorded, open_ledger, open_to_read
from rashpath.audit import ledger as ledger_module
from rashpath.audit.errors import (
    DecisionNotFoundError,
    QueueFullError,
    SchemaError,
    StoreUnavailableError,
    StoreUrlError,
)
from rashpath.audit.reading import Filters, PageTokenError
from rashpath.audit.store import open_store
from rashpath.audit.tables import HEADS, RECORDS
from rashpath.audit.verify import verify
from rashpath.v1.audit_pb2 import AuditRecord
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse
from tests.audit.decisions import decided, entry, some_cases

WAIT_S = 20


def rows(ledger, column):
    """Returns a column of a table, in the order of the table's first columns."""
    with ledger.store.read() as connection:
        return list(
            connection.execute(select(column).order_by(*column.table.primary_key)).scalars()
        )


def test_recorded_decision_is_there_once_the_caller_knows(ledger, graph):
    """When the answer may leave, the record and its content are in the store."""
    case = some_cases()[3]
    made = entry(graph, ledger.reader.seal, case, caller="ward 3", request_id="r-1")
    outcome = ledger.submit([made]).result(WAIT_S)
    assert outcome == (Recorded(made.id),)
    shown = ledger.reader.decision(made.id)
    assert shown.record.caller == "ward 3"
    assert shown.record.guideline_digest == graph.digest
    assert shown.record.sequence == 1
    assert shown.patient_case == case
    assert shown.request == EvaluateRequest(request_id="r-1")
    assert shown.response.decision_id == made.id
    assert [node.node for node in shown.walk] == [node.id for node in graph.order]
    assert not shown.erased


def test_stored_answer_is_the_one_that_was_sent(ledger, graph):
    """What is stored are the very bytes that left."""
    request = EvaluateRequest(patient_case=some_cases()[1])
    made = decided(graph, request)
    from rashpath.audit import assemble

    ledger.submit([assemble(made, ledger.reader.seal, 5)]).result(WAIT_S)
    content = ledger.reader.stored(made.decision_id).content(ledger.reader.seal)
    assert content.answer == made.answer
    assert EvaluateResponse.FromString(content.answer).decision_id == made.decision_id


def test_unknown_decision_is_not_found(ledger):
    """An id that no decision has is an error of its own."""
    with pytest.raises(DecisionNotFoundError):
        ledger.reader.decision("0" * 26)


def test_many_callers_share_a_commit(ledger, graph):
    """What gathers during one commit is written with the next, and chained without a gap."""
    entries = [entry(graph, ledger.reader.seal) for _ in range(100)]
    futures = [ledger.submit([each]) for each in entries]
    assert all(isinstance(future.result(WAIT_S)[0], Recorded) for future in futures)
    records = [AuditRecord.FromString(body) for body in rows(ledger, RECORDS.c.body)]
    assert sorted(record.sequence for record in records) == list(range(1, 101))
    assert {record.id for record in records} == {each.id for each in entries}
    assert len(rows(ledger, HEADS.c.body)) < 100


def test_who_shared_a_commit_shares_the_next(ledger, graph, monkeypatch):
    """A commit waits a moment for as many callers as shared the last one, and no longer."""
    monkeypatch.setattr(ledger_module, "_GATHER_S", WAIT_S / 2)
    go = threading.Event()
    commit = ledger._commit
    monkeypatch.setattr(ledger, "_commit", lambda entries: go.wait(WAIT_S) and commit(entries))
    entries = [entry(graph, ledger.reader.seal) for _ in range(7)]
    futures = [ledger.submit([entries[0]])]
    while ledger.waiting:
        pass
    futures += [ledger.submit([each]) for each in entries[1:4]]
    go.set()
    futures[3].result(WAIT_S)
    futures += [ledger.submit([each]) for each in entries[4:6]]
    with pytest.raises(TimeoutError):
        futures[5].result(0.1)
    futures.append(ledger.submit([entries[6]]))
    assert [future.result(WAIT_S / 4)[0] for future in futures] == [
        Recorded(each.id) for each in entries
    ]
    assert rows(ledger, HEADS.c.length) == [1, 4, 7]


def test_closing_does_not_wait_for_a_crowd(ledger, graph, monkeypatch):
    """A server that stops while a commit gathers writes what it has, at once."""
    monkeypatch.setattr(ledger_module, "_GATHER_S", WAIT_S)
    ledger._crowd = 9
    future = ledger.submit([entry(graph, ledger.reader.seal)])
    with pytest.raises(TimeoutError):
        future.result(0.1)
    started = time.monotonic()
    assert ledger.close(WAIT_S)
    assert time.monotonic() - started < WAIT_S / 4
    assert isinstance(future.result(0)[0], Recorded)


def test_a_commit_that_is_full_waits_for_nobody(place, graph, monkeypatch):
    """Where as many records wait as one commit may have, no further caller could share it."""
    monkeypatch.setattr(ledger_module, "_GATHER_S", WAIT_S)
    ledger = open_ledger(replace(place.config, batch_limit=3))
    ledger._crowd = 9
    future = ledger.submit([entry(graph, ledger.reader.seal) for _ in range(3)])
    assert len(future.result(WAIT_S / 4)) == 3
    assert ledger.close(WAIT_S)


def test_commit_waits_for_records_on_their_way(ledger, graph, monkeypatch):
    """Records that were announced share the commit of the first; one that fails holds up none."""
    monkeypatch.setattr(ledger_module, "_GATHER_COMING_S", WAIT_S)
    for _ in range(4):
        ledger.expect()
    futures = []
    for _ in range(3):
        futures.append(ledger.submit([entry(graph, ledger.reader.seal)]))
        ledger.arrived()
        assert not futures[0].done()
    ledger.arrived()
    assert [len(future.result(WAIT_S / 4)) for future in futures] == [1, 1, 1]
    assert rows(ledger, HEADS.c.length) == [3]


def test_commit_does_not_wait_for_long(ledger, graph):
    """A record that was announced and does not come holds up the others for a moment only."""
    ledger.expect()
    (outcome,) = ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    assert isinstance(outcome, Recorded)
    ledger.arrived()


def test_batch_is_one_commit(ledger, graph):
    """The items of a batch are recorded together, in their order."""
    entries = [entry(graph, ledger.reader.seal) for _ in range(7)]
    outcomes = ledger.submit(entries).result(WAIT_S)
    assert outcomes == tuple(Recorded(each.id) for each in entries)
    assert rows(ledger, HEADS.c.length) == [7]


def test_callers_on_an_event_loop_wait_without_blocking_it(ledger, graph):
    """Many requests of one server wait for their commits side by side."""

    async def record_all():
        entries = [entry(graph, ledger.reader.seal) for _ in range(30)]
        return await asyncio.gather(
            *(asyncio.wrap_future(ledger.submit([each])) for each in entries)
        )

    assert all(isinstance(each[0], Recorded) for each in asyncio.run(record_all()))


def test_full_queue_pushes_back(place, graph, monkeypatch):
    """More records than may wait are refused at once, with a time to come back."""
    ledger = open_ledger(replace(place.config, queue_limit=3))
    go = threading.Event()
    monkeypatch.setattr(ledger, "_commit", lambda entries: go.wait(WAIT_S) and {})
    entries = [entry(graph, ledger.reader.seal) for _ in range(5)]
    futures = [ledger.submit([entries[0]])]
    while ledger.waiting:
        pass
    futures += [ledger.submit([each]) for each in entries[1:4]]
    with pytest.raises(QueueFullError) as refused:
        ledger.submit([entries[4]])
    assert refused.value.retry_after_s > 0
    go.set()
    assert [future.result(WAIT_S)[0] for future in futures] == [
        Recorded(each.id) for each in entries[:4]
    ]
    ledger.close(WAIT_S)


def test_caller_who_gave_up_is_not_recorded(ledger, graph, monkeypatch):
    """A request that is cancelled before its turn leaves no record, for it gets no answer."""
    go = threading.Event()
    commit = ledger._commit
    monkeypatch.setattr(ledger, "_commit", lambda entries: go.wait(WAIT_S) and commit(entries))
    first, second = (entry(graph, ledger.reader.seal) for _ in range(2))
    kept = ledger.submit([first])
    while ledger.waiting:
        pass
    assert ledger.submit([second]).cancel()
    go.set()
    kept.result(WAIT_S)
    ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    with pytest.raises(DecisionNotFoundError):
        ledger.reader.stored(second.id)


def test_closing_writes_what_waits_and_takes_no_more(ledger, graph):
    """A server that stops loses nothing it has taken."""
    futures = [ledger.submit([entry(graph, ledger.reader.seal)]) for _ in range(20)]
    assert ledger.close(WAIT_S)
    assert all(isinstance(future.result(0)[0], Recorded) for future in futures)
    with pytest.raises(StoreUnavailableError, match="closed"):
        ledger.submit([])


def test_each_writer_has_a_chain_of_its_own(place, graph):
    """Two servers on one store never wait for each other's hashes."""
    ledgers = [open_ledger(place.config) for _ in range(2)]
    for ledger in ledgers * 2:
        ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    records = [AuditRecord.FromString(body) for body in rows(ledgers[0], RECORDS.c.body)]
    assert sorted(record.sequence for record in records) == [1, 1, 2, 2]
    assert len({record.chain for record in records}) == 2
    for ledger in ledgers:
        ledger.close(WAIT_S)


def test_guideline_is_kept_once(ledger, graph):
    """The bytes of the guideline are in the ledger under its digest, and load again."""
    from rashpath.audit.kept_guideline import KeptGuidelines

    for _ in range(2):
        ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    kept = KeptGuidelines(ledger.store)
    loaded = kept.graph(graph.digest)
    assert loaded is not None
    assert (loaded.digest, loaded.guideline) == (graph.digest, graph.guideline)
    assert kept.graph("0" * 64) is None


def test_pages_list_the_newest_first_and_miss_none(ledger, graph):
    """Page by page an auditor sees every decision once."""
    entries = [entry(graph, ledger.reader.seal, time_us=number // 2) for number in range(9)]
    ledger.submit(entries).result(WAIT_S)
    seen, token, pages = [], "", 0
    while pages == 0 or token:
        page = ledger.reader.page(Filters(), 4, token)
        seen += [shown.record.id for shown in page.decisions]
        token, pages = page.next_token, pages + 1
    assert seen == [each.id for each in sorted(entries, key=lambda e: (e.time_us, e.id))][::-1]
    assert pages == 3
    assert [shown.record.id for shown in ledger.reader.all(Filters())] == seen[::-1]


def test_pages_are_filtered_by_time_and_guideline(ledger, graph):
    """The first moment counts, the last does not; another guideline has no decisions."""
    entries = [entry(graph, ledger.reader.seal, time_us=number) for number in range(6)]
    ledger.submit(entries).result(WAIT_S)
    found = ledger.reader.page(Filters(since_us=2, until_us=4, guideline_id=graph.guideline.id))
    assert [shown.record.id for shown in found.decisions] == [entries[3].id, entries[2].id]
    assert ledger.reader.page(Filters(guideline_id="other")).decisions == ()


def test_pages_are_filtered_by_recommendation(ledger, graph):
    """Exactly the decisions in which a recommendation applied are listed."""
    entries = [entry(graph, ledger.reader.seal, case) for case in some_cases()]
    ledger.submit(entries).result(WAIT_S)
    wanted = "topical_foscarnet"
    answers = {each.id: ledger.reader.decision(each.id).response for each in entries}
    every = {r.id for answer in answers.values() for r in answer.recommendations}
    for wanted in every:
        found = ledger.reader.page(Filters(recommendation=wanted))
        assert {shown.record.id for shown in found.decisions} == {
            id
            for id, answer in answers.items()
            if any(r.id == wanted and r.verdict == 1 for r in answer.recommendations)
        }


def test_foreign_page_token_is_refused(ledger):
    """A made-up page token is an error, not an empty page."""
    with pytest.raises(PageTokenError):
        ledger.reader.page(Filters(), 5, "made up")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "::", "sqlite:///:memory:"])
def test_unfit_url_is_refused(url):
    """A store that could not hold a ledger is refused before anything is answered."""
    with pytest.raises(StoreUrlError):
        open_store(url)


def test_refused_url_does_not_show_its_password(place):
    """A password in a URL never stands in an error."""
    with pytest.raises(StoreUnavailableError) as refused:
        open_store("postgresql://nurse:" + "hunter2@localhost:1/nowhere")
    assert "hunter2" not in str(refused.value)


def test_reading_makes_no_ledger(place):
    """Who only reads never makes tables: an empty store is said to be empty."""
    if place.kind == "sqlite":
        with pytest.raises(StoreUrlError, match="no ledger"):
            open_to_read(place.config)
    else:
        with pytest.raises(SchemaError, match="no ledger"):
            open_to_read(place.config)


def test_ledger_is_sound_while_it_is_written(ledger, graph):
    """An auditor may verify while servers record: the reading is one snapshot."""
    stop = threading.Event()

    def record():
        while not stop.is_set():
            ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)

    thread = threading.Thread(target=record)
    thread.start()
    try:
        for _ in range(5):
            found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal)
            assert list(found.faults) == []
    finally:
        stop.set()
        thread.join()
    with ledger.store.read() as connection:
        count = connection.execute(select(func.count()).select_from(RECORDS)).scalar_one()
    assert count > 0
