"""What whoever is served can read of a guideline's review, and how far it can be relied on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rashpath.audit.key_file import key_text
from rashpath.audit.signing import SigningKey
from rashpath.cli.guideline_text import guideline_page
from rashpath.guideline.approval import Status, record
from rashpath.guideline.release import release_path
from rashpath.service.get_guideline import get_guideline
from rashpath.service.guidelines import GuidelinesError, load_guidelines
from rashpath.v1.guideline_service_pb2 import GetGuidelineRequest, GetGuidelineResponse
from tests.release.conftest import Draft

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = {Status.SUBMITTED: "A. Author", Status.UNDER_REVIEW: "B. R.", Status.APPROVED: "C. A."}


def take(draft: Draft, status: Status, key: SigningKey | None = None) -> None:
    """Takes one step of a review."""
    draft.state(status.value)
    draft.certify()
    private = None if key is None else key.private
    record(draft.load(), draft.path, status, NAMES[status], AT, "read whole", private)


def approve(draft: Draft, key: SigningKey) -> None:
    """Takes all steps of a review."""
    take(draft, Status.SUBMITTED)
    take(draft, Status.UNDER_REVIEW)
    take(draft, Status.APPROVED, key)


def served(draft: Draft, approvers: Path | None = None) -> GetGuidelineResponse:
    """Returns what GetGuideline answers."""
    guidelines = load_guidelines(draft.folder, approval_key_file=approvers)
    return get_guideline(guidelines, GetGuidelineRequest())


def trusting(path: Path, key: SigningKey) -> Path:
    """Writes the file of a server that trusts a key."""
    path.write_text(json.dumps({"public_keys": {key.id: key_text(key.public)}}))
    return path


def page(response: GetGuidelineResponse) -> str:
    """Returns the page of a guideline."""
    return "\n".join(f"{line.mark}{line.text}" for line in guideline_page(response, audience=""))


def test_every_step_is_told_with_who_and_when(
    draft: Draft, key: SigningKey, tmp_path: Path
) -> None:
    """Handed in, under review, approved: by whom, when, and signed by a key that is trusted."""
    approve(draft, key)
    response = served(draft, trusting(tmp_path / "approvers.json", key))
    steps = response.review_history
    assert [each.status for each in steps] == [1, 2, 3]
    assert [each.reviewer for each in steps] == list(NAMES.values())
    assert {each.review_time.ToJsonString() for each in steps} == {"2026-01-02T03:04:05Z"}
    assert {each.comment for each in steps} == {"read whole"}
    assert [each.of_this_content for each in steps] == [True, True, True]
    assert steps[-1].digest == response.info.digest
    assert [each.key_id for each in steps] == ["", "", key.id]
    assert [each.signature_verified for each in steps] == [False, False, True]
    line = f"  - 2026-01-02  approved: C. A., read whole (signed by key {key.id}, verified)"
    assert line in page(response).splitlines()


def test_a_signature_that_nobody_checks_is_not_called_good(draft: Draft, key: SigningKey) -> None:
    """A server without a list of approvers names the key, and does not vouch for it."""
    approve(draft, key)
    response = served(draft)
    assert (response.review_history[2].key_id, response.review_history[2].signature_verified) == (
        key.id,
        False,
    )
    assert f"(signed by key {key.id}, not verified by this server)" in page(response)


def test_an_edited_approval_is_not_verified(
    draft: Draft, key: SigningKey, stranger: SigningKey, tmp_path: Path
) -> None:
    """Beside one good approval, a forged one stays without its seal."""
    approve(draft, key)
    path = release_path(draft.path)
    content = json.loads(path.read_text())
    content["lifecycle"].append(content["lifecycle"][-1] | {"who": "D. Forger"})
    path.write_text(json.dumps(content))
    steps = served(draft, trusting(tmp_path / "approvers.json", key)).review_history
    assert [(each.reviewer, each.signature_verified) for each in steps[2:]] == [
        ("C. A.", True),
        ("D. Forger", False),
    ]


def test_steps_of_an_earlier_content_are_told_as_such(draft: Draft, key: SigningKey) -> None:
    """A changed text keeps its history, and nobody takes it for a review of what is served."""
    approve(draft, key)
    draft.replace("decimal: 90.0", "decimal: 91.0")
    take(draft, Status.SUBMITTED)
    response = served(draft)
    assert [each.of_this_content for each in response.review_history] == [False] * 3 + [True]
    assert page(response).count(", of an earlier content") == 3


def test_no_history_is_no_step(draft: Draft) -> None:
    """A guideline without a release file has none, and its page says nothing of a review."""
    response = served(draft)
    assert len(response.review_history) == 0
    assert "Review" not in page(response).splitlines()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("when", "yesterday"),
        ("when", "2026-01-02T03:04:05"),
        ("when", 3),
        pytest.param("when", "0001-01-01T00:00:00+23:00", id="before-all-years"),
        pytest.param("when", "9999-12-31T23:59:59-23:00", id="after-all-years"),
        pytest.param("who", "\ud800", id="half-a-character"),
    ],
)
def test_a_history_that_cannot_be_read_is_not_left_out(
    draft: Draft, part: str, value: object
) -> None:
    """A review that is damaged is a fault, and not no review: the guideline is not served."""
    take(draft, Status.SUBMITTED)
    path = release_path(draft.path)
    content = json.loads(path.read_text())
    content["lifecycle"][0][part] = value
    path.write_text(json.dumps(content))
    with pytest.raises(GuidelinesError, match=r"0\.1\.0\.yaml: its release file cannot be read"):
        load_guidelines(draft.folder)
