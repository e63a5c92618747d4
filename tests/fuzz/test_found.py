"""What fuzzing found, and what was found beside it: files that ended a program with a traceback."""

from __future__ import annotations

import pytest

from rashpath.audit.checkpoint import CheckpointFileError, parse_checkpoint
from rashpath.audit.key_file import read_key_file
from rashpath.facts.errors import RashpathError
from rashpath.guideline.approval import ApprovalError, read_approvers
from rashpath.guideline.release import ReleaseError, read_release

DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("read", "refused"),
    [(read_approvers, ApprovalError), (read_release, ReleaseError), (read_key_file, RashpathError)],
)
def test_a_file_nested_without_end_is_refused(tmp_path, read, refused):
    """JSON that is nested deeper than Python reads is refused like any that is none."""
    path = tmp_path / "deep.json"
    path.write_bytes(DEEP)
    path.chmod(0o600)
    with pytest.raises(refused, match=r"deep\.json"):
        read(path)


def test_a_checkpoint_nested_without_end_is_refused():
    """So is a checkpoint, which comes from elsewhere."""
    with pytest.raises(CheckpointFileError, match="cannot be read"):
        parse_checkpoint(DEEP)
