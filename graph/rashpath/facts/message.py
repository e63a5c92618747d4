"""Fills a protobuf message from plain values, and lists everything that does not fit.

It takes the protobuf JSON mapping with proto names or JSON names, but nothing that is lenient in
it: see :mod:`rashpath.facts.accept`. It serves any message; facts get their hard ranges checked.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from rashpath.facts.accept import (
    Refusal,
    accept_bytes,
    accept_choice,
    accept_decimal,
    accept_fact,
    accept_flag,
    accept_list,
    accept_mapping,
    accept_text,
    accept_whole,
)
from rashpath.facts.assignment import unknown_fact
from rashpath.facts.dictionary import Dictionary, choice_of, is_case, is_fact
from rashpath.facts.errors import FactsError, Problem, Reason, quoted
from rashpath.facts.plain import Path, Place, Plain

M = TypeVar("M", bound=Message)

_Accepted = int | float | bool | str | bytes | None

MOST_PROBLEMS = 100
"""Problems after which reading stops, so that junk cannot cost more than a case."""

_LONGEST_COMPARED = 64
_NO_PLACES: Mapping[Path, Place] = {}

_WHOLE = {
    FieldDescriptor.TYPE_INT32: (32, True),
    FieldDescriptor.TYPE_SINT32: (32, True),
    FieldDescriptor.TYPE_SFIXED32: (32, True),
    FieldDescriptor.TYPE_UINT32: (32, False),
    FieldDescriptor.TYPE_FIXED32: (32, False),
    FieldDescriptor.TYPE_INT64: (64, True),
    FieldDescriptor.TYPE_SINT64: (64, True),
    FieldDescriptor.TYPE_SFIXED64: (64, True),
    FieldDescriptor.TYPE_UINT64: (64, False),
    FieldDescriptor.TYPE_FIXED64: (64, False),
}


def fill(
    message_type: type[M],
    plain: Plain,
    places: Mapping[Path, Place] = _NO_PLACES,
    source: str = "",
) -> M:
    """Returns a message with the values of a document.

    Args:
        message_type: the protobuf class.
        plain: the document's value.
        places: where its values stand, for messages; may be empty.
        source: name of the document, for messages.

    Raises:
        FactsError: with every problem (the first 100): an unknown field (with the nearest known
            name), a field given under both its names, two fields of a oneof, a value of another
            type, an undefined value of a choice, a number that is not finite or out of range.

    Example:
        >>> from rashpath.v1 import facts_pb2
        >>> fill(facts_pb2.PatientCase, {"rash": {"trend": "SPREADING"}}).rash.trend
        3
    """
    message = message_type()
    filling = _Filling(places, source)
    with suppress(_EnoughError):
        filling.message(message, plain, (), "", None)
    if filling.problems:
        raise FactsError(filling.problems)
    return message


class _EnoughError(Exception):
    """Ends the reading at the last problem that is listed."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """The dictionary of the case being read, and the case's own path before those of its facts."""

    dictionary: Dictionary
    base: str

    def path(self, path: str) -> str:
        return path[len(self.base) :]


