"""Counts what the service refused, in plain numbers for whoever exports them."""

from __future__ import annotations

from collections import Counter

from rashpath.service.errors import Refusal, reason_name

Key = tuple[str, str, str]
"""Method, reason from the catalogue, and what is wrong with a token or certificate, or empty."""


class Refusals:
    """The counts of one worker since it started; methods and reasons are few, and so are keys."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()

    def count(self, method: str, refusal: Refusal) -> None:
        """Counts one refusal.

        Args:
            method: name of the method.
            refusal: what the caller got.
        """
        why = refusal.metadata.get("why", "")
        self._counts[method, reason_name(refusal.reason), why] += 1

    def counts(self) -> dict[Key, int]:
        """Returns how often each was refused."""
        return dict(self._counts)
