"""Checks that whatever an intruder without the keys does to the ledger is found and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from rashpath.audit import open_ledger
from rashpath.audit.checkpoint import create_checkpoint
from rashpath.audit.erase import submit_erasure
from rashpath.audit.errors import SchemaError
from rashpath.audit.signing import SigningKey
from rashpath.audit.tables import METADATA
from rashpath.audit.verify import verify
from rashpath.guideline import DecisionGraph
from rashpath.v1.audit_pb2 import (
    RECORD_KIND_ERASURE,
    AuditRecord,
    Checkpoint,
    SignedHead,
)
from rashpath.v1.audit_pb2 import LedgerFaultKind as Kind
from tests.audit.conftest import SQLITE, make_database, make_keys, place_in
from tests.audit.decisions import ENGINE, entry, some_cases
from tests.audit.intruder import Intruder, altered
from tests.audit.scene import Original, Scene, cut_off, edits, rehash

WAIT_S = 20


@pytest.fixture(scope="module")
def original_of(
    graph: DecisionGraph,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Callable[[str], Original]:
    """Returns the original of each kind of store, made when it is first asked for."""

    @cache
    def make(kind: str) -> Original:
        folder = tmp_path_factory.mktemp("original")
        make_keys(folder)
        database, url = "", f"sqlite:///{folder}/audit.db"
        if kind != SQLITE:
            server = request.getfixturevalue("postgresql")
            database = make_database(server)
            url = server.get_uri(database=database)
        ledgers = [open_ledger(place_in(kind, folder, url).config) for _ in range(2)]
        made = [
            entry(
                graph,
                ledgers[0].reader.seal,
                case,
                request_id=f"r{number}" if number % 2 == 0 else "",
            )
            for number, case in enumerate(some_cases())
        ]
        for start, end in ((0, 1), (1, 5), (5, 8)):
            ledgers[0].submit(made[start:end]).result(WAIT_S)
        ledgers[1].submit(made[8:10]).result(WAIT_S)
        submit_erasure(ledgers[0], made[2].id, "asked for", "auditor", ENGINE).result(WAIT_S)
        checkpoint = create_checkpoint(ledgers[0].store, ledgers[0].key, 1)
        first, second = (ledger._position.chain for ledger in ledgers)
        for ledger in ledgers:
            ledger.close(WAIT_S)
        return Original(folder, database, first, second, checkpoint)

    return make


@pytest.fixture
def scene(
    kind: str,
    original_of: Callable[[str], Original],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Scene]:
    """A copy of a sound ledger, about to be tampered with."""
    original = original_of(kind)
    for path in original.folder.iterdir():
        shutil.copy(path, tmp_path)
    url = f"sqlite:///{tmp_path}/audit.db"
    if kind != SQLITE:
        url = request.getfixturevalue("new_database")(original.database)
    place = place_in(kind, tmp_path, url)
    ledger = open_ledger(place.config)
    intruder = Intruder(place)
    yield Scene(ledger, intruder, original.first, original.second, original.checkpoint)
    intruder.close()
    ledger.close(WAIT_S)


def test_sound_ledger_has_no_faults(scene):
    """Nothing is found where nothing was done; everything is counted."""
    found = verify(
        scene.ledger.store, scene.ledger.key.trusted, scene.ledger.reader.seal, scene.checkpoint
    )
    assert list(found.faults) == []
    assert (found.records, found.chains, found.envelopes, found.erased) == (11, 2, 9, 1)
    assert found.beyond_checkpoint == 0


def test_records_beyond_a_checkpoint_are_counted(scene, graph):
    """A checkpoint says nothing of what came later; verification says how much that is."""
    entries = [entry(graph, scene.ledger.reader.seal) for _ in range(3)]
    scene.ledger.submit(entries).result(WAIT_S)
    found = verify(scene.ledger.store, scene.ledger.key.trusted, None, scene.checkpoint)
    assert (found.sound, found.beyond_checkpoint, found.envelopes) == (True, 3, 0)


def test_every_edit_of_a_column_is_found(scene):
    """Each column of each table is changed in each row, alone; each change is found.

    Where a record is meant, the first fault names its place; a change of the place itself is seen
    where the record is missing.
    """
    unseen = []
    for table in METADATA.sorted_tables:
        if table.name in ("schema_version", "ledger"):
            continue  # these keep a ledger from opening, below
        keys = [column.name for column in table.primary_key]
        names = [column.name for column in table.columns]
        for row in scene.intruder.run(f"SELECT {', '.join(names)} FROM {table.name}"):
            values = dict(zip(names, row, strict=True))
            key = {name: values[name] for name in keys}
            for column in names:
                old, new = values[column], altered(values[column])
                scene.intruder.set(table.name, column, new, key)
                now = key | ({column: new} if column in key else {})
                faults = scene.faults()
                if not faults:
                    unseen.append(f"{table.name}.{column}")
                elif table.name == "records" and column != "chain":
                    places = [f.sequence for f in faults if f.chain == values["chain"]]
                    # What an erasure no longer names has lost its key for no reason: found too.
                    first = values["sequence"] if column == "subject" else min(places)
                    assert values["sequence"] == first in places, column
                scene.intruder.set(table.name, column, old, now)
    assert unseen == []
    assert scene.faults() == []


def test_every_edit_within_a_record_is_found_and_named(scene):
    """Each field of each record is changed, alone; the first fault names the record."""
    for body, id, chain, sequence in scene.intruder.run(
        "SELECT body, id, chain, sequence FROM records"
    ):
        for changed in edits(AuditRecord.FromString(body)):
            scene.intruder.set("records", "body", changed, {"id": id})
            fault = next(fault for fault in scene.faults() if fault.chain == chain)
            assert (fault.sequence, fault.record_id) == (sequence, id)
            assert fault.kind in (
                Kind.LEDGER_FAULT_KIND_RECORD_CHANGED,
                Kind.LEDGER_FAULT_KIND_ORDER_CHANGED,
            )
        scene.intruder.set("records", "body", body, {"id": id})
    assert scene.faults() == []


def test_every_edit_within_a_head_or_checkpoint_is_found(scene):
    """A head or checkpoint that was changed in any field bears no good signature."""
    for table, key, kind in (
        ("heads", ("chain", "length"), SignedHead),
        ("checkpoints", ("id",), Checkpoint),
    ):
        for body, *place in scene.intruder.run(f"SELECT body, {', '.join(key)} FROM {table}"):
            where = dict(zip(key, place, strict=True))
            for changed in edits(kind.FromString(body)):
                scene.intruder.set(table, "body", changed, where)
                kinds = {fault.kind for fault in scene.faults()}
                assert Kind.LEDGER_FAULT_KIND_SIGNATURE_WRONG in kinds
            scene.intruder.set(table, "body", body, where)


def test_edits_of_content_are_found_without_the_keyring(scene):
    """An auditor who may not read the content still sees that it was changed."""
    for id, nonce, tags, ciphertext in scene.intruder.run("SELECT * FROM envelopes"):
        for column, old in (("nonce", nonce), ("tags", tags), ("ciphertext", ciphertext)):
            scene.intruder.set("envelopes", column, altered(old), {"id": id})
            (fault,) = scene.faults(keys=False)
            assert (fault.kind, fault.record_id) == (Kind.LEDGER_FAULT_KIND_ENVELOPE_CHANGED, id)
            scene.intruder.set("envelopes", column, old, {"id": id})


@pytest.mark.parametrize("sequence", [1, 3, 6])
def test_deleted_record_is_named(scene, sequence):
    """A record that is taken out of the middle is missing at its place."""
    scene.intruder.run("DELETE FROM records WHERE id = ?", scene.id(sequence))
    assert scene.first_bad() == ("RECORD_MISSING", scene.first, sequence)


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("envelopes", "id", "ENVELOPE_CHANGED"),
        ("data_keys", "id", "KEY_MISSING"),
        ("requests", "decision_id", "RECORD_CHANGED"),
    ],
)
def test_deleted_part_of_a_record_is_named(scene, table, column, kind):
    """Content, key or request id cannot vanish without a word."""
    scene.intruder.run(f"DELETE FROM {table} WHERE {column} = ?", scene.id(5))
    assert scene.first_bad() == (kind, scene.first, 5)


def test_deleted_head_is_named(scene):
    """Records whose head was taken away are proven by nothing, and the first is named."""
    scene.intruder.run("DELETE FROM heads WHERE chain = ? AND length = 5", scene.first)
    assert scene.first_bad() == ("UNSIGNED", scene.first, 2)


def test_deleted_guideline_is_missed_by_its_records(scene):
    """Every record whose guideline is gone says so."""
    scene.intruder.run("DELETE FROM guidelines")
    assert scene.first_bad()[0] == "GUIDELINE_CHANGED"
    assert len([fault for fault in scene.faults() if fault.chain]) == 10


def test_deleted_ledger_key_is_noticed(scene):
    """A ledger that lost what its hashes are keyed with does not open as if it were new."""
    scene.intruder.run("DELETE FROM ledger")
    with pytest.raises(SchemaError):
        scene.ledger.store.ledger_key()


@pytest.mark.parametrize(("one", "other"), [(2, 4), (3, 7), (1, 8)])
def test_swapped_records_are_named(scene, one, other):
    """Two records that changed places are found, within a commit and across commits."""
    ids = scene.id(one), scene.id(other)
    for id, sequence in zip(ids, (-1, -2), strict=True):
        scene.intruder.set("records", "sequence", sequence, {"id": id})
    for id, sequence in zip(ids, (other, one), strict=True):
        scene.intruder.set("records", "sequence", sequence, {"id": id})
    assert scene.first_bad() == ("ORDER_CHANGED", scene.first, one)


def test_swapped_bodies_are_named(scene):
    """Two records whose bytes were exchanged are found though each is genuine."""
    ids = scene.id(3), scene.id(6)
    bodies = [scene.intruder.get("records", "body", {"id": id}) for id in ids]
    for id, body in zip(ids, reversed(bodies), strict=True):
        scene.intruder.set("records", "body", body, {"id": id})
    assert scene.first_bad() == ("ORDER_CHANGED", scene.first, 3)


def test_record_moved_to_another_chain_is_named(scene):
    """A genuine record in a foreign chain is out of place there and missing at home."""
    id = scene.id(8)
    scene.intruder.run("UPDATE records SET chain = ?, sequence = 3 WHERE id = ?", scene.second, id)
    found = {
        (Kind.Name(f.kind).removeprefix("LEDGER_FAULT_KIND_"), f.chain) for f in scene.faults()
    }
    assert ("UNSIGNED", scene.second) in found
    assert ("RECORD_MISSING", scene.first) in found


@pytest.mark.parametrize("table", ["envelopes", "data_keys", "requests"])
def test_swapped_parts_are_named(scene, table):
    """Content, keys or request ids of two decisions cannot be exchanged."""
    column = "decision_id" if table == "requests" else "id"
    ids = scene.id(5), scene.id(7)
    for old, new in ((ids[0], "-"), (ids[1], ids[0]), ("-", ids[1])):
        scene.intruder.set(table, column, new, {column: old})
    named = {(fault.sequence, fault.record_id) for fault in scene.faults()}
    assert {(5, ids[0]), (7, ids[1])} <= named


def test_swapped_heads_are_named(scene):
    """Genuine heads under each other's place are no good heads there."""
    for old, new in ((1, -1), (5, 1), (-1, 5)):
        scene.intruder.set("heads", "length", new, {"chain": scene.first, "length": old})
    assert "SIGNATURE_WRONG" in scene.first_bad()[0] or scene.first_bad()[2] == 1


