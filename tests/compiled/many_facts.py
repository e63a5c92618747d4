"""Dictionaries of any number of facts, made while a test runs, and seeded cases of them."""

from __future__ import annotations

import random
from functools import cache

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import Default

from rashpath.facts.dictionary import Choice, Dictionary, WholeNumber
from rashpath.v1 import facts_pb2, options_pb2
from tests.conformance.strategies import Facts

IN_A_GROUP = 50
"""Facts of a group: the number of the last field takes two bytes."""


@cache
def dictionary_of(count: int) -> Dictionary:
    """Returns a dictionary of so many facts: findings, and each fourth one a number.

    Their paths are `g0.f0`, `g0.f1` and so on, in the order of the dictionary.
    """
    package = f"rashpath.many{count}"
    file = FileDescriptorProto(
        name=f"many{count}.proto",
        package=package,
        syntax="proto3",
        dependency=[facts_pb2.DESCRIPTOR.name, options_pb2.DESCRIPTOR.name],
    )
    case = file.message_type.add(name="Case")
    for first in range(0, count, IN_A_GROUP):
        number = first // IN_A_GROUP
        case.field.add(
            name=f"g{number}",
            number=number + 1,
            type=FieldDescriptorProto.TYPE_MESSAGE,
            label=FieldDescriptorProto.LABEL_OPTIONAL,
            type_name=f".{package}.Group{number}",
        )
        group = file.message_type.add(name=f"Group{number}")
        for place in range(min(IN_A_GROUP, count - first)):
            field = group.field.add(
                name=f"f{first + place}",
                number=place + 1,
                label=FieldDescriptorProto.LABEL_OPTIONAL,
            )
            its = field.options.Extensions[options_pb2.fact]
            for words in (its.label, its.question):
                words.clinician = words.patient = field.name
            if is_number(first + place):
                field.type = FieldDescriptorProto.TYPE_DOUBLE
                field.proto3_optional = True
                field.oneof_index = len(group.oneof_decl)
                group.oneof_decl.add(name=f"_{field.name}")
                its.unit = "1"
                its.hard_range.maximum = 1000.0
            else:
                field.type = FieldDescriptorProto.TYPE_ENUM
                field.type_name = f".{facts_pb2.Finding.DESCRIPTOR.full_name}"
    Default().AddSerializedFile(file.SerializeToString())
    return Dictionary.of(Default().FindMessageTypeByName(f"{package}.Case"))


def is_number(fact: int) -> bool:
    """Returns whether a fact of these dictionaries is a number."""
    return fact % 4 == 3


def path_of(fact: int) -> str:
    """Returns the path of a fact by its place."""
    return f"g{fact // IN_A_GROUP}.f{fact}"


def some_cases(dictionary: Dictionary, count: int, seed: int) -> list[Facts]:
    """Returns seeded cases, of which each knows another share of the facts: the first nothing, the
    last everything.
    """
    chance = random.Random(seed)
    cases: list[Facts] = []
    for number in range(count):
        facts: dict[str, int | float] = {}
        for fact in dictionary:
            if chance.random() >= number / (count - 1):
                continue
            kind = fact.kind
            if isinstance(kind, Choice):
                facts[fact.path] = chance.choice(kind.values).number
            else:
                drawn = chance.uniform(kind.hard.minimum, kind.hard.maximum)
                facts[fact.path] = round(drawn) if isinstance(kind, WholeNumber) else drawn
        cases.append(facts)
    return cases
