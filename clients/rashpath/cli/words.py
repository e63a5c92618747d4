"""The words and short forms that pages share: urgency, verdicts, citations, names of facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rashpath.facts.dictionary import Dictionary
from rashpath.facts.wording import Audience
from rashpath.v1 import decision_pb2, facts_pb2, guideline_pb2

_STATEMENT = re.compile(r"S([0-9]+)")

URGENCY_STYLES = {
    guideline_pb2.URGENCY_EMERGENCY: "bold red",
    guideline_pb2.URGENCY_SAME_DAY: "bold yellow",
    guideline_pb2.URGENCY_PROMPT: "bold",
}
"""How the words of an urgency are styled, in the terms of rich."""


def urgency_words(urgency: guideline_pb2.Urgency.ValueType) -> str:
    """Returns an urgency in capitals, such as ``SAME DAY``."""
    return short(guideline_pb2.Urgency.Name(urgency), "URGENCY_").replace("_", " ")


def verdict_words(verdict: decision_pb2.Verdict.ValueType) -> str:
    """Returns a verdict in words, such as ``does not apply``."""
    words = {
        decision_pb2.VERDICT_APPLIES: "applies",
        decision_pb2.VERDICT_DOES_NOT_APPLY: "does not apply",
        decision_pb2.VERDICT_UNDETERMINED: "is open",
    }
    return words.get(verdict, "has no verdict")


def review_words(status: guideline_pb2.ReviewStatus.ValueType) -> str:
    """Returns a review status in words, such as ``under review``."""
    name = guideline_pb2.ReviewStatus.Name(status)
    return short(name, "REVIEW_STATUS_").replace("_", " ").lower()


def flag_words(flag: guideline_pb2.EvidenceFlag.ValueType) -> str:
    """Returns a reservation in words, such as ``conflicts with source``."""
    name = guideline_pb2.EvidenceFlag.Name(flag)
    return short(name, "EVIDENCE_FLAG_").replace("_", " ").lower()


def audience_message(audience: str) -> guideline_pb2.Audience.ValueType:
    """Returns the message's value for ``clinician`` or ``patient``."""
    return guideline_pb2.Audience.Value(f"AUDIENCE_{audience.upper()}")


def short(name: str, prefix: str) -> str:
    """Returns the short name of an enum value."""
    return name.removeprefix(prefix)


def citations(statements: Iterable[str]) -> str:
    """Returns statement ids with runs joined.

    >>> citations(["S20", "S21", "S22", "S23", "S32"])
    'S20-S23 S32'
    """
    shown: list[str] = []
    run: list[str] = []
    for statement in [*statements, ""]:
        if run and _number(statement) == _number(run[-1]) + 1:
            run.append(statement)
            continue
        shown.extend(run if len(run) < 3 else [f"{run[0]}-{run[-1]}"])
        run = [statement] if statement else []
    return " ".join(shown)


def listed(names: Sequence[str], most: int) -> str:
    """Returns the first ``most`` names and the number of the others; a name may have commas.

    >>> listed(["a", "b, or c", "d"], 2)
    'a; b, or c; and 1 more'
    """
    if len(names) <= most:
        return "; ".join(names)
    return f"{'; '.join(names[:most])}; and {len(names) - most} more"


def fact_label(path: str, audience: str) -> str:
    """Returns a fact's short name in words; what is no fact keeps its name."""
    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    if path not in dictionary:
        return path
    return dictionary[path].label.to(Audience(audience))


def milligrams(dose: float) -> str:
    """Returns a dose as it is shown: rounded down to whole milligrams.

    >>> milligrams(2149.9999999999998)
    '2150 mg'
    """
    # A product such as 0.1 * 3 may end a hair below the whole number that it stands for.
    return f"{int(dose + 1e-9)} mg"


def number(value: float, digits: int = 4) -> str:
    """Returns a number with as many significant digits as help a reader.

    >>> number(1.2), number(84.0283), number(30.0)
    ('1.2', '84.03', '30')
    """
    return f"{value:.{digits}g}"


def _number(statement: str) -> int:
    match = _STATEMENT.fullmatch(statement)
    return int(match.group(1)) if match else -9
