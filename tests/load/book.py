"""What callers ask under load, and the answers that they must get.

An id differs from answer to answer; all else must be the same to the byte.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from rashpath.v1.decision_service_pb2 import EvaluateResponse, ExplainPathResponse

WHY = ("start_foscarnet",)
"""The recommendation that explanations are asked for; all of them would be a page each."""


@dataclass(frozen=True, slots=True)
class Page:
    """One case as it is asked.

    Args:
        request: bytes of the `EvaluateRequest`, without a request id.
        answers: digest of the answer by digest of the guideline.
        explained: digest of the explanation of its decision by digest of the guideline.
    """

    request: bytes
    answers: Mapping[str, str]
    explained: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Book:
    """All cases that are asked."""

    pages: tuple[Page, ...]

    def save(self, path: Path) -> None:
        """Writes the book for callers, which are other processes."""
        content = [
            asdict(page) | {"request": base64.b64encode(page.request).decode()}
            for page in self.pages
        ]
        path.write_text(json.dumps(content))

    @classmethod
    def read(cls, path: Path) -> Book:
        """Reads a book that was written."""
        content = json.loads(path.read_text())
        return cls(
            tuple(Page(**each | {"request": base64.b64decode(each["request"])}) for each in content)
        )


def answer_digest(answer: EvaluateResponse) -> str:
    """Returns a digest of all of an answer but its id."""
    plain = EvaluateResponse()
    plain.CopyFrom(answer)
    plain.decision_id = ""
    return _digest(plain.SerializeToString(deterministic=True))


def explanation_digest(explanation: ExplainPathResponse) -> str:
    """Returns a digest of all of an explanation but the id of its decision."""
    plain = ExplainPathResponse()
    plain.CopyFrom(explanation)
    plain.decision.decision_id = ""
    return _digest(plain.SerializeToString(deterministic=True))


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=12).hexdigest()
