"""What can be done with a recorded decision, through a server and on a ledger without one."""

from __future__ import annotations

import json
import re
import sqlite3
import stat

import pytest

NOBODY = "01JDB7Q9V2M8K4T6W3XNRYHCFA"


def test_a_decision_replays(audit, audited):
    """Decided again, it comes out byte for byte."""
    done = audit("replay", audited.decisions[0])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [audited.decisions[0], "identical"]


def test_all_decisions_replay(audit):
    """The outcomes are counted; single ones are shown only where there is something to say."""
    done = audit("replay", "--all", "--recommendation", "continue_and_review")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "replayed 1: 1 identical" in done.stderr
    lines = audit("replay", "--all", "--format", "json").stdout.splitlines()
    assert {json.loads(line)["outcome"] for line in lines} == {"REPLAY_OUTCOME_IDENTICAL"}


@pytest.mark.parametrize("words", [[], [NOBODY, "--all"], [NOBODY, "--since", "2026-01-01"]])
def test_a_replay_is_of_some_or_of_all(alone, words):
    """What is to be replayed must be clear."""
    assert alone("audit", "replay", *words).returncode == 2


def test_a_damaged_content_fails_the_replay(audited, alone, copy):
    """Exit code 5, and the other decisions are replayed all the same."""
    with sqlite3.connect(copy) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            "UPDATE envelopes SET ciphertext = zeroblob(length(ciphertext)) WHERE id = ?",
            [audited.decisions[0]],
        )
    done = alone("audit", "replay", "--all", "--store", f"sqlite:///{copy}", *audited.offline[2:])
    assert done.returncode == 5
    assert f"{audited.decisions[0]}  damaged" in done.stdout
    assert "1 damaged" in done.stderr
    assert "identical" in done.stderr


def test_an_export_has_a_row_a_decision(audit, audited, tmp_path):
    """The oldest first; without content it tells nothing of a patient, and with it all."""
    plain, full = tmp_path / "plain.ndjson", tmp_path / "full.ndjson"
    assert audit("export", "-o", str(plain)).returncode == 0
    assert audit("export", "--content", "-o", str(full)).returncode == 0
    rows = [json.loads(line) for line in plain.read_text().splitlines()]
    assert tuple(row["decision_id"] for row in rows)[:2] == audited.decisions
    assert "61.25" not in plain.read_text()
    whole = [json.loads(line) for line in full.read_text().splitlines()]
    assert json.loads(whole[0]["patient_case"])["patient"]["weight_kg"] == 61.25
    assert [each | row for each, row in zip(whole, rows, strict=True)] == whole
    assert stat.S_IMODE(full.stat().st_mode) == 0o600
    printed = audit("export", "-o", "-", "--recommendation", "continue_and_review").stdout
    assert [json.loads(printed)["decision_id"]] == [audited.decisions[1]]


def test_an_export_can_be_parquet(audit, audited, tmp_path):
    """The same rows as a table with types."""
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "decisions.parquet"
    done = audit("export", "--format", "parquet", "-o", str(path))
    assert done.returncode == 0, done.stderr
    rows = parquet.read_table(path).to_pylist()
    assert tuple(row["decision_id"] for row in rows)[:2] == audited.decisions
    assert audit("export", "--format", "parquet", "-o", "-").returncode == 2


def test_a_recorded_decision_is_explained_and_drawn(audited, alone, tmp_path):
    """By its id alone, without the case."""
    decision = audited.decisions[0]
    why = ("--why-not", "start_foscarnet")
    told = alone("explain", "--decision", decision, *why, server=audited.address)
    assert told.returncode == 0, told.stderr
    of_case = alone(
        "explain",
        "-",
        *why,
        "--local",
        text="rash: {trend: SPREADING}\npatient: {weight_kg: 61.25}",
    )
    assert told.stdout == of_case.stdout
    path = tmp_path / "way.svg"
    drawn = alone("diagram", "--decision", decision, "-o", str(path), server=audited.address)
    assert drawn.returncode == 0, drawn.stderr
    assert decision in path.read_text()
    assert alone("explain", "--decision", decision, "--local").returncode == 3
    for words in ((), ("-", "--decision", decision), ("--decision", decision, "--digest", "0")):
        assert alone("explain", *words, text="{}").returncode == 2


