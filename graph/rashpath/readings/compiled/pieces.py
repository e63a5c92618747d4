"""Joins protobuf messages from the bytes of their fields.

A message may be concatenated from the bytes of its fields, in the order of their numbers: that is
how it is serialised anyway. What recurs is serialised once, by protobuf itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from google.protobuf.message import Message

from rashpath.v1.decision_service_pb2 import EvaluateResponse

K = TypeVar("K")
V = TypeVar("V")

MOST_KEPT: Final = 2_000
"""Entries of one memo; one that is full begins anew, so that memory stays bounded."""


class Kept(dict[K, V]):
    """Keeps what was made for a key, for a bounded number of keys."""

    __slots__ = ()

    def __setitem__(self, key: K, value: V) -> None:
        if len(self) >= MOST_KEPT:
            self.clear()
        super().__setitem__(key, value)


class Memo(Kept[K, V]):
    """Makes what it does not hold yet.

    Args:
        make: makes the value of a key.
    """

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        value = self[key] = self._make(key)
        return value


def serialized(message: Message) -> bytes:
    """Returns a message in bytes, always the same ones."""
    return message.SerializeToString(deterministic=True)


def part_of(message: Message, first: int, last: int) -> bytes:
    """Returns the bytes of the fields of a message with numbers from `first` to `last`."""
    part = type(message)()
    part.CopyFrom(message)
    for field, _ in message.ListFields():
        if not first <= field.number <= last:
            part.ClearField(field.name)
    return serialized(part)


def varint(number: int) -> bytes:
    """Returns a number, 0 or more, as protobuf writes lengths."""
    if number < 0x80:
        return _SHORT[number]
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def tag_of(message: type[Message], field: str) -> bytes:
    """Returns the tag of a length-delimited field."""
    return varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | 2)


def texts(tag: bytes, strings: Iterable[str]) -> bytes:
    """Returns a repeated field of strings."""
    found: list[bytes] = []
    for string in strings:
        encoded = string.encode()
        found += (tag, varint(len(encoded)), encoded)
    return b"".join(found)


def identified(id: str, answer: bytes) -> bytes:
    """Returns an `EvaluateResponse` with its decision id, which is its first field."""
    return texts(_ID, (id,)) + answer


def id_in(answer: bytes | memoryview) -> str:
    """Returns the decision id of an `EvaluateResponse` in bytes, which is its first field."""
    return str(answer[2 : 2 + answer[1]], "ascii")


_SHORT = [bytes((number,)) for number in range(0x80)]
_ID = tag_of(EvaluateResponse, "decision_id")
