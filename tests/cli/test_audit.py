"""`rashpath audit`: what an auditor types, through a server and on a ledger without one."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from rashpath.cli import main
from rashpath.cli.errors import report

ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
NOBODY = "01JDB7Q9V2M8K4T6W3XNRYHCFA"


@dataclass(frozen=True, slots=True)
class Audited:
    """A server that encrypts and signs what it records.

    Args:
        address: of the server.
        folder: has its ledger and its keys.
        decisions: ids of the recorded decisions, the oldest first: a spreading case, then an
            improving one.
        offline: options that read its ledger without it.
    """

    address: str
    folder: Path
    decisions: tuple[str, ...]
    offline: tuple[str, ...]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Runs a command of the program within this process, which takes a fraction of the time.

    A case that is given as text is put into a file, whose name takes the place of `-`.
    """
    case = tmp_path_factory.mktemp("case") / "case.yaml"

    def run(*arguments, text="", server=""):
        kept = {key: each for key, each in os.environ.items() if not key.startswith("RASHPATH_")}
        if server:
            kept["RASHPATH_ADDRESS"] = server
        output, errors = io.StringIO(), io.StringIO()
        case.write_text(text)
        words = [str(case) if text and each == "-" else each for each in arguments]
        with (
            redirect_stdout(output),
            redirect_stderr(errors),
            mock.patch.dict(os.environ, kept, clear=True),
            mock.patch("sys.stdin", io.StringIO()),
        ):
            try:
                code = main.run(words)
            except Exception as error:
                code = report(error)
        assert "fault of rashpath" not in errors.getvalue()
        return subprocess.CompletedProcess(
            arguments, int(code), output.getvalue(), errors.getvalue()
        )

    return run


@pytest.fixture(scope="module")
def audited(serve, alone, tmp_path_factory):
    """A server with two recorded decisions."""
    folder = tmp_path_factory.mktemp("audited")
    keyring, signing = folder / "keyring.json", folder / "signing.json"
    for kind, path in (("keyring", keyring), ("signing", signing)):
        made = alone("audit", "keygen", kind, "-o", str(path))
        assert made.returncode == 0, made.stderr
    with serve(folder, audit_keyring_file=keyring, audit_signing_key_file=signing) as address:
        decisions = []
        for trend in ("SPREADING", "IMPROVING"):
            done = alone(
                "evaluate",
                "-",
                "--format",
                "json",
                "--request-id",
                f"audited/{trend}",
                text=f"rash: {{trend: {trend}}}\npatient: {{weight_kg: 61.25}}",
                server=address,
            )
            decisions.append(json.loads(done.stdout)["decision_id"])
        store = f"sqlite:///{folder}/audit.db"
        offline = ("--store", store, "--keyring", str(keyring), "--signing-key", str(signing))
        yield Audited(address, folder, tuple(decisions), offline)


@pytest.fixture(params=["server", "store"])
def audit(request, audited, alone):
    """Runs an audit command, through the server and then on its ledger."""

    def run(*arguments, **more):
        if request.param == "server":
            return alone("audit", *arguments, server=audited.address, **more)
        return alone("audit", *arguments, *audited.offline, **more)

    return run


def test_decisions_are_listed_newest_first(audit, audited):
    """A list names each decision, and nothing of a patient."""
    done = audit("list")
    assert done.returncode == 0, done.stderr
    assert ID.findall(done.stdout) == list(reversed(audited.decisions))
    assert "SPREADING" not in done.stdout


def test_a_list_has_a_limit(audit, audited):
    """Where more are recorded than are shown, that is said."""
    done = audit("list", "--limit", "1")
    assert ID.findall(done.stdout) == [audited.decisions[1]]
    assert "more than 1" in done.stderr


def test_a_list_is_filtered(audit, audited):
    """By time, guideline, and a recommendation that applied."""
    day = timedelta(days=1)
    now = datetime.now(UTC)
    spreading, improving = audited.decisions
    for options, found in (
        (["--since", f"{now - day:%Y-%m-%d}"], [improving, spreading]),
        (["--since", f"{now + 2 * day:%Y-%m-%d}"], []),
        (["--until", f"{now - 2 * day:%Y-%m-%dT%H:%M}Z"], []),
        (["--guideline", "another"], []),
        (["--recommendation", "continue_and_review"], [improving]),
    ):
        done = audit("list", "--format", "json", *options)
        listed = json.loads(done.stdout).get("decisions", [])
        assert [each["record"]["id"] for each in listed] == found, options
        assert ("no recorded decision fits" in done.stderr) == (not found)


