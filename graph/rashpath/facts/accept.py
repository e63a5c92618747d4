"""Takes one plain value for one field, or says why not: no value is ever bent to fit.

Text is not a number, a number is not text, ``45.0`` is not a whole number, true is not 1, and null
is not "unknown".
"""

from __future__ import annotations

import base64
import binascii
import difflib
import math
from dataclasses import dataclass
from typing import assert_never

from rashpath.facts.dictionary import Choice, DecimalNumber, Fact, WholeNumber
from rashpath.facts.errors import Reason, quoted
from rashpath.facts.plain import Plain
from rashpath.facts.show import number_text, range_text, unit_name

_LARGEST_FLOAT = 3.4028234663852886e38
_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value was not taken, to be read behind the name of its field.

    Args:
        reason: the kind of fault.
        text: such as ``is text "45", where a whole number is expected``.
        private_text: the same without the value.
    """

    reason: Reason
    text: str
    private_text: str


def accept_fact(fact: Fact, plain: Plain) -> int | float | Refusal | None:
    """Takes a value for a fact, its hard range included.

    Returns:
        The number (of a choice: the number of its value); None for an explicit unspecified choice,
        which means the same as leaving the fact out; or a refusal.
    """
    match fact.kind:
        case Choice() as choice:
            return accept_choice(choice, plain)
        case WholeNumber():
            # The hard range is narrower than 32 bits, and its message is the better one.
            number: int | float | Refusal = _whole(plain)
        case DecimalNumber():
            number = accept_decimal(plain, double=True)
        case _:
            assert_never(fact.kind)
    if isinstance(number, Refusal):
        return number
    return out_of_range(fact, number) or number


def out_of_range(fact: Fact, number: float) -> Refusal | None:
    """Returns why a number is outside a fact's hard range, or None if it is inside.

    Names the unit that was probably meant, where the dictionary knows one that fits.
    """
    match fact.kind:
        case Choice():
            return None
        case WholeNumber() | DecimalNumber() as kind:
            pass
        case _:
            assert_never(fact.kind)
    if isinstance(number, float) and not math.isfinite(number):
        return _not_finite(number)
    if number in kind.hard:
        return None
    text = f"is {number_text(number)}, outside {range_text(kind.hard, kind.unit)}"
    private = f"is outside {range_text(kind.hard, kind.unit)}"
    if kind.mistaken_unit is not None and abs(number) < _LARGEST_FLOAT:
        converted = number / kind.mistaken_unit.divisor
        if converted in kind.hard:
            unit = unit_name(kind.mistaken_unit.unit)
            text += f" (is it in {unit}? then {converted:.1f})"
            private += f" (is it in {unit}?)"
    return Refusal(Reason.OUT_OF_RANGE, text, private)


def accept_choice(choice: Choice, plain: Plain) -> int | Refusal | None:
    """Takes a value of a choice by its short or full name; true and false where they are aliases.

    Returns:
        The number of the value; None for the unspecified one; or a refusal.
    """
    if isinstance(plain, bool):
        word = "true" if plain else "false"
        for value in choice.values:
            if value.alias == word:
                return value.number
    if isinstance(plain, str):
        if choice.means_unset(plain):
            return None
        named = choice.named(plain)
        if named is not None:
            return named.number
        words = allowed(choice)
        near = _meant(choice, plain)
        hint = f"; did you mean {near}?" if near is not None else ""
        if any(value.alias == plain for value in choice.values):
            hint = "; write it without quotes"
        return Refusal(
            Reason.UNDEFINED_VALUE,
            f"is {_shown(plain)}, not one of {words}{hint}",
            f"is not one of {words}",
        )
    return _wrong(plain, f"one of {allowed(choice)}")


def allowed(choice: Choice) -> str:
    """Returns the words that a choice accepts, in order: short names, then aliases."""
    words = [value.short for value in choice.values]
    words.extend(value.alias for value in choice.values if value.alias)
    return ", ".join(words)


def accept_whole(plain: Plain, bits: int, *, signed: bool) -> int | Refusal:
    """Takes a whole number of 32 or 64 bits."""
    number = _whole(plain)
    if isinstance(number, Refusal):
        return number
    low = -(1 << (bits - 1)) if signed else 0
    high = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1
    if low <= number <= high:
        return number
    fault = f"is outside {low} to {high}"
    return Refusal(Reason.OUT_OF_RANGE, fault, fault)


def accept_decimal(plain: Plain, *, double: bool) -> float | Refusal:
    """Takes a finite number, written with or without a decimal point."""
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        return _wrong(plain, "a number")
    try:
        number = float(plain)
    except OverflowError:
        number = math.inf if plain > 0 else -math.inf
    if not math.isfinite(number) or (not double and abs(number) > _LARGEST_FLOAT):
        return _not_finite(number)
    return number


def accept_flag(plain: Plain) -> bool | Refusal:
    """Takes true or false."""
    return plain if isinstance(plain, bool) else _wrong(plain, "true or false")


def accept_text(plain: Plain) -> str | Refusal:
    """Takes text that can be sent as UTF-8."""
    if not isinstance(plain, str):
        return _wrong(plain, "text")
    try:
        plain.encode("utf-8")
    except UnicodeEncodeError:
        fault = "is text with half of a character pair, which cannot be sent"
        return Refusal(Reason.WRONG_TYPE, fault, fault)
    return plain


def accept_bytes(plain: Plain) -> bytes | Refusal:
    """Takes bytes in base64."""
    if isinstance(plain, str):
        try:
            return base64.b64decode(plain, validate=True)
        except (binascii.Error, ValueError):
            pass
    return _wrong(plain, "base64 text")


def accept_list(plain: Plain) -> list[Plain] | Refusal:
    """Takes a list."""
    return plain if isinstance(plain, list) else _wrong(plain, "a list")


def accept_mapping(plain: Plain) -> dict[str, Plain] | Refusal:
    """Takes a mapping of names to values."""
    return plain if isinstance(plain, dict) else _wrong(plain, "a group of `name: value`")


def _whole(plain: Plain) -> int | Refusal:
    if isinstance(plain, float) and not math.isfinite(plain):
        return _not_finite(plain)
    if isinstance(plain, bool) or not isinstance(plain, int):
        return _wrong(plain, "a whole number")
    return plain


def _meant(choice: Choice, word: str) -> str | None:
    """Returns the short name that was probably meant, or None."""
    word = word[:_LONGEST_SHOWN].strip().upper().replace(" ", "_").replace("-", "_")
    for value in choice.values:
        if word and (word == value.name or value.name.endswith(f"_{word}")):
            return value.short
    near = difflib.get_close_matches(word, [value.short for value in choice.values], n=1)
    return near[0] if near else None


def _wrong(plain: Plain, expected: str) -> Refusal:
    shown, private = _described(plain)
    where = f", where {expected} is expected"
    return Refusal(Reason.WRONG_TYPE, f"is {shown}{where}", f"is {private}{where}")


def _described(plain: Plain) -> tuple[str, str]:
    match plain:
        case None:
            return "null", "null"
        case bool():
            return "true" if plain else "false", "true or false"
        case int():
            return f"the number {number_text(plain)}", "a number"
        case float():
            return f"the number {plain!r}", "a number with a decimal point"
        case str():
            return f"text {_shown(plain)}", "text"
        case list():
            return "a list", "a list"
        case dict():
            return "a group", "a group"
        case _:
            assert_never(plain)


def _shown(text: str) -> str:
    if len(text) > _LONGEST_SHOWN:
        text = text[:_LONGEST_SHOWN] + "..."
    return f'"{quoted(text)[1:-1]}"'


def _not_finite(number: float) -> Refusal:
    fault = "is not a number" if math.isnan(number) else "is infinite"
    return Refusal(Reason.NOT_FINITE, f"{fault}; give a finite number", "is not a finite number")
