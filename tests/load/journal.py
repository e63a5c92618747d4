"""What became of each call: a line of a file, written by the caller when the call is over."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

OK = "OK"

UNREPEATABLE = "evaluate without id"
"""The kind of call that is not sent again when no word came: it might be decided twice."""


@dataclass(slots=True)
class Answered:
    """A decision that a caller holds in its hands.

    Args:
        request_id: under which it was asked for; empty: under none.
        decision_id: its id.
        digest: digest of the answer but for the id.
    """

    request_id: str
    decision_id: str
    digest: str


@dataclass(slots=True)
class Call:
    """One call with all its attempts.

    Args:
        kind: what was asked.
        ended_s: when it was over, seconds since 1970.
        latency_s: of its last attempt.
        whole_s: from its first attempt to the end of its last one.
        attempts: how often it was sent, 1 or more.
        outcome: `OK`, or what the last attempt failed with: code and reason.
        refused: what the server refused attempts with, code and reason.
        unanswered: codes of attempts that got no word from the server: the connection was lost, or
            the time was over.
        wrong: what was not as it must be.
        decisions: those that it was answered.
    """

    kind: str
    ended_s: float = 0.0
    latency_s: float = 0.0
    whole_s: float = 0.0
    attempts: int = 0
    outcome: str = ""
    refused: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    decisions: list[Answered] = field(default_factory=list)

    def line(self) -> str:
        """Returns the call as a line of a journal."""
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"

    @classmethod
    def of_line(cls, line: str) -> Call:
        """Returns the call of a line."""
        content = json.loads(line)
        content["decisions"] = [Answered(**each) for each in content["decisions"]]
        return cls(**content)


def read_journals(paths: Iterable[Path]) -> list[Call]:
    """Returns the calls of some journals, by the time at which they ended."""
    lines = (line for path in paths for line in path.read_text().splitlines())
    return sorted((Call.of_line(line) for line in lines), key=lambda call: call.ended_s)


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the value that a share of all does not exceed; NaN where there is none.

    Example:
        >>> percentile([3.0, 1.0, 2.0], 0.5)
        2.0
    """
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
