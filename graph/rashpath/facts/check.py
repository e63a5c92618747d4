"""Checks a case that arrived as a message, and reads the facts that it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import assert_never

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from rashpath.facts.accept import out_of_range
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber
from rashpath.facts.errors import Problem, Reason
from rashpath.facts.show import range_text

_MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Warning:
    """A value that is accepted but unusual.

    Args:
        field: path of the fact.
        text: what is unusual, without the value.
    """

    field: str
    text: str


def check(message: Message, dictionary: Dictionary) -> tuple[list[Problem], list[Warning]]:
    """Checks a case message against the dictionary.

    Args:
        message: a case of the type that the dictionary describes.
        dictionary: the facts.

    Returns:
        Problems (a number that is not finite or out of its hard range, an undefined value of a
        choice, an unknown binary field; at most 100), and warnings (a number outside its plausible
        range), each in the order of the message. With a problem the case must be refused.
    """
    problems = unknown_fields(message)
    warnings: list[Warning] = []
    usual = _usual(dictionary)
    for fact, value in _values(message, dictionary):
        low, high = usual[fact.order]
        if low <= value <= high:
            continue
        kind = fact.kind
        if isinstance(kind, Choice):
            if kind.numbered(int(value)) is None:
                private = f"`{fact.path}` has a value that is not defined"
                text = f"`{fact.path}` is the number {value}, which is not defined"
                problems.append(Problem(Reason.UNDEFINED_VALUE, fact.path, text, private))
            continue
        refusal = out_of_range(fact, value)
        if refusal is not None:
            text = f"`{fact.path}` {refusal.text}"
            private = f"`{fact.path}` {refusal.private_text}"
            problems.append(Problem(refusal.reason, fact.path, text, private))
        elif kind.plausible is not None:
            words = range_text(kind.plausible, kind.unit)
            text = f"`{fact.path}` is outside the usual {words}; check the value and its unit"
            warnings.append(Warning(fact.path, text))
    return problems[:_MOST_PROBLEMS], warnings


def unknown_fields(message: Message) -> list[Problem]:
    """Returns a problem for each binary field that any message does not know, at most 100.

    Messages within it are searched too. What a newer client adds may be a contraindication, so it
    must not vanish.
    """
    return list(islice(_unknown(message, ""), _MOST_PROBLEMS)) if has_unknown(message) else []


def given(message: Message, dictionary: Dictionary) -> dict[str, int | float]:
    """Returns the facts that a case gives, by path, in the order of the dictionary.

    Choices are given as the number of their value. What is unset, explicitly unspecified or in an
    empty group is left out. The message must have passed :func:`check`.

    Example:
        >>> from rashpath.v1 import facts_pb2
        >>> case = facts_pb2.PatientCase(rash={"trend": "TREND_SPREADING"})
        >>> given(case, Dictionary.of(case.DESCRIPTOR))
        {'rash.trend': 3}
    """
    return {fact.path: value for fact, value in _values(message, dictionary)}


def _values(message: Message, dictionary: Dictionary) -> Iterator[tuple[Fact, int | float]]:
    # INVARIANT: ListFields is in the order of field numbers, and so is the dictionary.
    by_number = dictionary.by_number
    for group, inner in message.ListFields():
        for field, value in inner.ListFields():
            fact = by_number.get((group.number, field.number))
            if fact is not None:
                yield fact, value


@lru_cache(maxsize=64)
def _usual(dictionary: Dictionary) -> tuple[tuple[float, float], ...]:
    """Returns, by order of the facts, an interval within which nothing needs to be said."""
    usual: list[tuple[float, float]] = []
    for fact in dictionary:
        match fact.kind:
            case Choice() as choice:
                numbers = [value.number for value in choice.values]
                has_gaps = numbers != list(range(numbers[0], numbers[-1] + 1))
                usual.append((1, 0) if has_gaps else (numbers[0], numbers[-1]))
            case WholeNumber() | DecimalNumber() as kind:
                interval = kind.plausible or kind.hard
                usual.append((interval.minimum, interval.maximum))
            case _:
                assert_never(fact.kind)
    return tuple(usual)


def has_unknown(message: Message) -> bool:
    """Tells whether a message or one within it has a binary field that it does not know.

    It looks at what is lost without them, which is fast.
    """
    known = type(message)()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return known.ByteSize() != message.ByteSize()


def _unknown(message: Message, path: str) -> Iterator[Problem]:
    """Yields the unknown binary fields of a message and of all messages within."""
    unknown = UnknownFieldSet(message)
    for index in range(min(len(unknown), _MOST_PROBLEMS)):
        number = unknown[index].field_number
        where = f"`{path}`" if path else "the message"
        text = f"{where} has an unknown field of number {number}; the sender may be newer"
        yield Problem(Reason.UNKNOWN_FIELD, path, text, text)
    for field, value in message.ListFields():
        inner = field.message_type
        if inner is None or inner.GetOptions().map_entry:
            continue
        name = f"{path}.{field.name}" if path else field.name
        if field.is_repeated:
            for index, item in enumerate(value):
                yield from _unknown(item, f"{name}[{index}]")
        else:
            yield from _unknown(value, name)
