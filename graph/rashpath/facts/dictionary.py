"""The fact dictionary: every fact of a case, read from the options in the proto.

It is generic: it is built from the descriptor of any message whose fields are groups of facts,
and knows nothing of rashes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from rashpath.facts.errors import DictionaryError
from rashpath.facts.wording import Wording
from rashpath.v1 import options_pb2

_UNSPECIFIED = "UNSPECIFIED"
_LONGEST_COMPARED = 64


class Sensitivity(StrEnum):
    """How much harm a disclosure of a fact would do."""

    ORDINARY = "ORDINARY"
    HIGH = "HIGH"


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of numbers, both ends included."""

    minimum: float
    maximum: float

    def __contains__(self, number: float) -> bool:
        return self.minimum <= number <= self.maximum


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a public terminology."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class MistakenUnit:
    """A unit that a value outside the hard range was probably meant in.

    A value in that unit divided by ``divisor`` is in the fact's own unit.
    """

    unit: str
    divisor: float


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a choice.

    Args:
        number: number in the proto, 1 or more.
        name: full name, such as ``TREND_SPREADING``.
        short: short name, such as ``SPREADING``.
        label: the value in words.
        alias: another word for it, such as ``true``; empty where there is none.
        code: verified code, or None.
    """

    number: int
    name: str
    short: str
    label: Wording
    alias: str
    code: Code | None


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A 32-bit whole number with a UCUM unit (``1`` for a count) and its ranges."""

    unit: str
    hard: Range
    plausible: Range | None
    mistaken_unit: MistakenUnit | None


@dataclass(frozen=True, slots=True)
class DecimalNumber:
    """A 64-bit floating-point number with a UCUM unit and its ranges."""

    unit: str
    hard: Range
    plausible: Range | None
    mistaken_unit: MistakenUnit | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of an enum, in the order of the proto, without the unspecified one.

    Args:
        enum: full name of the enum.
        values: its values.
        unspecified: full name of the value that means the same as unset; empty where none does.
    """

    enum: str
    values: tuple[Value, ...]
    unspecified: str

    def means_unset(self, name: str) -> bool:
        """Tells whether a name, short or full, means the same as leaving the choice out."""
        return bool(self.unspecified) and name in (_UNSPECIFIED, self.unspecified)

    def named(self, name: str) -> Value | None:
        """Returns the value with that short or full name, or None. Case matters."""
        return next((value for value in self.values if name in (value.short, value.name)), None)

    def numbered(self, number: int) -> Value | None:
        """Returns the value with that number, or None."""
        return next((value for value in self.values if value.number == number), None)


Kind = WholeNumber | DecimalNumber | Choice


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a case.

    Args:
        path: group and name, such as ``rash.trend``.
        group: name of the group.
        name: name within the group.
        order: place in the dictionary, from 0.
        group_number: number of the group's field in the case message.
        number: number of the fact's field in the group's message.
        kind: type, unit, ranges or values.
        label: short name in words.
        question: the question that asks for it.
        sensitivity: harm of a disclosure.
        fixed: True if no care could change the value.
        code: verified code, or None.
    """

    path: str
    group: str
    name: str
    order: int
    group_number: int
    number: int
    kind: Kind
    label: Wording
    question: Wording
    sensitivity: Sensitivity
    fixed: bool
    code: Code | None


@dataclass(frozen=True, slots=True, eq=False)
class Dictionary:
    """Every fact of one case message, in the order of the proto.

    Example:
        >>> from rashpath.v1 import facts_pb2
        >>> dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
        >>> dictionary["rash.trend"].label.clinician
        'rash trend'
        >>> dictionary.nearest("rash.trned")
        'rash.trend'
    """

    case_type: str
    facts: tuple[Fact, ...]
    by_path: Mapping[str, Fact]
    by_number: Mapping[tuple[int, int], Fact]

    @staticmethod
    def of(case: Descriptor) -> Dictionary:
        """Returns the dictionary of a case message.

        Args:
            case: descriptor of a message whose fields are groups (messages) of facts. Fields that
                are not, and fields of groups without fact options, are no facts.

        Raises:
            DictionaryError: a fact lacks words, a range or a fit type, or two values of a choice
                share a short name.
        """
        return _dictionary(case)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def __contains__(self, path: object) -> bool:
        return path in self.by_path

    def __getitem__(self, path: str) -> Fact:
        """Returns the fact with that path.

        Raises:
            KeyError: there is none.
        """
        return self.by_path[path]

    def groups(self) -> tuple[str, ...]:
        """Returns the names of the groups, in order."""
        return tuple(dict.fromkeys(fact.group for fact in self.facts))

    def nearest(self, name: str) -> str | None:
        """Returns the path of the fact that was probably meant, or None.

        A bare fact name and a fact in the wrong group are found too. A misspelt group name alone
        gives the group.
        """
        name = name[:_LONGEST_COMPARED]
        group, _, bare = name.rpartition(".")
        same = [fact.path for fact in self.facts if fact.name == bare]
        if same:
            return _closest(name, same) or same[0]
        if group in self.groups():
            near = _closest(bare, [fact.name for fact in self.facts if fact.group == group])
            if near is not None:
                return f"{group}.{near}"
        if not group:
            near_group = _closest(bare, list(self.groups()))
            if near_group is not None:
                return near_group
        near_path = _closest(name, list(self.by_path))
        if near_path is not None:
            return near_path
        near_name = _closest(bare, [fact.name for fact in self.facts])
        return next((fact.path for fact in self.facts if fact.name == near_name), None)

    def canonical(self) -> dict[str, Any]:
        """Returns all that the dictionary says, ready for JSON, the same on every run."""
        return {
            "case": self.case_type,
            "facts": [
                asdict(fact) | {"kind": {"type": _type_name(fact.kind)} | asdict(fact.kind)}
                for fact in self.facts
            ],
        }


