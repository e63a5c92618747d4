"""Protobuf bytes, read and changed by this module's own few lines, not by the protobuf library."""

from __future__ import annotations

from random import Random

from google.protobuf.descriptor import Descriptor, FieldDescriptor

VARINT, FIXED64, LENGTH, GROUP, END, FIXED32 = range(6)

_TYPES = {
    FieldDescriptor.TYPE_DOUBLE: FIXED64,
    FieldDescriptor.TYPE_INT32: VARINT,
    FieldDescriptor.TYPE_ENUM: VARINT,
    FieldDescriptor.TYPE_BOOL: VARINT,
    FieldDescriptor.TYPE_STRING: LENGTH,
    FieldDescriptor.TYPE_MESSAGE: LENGTH,
}
"""The wire type of every type of field that a request has."""

Field = tuple[int, int, bytes]
"""Number, wire type and content; a varint or a fixed number is its own bytes."""

_NUMBERS = (0, 1, 2, 3, 5, 17, 120, 121, 127, 128, 3650, 2**31 - 1, 2**31)
_LARGE = (2**32, 2**32 + 1, 2**32 + 3, 2**32 + 45, 2**33 + 45, 2**63, 2**63 + 2, 2**64 - 1, 2**69)
_DOUBLES = tuple(
    bytes.fromhex(text)
    for text in (
        "0000000000000000",  # 0
        "0000000000000080",  # -0
        "000000000000f03f",  # 1
        "000000000000f87f",  # not a number
        "000000000000f07f",  # infinity
        "000000000000f0ff",  # minus infinity
        "ffffffffffffef7f",  # the largest
        "0100000000000000",  # the smallest
        "0000000000007940",  # 400
        "0100000000007940",  # just above 400
    )
)


class WireError(ValueError):
    """Bytes that are no sequence of protobuf fields."""


def varint(number: int) -> bytes:
    """Returns a whole number, 0 or more, as a varint."""
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
    return bytes(made)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place in range(10):
        if at + place >= len(data):
            raise WireError
        byte = data[at + place]
        number |= (byte & 127) << (7 * place)
        if byte < 128:
            return number, at + place + 1
    raise WireError


def fields(data: bytes) -> list[Field]:
    """Returns the fields of a message, in order; a group is told by its two ends.

    Raises:
        WireError: there are none.
    """
    found: list[Field] = []
    at = 0
    while at < len(data):
        tag, start = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            _, end = _read_varint(data, start)
        elif kind in (FIXED64, FIXED32):
            end = start + (8 if kind == FIXED64 else 4)
        elif kind == LENGTH:
            length, start = _read_varint(data, start)
            end = start + length
        elif kind in (GROUP, END):
            end = start
        else:
            raise WireError
        if end > len(data) or not number:
            raise WireError
        found.append((number, kind, data[start:end]))
        at = end
    return found


def encode(parts: list[Field]) -> bytes:
    """Returns the bytes of fields."""
    made = []
    for number, kind, content in parts:
        length = varint(len(content)) if kind == LENGTH else b""
        made.append(varint(number << 3 | kind) + length + content)
    return b"".join(made)


def unknown(data: bytes, descriptor: Descriptor) -> str:
    """Returns a field that a message's descriptor does not have, in words; empty: there is none.

    A field of another wire type than its own counts as unknown, as protobuf has it.
    """
    for number, kind, content in fields(data):
        known = descriptor.fields_by_number.get(number)
        if known is None or _TYPES[known.type] != kind:
            return f"field {number} of wire type {kind} in {descriptor.name}"
        if known.message_type is not None:
            inner = unknown(content, known.message_type)
            if inner:
                return inner
    return ""


