"""Checks checkpoints and exports: what leaves the ledger to be kept or studied elsewhere."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pyarrow.parquet as pq  # type: ignore[import-untyped] # it ships no types
import pytest

from rashpath.audit import open_ledger
from rashpath.audit.checkpoint import (
    CheckpointFileError,
    checkpoint_text,
    create_checkpoint,
    parse_checkpoint,
    save_checkpoint,
)
from rashpath.audit.erase import submit_erasure
from rashpath.audit.export import rows, write_ndjson, write_parquet
from rashpath.audit.reading import Filters
from rashpath.audit.verify import verify
from tests.audit.conftest import SQLITE
from tests.audit.decisions import ENGINE, entry, some_cases

WAIT_S = 20


@pytest.fixture
def exported(ledger, graph):
    """A ledger of five decisions, the second erased, and their ids in order."""
    made = [
        entry(graph, ledger.reader.seal, case, time_us=number * 1_000_000, caller="ward")
        for number, case in enumerate(some_cases(5))
    ]
    ledger.submit(made).result(WAIT_S)
    submit_erasure(ledger, made[1].id, "asked for", "", ENGINE).result(WAIT_S)
    return ledger, [each.id for each in made]


def test_ndjson_without_content_tells_nothing_of_patients(exported):
    """One line a decision, the oldest first, without facts or answers."""
    ledger, ids = exported
    text = io.StringIO()
    assert write_ndjson(rows(ledger.reader), text) == 5
    lines = [json.loads(line) for line in text.getvalue().splitlines()]
    assert [line["decision_id"] for line in lines] == ids
    assert [line["erased"] for line in lines] == [False, True, False, False, False]
    assert [line["sequence"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[2]["time"] == "1970-01-01T00:00:02Z"
    assert set(lines[0]) == {
        "decision_id", "time", "caller", "guideline_id", "guideline_version", "guideline_digest",
        "engine_version", "semantics_version", "chain", "sequence", "record_hash", "erased",
    }  # fmt: skip


def test_ndjson_with_content_has_facts_and_answers(exported):
    """With content each line has the facts and the answer; of erased decisions nothing."""
    ledger, ids = exported
    first, second, *_ = rows(ledger.reader, content=True)
    shown = ledger.reader.decision(ids[0])
    assert json.loads(first["response"])["decision_id"] == ids[0]
    assert first["status"] == json.loads(first["response"])["status"]
    assert json.loads(first["patient_case"]) != {} or shown.patient_case.ByteSize() == 0
    assert len(json.loads(first["walk"])) == len(shown.walk)
    assert second["response"] is None


def test_export_is_filtered(exported):
    """Only what is asked for leaves."""
    ledger, ids = exported
    found = rows(ledger.reader, Filters(since_us=2_000_000, until_us=4_000_000))
    assert [row["decision_id"] for row in found] == ids[2:4]


@pytest.mark.parametrize("content", [False, True])
def test_parquet_has_the_same_rows(exported, tmp_path, content):
    """Parquet and NDJSON say the same."""
    ledger, _ = exported
    path = tmp_path / "out.parquet"
    wanted = list(rows(ledger.reader, content=content))
    assert write_parquet(rows(ledger.reader, content=content), path, content=content) == 5
    assert pq.read_table(path).to_pylist() == [
        {name: row[name] for name in pq.read_schema(path).names} for row in wanted
    ]
    assert set(pq.read_schema(path).names) == set(wanted[0])


def test_checkpoint_survives_its_file(exported, tmp_path):
    """A checkpoint that was written, kept and read again verifies the ledger."""
    ledger, _ = exported
    checkpoint = create_checkpoint(ledger.store, ledger.key, 7_000_000)
    path = save_checkpoint(checkpoint, tmp_path)
    again = parse_checkpoint(path.read_bytes())
    assert again == checkpoint
    assert parse_checkpoint(checkpoint_text(checkpoint)) == checkpoint
    assert [(head.count, head.chain) for head in again.heads] == [(6, ledger._position.chain)]
    found = verify(ledger.store, None, None, again)
    assert (found.sound, found.beyond_checkpoint) == (True, 0)


@pytest.mark.parametrize("text", ["", "[]", '{"nonsense": 1}', b"\xff"])
def test_unreadable_checkpoint_is_refused(text):
    """What is no checkpoint is refused, not taken for an empty one."""
    with pytest.raises(CheckpointFileError):
        parse_checkpoint(text)


@pytest.mark.parametrize("kind", [SQLITE])
def test_checkpoints_are_made_as_records_gather(place, graph):
    """After so many records a checkpoint is made and written to the folder."""
    folder = place.folder / "checkpoints"
    folder.mkdir()
    ledger = open_ledger(replace(place.config, checkpoint_every=3, checkpoint_folder=folder))
    for _ in range(7):
        ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    ledger.close(WAIT_S)
    counts = sorted(
        head.count
        for path in folder.iterdir()
        for head in parse_checkpoint(path.read_bytes()).heads
    )
    assert counts == [3, 6]


@pytest.mark.parametrize("kind", [SQLITE])
def test_checkpoint_that_cannot_be_kept_stops_nobody(place, graph):
    """A folder that is not there costs the checkpoint's file, not a decision."""
    config = replace(place.config, checkpoint_every=1, checkpoint_folder=place.folder / "none")
    ledger = open_ledger(config)
    for _ in range(3):
        ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    assert ledger.healthy
    ledger.close(WAIT_S)
