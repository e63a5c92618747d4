"""Checks what happens while the store fails, and that all is well once it is back."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from rashpath.audit import Recorded, open_ledger
from rashpath.audit.errors import StoreUnavailableError
from rashpath.audit.tables import RECORDS
from rashpath.audit.verify import verify
from tests.audit.conftest import POSTGRESQL, SQLITE, run_pg_ctl
from tests.audit.decisions import entry, some_cases

WAIT_S = 30


def record(ledger, graph, **fields):
    """Records a decision, as a caller does who tries again while the store is said to be back."""
    end = time.monotonic() + WAIT_S
    while True:
        try:
            (outcome,) = ledger.submit([entry(graph, ledger.reader.seal, **fields)]).result(WAIT_S)
        except StoreUnavailableError as error:
            if time.monotonic() > end:
                raise
            time.sleep(error.retry_after_s)
        else:
            assert isinstance(outcome, Recorded)
            return outcome.decision_id


def refusal(ledger, graph):
    """Returns what a decision is refused with, and whether the ledger says that it is healthy."""
    refused = ledger.submit([entry(graph, ledger.reader.seal)]).exception(WAIT_S)
    return type(refused), ledger.healthy


REFUSED = (StoreUnavailableError, False)


def state(ledger):
    """Returns the ids of all records, the faults of the ledger, and whether it is healthy."""
    with ledger.store.read() as connection:
        ids = set(connection.execute(select(RECORDS.c.id)).scalars())
    found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal)
    return ids, list(found.faults), ledger.healthy


@pytest.mark.parametrize("kind", [SQLITE])
def test_locked_database_refuses_and_recovers(place, graph):
    """While another program holds the file nothing is answered; afterwards all goes on."""
    ledger = open_ledger(replace(place.config, busy_timeout_s=0.2))
    ids = [record(ledger, graph)]
    other = sqlite3.connect(place.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert refusal(ledger, graph) == REFUSED
    other.execute("COMMIT")
    other.close()
    ids.append(record(ledger, graph))
    assert state(ledger) == (set(ids), [], True)
    ledger.close(WAIT_S)


@pytest.mark.parametrize("kind", [SQLITE])
def test_health_recovers_without_callers(place, graph):
    """A server that gets no calls while it is unhealthy finds out by itself that it is well."""
    ledger = open_ledger(replace(place.config, busy_timeout_s=0.2))
    other = sqlite3.connect(place.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert refusal(ledger, graph) == REFUSED
    other.execute("COMMIT")
    other.close()
    end = time.monotonic() + WAIT_S
    while not ledger.healthy and time.monotonic() < end:
        time.sleep(0.05)
    assert ledger.healthy
    ledger.close(WAIT_S)


@pytest.mark.parametrize("kind", [SQLITE])
def test_store_that_hangs_is_not_healthy(place, graph):
    """A store that neither writes nor fails counts as failed after a while: what comes is refused,
    and what waits is recorded once the store goes on."""
    ledger = open_ledger(replace(place.config, busy_timeout_s=WAIT_S))
    assert ledger._hangs_s == WAIT_S
    ledger._hangs_s = 0.2
    other = sqlite3.connect(place.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = ledger.submit([entry(graph, ledger.reader.seal)])
    assert soon(lambda: not ledger.healthy)
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        ledger.submit([entry(graph, ledger.reader.seal)])
    other.execute("COMMIT")
    other.close()
    (outcome,) = waiting.result(WAIT_S)
    assert isinstance(outcome, Recorded)
    assert soon(lambda: ledger.healthy)
    assert state(ledger) == ({outcome.decision_id}, [], True)
    ledger.close(WAIT_S)


@pytest.mark.parametrize("kind", [POSTGRESQL])
def test_store_that_is_gone_is_noticed_without_callers(ledger, postgresql):
    """Callers who only repeat requests never come to write, and balancers ask for the health: so
    the ledger looks after its store by itself."""
    with stopped(postgresql):
        assert soon(lambda: not ledger.healthy)
    assert soon(lambda: ledger.healthy)


def soon(holds):
    """Waits until something holds; tells whether it came to."""
    end = time.monotonic() + WAIT_S
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


@pytest.mark.parametrize("kind", [SQLITE])
def test_full_disk_refuses_and_recovers(place, graph):
    """When the file can grow no more nothing is answered; with room again all goes on."""
    ledger = open_ledger(place.config)
    ids = [record(ledger, graph)]
    limits = {"pages": 0}

    @event.listens_for(ledger.store.engine, "begin")
    def limit(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count={limits['pages'] or 1 << 30}")

    with ledger.store.read() as connection:
        limits["pages"] = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + 8
    while len(ids) < 100:
        try:
            (outcome,) = ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
        except StoreUnavailableError as error:
            refused = str(error)
            break
        assert isinstance(outcome, Recorded)
        ids.append(outcome.decision_id)
    assert 1 < len(ids) < 100
    assert "SQLITE_FULL" in refused
    limits["pages"] = 0
    ids.append(record(ledger, graph))
    assert state(ledger) == (set(ids), [], True)
    ledger.close(WAIT_S)


@pytest.mark.parametrize("kind", [SQLITE])
def test_full_file_system_refuses_and_recovers(place, graph, tmp_path):
    """The same on a small file system of its own, where this machine may mount one."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        pytest.skip("this machine lets us mount no file system")
    try:
        ledger = open_ledger(replace(place.config, url=f"sqlite:///{small}/audit.db"))
        ids = []
        full = 0
        while not full:
            try:
                (outcome,) = ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
                assert isinstance(outcome, Recorded)
                ids.append(outcome.decision_id)
            except StoreUnavailableError:
                full += 1
        subprocess.run(["mount", "-o", "remount,size=16m", str(small)], check=True)
        ids.append(record(ledger, graph))
        assert state(ledger) == (set(ids), [], True)
        ledger.close(WAIT_S)
    finally:
        subprocess.run(["umount", str(small)], check=True)