def is_fact(field: FieldDescriptor) -> bool:
    """Tells whether a field is a fact: whether it carries the fact options."""
    return bool(field.GetOptions().HasExtension(options_pb2.fact))


@lru_cache(maxsize=256)
def is_group(message: Descriptor) -> bool:
    """Tells whether a message is a group of facts."""
    return any(is_fact(field) for field in message.fields)


@lru_cache(maxsize=256)
def is_case(message: Descriptor) -> bool:
    """Tells whether a message is a case: whether one of its fields is a group of facts."""
    return any(
        field.message_type is not None and not field.is_repeated and is_group(field.message_type)
        for field in message.fields
    )


@lru_cache(maxsize=256)
def choice_of(enum: EnumDescriptor) -> Choice:
    """Returns the values of any enum with their short names, without the unspecified one.

    Where the first value is not called ``..._UNSPECIFIED``, all values are kept as they are named.
    """
    first = enum.values[0]
    has_unspecified = first.number == 0 and first.name.endswith(_UNSPECIFIED)
    prefix = first.name.removesuffix(_UNSPECIFIED) if has_unspecified else ""
    keep = bool(enum.GetOptions().Extensions[options_pb2.prefix_in_short_name])
    values = []
    for value in enum.values[1:] if has_unspecified else enum.values:
        options = value.GetOptions().Extensions[options_pb2.value]
        values.append(
            Value(
                number=value.number,
                name=value.name,
                short=value.name if keep else value.name.removeprefix(prefix),
                label=Wording.of(options.label),
                alias=options.alias,
                code=_code(options.code) if options.HasField("code") else None,
            )
        )
    return Choice(enum.full_name, tuple(values), first.name if has_unspecified else "")


@lru_cache(maxsize=64)
def _dictionary(case: Descriptor) -> Dictionary:
    facts: list[Fact] = []
    for group in case.fields:
        message = group.message_type
        if message is None or group.is_repeated:
            continue
        for field in message.fields:
            if is_fact(field):
                facts.append(_fact(group, field, len(facts)))
    return Dictionary(
        case_type=case.full_name,
        facts=tuple(facts),
        by_path=MappingProxyType({fact.path: fact for fact in facts}),
        by_number=MappingProxyType({(fact.group_number, fact.number): fact for fact in facts}),
    )


def _fact(group: FieldDescriptor, field: FieldDescriptor, order: int) -> Fact:
    path = f"{group.name}.{field.name}"
    options = field.GetOptions().Extensions[options_pb2.fact]
    for what, words in (("label", options.label), ("question", options.question)):
        if not words.clinician or not words.patient:
            raise DictionaryError(f"`{path}` has no {what} for one of the audiences")
    return Fact(
        path=path,
        group=group.name,
        name=field.name,
        order=order,
        group_number=group.number,
        number=field.number,
        kind=_kind(path, field, options),
        label=Wording.of(options.label),
        question=Wording.of(options.question),
        sensitivity=(
            Sensitivity.ORDINARY
            if options.sensitivity == options_pb2.SENSITIVITY_ORDINARY
            else Sensitivity.HIGH
        ),
        fixed=options.fixed,
        code=_code(options.code) if options.HasField("code") else None,
    )


def _kind(path: str, field: FieldDescriptor, options: options_pb2.FactOptions) -> Kind:
    if field.is_repeated:
        raise DictionaryError(f"`{path}` is repeated; a fact has one value")
    if field.type == FieldDescriptor.TYPE_ENUM:
        choice = choice_of(field.enum_type)
        words = [word for value in choice.values for word in {value.short, value.name}]
        if len(words) != len(set(words)):
            raise DictionaryError(f"two values of `{path}` share a name")
        if not choice.unspecified:
            raise DictionaryError(f"the first value of `{path}` is not unspecified")
        if not all(value.label.clinician and value.label.patient for value in choice.values):
            raise DictionaryError(f"a value of `{path}` has no label for one of the audiences")
        return choice
    if not field.has_presence:
        raise DictionaryError(f"`{path}` is not optional, so unset could not be told from zero")
    if not options.unit or not options.HasField("hard_range"):
        raise DictionaryError(f"`{path}` has no unit or no hard range")
    hard = Range(options.hard_range.minimum, options.hard_range.maximum)
    plausible = None
    if options.HasField("plausible_range"):
        plausible = Range(options.plausible_range.minimum, options.plausible_range.maximum)
    inner = plausible or hard
    if not hard.minimum <= inner.minimum < inner.maximum <= hard.maximum:
        raise DictionaryError(f"the ranges of `{path}` are empty or not nested")
    mistaken = None
    if options.HasField("mistaken_unit"):
        mistaken = MistakenUnit(options.mistaken_unit.unit, options.mistaken_unit.divisor)
    if field.type == FieldDescriptor.TYPE_INT32:
        return WholeNumber(options.unit, hard, plausible, mistaken)
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return DecimalNumber(options.unit, hard, plausible, mistaken)
    raise DictionaryError(f"`{path}` is neither an int32, a double nor an enum")


def _type_name(kind: Kind) -> str:
    match kind:
        case WholeNumber():
            return "whole_number"
        case DecimalNumber():
            return "decimal_number"
        case Choice():
            return "choice"


def _code(message: options_pb2.Code) -> Code:
    return Code(message.system, message.code)


def _closest(name: str, known: list[str]) -> str | None:
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None
