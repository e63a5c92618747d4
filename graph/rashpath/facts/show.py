"""Shows facts in words."""

from __future__ import annotations

from typing import assert_never

from rashpath.facts.dictionary import Choice, DecimalNumber, Fact, Range, WholeNumber
from rashpath.facts.wording import Audience

_UNITS = {
    "a": ("year", "years"),
    "mo": ("month", "months"),
    "wk": ("week", "weeks"),
    "d": ("day", "days"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "1": ("", ""),
}
"""UCUM codes that are written out: for one, and for any other number."""


def show(fact: Fact, value: float, audience: Audience = Audience.CLINICIAN) -> str:
    """Returns the value of a fact in words, such as ``spreading``, ``1.1 mg/dL`` or ``45 years``.

    Args:
        fact: the fact.
        value: its number; of a choice, the number of the value.
        audience: whose words to use.

    Raises:
        ValueError: a choice has no value of that number.

    Example:
        >>> from rashpath.facts.dictionary import Dictionary
        >>> from rashpath.v1 import facts_pb2
        >>> dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
        >>> show(dictionary["patient.age_years"], 45)
        '45 years'
    """
    match fact.kind:
        case Choice() as choice:
            named = choice.numbered(int(value))
            if named is None:
                raise ValueError(f"`{fact.path}` has no value of that number")
            return named.label.to(audience)
        case WholeNumber() | DecimalNumber() as kind:
            return f"{number_text(value)} {unit_name(kind.unit, value)}".rstrip()
        case _:
            assert_never(fact.kind)


def symbol(fact: Fact, value: float) -> str:
    """Returns the value of a fact as one types it: the short name of a choice, or the number.

    Raises:
        ValueError: a choice has no value of that number.
    """
    match fact.kind:
        case Choice() as choice:
            named = choice.numbered(int(value))
            if named is None:
                raise ValueError(f"`{fact.path}` has no value of that number")
            return named.short
        case WholeNumber() | DecimalNumber():
            return number_text(value)
        case _:
            assert_never(fact.kind)


def unit_name(unit: str, number: float = 2) -> str:
    """Returns a UCUM unit as it is written behind a number; empty for a count."""
    one, many = _UNITS.get(unit, (unit, unit))
    return one if number == 1 else many


def range_text(interval: Range, unit: str) -> str:
    """Returns a range with its unit, such as ``0.2 to 25 mg/dL``."""
    ends = f"{number_text(interval.minimum)} to {number_text(interval.maximum)}"
    return f"{ends} {unit_name(unit)}".rstrip()


def number_text(number: float) -> str:
    """Returns the shortest text of a number, whole ones without a point.

    >>> number_text(70.0), number_text(0.9)
    ('70', '0.9')
    """
    text = repr(number)
    if isinstance(number, int) and len(text) > 25:
        return f"{text[:20]}..."
    return text.removesuffix(".0")