def test_records_cut_off_are_missed_by_their_heads(scene):
    """Who takes away the last records but not their heads is found without a checkpoint."""
    scene.intruder.run("DELETE FROM records WHERE chain = ? AND sequence > 1", scene.second)
    assert scene.first_bad() == ("TRUNCATED", scene.second, 2)


def test_truncation_is_found_by_a_checkpoint_kept_elsewhere(scene):
    """Who takes away the last records with all that belongs to them is found by the checkpoint."""
    cut_off(scene, "chain = ? AND sequence > 5", scene.first)
    scene.intruder.run("DELETE FROM heads WHERE chain = ? AND length > 5", scene.first)
    scene.intruder.run("DELETE FROM checkpoints")
    assert [fault.kind for fault in scene.faults()] == [Kind.LEDGER_FAULT_KIND_KEY_MISSING]
    faults = [fault for fault in scene.faults(scene.checkpoint) if "checkpoint" in fault.text]
    assert [(f.kind, f.chain, f.sequence) for f in faults] == [
        (Kind.LEDGER_FAULT_KIND_TRUNCATED, scene.first, 6)
    ]


def test_missing_chain_is_found_by_a_checkpoint_kept_elsewhere(scene):
    """A whole chain that was taken away is found by the checkpoint."""
    cut_off(scene, "chain = ?", scene.second)
    scene.intruder.run("DELETE FROM heads WHERE chain = ?", scene.second)
    scene.intruder.run("DELETE FROM checkpoints")
    assert scene.faults() == []
    (fault,) = scene.faults(scene.checkpoint)
    assert (fault.kind, fault.chain) == (Kind.LEDGER_FAULT_KIND_CHAIN_MISSING, scene.second)


