"""Who handed in, reviewed and approved a version of a guideline, and the signature of who approved.

The release file beside a guideline holds its history: SUBMITTED, then UNDER_REVIEW, then APPROVED.
A review is of a text. Each step therefore names the digest of the guideline as it was, and the
digest of its content, which is the same digest with the review status left out: any change but to
that begins the history anew. The approval is signed (Ed25519), and the guideline must be proved.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rashpath.facts.errors import RashpathError, quoted
from rashpath.guideline.digest import digest
from rashpath.guideline.model import DecisionGraph
from rashpath.guideline.release import (
    LIFECYCLE,
    Release,
    ReleaseError,
    certificate_of,
    read_release,
    release_path,
    write_part,
)
from rashpath.v1 import guideline_pb2

LONGEST = 1000
"""Most characters of a name or a comment."""

_ID_LENGTH = 16
_KEY_BYTES = 32
_PURPOSE = "approval of a rashpath guideline, 1"


class ApprovalError(RashpathError):
    """A step that cannot be recorded, or keys that cannot be used."""


class Status(StrEnum):
    """The steps of a review, in their order."""

    SUBMITTED = "SUBMITTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    APPROVED = "APPROVED"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a review.

    Args:
        status: which.
        who: name of whoever took it.
        when: when, RFC 3339 in UTC.
        comment: what they add; may be empty.
        digest: digest of the guideline as it was.
        content: digest of its content, the review status left out.
        key_id: id of the key that signed; empty where nothing is signed.
        signature: the signature in base64; empty where nothing is signed.
    """

    status: Status
    who: str
    when: str
    comment: str
    digest: str
    content: str
    key_id: str = ""
    signature: str = ""


def content_digest(graph: DecisionGraph) -> str:
    """Returns the digest of a guideline without its review status, 64 hexadecimal digits."""
    bare = guideline_pb2.Guideline()
    bare.CopyFrom(graph.guideline)
    bare.ClearField("review_status")
    return digest(bare, graph.dictionary)


def status_of(graph: DecisionGraph) -> Status:
    """Returns the review status that a guideline states, and shows with every answer."""
    name = guideline_pb2.ReviewStatus.Name(graph.guideline.review_status)
    return Status(name.removeprefix("REVIEW_STATUS_"))


def steps_of(release: Release | None) -> tuple[Step, ...]:
    """Returns the history of a release file, the oldest step first.

    Raises:
        ReleaseError: it is not a history.
    """
    if release is None:
        return ()
    try:
        return tuple(_step(each) for each in release.rest.get(LIFECYCLE, ()))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise ReleaseError(f"`{LIFECYCLE}` in the release file is not a history") from None


def record(
    graph: DecisionGraph,
    path: Path,
    status: Status,
    who: str,
    when: datetime,
    comment: str = "",
    key: Ed25519PrivateKey | None = None,
) -> Step:
    """Records the next step of a review in the release file beside a guideline file.

    Args:
        graph: the guideline.
        path: its file.
        status: the step; must be the one that the guideline itself states.
        who: name of whoever takes it, 1 to 1000 characters.
        when: when it is taken, with a time zone.
        comment: what they add, at most 1000 characters.
        key: signs the approval; None for any other step.

    Returns:
        The step.

    Raises:
        ApprovalError: the guideline states another status, it is not the turn of this step, or an
            approval lacks its key or a valid certificate.
        ReleaseError: the release file cannot be understood.
        OSError: it cannot be read or written.
    """
    for name, text, least in (("by", who, 1), ("comment", comment, 0)):
        if not (least <= len(text.strip()) and len(text) <= LONGEST and text.isprintable()):
            raise ApprovalError(
                f"`{name}` must be one line of {least} to {LONGEST} printable characters"
            )
    stated = status_of(graph)
    if stated is not status:
        raise ApprovalError(
            f"the guideline states `review_status: {stated.value}`, which every answer shows; "
            f"write {status.value} there before that is recorded"
        )
    history = steps_of(read_release(release_path(path)))
    content = content_digest(graph)
    _check_turn(status, tuple(each.status for each in history if each.content == content))
    if status is Status.APPROVED:
        _, lack = certificate_of(graph, path)
        if lack:
            raise ApprovalError(
                f"what is not proved is not approved: {lack}; "
                "run `rashpath guideline verify FILE --write`"
            )
        if key is None:
            raise ApprovalError("an approval is signed; name the key with `--key FILE`")
    elif key is not None:
        raise ApprovalError("only an approval is signed; leave `--key` out")
    at = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    step = Step(status, who.strip(), at, comment.strip(), graph.digest, content)
    if key is not None:
        step = _signed(step, key)
    write_part(graph, path, LIFECYCLE, [_plain(each) for each in (*history, step)])
    return step