@dataclass(slots=True)
class _Filling:
    """One reading: what was found wrong so far."""

    places: Mapping[Path, Place]
    source: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, reason: Reason, name: str, text: str, private: str, typed: Path) -> None:
        place = self.places.get(typed)
        line, column = (place.line, place.column) if place is not None else (None, None)
        self.problems.append(Problem(reason, name, text, private, line, column, self.source))
        if len(self.problems) >= MOST_PROBLEMS:
            raise _EnoughError

    def refused(self, refusal: Refusal, name: str, typed: Path) -> None:
        subject = f"`{name}`" if name else "the input"
        text, private = f"{subject} {refusal.text}", f"{subject} {refusal.private_text}"
        self.problem(refusal.reason, name, text, private, typed)

    def message(
        self, message: Message, plain: Plain, typed: Path, name: str, facts: _Facts | None
    ) -> None:
        """Fills one message; ``typed`` is its path as written, ``name`` with proto names."""
        mapping = accept_mapping(plain)
        if isinstance(mapping, Refusal):
            self.refused(mapping, name, typed)
            return
        descriptor = cast(Descriptor, message.DESCRIPTOR)
        if is_case(descriptor):
            facts = _Facts(Dictionary.of(descriptor), f"{name}." if name else "")
        by_name = _fields_by_either_name(descriptor)
        seen: dict[str, str] = {}
        for key, value in mapping.items():
            inner = (*typed, key)
            known = by_name.get(key)
            if known is None:
                self.unknown(descriptor, key, inner, name, facts)
                continue
            inner_name = f"{name}.{known.name}" if name else known.name
            if known.name in seen:
                text = f"`{inner_name}` is given twice, as `{seen[known.name]}` and as `{key}`"
                self.problem(Reason.DUPLICATE_FIELD, inner_name, text, text, inner)
                continue
            seen[known.name] = key
            if value is None:
                what = "a fact" if is_fact(known) else "a field"
                text = f"`{inner_name}` is null; leave {what} out if it is unknown"
                self.problem(Reason.WRONG_TYPE, inner_name, text, text, inner)
                continue
            self.field(message, known, value, inner, inner_name, facts)
        for oneof in descriptor.oneofs:
            given = [member.name for member in oneof.fields if member.name in seen]
            if len(given) > 1:
                names = " and ".join(f"`{each}`" for each in given)
                text = f"{names} exclude each other; give one"
                whole = f"{name}.{given[1]}" if name else given[1]
                self.problem(Reason.DUPLICATE_FIELD, whole, text, text, (*typed, seen[given[1]]))

    def unknown(
        self, descriptor: Descriptor, key: str, typed: Path, name: str, facts: _Facts | None
    ) -> None:
        whole = f"{name}.{key}" if name else key
        if facts is not None:
            text = unknown_fact(facts.path(whole), facts.dictionary)
        else:
            names = [each.name for each in descriptor.fields]
            near = difflib.get_close_matches(key[:_LONGEST_COMPARED], names, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            where = f"`{name}`" if name else f"a {descriptor.name}"
            text = f"{quoted(key)} is not a field of {where}{hint}"
        self.problem(Reason.UNKNOWN_FIELD, whole, text, text, typed)

    def field(
        self,
        message: Message,
        known: FieldDescriptor,
        value: Plain,
        typed: Path,
        name: str,
        facts: _Facts | None,
    ) -> None:
        target: Any = getattr(message, known.name)
        entry = _map_entry(known)
        if entry is not None:
            self.map(target, entry, value, typed, name)
        elif known.is_repeated:
            items = accept_list(value)
            if isinstance(items, Refusal):
                self.refused(items, name, typed)
                return
            for index, item in enumerate(items):
                inner, inner_name = (*typed, index), f"{name}[{index}]"
                if known.message_type is not None:
                    self.message(target.add(), item, inner, inner_name, None)
                else:
                    accepted = self.scalar(known, item, inner, inner_name)
                    if accepted is not None:
                        target.append(accepted)
        elif known.message_type is not None:
            target.SetInParent()
            self.message(target, value, typed, name, facts)
        else:
            accepted = self.scalar(known, value, typed, name, facts)
            if accepted is not None:
                setattr(message, known.name, accepted)

    def map(self, target: Any, entry: Descriptor, value: Plain, typed: Path, name: str) -> None:
        mapping = accept_mapping(value)
        if isinstance(mapping, Refusal):
            self.refused(mapping, name, typed)
            return
        inner_field = entry.fields_by_name["value"]
        if entry.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
            text = f"`{name}` cannot be given as text"
            self.problem(Reason.WRONG_TYPE, name, text, text, typed)
            return
        for key, item in mapping.items():
            inner, inner_name = (*typed, key), f"{name}.{key}"
            if isinstance(accept_text(key), Refusal):
                text = f"a key of `{name}` cannot be sent as text"
                self.problem(Reason.WRONG_TYPE, name, text, text, inner)
            elif inner_field.message_type is not None:
                self.message(target[key], item, inner, inner_name, None)
            else:
                accepted = self.scalar(inner_field, item, inner, inner_name)
                if accepted is not None:
                    target[key] = accepted

    def scalar(
        self,
        known: FieldDescriptor,
        value: Plain,
        typed: Path,
        name: str,
        facts: _Facts | None = None,
    ) -> _Accepted:
        """Returns what to set, or None if there is nothing to set."""
        if facts is not None and facts.path(name) in facts.dictionary:
            fact = facts.dictionary[facts.path(name)]
            accepted: _Accepted | Refusal = accept_fact(fact, value)
        else:
            accepted = _accept(known, value)
        if isinstance(accepted, Refusal):
            self.refused(accepted, name, typed)
            return None
        return accepted


def _accept(known: FieldDescriptor, value: Plain) -> _Accepted | Refusal:
    if known.type in _WHOLE:
        bits, signed = _WHOLE[known.type]
        return accept_whole(value, bits, signed=signed)
    if known.type == FieldDescriptor.TYPE_ENUM:
        return accept_choice(choice_of(known.enum_type), value)
    if known.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return accept_decimal(value, double=known.type == FieldDescriptor.TYPE_DOUBLE)
    if known.type == FieldDescriptor.TYPE_BOOL:
        return accept_flag(value)
    if known.type == FieldDescriptor.TYPE_BYTES:
        return accept_bytes(value)
    return accept_text(value)


@lru_cache(maxsize=256)
def _fields_by_either_name(descriptor: Descriptor) -> Mapping[str, FieldDescriptor]:
    names = {each.json_name: each for each in descriptor.fields}
    names.update({each.name: each for each in descriptor.fields})
    return names


def _map_entry(known: FieldDescriptor) -> Descriptor | None:
    """Returns the message of key and value that stands for a map field, or None."""
    entry = known.message_type
    if entry is None or not known.is_repeated or not entry.GetOptions().map_entry:
        return None
    return entry