def test_a_decision_is_shown_with_its_facts(audit, audited):
    """Record, facts, and the answer as it was sent."""
    done = audit("show", audited.decisions[0])
    assert done.returncode == 0, done.stderr
    for words in ("record hash", "rash trend: spreading", "61.25 kg", "request id", "Answer as"):
        assert words in done.stdout
    shown = json.loads(audit("show", audited.decisions[0], "--format", "json").stdout)
    assert shown["patient_case"]["rash"]["trend"] == "TREND_SPREADING"
    assert shown["response"]["decision_id"] == audited.decisions[0]


def test_a_decision_that_is_not_recorded_exits_with_3(audit):
    """What is not there is not found."""
    done = audit("show", NOBODY)
    assert done.returncode == 3
    assert NOBODY in done.stderr


def test_a_sound_ledger_verifies(audit):
    """What was verified is counted, and it is said what cannot be told without a checkpoint."""
    done = audit("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The ledger is sound" in done.stdout
    assert "--checkpoint" in done.stdout
    found = json.loads(audit("verify", "--format", "json").stdout)
    assert found["sound"] is True


def test_a_checkpoint_says_what_lies_beyond_it(audited, alone, tmp_path):
    """Made by the server, kept elsewhere, and compared with server and store."""
    path = tmp_path / "checkpoint.json"
    made = alone("audit", "checkpoint", "-o", str(path), server=audited.address)
    assert made.returncode == 0, made.stderr
    again = alone("audit", "checkpoint", "-o", str(path), server=audited.address)
    assert again.returncode == 2
    assert "checkpoints are kept" in again.stderr
    alone("evaluate", "-", text="{}", server=audited.address)
    for options in ((), audited.offline):
        done = alone("audit", "verify", "--checkpoint", str(path), *options, server=audited.address)
        assert done.returncode == 0, done.stdout
        assert "1 record lies beyond the checkpoint" in done.stdout
    shown = alone("audit", "checkpoint", server=audited.address)
    assert json.loads(shown.stdout)["heads"]


@pytest.fixture
def copy(audited, tmp_path):
    """A copy of the ledger, to be spoilt; its URL and its file."""
    path = tmp_path / "copy.db"
    with sqlite3.connect(audited.folder / "audit.db") as source, sqlite3.connect(path) as target:
        source.backup(target)
    return path


def test_a_changed_record_is_named(audited, alone, copy):
    """Who gets around the database's own refusal is found: exit code 5, and the record's id."""
    with sqlite3.connect(copy) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            "UPDATE records SET body = CAST(replace(body, 'anonymous', 'anonymoux') AS BLOB) "
            "WHERE id = ?",
            [audited.decisions[0]],
        )
    offline = ("--store", f"sqlite:///{copy}", *audited.offline[2:])
    done = alone("audit", "verify", *offline)
    assert done.returncode == 5
    assert "NOT SOUND" in done.stdout
    assert audited.decisions[0] in done.stdout
    found = json.loads(alone("audit", "verify", "--format", "json", *offline).stdout)
    assert found["faults"][0]["record_id"] == audited.decisions[0]


def test_a_copy_needs_no_secrets_to_be_verified(audited, alone, copy, tmp_path):
    """With a checkpoint alone an auditor can verify a copy; contents stay closed."""
    path = tmp_path / "checkpoint.json"
    alone("audit", "checkpoint", "-o", str(path), server=audited.address)
    store = ("--store", f"sqlite:///{copy}")
    done = alone("audit", "verify", *store, "--checkpoint", str(path))
    assert done.returncode == 0, done.stdout
    assert "not opened" in done.stderr
    closed = alone("audit", "verify", *store)
    assert closed.returncode == 3
    assert "--signing-key" in closed.stderr
    shown = alone("audit", "show", audited.decisions[0], *store)
    assert shown.returncode == 3
    assert "--keyring" in shown.stderr


