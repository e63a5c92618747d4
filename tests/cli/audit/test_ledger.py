"""`rashpath audit`: listing, verifying and keeping a ledger, through a server and without one."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import stat
from datetime import UTC, datetime, timedelta

ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
NOBODY = "01JDB7Q9V2M8K4T6W3XNRYHCFA"


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
    assert "--public-key" in closed.stderr
    shown = alone("audit", "show", audited.decisions[0], *store)
    assert shown.returncode == 3
    assert "--keyring" in shown.stderr


def test_a_copy_is_verified_with_the_public_key_alone(audited, alone, copy, tmp_path):
    """An auditor needs no secret: neither the signing key nor the keyring."""
    store = ("--store", f"sqlite:///{copy}")
    printed = alone("audit", "public-key", str(audited.folder / "signing.json"))
    assert printed.returncode == 0, printed.stderr
    pem = tmp_path / "signing.pem"
    pem.write_text(printed.stdout)
    done = alone("audit", "verify", *store, "--public-key", str(pem))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The ledger is sound" in done.stdout
    stranger = tmp_path / "stranger.json"
    alone("audit", "keygen", "signing", "-o", str(stranger))
    pem.write_text(alone("audit", "public-key", str(stranger)).stdout)
    doubted = alone("audit", "verify", *store, "--public-key", str(pem))
    assert doubted.returncode == 5
    assert "NOT SOUND" in doubted.stdout
    pem.write_text("")
    useless = alone("audit", "verify", *store, "--public-key", str(pem))
    assert useless.returncode == 3
    assert "no public key" in useless.stderr


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