def approval_of(
    graph: DecisionGraph, path: Path, approvers: Mapping[str, bytes]
) -> tuple[Step | None, str]:
    """Finds the approval of a guideline that one of some keys signed.

    Args:
        graph: the guideline.
        path: its file; the release file lies beside it.
        approvers: public keys, raw, 32 bytes each, by id.

    Returns:
        The step and an empty text; or None, and why there is none.
    """
    try:
        history = steps_of(read_release(release_path(path)))
    except (ReleaseError, OSError):
        return None, "its release file cannot be read"
    stated = status_of(graph)
    if stated is not Status.APPROVED:
        return None, f"states `review_status: {stated.value}`"
    approvals = [
        each for each in history if each.status is Status.APPROVED and each.digest == graph.digest
    ]
    if not approvals:
        return None, "no approval of this text lies beside it"
    for each in approvals:
        if is_signed(each, approvers):
            return each, ""
    return None, "its approval bears no good signature of a key that is trusted"


def read_approvers(path: Path) -> Mapping[str, bytes]:
    """Reads the public keys of those who may approve: `{"public_keys": {ID: KEY}}`, base64.

    Returns:
        The keys, raw, 32 bytes each, by id; never empty.

    Raises:
        ApprovalError: the file cannot be read, holds anything else, such as a private key, or an
            id that is not its key's.
    """
    try:
        content: Any = json.loads(path.read_bytes())
    except OSError:
        raise ApprovalError(f"`{path}` cannot be read") from None
    except (ValueError, RecursionError):
        raise ApprovalError(f"`{path}` is not JSON") from None
    if isinstance(content, dict) and "private_key" in content:
        raise ApprovalError(
            f"`{path}` holds a private key, which is for the approver alone; "
            "write the public ones with `rashpath guideline approvers KEY`"
        )
    given = content.get("public_keys") if isinstance(content, dict) else None
    if not isinstance(given, dict) or set(content) != {"public_keys"} or not given:
        raise ApprovalError(f"`{path}` must hold `public_keys` and nothing else")
    keys: dict[str, bytes] = {}
    for name, text in given.items():
        key = _decoded(text)
        if len(key) != _KEY_BYTES or key_id(key) != name:
            raise ApprovalError(f"{quoted(name)} in `{path}` is not the id of a public key there")
        keys[name] = key
    return keys


def is_signed(step: Step, approvers: Mapping[str, bytes]) -> bool:
    """Tells whether a step bears a good signature of one of some keys, raw, by id."""
    key = approvers.get(step.key_id)
    if key is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(_decoded(step.signature), _message(step))
    except InvalidSignature:
        return False
    return True


def key_id(public: bytes) -> str:
    """Returns the id of a public key: 16 hexadecimal digits, as the ledger counts them too."""
    return hashlib.sha256(public).hexdigest()[:_ID_LENGTH]


def _check_turn(status: Status, taken: tuple[Status, ...]) -> None:
    if status in taken:
        raise ApprovalError(f"{status.value} is recorded of this content already")
    order = tuple(Status)
    missing = [each for each in order[: order.index(status)] if each not in taken]
    if missing:
        raise ApprovalError(
            f"{status.value} comes after {missing[-1].value}, "
            "which is not recorded of this content; a change of it begins the review anew"
        )


def _signed(step: Step, key: Ed25519PrivateKey) -> Step:
    named = Step(**asdict(step) | {"key_id": key_id(key.public_key().public_bytes_raw())})
    signature = base64.b64encode(key.sign(_message(named))).decode("ascii")
    return Step(**asdict(named) | {"signature": signature})


def _message(step: Step) -> bytes:
    """Returns what is signed: all of a step but the signature, and what it is meant for."""
    content = _plain(step)
    content.pop("signature", None)
    return rfc8785.dumps({"purpose": _PURPOSE, **content})


def _plain(step: Step) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(step).items() if value}


def _step(content: Any) -> Step:
    texts = {key: value for key, value in content.items() if isinstance(value, str)}
    if len(texts) != len(content):
        raise TypeError
    for text in texts.values():
        text.encode()  # half a character, which JSON can name, could not be sent
    when = datetime.fromisoformat(texts["when"])
    if when.tzinfo is None:
        raise ValueError("a moment without a time zone")
    when.astimezone(UTC)
    return Step(**{"comment": ""} | texts | {"status": Status(texts["status"])})


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return b""