def test_a_store_is_never_made_or_written(audited, alone, tmp_path):
    """A misspelt name is an error, not a new ledger; and what writes asks a server."""
    missing = tmp_path / "missing.db"
    done = alone("audit", "list", "--store", f"sqlite:///{missing}")
    assert done.returncode == 3
    assert "there is no ledger" in done.stderr
    assert not missing.exists()
    for words in (["checkpoint"], ["erase", audited.decisions[0], "--reason", "x", "--yes"]):
        refused = alone("audit", *words, *audited.offline)
        assert refused.returncode == 3
        assert "`--store` only reads" in refused.stderr


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


def test_keys_are_never_overwritten(alone, tmp_path):
    """A key file is for its owner alone, and replacing a key keeps the older ones."""
    path, newer = tmp_path / "keyring.json", tmp_path / "newer.json"
    made = alone("audit", "keygen", "keyring", "--id", "2026", "-o", str(path))
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    again = alone("audit", "keygen", "keyring", "-o", str(path))
    assert again.returncode == 2
    assert path.read_bytes() == content
    replaced = alone(
        "audit", "keygen", "keyring", "--replace", str(path), "--id", "2027", "-o", str(newer)
    )
    assert replaced.returncode == 0, replaced.stderr
    old, new = json.loads(content), json.loads(newer.read_text())
    assert (new["current"], new["index_key"]) == ("2027", old["index_key"])
    assert new["keys"]["2026"] == old["keys"]["2026"]
    for key in (*old["keys"].values(), *new["keys"].values(), old["index_key"]):
        assert key not in made.stdout + made.stderr + replaced.stdout + replaced.stderr


def test_an_older_key_can_be_retired(audited, alone, copy, tmp_path):
    """After all is wrapped anew under a new key, the contents open with it alone."""
    newer, alone_new = tmp_path / "newer.json", tmp_path / "new.json"
    older = audited.folder / "keyring.json"
    alone("audit", "keygen", "keyring", "--replace", str(older), "--id", "new", "-o", str(newer))
    store = ("--store", f"sqlite:///{copy}")
    done = alone("audit", "rewrap", *store, "--keyring", str(newer))
    assert done.returncode == 0, done.stderr
    assert "under new" in done.stdout
    again = alone("audit", "rewrap", *store, "--keyring", str(newer))
    assert "wrapped 0 keys" in again.stdout
    content = json.loads(newer.read_text())
    content["keys"] = {"new": content["keys"]["new"]}
    alone_new.write_text(json.dumps(content))
    alone_new.chmod(0o600)
    show = ("audit", "show", audited.decisions[0], *store)
    assert alone(*show, "--keyring", str(alone_new)).returncode == 0
    assert alone(*show, "--keyring", str(older)).returncode == 3
    sound = alone("audit", "verify", *store, "--keyring", str(alone_new), *audited.offline[4:])
    assert sound.returncode == 0, sound.stdout
    missing = alone("audit", "rewrap", "--store", "sqlite:///no.db", "--keyring", str(newer))
    assert missing.returncode == 3


def test_without_a_ledger_there_is_nothing_to_audit(alone, tmp_path, serve):
    """With `--local` nothing is recorded; a server with audit off says so."""
    assert alone("audit", "list", "--local").returncode == 3
    with serve(tmp_path, audit_mode="off") as address:
        done = alone("audit", "list", server=address)
    assert done.returncode == 3
    assert "no audit ledger" in done.stderr


def test_a_moment_that_is_none_exits_with_2(alone):
    """Times are ISO 8601."""
    done = alone("audit", "list", "--since", "yesterday")
    assert done.returncode == 2
    assert "2026-01-31" in done.stderr


def test_a_folder_of_a_ledger_is_found_moved(audited, alone, copy, tmp_path):
    """A copy with its own keys beside it is read where it lies now."""
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copy(copy, moved / "audit.db")
    shutil.copy(audited.folder / "signing.json", moved / "audit.db.signing-key.json")
    done = alone("audit", "verify", "--store", f"sqlite:///{moved}/audit.db", *audited.offline[2:4])
    assert done.returncode == 0, done.stdout
