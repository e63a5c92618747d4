"""Finds whole numbers that protobuf has cut: 2^32 + 45, sent for an age, is read as 45.

Protobuf keeps the lower 32 bits of a number in a field of 32, as its specification says. An answer
to such a request would be one to another patient, so the request's own bytes are read here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from rashpath.service.errors import FieldFault, Refusal, invalid
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.facts_pb2 import PatientCase

_VARINT, _FIXED64, _LENGTH, _GROUP, _END, _FIXED32 = range(6)

_SIZES = {_FIXED64: 8, _FIXED32: 4, _GROUP: 0, _END: 0}

_SIGNED = {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_ENUM}
"""Sent with 64 bits where they are negative."""

_SHORT = {FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_BOOL}

_WHOLE = (
    _SIGNED
    | _SHORT
    | {FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_SINT64}
)
"""The types of field that are sent as a varint."""

_CONTINUED = bytes(int(byte > 127) for byte in range(256))
_FOUR = b"\1" * 4
"""A varint of more than 31 bits begins with four bytes that say that more follow."""

_MOST_FIELDS = 20_000
_MOST_FAULTS = 100
_CASE = PatientCase.DESCRIPTOR.full_name


def refuse_cut_numbers(descriptor: Descriptor, data: bytes) -> None:
    """Refuses a request with a whole number that does not fit its field.

    Numbers that are merely sent with more bytes than they need are none of its concern, nor are
    unknown fields.

    Args:
        descriptor: the request's message.
        data: its bytes, which the protobuf library was able to read.

    Raises:
        Refusal: every such field named (INVALID_REQUEST); or too many fields to look at
            (DOCUMENT_MALFORMED).
    """
    continued = data.translate(_CONTINUED)
    if _FOUR not in continued:
        return
    faults = []
    for fault in _Reader(data, continued).faults(descriptor, 0, len(data), ""):
        faults.append(fault)
        if len(faults) == _MOST_FAULTS:
            break
    if faults:
        raise invalid(tuple(faults))


class _Reader:
    """Goes through the fields of a request, in the order of its bytes."""

    def __init__(self, data: bytes, continued: bytes) -> None:
        self._data = data
        self._continued = continued
        self._left = _MOST_FIELDS

    def faults(self, message: Descriptor, at: int, end: int, path: str) -> Iterator[FieldFault]:
        """Yields the fields of a message, between two places, whose number does not fit."""
        seen: Counter[int] = Counter()
        depth = 0
        while at < end:
            self._count()
            tag, at = self._varint(at)
            number, kind = tag >> 3, tag & 7
            depth += {_GROUP: 1, _END: -1}.get(kind, 0)
            # Requests have no groups: what stands in one is unknown, and refused as such.
            field = None if depth else message.fields_by_number.get(number)
            if kind in _SIZES:
                at += _SIZES[kind]
                continue
            value, at = self._varint(at)
            stop = at + value if kind == _LENGTH else at
            if field is not None:
                where = _where(message, field, path, seen[number])
                seen[number] += 1
                if kind == _VARINT:
                    yield from _misfit(field, value, where)
                elif self._continued.find(_FOUR, at, stop) < 0:
                    pass  # nothing in it is long enough to be cut
                elif field.message_type is not None:
                    yield from self.faults(field.message_type, at, stop, where)
                elif field.is_repeated and field.type in _WHOLE:
                    yield from self._packed(field, at, stop, where)
            at = stop

    def _packed(
        self, field: FieldDescriptor, at: int, end: int, where: str
    ) -> Iterator[FieldFault]:
        while at < end:
            self._count()
            value, at = self._varint(at)
            yield from _misfit(field, value, where)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refusal(
                ErrorReason.ERROR_REASON_DOCUMENT_MALFORMED,
                f"the request has more than {_MOST_FIELDS} fields, and is not written as protobuf"
                " libraries write it; send it with one of them",
            )

    def _varint(self, at: int) -> tuple[int, int]:
        """Returns a varint, whole, and the place behind it."""
        value = shift = 0
        while True:
            byte = self._data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
            shift += 7


def _misfit(field: FieldDescriptor, value: int, where: str) -> Iterator[FieldFault]:
    if field.type not in _WHOLE:
        return  # another type than the field's: an unknown field
    short = field.type in _SIGNED or field.type in _SHORT
    if value < 1 << (31 if field.type in _SIGNED else 32 if short else 64):
        return
    if field.type in _SIGNED and (1 << 64) - (1 << 31) <= value < 1 << 64:
        return  # negative
    text = f"`{where}` has a number that does not fit into {32 if short else 64} bits"
    yield FieldFault(where, text, ErrorReason.ERROR_REASON_OUT_OF_RANGE)


def _where(message: Descriptor, field: FieldDescriptor, path: str, index: int) -> str:
    """Returns the path of a field; that of a fact begins at its case, as in all faults."""
    if field.message_type is not None and field.message_type.full_name == _CASE:
        return path
    name = f"{path}.{field.name}" if path else field.name
    return f"{name}[{index}]" if field.is_repeated else name