def test_shortened_checkpoint_is_no_checkpoint(scene):
    """A checkpoint from which a chain was removed, or a count lowered, bears no good signature."""
    for changed in edits(scene.checkpoint):
        faults = scene.faults(Checkpoint.FromString(changed))
        assert Kind.LEDGER_FAULT_KIND_SIGNATURE_WRONG in {fault.kind for fault in faults}


@pytest.mark.parametrize("sequence", [1, 3, 6])
def test_rehash_under_the_old_heads_is_named(scene, sequence):
    """Who changes a record and hashes the rest of the chain anew is found at that record."""
    rehash(scene, sequence)
    assert scene.first_bad() == ("RECORD_CHANGED", scene.first, sequence)


@pytest.mark.parametrize("sign", ["not at all", "with another key"])
def test_rehash_with_new_heads_is_named(scene, sign):
    """New heads without the key prove nothing: the first record they should prove is named."""
    hashes = rehash(scene, 3)
    stranger = SigningKey.generate()
    for (body,) in scene.intruder.run("SELECT body FROM heads WHERE chain = ?", scene.first):
        head = SignedHead.FromString(body)
        if head.count < 3:
            continue
        start = head.count - len(head.record_hashes)
        head.record_hashes[:] = hashes[start : head.count]
        head.hash = hashes[head.count - 1]
        if sign == "with another key":
            stranger.sign(head)
        scene.intruder.set(
            "heads",
            "body",
            head.SerializeToString(deterministic=True),
            {"chain": scene.first, "length": head.count},
        )
    # The first commit is as it was; the second, from record 2 on, is not proven any more.
    assert scene.first_bad() == ("UNSIGNED", scene.first, 2)