def test_a_store_explains_and_draws_as_the_server_does(audited, alone, tmp_path):
    """By its id, from a ledger or a copy of it, byte for byte what the server says."""
    decision = ("--decision", audited.decisions[0])
    for words in (
        ("--why-not", "start_foscarnet"),
        ("--what-if", "rash.trend=IMPROVING", "--format", "json"),
        ("--audience", "patient"),
    ):
        told = alone("explain", *decision, *words, server=audited.address)
        read = alone("explain", *decision, *words, *audited.offline)
        assert (read.returncode, read.stderr) == (0, "")
        assert read.stdout == told.stdout
        assert len(read.stdout) > 100
    for name, more in (("full.dot", []), ("lanes.mmd", ["--detail", "overview", "--mask"])):
        server, store = tmp_path / f"server-{name}", tmp_path / f"store-{name}"
        drawn = alone("diagram", *decision, *more, "-o", str(server), server=audited.address)
        assert drawn.returncode == 0, drawn.stderr
        read = alone("diagram", *decision, *more, "-o", str(store), *audited.offline)
        assert read.returncode == 0, read.stderr
        assert store.read_bytes() == server.read_bytes()
        assert len(store.read_bytes()) > 100
    path = tmp_path / "way.png"
    drawn = alone("diagram", *decision, *audited.offline, "-o", str(path), "--dpi", "36")
    assert drawn.returncode == 0, drawn.stderr
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("command", ["explain", "diagram"])
def test_a_store_is_asked_for_what_it_has_only(audited, alone, command):
    """A store has no case of its own; what is not in it, or closed without a keyring, is told."""
    words = ("-",) if command == "explain" else ("--case", "-")
    case = alone(command, *words, *audited.offline, text="{}")
    assert case.returncode == 2
    assert "give `--decision ID`" in case.stderr
    missing = alone(command, "--decision", NOBODY, *audited.offline)
    assert missing.returncode == 3
    assert NOBODY in missing.stderr
    closed = alone(command, "--decision", audited.decisions[0], *audited.offline[:2])
    assert closed.returncode == 3
    assert "--keyring" in closed.stderr


def test_a_report_is_the_same_from_server_and_store(audited, alone, tmp_path):
    """The page of one decision is complete, verified and replayed, whichever way it was made."""
    pages = []
    for name, options in (("server", ()), ("store", audited.offline)):
        path = tmp_path / f"{name}.html"
        done = alone(
            "report",
            "--decision",
            audited.decisions[0],
            "-o",
            str(path),
            *options,
            server=audited.address,
        )
        assert done.returncode == 0, done.stderr
        pages.append(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "", path.read_text()))
    assert pages[0] == pages[1]
    for words in ("Ledger: sound", "Replay: identical", "<svg", audited.decisions[0]):
        assert words in pages[0]


def test_the_same_request_id_gets_the_same_answer(audited, alone):
    """Sent again, a case gets its recorded answer; another case is refused with exit code 3."""
    again = ("evaluate", "-", "--format", "json", "--request-id", "audited/SPREADING")
    same = alone(
        *again,
        text="rash: {trend: SPREADING}\npatient: {weight_kg: 61.25}",
        server=audited.address,
    )
    assert json.loads(same.stdout)["decision_id"] == audited.decisions[0]
    other = alone(*again, text="rash: {trend: IMPROVING}", server=audited.address)
    assert other.returncode == 3
    assert "request id" in other.stderr
    assert alone(*again, "--local", text="{}").returncode == 3
    batch = alone("evaluate", "--batch", "-", "--request-id", "x", text="{}")
    assert batch.returncode == 2


def test_an_erasure_asks_first_and_is_final(audited, alone):
    """Without a terminal it needs `--yes`; afterwards only the record is left."""
    done = alone("evaluate", "-", "--format", "json", text="{}", server=audited.address)
    decision = json.loads(done.stdout)["decision_id"]
    erase = ("audit", "erase", decision, "--reason", "asked for by the patient")
    asked = alone(*erase, server=audited.address)
    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    erased = alone(*erase, "--yes", server=audited.address)
    assert erased.returncode == 0, erased.stderr
    assert decision in erased.stdout
    assert alone(*erase, "--yes", server=audited.address).returncode == 3
    for options in ((), audited.offline):
        shown = alone("audit", "show", decision, *options, server=audited.address)
        assert "erased for good" in shown.stdout
        replayed = alone("audit", "replay", decision, *options, server=audited.address)
        assert replayed.returncode == 0
        assert "erased" in replayed.stdout
        assert alone("audit", "verify", *options, server=audited.address).returncode == 0