@contextmanager
def stopped(server):
    """Stops a PostgreSQL server, and starts it again at the end."""
    run_pg_ctl(server, "stop", "-m", "immediate")
    try:
        yield
    finally:
        socket_dir = server.get_postmaster_info().socket_dir
        run_pg_ctl(server, "start", "-o", f'-h "" -k {socket_dir}', "-l", str(server.log))


@pytest.mark.parametrize("kind", [POSTGRESQL])
def test_restarted_server_loses_nothing(ledger, graph, postgresql):
    """While PostgreSQL is away nothing is answered; restarted, it has all that was."""
    ids = [record(ledger, graph)]
    with stopped(postgresql):
        assert refusal(ledger, graph) == REFUSED
    ids.append(record(ledger, graph))
    with stopped(postgresql):
        pass
    # The connection is dead, the server is not: nobody needs to notice.
    ids.append(record(ledger, graph))
    assert state(ledger) == (set(ids), [], True)


@pytest.mark.parametrize("kind", [POSTGRESQL])
def test_cut_connection_is_replaced(ledger, graph, place):
    """An administrator who ends the connection during a commit costs nothing that was answered."""
    ids = [record(ledger, graph)]
    with psycopg.connect(place.config.url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    ids.append(record(ledger, graph))
    assert state(ledger) == (set(ids), [], True)


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
def test_uncertain_commit_is_looked_up(ledger, graph, carried_out):
    """A commit that is lost on its way back is answered only if it stands."""
    ids = [record(ledger, graph)]
    chain = ledger._position.chain
    pending = [True]

    def lost(connection):
        if pending and connection.get_execution_options().get("rashpath_writes"):
            pending.clear()
            driver = connection.connection.dbapi_connection
            driver.commit() if carried_out else driver.rollback()
            raise OperationalError("COMMIT", None, Exception("lost"))

    event.listen(ledger.store.engine, "commit", lost)
    made = entry(graph, ledger.reader.seal)
    future = ledger.submit([made])
    if carried_out:
        assert future.result(WAIT_S) == (Recorded(made.id),)
        ids.append(made.id)
    else:
        with pytest.raises(StoreUnavailableError):
            future.result(WAIT_S)
    assert ledger._position.chain != chain
    ids.append(record(ledger, graph))
    assert state(ledger) == (set(ids), [], True)


def test_fault_of_ours_reaches_the_caller_and_the_ledger_goes_on(ledger, graph, monkeypatch):
    """An unexpected exception while writing fails the callers, not the ledger."""
    made = entry(graph, ledger.reader.seal)
    with monkeypatch.context() as patch:
        patch.setattr("rashpath.audit.ledger.write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ledger.submit([made]).result(WAIT_S)
    id = record(ledger, graph)
    assert state(ledger) == ({id}, [], True)


def test_failed_group_leaves_no_request_id_behind(ledger, graph, monkeypatch):
    """What could not be recorded can be asked again under the same id."""
    with monkeypatch.context() as patch:
        patch.setattr("rashpath.audit.commit.sign_head", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ledger.submit(
                [entry(graph, ledger.reader.seal, some_cases()[0], request_id="r-1")]
            ).result(WAIT_S)
    id = record(ledger, graph, case=some_cases()[0], request_id="r-1")
    assert state(ledger) == ({id}, [], True)
