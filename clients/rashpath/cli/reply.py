"""Reads what a person types as the answer to a question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from rashpath.facts.assignment import parse_value
from rashpath.facts.dictionary import Choice, DecimalNumber, Fact, WholeNumber
from rashpath.facts.errors import FactsError
from rashpath.facts.show import number_text, range_text, unit_name

_NUMBER_AND_UNIT = re.compile(r"([-+]?[0-9.,]+(?:[eE][-+]?[0-9]+)?)\s*(.*)")


class Command(Enum):
    """What can be typed instead of a value."""

    WHY = "?"
    UNKNOWN = "-"
    BACK = "b"
    STOP = "q"


@dataclass(frozen=True, slots=True)
class Misread:
    """A reply that cannot be used, and what to type instead."""

    text: str


Reply = Command | Misread | int | float


def read_reply(fact: Fact, typed: str) -> Reply:
    """Returns what a reply means.

    Args:
        fact: the fact that was asked for.
        typed: the number of an answer (from 1), its short or full name in any case, an alias such
            as ``true``, or for a number its value with or without its unit; or a command.

    Example:
        >>> from rashpath.facts.dictionary import Dictionary
        >>> from rashpath.v1 import facts_pb2
        >>> dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
        >>> read_reply(dictionary["patient.weight_kg"], "80 kg")
        80.0
    """
    word = typed.strip()
    lowered = word.lower()
    for command in Command:
        if lowered == command.value:
            return command
    if not word:
        return Misread("type an answer, or `-` if it is not known")
    match fact.kind:
        case Choice() as choice:
            return _choice(choice, word)
        case WholeNumber() | DecimalNumber() as kind:
            return _number(fact, kind, word)
        case _:
            assert_never(fact.kind)


def prompt(fact: Fact, audience: str) -> str:
    """Returns what may be typed, such as ``1 improving   2 unchanged   3 spreading``."""
    match fact.kind:
        case Choice() as choice:
            return "   ".join(
                f"{place} {value.label.patient if audience == 'patient' else value.label.clinician}"
                for place, value in enumerate(choice.values, start=1)
            )
        case WholeNumber() | DecimalNumber() as kind:
            return range_text(kind.hard, kind.unit)
        case _:
            assert_never(fact.kind)


def _choice(choice: Choice, word: str) -> Reply:
    if word.isdecimal():
        place = int(word)
        if 1 <= place <= len(choice.values):
            return choice.values[place - 1].number
        return Misread(f"there is no answer {place}; type 1 to {len(choice.values)}")
    wanted = word.upper().replace(" ", "_")
    for value in choice.values:
        names = {value.short, value.name, value.alias.upper(), value.label.clinician.upper()}
        if wanted in names - {""} or word.upper() in names - {""}:
            return value.number
    return Misread(f"that is no answer here; type 1 to {len(choice.values)}, or `?`, `-`, `b`, `q`")


def _number(fact: Fact, kind: WholeNumber | DecimalNumber, word: str) -> Reply:
    match = _NUMBER_AND_UNIT.fullmatch(word)
    if match is None:
        return Misread(f"type a number, {range_text(kind.hard, kind.unit)}")
    digits, unit = match.group(1), match.group(2).strip()
    if "," in digits:
        return Misread("write the number with a point, without commas")
    if unit and unit.lower() not in _spellings(kind.unit):
        return Misread(_wrong_unit(kind, digits, unit))
    if isinstance(kind, DecimalNumber) and digits.endswith("."):
        digits += "0"
    try:
        value = parse_value(fact, digits)
    except FactsError as error:
        return Misread(error.problems[0].text)
    if value is None:
        return Misread(f"type a number, {range_text(kind.hard, kind.unit)}")
    return value


def _spellings(unit: str) -> set[str]:
    return {unit.lower(), unit_name(unit, 1).lower(), unit_name(unit, 2).lower()}


def _wrong_unit(kind: WholeNumber | DecimalNumber, digits: str, unit: str) -> str:
    expected = unit_name(kind.unit) or "a plain number, without a unit"
    text = f"the unit is {expected}, not {unit}"
    mistaken = kind.mistaken_unit
    if mistaken is not None and unit.lower() in _spellings(mistaken.unit):
        try:
            converted = float(digits) / mistaken.divisor
        except ValueError:
            return text
        text += f"; {number_text(float(digits))} {unit} are {converted:.2f} {expected}"
    return text
