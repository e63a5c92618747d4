"""Checks several processes on one store, and processes that are killed at any moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from rashpath.audit import open_ledger
from rashpath.audit.tables import RECORDS
from rashpath.audit.verify import verify
from tests.audit.decisions import entry

ROOT = Path(__file__).parent.parent.parent
WAIT_S = 60
SHORT_KILLS, LONG_KILLS = 10, 200
"""For each kind of store."""


def write(place, name, count, output=subprocess.PIPE):
    """Starts a program that records."""
    config = place.config
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.audit.writing",
            config.url,
            str(config.keyring_file),
            str(config.signing_key_file),
            name,
            str(count),
        ],
        cwd=ROOT,
        stdout=output,
    )


def recorded(ledger):
    """Returns the ids of all records."""
    with ledger.store.read() as connection:
        return set(connection.execute(select(RECORDS.c.id)).scalars())


def test_two_processes_write_to_one_store(place):
    """Two servers on one store record side by side; nothing is lost, and the ledger verifies."""
    writers = [write(place, name, 150) for name in ("one", "two")]
    told = [set(writer.communicate(timeout=WAIT_S)[0].decode().split()) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [len(each) for each in told] == [150, 150]
    ledger = open_ledger(place.config)
    assert recorded(ledger) == told[0] | told[1]
    found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal)
    assert (list(found.faults), found.records, found.chains) == ([], 300, 2)
    ledger.close(WAIT_S)


@pytest.mark.parametrize("kills", [SHORT_KILLS, pytest.param(LONG_KILLS, marks=pytest.mark.long)])
def test_killed_processes_lose_no_answered_decision(place, graph, tmp_path, kills):
    """Killed under load at any moment, again and again, a server loses nothing it has answered;
    the ledger verifies, and takes more."""
    told = tmp_path / "told"
    with told.open("ab") as output:
        killer = write(place, "--kill", kills, output)
        assert killer.wait(WAIT_S + 3 * kills) == 0
    # The last line of a killed program may be cut off.
    answered = {line for line in told.read_text().split("\n") if len(line) == 26}
    assert len(answered) >= kills
    ledger = open_ledger(place.config)
    found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal)
    assert list(found.faults) == []
    assert answered - recorded(ledger) == set()
    assert found.chains == kills
    ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    ledger.close(WAIT_S)
