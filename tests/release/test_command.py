"""The commands `guideline release` and `guideline approvers`, and servers that ask for approval."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rashpath.audit.signing import SigningKey
from rashpath.client import Client
from rashpath.guideline.release import release_path
from rashpath.v1.guideline_pb2 import REVIEW_STATUS_APPROVED
from tests.cli.conftest import run_program, serving
from tests.release.conftest import Draft


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A signing key as `audit keygen signing` makes it."""
    path = tmp_path / "approver.json"
    assert run_program("audit", "keygen", "signing", "-o", str(path)).returncode == 0
    return path


def release(draft: Draft, *words: str) -> str:
    """Runs `guideline release` on a file, which must succeed, and returns what it prints."""
    done = run_program("guideline", "release", str(draft.path), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_version_is_released_and_required(draft: Draft, tmp_path: Path, key_file: Path) -> None:
    """From handing in to a server that serves nothing but what is approved."""
    done = run_program("guideline", "approvers", str(key_file))
    approvers = tmp_path / "approvers.json"
    approvers.write_text(done.stdout)
    id = SigningKey.load(key_file).id
    assert list(json.loads(done.stdout)) == ["public_keys"]
    settings = {
        "guideline_dir": str(draft.folder),
        "require_approval_key_file": str(approvers),
        "audit_mode": "off",
    }
    variables = {f"RASHPATH_{name.upper()}": text for name, text in settings.items()}
    variables["RASHPATH_ADDRESS"] = "127.0.0.1:0"

    release(draft, "--status", "submitted", "--by", "A. Author")
    draft.state("UNDER_REVIEW")
    release(draft, "--status", "under_review", "--by", "A. Reviewer", "--comment", "begun")
    refused = run_program("serve", text="", server="", timeout=30, **variables)
    assert refused.returncode == 2
    assert "states `review_status: UNDER_REVIEW`, and `require_approval_key_file` is set" in (
        refused.stderr
    )

    draft.state("APPROVED")
    unsigned = run_program("serve", text="", server="", timeout=30, **variables)
    assert unsigned.returncode == 2
    assert "no approval of this text lies beside it" in unsigned.stderr

    draft.certify()
    case = tmp_path / "case.yaml"
    case.write_text("facts: {rash: {trend: SPREADING}}\n")
    release(draft, "--self-test", str(case))
    words = ("--status", "approved", "--by", "A. Reviewer", "--key", str(key_file))
    shown = release(draft, *words)
    assert "self-test  1 cases, all as released" in shown
    assert f"APPROVED      A. Reviewer, signed by key {id}" in shown
    assert "UNDER_REVIEW  A. Reviewer: begun" in shown
    assert release(draft) == shown
    with serving(tmp_path, **settings) as address, Client(address) as client:
        served = client.list_guidelines().guidelines
    assert [(each.id, each.review_status) for each in served] == [("small", REVIEW_STATUS_APPROVED)]

    path = release_path(draft.path)
    path.write_text(path.read_text().replace('"who": "A. Reviewer"', '"who": "B. Reviewer"'))
    forged = run_program("serve", text="", server="", timeout=30, **variables)
    assert forged.returncode == 2
    assert "bears no good signature" in forged.stderr
    assert "Traceback" not in forged.stderr


def test_a_server_that_answers_otherwise_does_not_start(draft: Draft, tmp_path: Path) -> None:
    """A guideline that fails its self-test is not served, whatever else is set."""
    case = tmp_path / "case.yaml"
    case.write_text("rash: {trend: SPREADING}\n")
    release(draft, "--self-test", str(case))
    path = release_path(draft.path)
    content = json.loads(path.read_text())
    content["self_test"][0]["answer"]["urgency"] = "NEVER"
    path.write_text(json.dumps(content))
    done = run_program(
        "serve",
        RASHPATH_ADDRESS="127.0.0.1:0",
        RASHPATH_AUDIT_MODE="off",
        RASHPATH_GUIDELINE_DIR=str(draft.folder),
    )
    assert done.returncode == 2
    assert "fails its self-test" in done.stderr
    shown = run_program("guideline", "release", str(draft.path))
    assert shown.returncode == 5
    assert "has another `urgency` than released" in shown.stdout
    draft.state("APPROVED")
    assert "fails its self-test" not in release(draft)


def test_a_key_file_that_cannot_be_used_ends_the_start(draft: Draft, key_file: Path) -> None:
    """A server is given public keys; one that is given a private key says so and stops."""
    done = run_program(
        "serve",
        RASHPATH_ADDRESS="127.0.0.1:0",
        RASHPATH_GUIDELINE_DIR=str(draft.folder),
        RASHPATH_REQUIRE_APPROVAL_KEY_FILE=str(key_file),
    )
    assert done.returncode == 2
    assert "holds a private key" in done.stderr


def test_a_step_that_is_refused_says_why(draft: Draft, tmp_path: Path) -> None:
    """Whoever is refused reads the next step, and the release file stays as it was."""
    early = run_program(
        "guideline", "release", str(draft.path), "--status", "approved", "--by", "A. Reviewer"
    )
    assert early.returncode == 3
    assert "write APPROVED there before that is recorded" in early.stderr
    alone = run_program("guideline", "release", str(draft.path), "--by", "A. Reviewer")
    assert alone.returncode == 2
    assert "go with `--status`" in alone.stderr
    missing = run_program(
        "guideline", "release", str(draft.path), "--self-test", str(tmp_path / "no")
    )
    assert missing.returncode == 2
    assert not release_path(draft.path).exists()


def test_approval_needs_a_self_test_that_passes(draft: Draft, tmp_path: Path) -> None:
    """Nothing is approved that does not answer as its release file says."""
    case = tmp_path / "case.yaml"
    case.write_text("rash: {trend: SPREADING}\n")
    draft.state("APPROVED")
    release(draft, "--self-test", str(case))
    path = release_path(draft.path)
    path.write_text(path.read_text().replace('"NEEDS_FACTS"', '"DECIDED"'))
    done = run_program(
        "guideline", "release", str(draft.path), "--status", "approved", "--by", "A. Reviewer"
    )
    assert done.returncode == 3
    assert "its self-test fails" in done.stderr
