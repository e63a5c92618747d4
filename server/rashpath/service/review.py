"""The review of a guideline as its release file records it, for those who ask for the guideline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rashpath.guideline import DecisionGraph
from rashpath.guideline.approval import Step, content_digest, is_signed, steps_of
from rashpath.guideline.release import read_release, release_path
from rashpath.v1.guideline_pb2 import ReviewStatus
from rashpath.v1.guideline_service_pb2 import ReviewStep


def review_history(
    graph: DecisionGraph, path: Path, approvers: Mapping[str, bytes] | None
) -> tuple[ReviewStep, ...]:
    """Returns the steps of a guideline's review, the oldest first; none where none is recorded.

    Args:
        graph: the guideline.
        path: its file; the release file lies beside it.
        approvers: public keys that may approve, raw, by id; None: no signature is checked.

    Raises:
        ReleaseError: the release file cannot be understood.
        OSError: it cannot be read.
    """
    content = content_digest(graph)
    steps = steps_of(read_release(release_path(path)))
    return tuple(_message(each, content, approvers or {}) for each in steps)


def _message(step: Step, content: str, approvers: Mapping[str, bytes]) -> ReviewStep:
    message = ReviewStep(
        status=ReviewStatus.Value(f"REVIEW_STATUS_{step.status.value}"),
        reviewer=step.who,
        comment=step.comment,
        digest=step.digest,
        of_this_content=step.content == content,
        key_id=step.key_id,
        signature_verified=is_signed(step, approvers),
    )
    message.review_time.FromDatetime(datetime.fromisoformat(step.when))
    return message
