"""The history of a guideline version: its order, what it is of, and the signature of its end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rashpath.audit.key_file import key_text
from rashpath.audit.signing import SigningKey, key_id
from rashpath.guideline import DecisionGraph
from rashpath.guideline import approval as approving
from rashpath.guideline.approval import (
    ApprovalError,
    Status,
    Step,
    approval_of,
    content_digest,
    read_approvers,
    record,
    steps_of,
)
from rashpath.guideline.release import ReleaseError, read_release, release_path
from tests.release.conftest import Draft
from tests.shipped import CONTENT

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def take(draft: Draft, status: Status, key: SigningKey | None = None, who: str = "A. N.") -> Step:
    """Writes a status into the file, certifies it as it then is, and records the step."""
    draft.state(status.value)
    draft.certify()
    private = key.private if key is not None else None
    return record(draft.load(), draft.path, status, who, AT, "as agreed", private)


def approve(draft: Draft, key: SigningKey) -> Step:
    """Takes all steps of a review."""
    take(draft, Status.SUBMITTED)
    take(draft, Status.UNDER_REVIEW)
    return take(draft, Status.APPROVED, key)


def history(draft: Draft) -> tuple[Step, ...]:
    """Returns the history beside a file."""
    return steps_of(read_release(release_path(draft.path)))


def test_a_review_goes_step_by_step(draft: Draft, key: SigningKey) -> None:
    """Handed in, under review, approved: each with who, when, of which text, and why."""
    last = approve(draft, key)
    steps = history(draft)
    assert [each.status for each in steps] == list(Status)
    assert {each.content for each in steps} == {content_digest(draft.load())}
    assert len({each.digest for each in steps}) == len(Status)
    assert steps[-1] == last
    assert (last.who, last.when, last.comment) == ("A. N.", "2026-01-02T03:04:05Z", "as agreed")
    assert last.digest == draft.load().digest
    assert approval_of(draft.load(), draft.path, key.trusted.keys) == (last, "")


@pytest.mark.parametrize("status", [Status.UNDER_REVIEW, Status.APPROVED])
def test_no_step_is_skipped(draft: Draft, key: SigningKey, status: Status) -> None:
    """Nothing is approved that nobody handed in and reviewed."""
    with pytest.raises(ApprovalError, match="comes after"):
        take(draft, status, key if status is Status.APPROVED else None)
    assert history(draft) == ()


def test_a_step_is_taken_once(draft: Draft) -> None:
    """The history of one text has each step once."""
    take(draft, Status.SUBMITTED)
    with pytest.raises(ApprovalError, match="SUBMITTED is recorded of this content already"):
        take(draft, Status.SUBMITTED)


def test_the_history_and_the_guideline_agree(draft: Draft) -> None:
    """What is recorded is what every answer shows: a guideline cannot say otherwise."""
    with pytest.raises(ApprovalError, match="states `review_status: SUBMITTED`"):
        record(draft.load(), draft.path, Status.APPROVED, "A. N.", AT)
    assert not release_path(draft.path).exists()


def test_a_changed_text_is_reviewed_anew(draft: Draft, key: SigningKey) -> None:
    """An approval is of the text that was read: any change but to the status begins again."""
    take(draft, Status.SUBMITTED)
    take(draft, Status.UNDER_REVIEW)
    draft.replace("decimal: 90.0", "decimal: 91.0")
    with pytest.raises(ApprovalError, match="a change of it begins the review anew"):
        take(draft, Status.APPROVED, key)
    take(draft, Status.SUBMITTED)
    assert [each.status.value for each in history(draft)] == [
        "SUBMITTED",
        "UNDER_REVIEW",
        "SUBMITTED",
    ]


def test_an_approval_ends_with_a_change(draft: Draft, key: SigningKey) -> None:
    """A text that was changed after its approval is not approved, and its history stays."""
    approve(draft, key)
    draft.replace("decimal: 90.0", "decimal: 91.0")
    draft.certify()
    assert len(history(draft)) == len(Status)
    assert approval_of(draft.load(), draft.path, key.trusted.keys) == (
        None,
        "no approval of this text lies beside it",
    )


def test_what_is_not_proved_is_not_approved(draft: Draft, key: SigningKey) -> None:
    """An approval needs a certificate of the same text."""
    take(draft, Status.SUBMITTED)
    take(draft, Status.UNDER_REVIEW)
    draft.state("APPROVED")
    with pytest.raises(ApprovalError, match="what is not proved is not approved"):
        record(draft.load(), draft.path, Status.APPROVED, "A. N.", AT, "", key.private)


def test_only_and_every_approval_is_signed(draft: Draft, key: SigningKey) -> None:
    """A key goes with an approval, and an approval with a key."""
    with pytest.raises(ApprovalError, match="only an approval is signed"):
        take(draft, Status.SUBMITTED, key)
    take(draft, Status.SUBMITTED)
    take(draft, Status.UNDER_REVIEW)
    with pytest.raises(ApprovalError, match="an approval is signed"):
        take(draft, Status.APPROVED)


@pytest.mark.parametrize("who", ["", "  ", "a\nb", "x" * 1001])
def test_a_step_has_a_name(draft: Draft, who: str) -> None:
    """Who took a step is one line that can be read."""
    with pytest.raises(ApprovalError, match="`by` must be one line"):
        take(draft, Status.SUBMITTED, who=who)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("who", "B. O."),
        ("when", "2026-01-03T03:04:05Z"),
        ("comment", "as never agreed"),
        ("content", "0" * 64),
        ("signature", "AAAA"),
        ("signature", "not base64"),
        ("key_id", "0" * 16),
    ],
)
def test_an_approval_that_was_edited_is_none(
    draft: Draft, key: SigningKey, field: str, text: str
) -> None:
    """The signature covers who approved what, when and with which words."""
    approve(draft, key)
    path = release_path(draft.path)
    content = json.loads(path.read_text())
    content["lifecycle"][-1][field] = text
    path.write_text(json.dumps(content))
    assert approval_of(draft.load(), draft.path, key.trusted.keys) == (
        None,
        "its approval bears no good signature of a key that is trusted",
    )


def test_an_approval_of_another_text_does_not_serve(draft: Draft, key: SigningKey) -> None:
    """An approval cannot be moved to another text, even with the digest written over."""
    approve(draft, key)
    old = draft.load().digest
    draft.replace("decimal: 90.0", "decimal: 91.0")
    path = release_path(draft.path)
    path.write_text(path.read_text().replace(old, draft.load().digest))
    found, lack = approval_of(draft.load(), draft.path, key.trusted.keys)
    assert found is None
    assert "no good signature" in lack


def test_a_stranger_cannot_approve(draft: Draft, key: SigningKey, stranger: SigningKey) -> None:
    """A good signature of a key that is not among the trusted ones counts for nothing."""
    approve(draft, stranger)
    assert approval_of(draft.load(), draft.path, key.trusted.keys)[0] is None
    assert approval_of(draft.load(), draft.path, stranger.trusted.keys)[0] is not None


def test_a_guideline_that_calls_itself_under_review_is_not_approved(
    draft: Draft, key: SigningKey
) -> None:
    """What answers say and what is approved is the same."""
    take(draft, Status.SUBMITTED)
    assert approval_of(draft.load(), draft.path, key.trusted.keys) == (
        None,
        "states `review_status: SUBMITTED`",
    )


@pytest.mark.parametrize("lifecycle", [3, [3], [{"status": "SUBMITTED"}], [{"status": "GONE"}]])
def test_a_broken_history_is_told(draft: Draft, key: SigningKey, lifecycle: object) -> None:
    """A history that cannot be read is an error, and never an approval."""
    approve(draft, key)
    path = release_path(draft.path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"lifecycle": lifecycle}))
    with pytest.raises(ReleaseError, match="is not a history"):
        history(draft)
    assert approval_of(draft.load(), draft.path, key.trusted.keys) == (
        None,
        "its release file cannot be read",
    )


def test_public_keys_are_read(tmp_path: Path, key: SigningKey) -> None:
    """A server is given public keys by id, as the ledger names its keys too."""
    path = tmp_path / "approvers.json"
    path.write_text(json.dumps({"public_keys": {key.id: key_text(key.public)}}))
    assert read_approvers(path) == {key.id: key.public}
    assert approving.key_id(key.public) == key_id(key.public)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold `public_keys`"),
        ('{"public_keys": {}}', "must hold `public_keys`"),
        ('{"public_keys": {"x": "AAAA"}}', "is not the id of a public key"),
        ('{"public_keys": {"x": 3}}', "is not the id of a public key"),
        ('{"private_key": "x", "public_keys": {}}', "holds a private key"),
    ],
)
def test_public_keys_that_are_none_are_refused(tmp_path: Path, content: str, said: str) -> None:
    """A server never trusts by accident, and is not given a secret."""
    path = tmp_path / "approvers.json"
    path.write_text(content)
    with pytest.raises(ApprovalError, match=said):
        read_approvers(path)
    with pytest.raises(ApprovalError, match="cannot be read"):
        read_approvers(tmp_path / "none.json")


def test_the_shipped_guideline_claims_no_approval(graph: DecisionGraph) -> None:
    """Nobody has approved it: handed in and under review, of the content as it is now."""
    steps = steps_of(read_release(release_path(Path(str(CONTENT)))))
    content = content_digest(graph)
    now = [each.status.value for each in steps if each.content == content]
    assert now == ["SUBMITTED", "UNDER_REVIEW"], (
        "a change of content is reviewed anew: record SUBMITTED of a copy that states it, then "
        "UNDER_REVIEW, with `rashpath guideline release`"
    )
    assert not any(each.status is Status.APPROVED for each in steps)
