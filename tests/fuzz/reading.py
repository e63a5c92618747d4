"""What a request says, read from the contract's descriptors alone: the check of silent answers.

Nothing of `rashpath.facts` is used here, so that a hole in the checks of the service shows.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from rashpath.v1 import options_pb2
from tests.fuzz import wire


def objection(data: bytes, message: Message) -> str:
    """Returns why a request must not be answered, in words; empty: it may be.

    Args:
        data: the request's bytes.
        message: what the protobuf library made of them.
    """
    unknown = wire.unknown(data, cast(Descriptor, message.DESCRIPTOR))
    if unknown:
        return f"unknown {unknown}"
    return wire.cut(data, cast(Descriptor, message.DESCRIPTOR)) or undefined(message)


def undefined(message: Message) -> str:
    """Returns a value that the contract does not allow, in words; empty: there is none."""
    for field, value in message.ListFields():
        for item in value if field.is_repeated else (value,):
            if field.message_type is not None:
                inner = undefined(item)
                if inner:
                    return inner
            elif field.enum_type is not None:
                if item not in _numbers(field.enum_type.full_name, field.enum_type):
                    return f"undefined number in {field.full_name}"
            elif isinstance(item, (int, float)):
                low, high = _range(field.full_name, field)
                if not low <= item <= high:
                    return f"number out of range in {field.full_name}"
    return ""


def facts_in(message: Message, descriptor: Descriptor) -> int:
    """Returns how many facts a case gives, explicit unspecified choices not counted."""
    count = 0
    for group in descriptor.fields:
        inner = getattr(message, group.name)
        assert group.message_type is not None, "a case consists of groups"
        for fact in group.message_type.fields:
            given = inner.HasField(fact.name) if fact.has_presence else getattr(inner, fact.name)
            count += bool(given)
    return count


@lru_cache(maxsize=256)
def _numbers(name: str, choice: EnumDescriptor) -> frozenset[int]:
    return frozenset(choice.values_by_number)


@lru_cache(maxsize=256)
def _range(name: str, field: FieldDescriptor) -> tuple[float, float]:
    options = field.GetOptions()
    if not options.HasExtension(options_pb2.fact):
        return -math.inf, math.inf
    hard = options.Extensions[options_pb2.fact].hard_range
    return hard.minimum, hard.maximum
