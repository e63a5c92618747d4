"""Type-checks CEL text against the fact dictionary and hands its tree to the translation.

Google's CEL does the parsing and the type check; it never evaluates a condition here (it would read
an unset fact as 0 or false).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cel_expr_python import cel
from google.protobuf import any_pb2
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import DecodeError

from rashpath.cel.v1 import checked_pb2
from rashpath.expression.errors import ExpressionError
from rashpath.expression.translate import Translation
from rashpath.expression.tree import Computed, Condition, Constant, Number
from rashpath.facts.dictionary import Choice, Dictionary

VALID = "valid"
APPLIES = "applies"
UNDETERMINED = "undetermined"
DOSE_GIVEN = "dose_given"
LONGEST_TEXT = 4000

_CEL_WORDS = frozenset(
    "as break const continue else for function if import let loop package namespace return var "
    "void while in true false null has all exists exists_one map filter int uint double bool "
    "string bytes list type null_type dyn size matches duration timestamp".split()
)
_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_LOCATED = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")


@dataclass(frozen=True, eq=False)
class Names:
    """All that a condition may name.

    Args:
        dictionary: the facts.
        constants: named numbers by id.
        computed: ids of the computed numbers, with a function that returns each.
        definitions: ids of the definitions, with a function that returns each.
        nodes: ids that invariants may ask about; empty where there are no invariants.
    """

    dictionary: Dictionary
    constants: Mapping[str, Constant] = field(default_factory=dict)
    computed: Mapping[str, Callable[[], Computed]] = field(default_factory=dict)
    definitions: Mapping[str, Callable[[], Condition]] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()

    @cached_property
    def values(self) -> Mapping[str, str]:
        """The names of all values of all choices, short and full, each with its CEL name."""
        found: dict[str, str] = {}
        for fact in self.dictionary:
            if isinstance(fact.kind, Choice):
                for value in fact.kind.values:
                    for name in (value.short, value.name):
                        full = f"{fact.kind.enum}.{value.name}"
                        if found.setdefault(name, full) != full:
                            raise ExpressionError(f"two choices share the value name `{name}`")
        return found

    def fault_of_id(self, id: str) -> str | None:
        """Returns why an id cannot be a name in conditions, or None if it can."""
        if not _ID.match(id):
            return "is not lowercase snake_case"
        if id in _CEL_WORDS or id in (VALID, APPLIES, UNDETERMINED, DOSE_GIVEN):
            return "is a word of the condition language"
        if id in self.dictionary.groups():
            return "is the name of a group of facts"
        return None

    @cached_property
    def environment(self) -> cel.Env:
        """The CEL environment of conditions and formulas."""
        return self._environment(invariants=False)

    @cached_property
    def invariant_environment(self) -> cel.Env:
        """The CEL environment of invariants."""
        return self._environment(invariants=True)

    def _environment(self, *, invariants: bool) -> cel.Env:
        pool = Default()
        case = pool.FindMessageTypeByName(self.dictionary.case_type)
        variables = {
            group.name: cel.Type(group.message_type.full_name)
            for group in case.fields
            if group.message_type is not None and group.name in self.dictionary.groups()
        }
        for id, constant in self.constants.items():
            variables[id] = cel.Type.INT if isinstance(constant.value, int) else cel.Type.DOUBLE
        variables.update(dict.fromkeys(self.computed, cel.Type.DOUBLE))
        variables.update(dict.fromkeys(self.definitions, cel.Type.BOOL))
        functions = [_function(VALID, cel.Type.DOUBLE)]
        if invariants:
            functions += [
                _function(name, cel.Type.STRING) for name in (APPLIES, UNDETERMINED, DOSE_GIVEN)
            ]
        return cel.NewEnv(
            variables=variables,
            container=cel.ExpressionContainer(aliases=dict(self.values)),
            functions=functions,
        )


def compile_condition(text: str, names: Names) -> Condition:
    """Compiles the text of a condition.

    Args:
        text: CEL text of type bool, at most 4,000 characters.
        names: what it may name.

    Raises:
        ExpressionError: no CEL, a name or type is wrong, or CEL that the language leaves out.

    Example:
        >>> from rashpath.expression.text import condition_text
        >>> from rashpath.facts.dictionary import Dictionary
        >>> from rashpath.v1 import facts_pb2
        >>> names = Names(Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR))
        >>> condition_text(compile_condition("rash.trend != IMPROVING", names))
        '!(rash.trend == IMPROVING)'
    """
    return Translation(_check(text, names.environment), names, invariant=False).condition()


def compile_invariant(text: str, names: Names) -> Condition:
    """Compiles the text of an invariant: a condition that may also ask about decisions.

    Raises:
        ExpressionError: as for conditions, or a node that does not exist.
    """
    return Translation(_check(text, names.invariant_environment), names, invariant=True).condition()


def compile_formula(text: str, names: Names) -> Number:
    """Compiles the text of the formula of a computed number.

    Args:
        text: CEL text of type double.
        names: what it may name; computed numbers may not build on each other.

    Raises:
        ExpressionError: no CEL, a name or type is wrong, a divisor that could be zero, or CEL that
            the language leaves out.
    """
    return Translation(_check(text, names.environment), names, invariant=False).formula()


def _check(text: str, environment: cel.Env) -> checked_pb2.CheckedExpr:
    if not text.strip():
        raise ExpressionError("is empty")
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"is longer than {LONGEST_TEXT} characters")
    try:
        serialized = environment.compile(text).serialize()
        return checked_pb2.CheckedExpr.FromString(any_pb2.Any.FromString(serialized).value)
    except DecodeError as error:
        raise ExpressionError("cannot be read back from the type checker") from error
    except Exception as error:
        # cel_expr_python raises RuntimeError, but promises no type.
        faults = [
            f"{message} (line {line}, column {column})"
            for line, column, message in _LOCATED.findall(str(error))
        ]
        raise ExpressionError("; ".join(faults) or "is no CEL, or too deeply nested") from error


def _function(name: str, parameter: cel.Type) -> cel.FunctionDecl:
    overload = cel.Overload(f"{name}_of", return_type=cel.Type.BOOL, parameters=[parameter])
    return cel.FunctionDecl(name, [overload])
