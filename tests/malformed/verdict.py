"""What an answer to a malformed case is worth."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum

from tests.bench.sub_cases import Outcome
from tests.malformed.cases import GROUP, Malformed
from tests.malformed.decision import Told

_MOST_NAMED = 3
"""A message with this many other facts in it, such as one that quotes a whole case, names none."""


class Verdict(Enum):
    """What came back, the best first: a word for the table, and what it means."""

    NAMES = ("names", "refuses, and names the field")
    ASKS = ("asks", "leaves open what turns on the fact, and asks for it")
    REPORTS = ("reports", "answers, and reports that the fact contradicts another")
    WARNS = ("warns", "answers, and warns that the value of the fact is unusual")
    REFUSES = ("refuses", "refuses without naming the field")
    SAME = ("same", "answers as if nothing were wrong; the outcome is the one that was meant")
    OTHER = ("**OTHER**", "answers as if nothing were wrong; the outcome is **another one**")
    CRASHES = ("**CRASH**", "the process dies or hangs")

    @property
    def word(self) -> str:
        """The word that stands in the table."""
        return str(self.value[0])

    @property
    def meaning(self) -> str:
        """What the word means."""
        return str(self.value[1])


def judge(case: Malformed, told: Told, meant: Outcome) -> Verdict:
    """Returns what an answer to a malformed case is worth.

    Args:
        case: the case.
        told: what came back.
        meant: where the lanes end in the case that was meant.
    """
    if told.crashed:
        return Verdict.CRASHES
    if told.outcome is None:
        return Verdict.NAMES if names(case, told.errors) else Verdict.REFUSES
    if case.path in told.open and "" in told.outcome:
        return Verdict.ASKS
    if case.path in told.contradicting:
        return Verdict.REPORTS
    if case.path in told.unusual:
        return Verdict.WARNS
    return Verdict.SAME if told.outcome == meant else Verdict.OTHER


def names(case: Malformed, errors: Iterable[str]) -> bool:
    """Tells whether a message of a refusal names the field: by its own name, or as it is typed.

    One that quotes a whole rule or case, and so has more facts in it, names none.
    """
    wanted = {case.fact, *(key for key, _ in case.entries)}
    for error in errors:
        found = {name for name in (*GROUP, *wanted) if _has(error, name)}
        if found & wanted and len(found - wanted) < _MOST_NAMED:
            return True
    return False


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
