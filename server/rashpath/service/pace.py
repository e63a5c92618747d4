"""How long a case of a batch has taken of late, so that hopeless batches are refused at once."""

from __future__ import annotations

from rashpath.service.errors import Refusal
from rashpath.v1.errors_pb2 import ErrorReason

_NEWEST_WEIGHT = 0.1
"""Share of the newest measurement in the mean."""

_HOPELESS = 4.0
"""How many times the time that is left a batch must seem to need, to be refused: a busy moment must not pass for a slow machine."""


class Pace:
    """The pace of one worker; before the first measurement it refuses nothing."""

    def __init__(self) -> None:
        self._case_s = 0.0

    def measure(self, cases: int, seconds: float) -> None:
        """Takes in how long some cases took, one or more."""
        newest_s = seconds / cases
        weight = _NEWEST_WEIGHT if self._case_s else 1.0
        self._case_s += (newest_s - self._case_s) * weight

    def require(self, cases: int, left_s: float) -> None:
        """Refuses a batch that would take far longer than it may, before any case is decided.

        Args:
            cases: of the batch.
            left_s: seconds until its deadline.

        Raises:
            Refusal: it needs more than four times the time that is left (DEADLINE_EXCEEDED).
        """
        needed_s = cases * self._case_s
        if needed_s > _HOPELESS * left_s:
            raise Refusal(
                ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
                f"the batch needs about {needed_s:.1f} s, more than its deadline allows; nothing "
                "was decided; send less at a time, or allow more time",
            )
