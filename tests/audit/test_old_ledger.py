"""Checks that a ledger of older software, kept here as it was written, serves on."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from rashpath.audit import AuditConfig, Refused, Repeated, open_ledger, open_to_read
from rashpath.audit.checkpoint import parse_checkpoint
from rashpath.audit.erase import submit_erasure
from rashpath.audit.errors import SchemaError
from rashpath.audit.export import rows
from rashpath.audit.keyring import Keyring
from rashpath.audit.reading import Filters
from rashpath.audit.replay import Replayer
from rashpath.audit.rewrap import rewrap
from rashpath.audit.verify import verify
from rashpath.v1.audit_pb2 import (
    RECORD_KIND_DECISION,
    REPLAY_OUTCOME_ERASED,
    REPLAY_OUTCOME_IDENTICAL,
)
from rashpath.v1.audit_pb2 import LedgerFaultKind as Kind
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from tests.audit.conftest import SQLITE, Place
from tests.audit.decisions import ENGINE, entry, some_cases
from tests.audit.intruder import Intruder, altered

WAIT_S = 20

LEDGER = Path(__file__).parent / "ledgers" / "content_format_0"
"""Written by rashpath before contents were packed with dictionaries: two chains, five decisions,
one erasure, the keys, and a checkpoint of all records but the last."""

DECISIONS = (
    "01M85H57P4VRM4MZRSR2DZWM3D",
    "01M85H57Q73ACS3Q92AZWP1126",
    "01M85H57QDT4PT1NFJ0QRZFVPG",
    "01M85H57QVP2AQHBSCFQ8VBQGB",
    "01M85H57RVN50W0GM6JKWJ11GA",
)
ERASED = DECISIONS[1]


@pytest.fixture
def old(tmp_path):
    """The old ledger, to be opened, as it was left."""
    for name in ("keyring.json", "signing.json"):
        shutil.copy(LEDGER / name, tmp_path / name)
        (tmp_path / name).chmod(0o600)
    with contextlib.closing(sqlite3.connect(tmp_path / "audit.db")) as database:
        database.executescript((LEDGER / "audit.sql").read_text())
    config = AuditConfig(
        f"sqlite:///{tmp_path}/audit.db",
        keyring_file=tmp_path / "keyring.json",
        signing_key_file=tmp_path / "signing.json",
    )
    return Place(SQLITE, config, tmp_path)


@pytest.fixture
def ledger(old):
    """The old ledger, opened by this software to record in."""
    opened = open_ledger(old.config)
    yield opened
    opened.close(WAIT_S)


def test_old_ledger_verifies_and_replays(ledger):
    """Nothing is wrong with it, and each decision comes out byte for byte or as erased."""
    checkpoint = parse_checkpoint((LEDGER / "checkpoint.json").read_bytes())
    found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal, checkpoint)
    assert list(found.faults) == []
    assert (found.records, found.chains, found.envelopes, found.erased) == (6, 2, 4, 1)
    assert found.beyond_checkpoint == 1
    outcomes = {id: Replayer(ledger.reader).replay(id).outcome for id in DECISIONS}
    assert outcomes == {
        id: REPLAY_OUTCOME_ERASED if id == ERASED else REPLAY_OUTCOME_IDENTICAL for id in DECISIONS
    }


def test_old_decisions_are_read_listed_and_exported(ledger):
    """Facts, answer and walk are shown; lists find them by recommendation, and not erased ones."""
    shown = ledger.reader.decision(DECISIONS[0])
    assert shown.response.decision_id == DECISIONS[0]
    assert shown.patient_case == some_cases(5)[0]
    assert len(shown.walk) > 20
    applied = [each.id for each in shown.response.recommendations if each.verdict == 1]
    assert applied
    expected = {
        id: {each.id for each in ledger.reader.decision(id).response.recommendations
             if each.verdict == 1}
        for id in DECISIONS
    }  # fmt: skip
    for recommendation in applied:
        filters = Filters(recommendation=recommendation)
        found = {each.record.id for each in ledger.reader.page(filters).decisions}
        assert found == {id for id in DECISIONS if recommendation in expected[id]}
    exported = list(rows(ledger.reader, content=True))
    assert [each["decision_id"] for each in exported] == list(DECISIONS)
    assert [each["response"] is None for each in exported] == [id == ERASED for id in DECISIONS]


def test_old_request_is_answered_as_it_was(ledger, graph):
    """A request id that was used then gets the old answer, byte for byte, or is refused."""
    cases = some_cases(5)
    request = EvaluateRequest(patient_case=cases[0], request_id="r-1")
    content = ledger.reader.stored(DECISIONS[0]).content(ledger.reader.seal)
    assert ledger.reader.answered("ward", request) == content.answer
    again = entry(graph, ledger.reader.seal, cases[0], request_id="r-1", caller="ward")
    other = entry(graph, ledger.reader.seal, cases[1], request_id="r-1", caller="ward")
    assert ledger.submit([again]).result(WAIT_S) == (Repeated(DECISIONS[0], content.answer),)
    (refused,) = ledger.submit([other]).result(WAIT_S)
    assert isinstance(refused, Refused)


def test_old_ledger_takes_new_records_erasures_and_keys(old, graph):
    """New records stand beside old ones; both are erased and wrapped anew like before."""
    rotated = old.keyring.rotated("second")
    rotated.save(old.folder / "rotated.json")
    ledger = open_ledger(
        AuditConfig(
            old.config.url,
            keyring_file=old.folder / "rotated.json",
            signing_key_file=old.config.signing_key_file,
        )
    )
    new = [entry(graph, ledger.reader.seal, packed=packed) for packed in (True, False)]
    ledger.submit(new).result(WAIT_S)
    for id in (DECISIONS[2], new[0].id):
        submit_erasure(ledger, id, "", "", ENGINE).result(WAIT_S)
    assert rewrap(ledger.store, ledger.reader.seal) == 3
    found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal)
    assert (found.sound, found.records, found.envelopes, found.erased) == (True, 10, 4, 3)
    listed = ledger.reader.page(Filters()).decisions
    assert {each.record.id: each.record.content_format for each in listed} == {
        **dict.fromkeys(DECISIONS, 0),
        **{each.id: 1 for each in new},
    }
    assert {each.record.kind for each in listed} == {RECORD_KIND_DECISION}
    retired = Keyring("second", {"second": rotated.keys["second"]}, rotated.index_key)
    ledger.close(WAIT_S)
    retired.save(old.folder / "retired.json")
    opened = open_to_read(AuditConfig(old.config.url, keyring_file=old.folder / "retired.json"))
    assert opened.reader.decision(DECISIONS[0]).response.decision_id == DECISIONS[0]
    opened.store.close()


def test_old_ledger_is_brought_up_by_a_server_alone(old):
    """Who only reads does not change it, and says that a server must first."""
    with pytest.raises(SchemaError, match="version 2"):
        open_to_read(old.config)


@pytest.mark.parametrize("column", ["nonce", "tags", "ciphertext"])
def test_changed_old_content_is_found(old, ledger, column):
    """Each stored part of an old content is still proven, with the keyring and without."""
    intruder = Intruder(old)
    before = intruder.get("envelopes", column, {"id": DECISIONS[0]})
    intruder.set("envelopes", column, altered(before), {"id": DECISIONS[0]})
    for seal in (None, ledger.reader.seal):
        (fault,) = verify(ledger.store, ledger.key.trusted, seal).faults
        assert (fault.kind, fault.record_id) == (
            Kind.LEDGER_FAULT_KIND_ENVELOPE_CHANGED,
            DECISIONS[0],
        )
    intruder.close()


def test_record_cannot_be_given_another_format(old, graph, ledger):
    """A new content does not open as an old one: its record says the format, and is signed."""
    new = entry(graph, ledger.reader.seal)
    ledger.submit([new]).result(WAIT_S)
    record = ledger.reader.stored(new.id).record
    assert record.content_format == 1
    record.content_format = 0
    intruder = Intruder(old)
    changed = record.SerializeToString(deterministic=True)
    intruder.set("records", "body", changed, {"id": new.id})
    faults = verify(ledger.store, ledger.key.trusted, ledger.reader.seal).faults
    assert {fault.record_id for fault in faults} == {new.id}
    intruder.close()