def cut(data: bytes, descriptor: Descriptor) -> str:
    """Returns a field whose number has more bits than protobuf keeps, in words; empty: none.

    A negative number is sent with 64 bits; all requests have whole numbers of 32 only.
    """
    for number, kind, content in fields(data):
        known = descriptor.fields_by_number.get(number)
        if known is None or _TYPES[known.type] != kind:
            continue
        if kind == VARINT:
            sent, _ = _read_varint(content, 0)
            if 2**32 <= sent < 2**64 - 2**31 or sent >= 2**64:
                return f"number cut to 32 bits in {known.full_name}"
        elif known.message_type is not None:
            inner = cut(content, known.message_type)
            if inner:
                return inner
    return ""


def mutate(data: bytes, random: Random, descriptor: Descriptor, depth: int = 0) -> bytes:
    """Returns a message with one field dropped, doubled, moved, added or changed, at any depth."""
    try:
        parts = fields(data)
    except WireError:
        return data
    if not parts or random.random() < 0.15:
        parts.insert(random.randint(0, len(parts)), _new_field(random, descriptor))
        return encode(parts)
    place = random.randrange(len(parts))
    number, kind, content = parts[place]
    known = descriptor.fields_by_number.get(number)
    inner = known.message_type if known is not None else None
    if inner is not None and kind == LENGTH and random.random() < 0.85 and depth < 8:
        parts[place] = (number, kind, mutate(content, random, inner, depth + 1))
        return encode(parts)
    match random.randrange(7):
        case 0:
            del parts[place]
        case 1:
            parts.insert(random.randint(0, len(parts)), parts[place])
        case 2:
            other = random.randrange(len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        case 3:
            parts[place] = (random.choice((number + 1, random.randint(1, 40))), kind, content)
        case _:
            parts[place] = (number, kind, _value(random, kind, content))
    return encode(parts)


def _new_field(random: Random, descriptor: Descriptor) -> Field:
    """Returns a field: one that the message has, or one that it has not."""
    known = list(descriptor.fields_by_number.values())
    if random.random() < 0.8:
        one = random.choice(known)
        kind = _TYPES[one.type]
        return one.number, kind, _value(random, kind, b"")
    kind = random.choice((VARINT, FIXED64, LENGTH, GROUP, END, FIXED32))
    number = random.choice((len(known) + 1, random.randint(1, 20), random.randint(1, 2**29 - 1)))
    return number, kind, _value(random, kind, b"")


def _value(random: Random, kind: int, content: bytes) -> bytes:
    match kind:
        case 0:  # VARINT
            if random.random() < 0.6:
                return varint(random.randrange(6))
            return varint(random.choice(_NUMBERS + _LARGE))
        case 1:  # FIXED64
            if random.random() < 0.5:
                return random.choice(_DOUBLES)
            return random.randbytes(6) + random.choice((b"\x59\x40", b"\x41\x40", b"\xf0\x3f"))
        case 2:  # LENGTH
            pick = random.randrange(4)
            if pick == 0:
                return b""
            if pick == 1:
                return content + content
            return bytes_mutated(content, random)
        case 5:  # FIXED32
            return random.randbytes(4)
        case _:
            return b""


def bytes_mutated(data: bytes, random: Random) -> bytes:
    """Returns bytes with one place flipped, dropped, doubled, cut or filled with others."""
    if not data:
        return random.randbytes(random.randint(1, 8))
    at = random.randrange(len(data))
    match random.randrange(7):
        case 0:
            changed = data[at] ^ 1 << random.randrange(8)
            return data[:at] + bytes((changed,)) + data[at + 1 :]
        case 1:
            return data[:at] + bytes((random.randrange(256),)) + data[at + 1 :]
        case 2:
            return data[:at] + random.randbytes(random.randint(1, 4)) + data[at:]
        case 3:
            return data[:at] + data[at + random.randint(1, 8) :]
        case 4:
            return data[:at]
        case 5:
            end = at + random.randint(1, 16)
            return data[:at] + data[at:end] + data[at:]
        case _:
            changed = random.choice((0, 1, 127, 128, 255))
            return data[:at] + bytes((changed,)) + data[at + 1 :]
