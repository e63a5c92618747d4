"""The accounts can fail: each fault that a scenario looks for is made on purpose, and found."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import pytest

from rashpath.audit import AuditConfig, open_ledger
from rashpath.guideline import DecisionGraph
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from tests.audit.decisions import entry
from tests.load.crowd import crowd
from tests.load.expected import book_of
from tests.load.journal import OK, Answered, Call
from tests.load.settling import Figures, settle
from tests.load.site import Site, site, wait
from tests.service.reload.folders import SHIPPED, put

CALLS = 60
FORGETFUL = """
from rashpath.audit import ledger

ledger.Ledger._commit = lambda self, entries: {}
"""


def called(place: Site, **settings: object) -> list[Call]:
    """Starts a server, lets callers send some calls, stops it, and returns the calls."""
    server = place.start(**settings)
    book = book_of()
    with crowd(place.folder / "calls", server.address, book, rate=200, patience_s=20) as callers:
        wait(lambda: callers.count() >= CALLS)
        callers.end()
        calls = callers.calls()
    server.stop()
    return calls


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where a sound server ran."""
    with site(tmp_path_factory.mktemp("sound") / "site", {}) as place:
        yield place


@pytest.fixture(scope="module")
def calls(place: Site) -> list[Call]:
    """The calls that it answered."""
    return called(place)


@pytest.fixture
def copy(place: Site, calls: list[Call], tmp_path: Path) -> Path:
    """A copy of its ledger, in which nothing is refused any more."""
    path = tmp_path / "audit.db"
    with closing(sqlite3.connect(place.ledger)) as source, closing(sqlite3.connect(path)) as made:
        source.backup(made)
        for (name,) in made.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            made.execute(f"DROP TRIGGER {name}")
    key = place.ledger.with_name("audit.db.signing-key.json")
    shutil.copy(key, tmp_path / key.name)
    return path


def settled(calls: list[Call], path: Path) -> Figures:
    """Returns the accounts of calls and a ledger."""
    return settle(calls, book_of(), AuditConfig(f"sqlite:///{path}"))


def named(calls: list[Call]) -> list[Answered]:
    """Returns the decisions that were asked for under a request id."""
    return [each for call in calls for each in call.decisions if each.request_id]


def test_a_sound_server_has_nothing_to_find(calls: list[Call], copy: Path) -> None:
    """All that was answered is recorded once, as it was answered, and replays."""
    figures = settled(calls, copy)
    assert figures.faults == []
    assert (figures.lost, figures.duplicated, figures.wrong) == (0, 0, 0)
    assert figures.answered == figures.sent == len(calls) >= CALLS
    assert 20 < figures.decisions == figures.accepted == figures.records
    assert figures.replayed == min(40, figures.records)
    assert {call.kind for call in calls} >= {"evaluate", "repeat", "batch", "explain recorded"}


def test_a_record_that_is_taken_away_is_lost(calls: list[Call], copy: Path) -> None:
    """A decision that a caller holds and the ledger does not is counted; the chain is broken."""
    id = named(calls)[0].decision_id
    with closing(sqlite3.connect(copy)) as ledger:
        for table in ("envelopes", "data_keys", "records"):
            ledger.execute(f"DELETE FROM {table} WHERE id = ?", (id,))
        ledger.commit()
    figures = settled(calls, copy)
    assert (figures.lost, figures.duplicated, figures.wrong) == (1, 0, 0)
    assert f"decision {id} was answered and is not in the ledger" in figures.faults
    assert any("not sound" in text for text in figures.faults)


def test_a_second_decision_of_a_request_is_a_double(
    calls: list[Call], copy: Path, graph: DecisionGraph
) -> None:
    """A request id that has two decisions in the ledger is counted, though nobody was told."""
    request_id = named(calls)[0].request_id
    ledger = open_ledger(AuditConfig(f"sqlite:///{copy}"))
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DELETE FROM requests")
        connection.commit()
    case = EvaluateRequest.FromString(book_of().pages[0].request).patient_case
    ledger.submit([entry(graph, ledger.reader.seal, case, request_id=request_id)]).result(20)
    assert ledger.close(20)
    figures = settled(calls, copy)
    assert (figures.lost, figures.duplicated) == (0, 1)
    assert f"request {request_id} has 2 decisions" in figures.faults


def test_another_decision_for_a_repeated_request_is_a_double(calls: list[Call], copy: Path) -> None:
    """A caller who holds two decisions for one request id was answered twice; one is nowhere."""
    again = Call("repeat", ended_s=time.time(), attempts=1, outcome=OK)
    first = named(calls)[0]
    again.decisions.append(Answered(first.request_id, "0" * 26, first.digest))
    figures = settled([*calls, again], copy)
    assert (figures.lost, figures.duplicated) == (1, 1)


def test_a_record_of_another_answer_is_wrong(calls: list[Call], copy: Path) -> None:
    """What a caller holds is compared with what is recorded."""
    changed = deepcopy(calls)
    id = named(changed)[0].decision_id
    for each in named(changed):
        if each.decision_id == id:
            each.digest = "0" * 24
    figures = settled(changed, copy)
    assert (figures.lost, figures.duplicated, figures.wrong) == (0, 0, 1)
    assert f"record {id} holds another answer than was given" in figures.faults


def test_a_changed_content_is_wrong(calls: list[Call], copy: Path) -> None:
    """A content that somebody changed in the database is no record of an answer."""
    id = named(calls)[0].decision_id
    with closing(sqlite3.connect(copy)) as ledger:
        ledger.execute("UPDATE envelopes SET ciphertext = zeroblob(9) WHERE id = ?", (id,))
        ledger.commit()
    figures = settled(calls, copy)
    assert figures.lost == 0
    assert figures.wrong >= 1
    assert any("cannot be read" in text for text in figures.faults)


def test_a_server_that_does_not_commit_loses_all(tmp_path: Path) -> None:
    """Answers without a record are lost, and repeated requests are answered anew."""
    wrapper = tmp_path / "wrapper"
    wrapper.mkdir()
    (wrapper / "sitecustomize.py").write_text(FORGETFUL)
    with site(tmp_path / "site", {}, PYTHONPATH=str(wrapper)) as place:
        calls = called(place)
        figures = settled(calls, place.ledger)
    assert figures.lost == figures.decisions > 20
    assert figures.accepted == 0
    assert figures.duplicated > 0


def test_a_server_of_another_guideline_is_wrong(tmp_path: Path) -> None:
    """Callers compare each answer with the expected one; here none is, though all are recorded."""
    guidelines = tmp_path / "guidelines"
    guidelines.mkdir()
    put(guidelines, "1.0.1", guideline=SHIPPED)
    with site(tmp_path / "site", {"guideline_dir": guidelines}) as place:
        calls = called(place)
        figures = settled(calls, place.ledger)
    assert (figures.lost, figures.duplicated) == (0, 0)
    decided = sum(bool(call.decisions) or call.kind.startswith("explain") for call in calls)
    assert figures.wrong == decided + figures.accepted > CALLS
    assert "an answer is not the expected one" in figures.faults