def test_erasure_cannot_be_undone(scene):
    """A key that comes back for erased content is found."""
    (erased,) = [f for f in range(1, 9) if not scene.intruder.run(
        "SELECT id FROM data_keys WHERE id = ?", scene.id(f))]  # fmt: skip
    scene.intruder.run(
        "INSERT INTO data_keys (id, key_id, wrapped_key) VALUES (?, ?, ?)",
        scene.id(erased), "first", b"x" * 60,
    )  # fmt: skip
    assert scene.first_bad() == ("ENVELOPE_CHANGED", scene.first, erased)


def test_made_up_erasure_is_found(scene):
    """Who destroys a key cannot make up the record of an erasure."""
    id = scene.id(5)
    scene.intruder.run("DELETE FROM data_keys WHERE id = ?", id)
    body = AuditRecord(
        id="made up", kind=RECORD_KIND_ERASURE, subject=id, chain=scene.second, sequence=3
    )
    scene.intruder.run(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        "made up", scene.second, 3, 2, 0, "", id, body.SerializeToString(),
    )  # fmt: skip
    assert ("UNSIGNED", scene.second, 3) == next(
        (Kind.Name(f.kind).removeprefix("LEDGER_FAULT_KIND_"), f.chain, f.sequence)
        for f in scene.faults()
        if f.chain == scene.second
    )


def test_checkpoint_brings_its_key_along(scene):
    """With a checkpoint kept elsewhere an auditor needs no key file to verify."""
    found = verify(scene.ledger.store, None, None, scene.checkpoint)
    assert list(found.faults) == []
    assert not verify(scene.ledger.store, None).sound
