"""Reads requests strictly: what the contract does not know is refused, never ignored.

A newer client's contraindication must not vanish because this server has no such field.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from rashpath.facts.check import check, given
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.service.cut_numbers import refuse_cut_numbers
from rashpath.service.errors import FieldFault, Refusal, field_faults, invalid
from rashpath.v1 import guideline_pb2
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.facts_pb2 import PatientCase

M = TypeVar("M", bound=Message)

_MOST_FAULTS = 100
_PATIENT = guideline_pb2.Audience.AUDIENCE_PATIENT
_CASE = PatientCase.DESCRIPTOR.full_name


def parse(message_type: type[M], data: bytes) -> M:
    """Returns the message that bytes encode.

    Raises:
        Refusal: they encode no such message (DOCUMENT_MALFORMED), or one with a whole number that
            does not fit its field (INVALID_REQUEST, every field named).
    """
    try:
        message = message_type.FromString(data)
    except DecodeError:
        name = message_type.DESCRIPTOR.full_name
        raise Refusal(
            ErrorReason.ERROR_REASON_DOCUMENT_MALFORMED,
            f"the request cannot be read as a `{name}`",
        ) from None
    # What is written again as it came was read whole. Every request of a protobuf library is such.
    if message.SerializeToString() != data:
        refuse_cut_numbers(cast(Descriptor, message_type.DESCRIPTOR), data)
    return message


def check_envelope(request: Message, *, leave: str = "") -> None:
    """Checks a request but for the cases in it, which the fact dictionary checks.

    Args:
        request: the message.
        leave: name of a field that is not looked into, since each item answers for itself.

    Raises:
        Refusal: unknown binary fields or undefined enum numbers (INVALID_REQUEST).
    """
    faults = []
    for fault in _envelope_faults(request, "", leave):
        faults.append(fault)
        if len(faults) == _MOST_FAULTS:
            break
    if faults:
        raise invalid(tuple(faults))


def case_facts(graph: DecisionGraph, case: Message) -> dict[str, int | float]:
    """Returns the facts that a case gives, by path.

    Raises:
        Refusal: a number out of range or not finite, an undefined value, an unknown field
            (INVALID_REQUEST, every field named).
    """
    problems, _ = check(case, graph.dictionary)
    if problems:
        raise invalid(field_faults(problems, unnamed="patient_case"))
    return given(case, graph.dictionary)


def require_case(request: Message) -> None:
    """Refuses a request without a case; a case in which nothing is known is one.

    Raises:
        Refusal: `patient_case` is unset (CASE_MISSING).
    """
    if not request.HasField("patient_case"):
        reason = ErrorReason.ERROR_REASON_CASE_MISSING
        text = "`patient_case` is missing; send an empty one if nothing is known"
        raise Refusal(reason, text, (FieldFault("patient_case", text, reason),))


def audience_of(audience: guideline_pb2.Audience.ValueType) -> Audience:
    """Returns whom the texts are for; not stated means clinicians."""
    if audience == _PATIENT:
        return Audience.PATIENT
    return Audience.CLINICIAN


def _envelope_faults(message: Message, path: str, leave: str) -> Iterator[FieldFault]:
    unknown = UnknownFieldSet(message)
    for index in range(min(len(unknown), _MOST_FAULTS)):
        number = unknown[index].field_number
        where = f"`{path}`" if path else "the request"
        text = f"{where} has an unknown field of number {number}; the sender may be newer"
        yield FieldFault(path, text, ErrorReason.ERROR_REASON_FIELD_UNKNOWN)
    for field, value in message.ListFields():
        if field.name == leave and not path:
            continue
        for place, item in _items(field, value, f"{path}.{field.name}" if path else field.name):
            if field.enum_type is not None:
                if item not in field.enum_type.values_by_number:
                    names = ", ".join(each.name for each in field.enum_type.values)
                    text = f"`{place}` has a value that is not defined; known: {names}"
                    yield FieldFault(place, text, ErrorReason.ERROR_REASON_VALUE_UNDEFINED)
            elif field.message_type is not None and field.message_type.full_name != _CASE:
                yield from _envelope_faults(item, place, leave)


def _items(field: FieldDescriptor, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not field.is_repeated:
        yield path, value
    else:
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item
