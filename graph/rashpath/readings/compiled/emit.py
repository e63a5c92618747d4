"""Writes conditions and formulas as lines of Python: each distinct one once, in order of need.

A truth is an integer here: 0 false, 1 unknown, 3 true. So AND is ``&`` and OR is ``|``, which are
Kleene's tables: 1 & 3 is 1, 0 & 1 is 0, 1 | 3 is 3. NOT is a look into a table of four. A number
that is not known or does not exist is None. Facts come as values: of a choice the number of the
value, 0 where unknown; of a number None where unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, assert_never

from rashpath.expression.errors import ExpressionError
from rashpath.expression.evaluate import DECIMALS
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    AsDecimal,
    Choose,
    ChooseNumber,
    Combine,
    Compare,
    Computed,
    Condition,
    Constant,
    DoseGiven,
    Exists,
    FactNumber,
    Given,
    Named,
    Not,
    Number,
    OneOf,
    Or,
    Undetermined,
    leaves,
)
from rashpath.facts.dictionary import Choice, Dictionary

FALSE: Final = 0
UNKNOWN: Final = 1
TRUE: Final = 3

NEGATED: Final = (TRUE, UNKNOWN, FALSE, FALSE)
"""NOT, by truth; 2 does not occur."""

_NOTHING = "0"


class Emitter:
    """Collects lines of Python, and the constants that they look into.

    Args:
        dictionary: the facts, whose values are the variables ``f0``, ``f1`` and on, in order.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, object] = {"N": NEGATED}
        self._dictionary = dictionary
        self._variables: dict[str, str] = {}
        self._computed: dict[str, tuple[str, str]] = {}
        self._tables: dict[tuple[int, ...], str] = {}

    def truth(self, condition: Condition) -> str:
        """Returns the variable or constant that holds the truth of a condition."""
        match condition:
            case Always():
                return str(TRUE if condition.value else FALSE)
            case Compare():
                left, operator = self.number(condition.left), condition.operator.value
                right = repr(condition.right.value)
                return self._once(f"1 if {left} is None else 3 if {left} {operator} {right} else 0")
            case OneOf():
                return self._once(f"{self._table(condition)}[{self.fact(condition.fact)}]")
            case Given():
                return self._given(condition.fact)
            case Exists():
                return self.truth(condition.computed.valid_when)
            case Named():
                return self.truth(condition.condition)
            case Not():
                return self._not(self.truth(condition.operand))
            case And():
                return self.join("&", map(self.truth, condition.operands))
            case Or():
                return self.join("|", map(self.truth, condition.operands))
            case Choose():
                test, then, otherwise = map(
                    self.truth, (condition.test, condition.then, condition.otherwise)
                )
                either = f"{then} if {then} == {otherwise} else 1"
                return self._once(
                    f"{then} if {test} == 3 else {otherwise} if {test} == 0 else ({either})"
                )
            case Applies() | Undetermined() | DoseGiven():
                raise ExpressionError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)

    def join(self, operator: str, parts: Iterable[str]) -> str:
        """Returns AND (``&``) or OR (``|``) of some truths."""
        neutral, settling = ("3", "0") if operator == "&" else ("0", "3")
        kept = dict.fromkeys(part for part in parts if part != neutral)
        if settling in kept:
            return settling
        if len(kept) <= 1:
            return next(iter(kept), neutral)
        return self._once(f" {operator} ".join(kept))

    def number(self, number: Number) -> str:
        """Returns the variable or constant that holds a number; None where it is missing."""
        match number:
            case Constant():
                return repr(number.value)
            case FactNumber():
                return self.fact(number.fact)
            case Computed():
                return self.computed(number)[0]
            case AsDecimal() | Combine():
                inputs: dict[str, None] = {}
                whole = self._arithmetic(number, inputs)
                if not inputs:
                    return self._once(whole)
                missing = " or ".join(f"{each} is None" for each in inputs)
                return self._once(f"None if {missing} else {whole}")
            case ChooseNumber():
                test = self.truth(number.test)
                then, otherwise = self.number(number.then), self.number(number.otherwise)
                either = f"{then} if {then} == {otherwise} else None"
                return self._once(
                    f"{then} if {test} == 3 else {otherwise} if {test} == 0 else ({either})"
                )
            case _:
                assert_never(number)

    def computed(self, computed: Computed) -> tuple[str, str]:
        """Returns the variables of a computed number and of the truth that it exists."""
        if computed.id not in self._computed:
            valid = self.truth(computed.valid_when)
            raw = self.number(computed.formula)
            value = self._once(
                f"None if {raw} is None or {valid} == 0 else round(float({raw}), {DECIMALS})"
            )
            self._computed[computed.id] = value, valid
        return self._computed[computed.id]

    def waits_for(self, number: Number) -> str:
        """Returns the variable of a bit mask: the unknown facts that a number waits for."""
        match number:
            case Constant():
                return _NOTHING
            case FactNumber():
                fact, bit = self.fact(number.fact), self.bit(number.fact)
                return self._once(f"0 if {fact} is not None else {bit}")
            case Computed():
                return self.waits_for(number.formula)
            case AsDecimal():
                return self.waits_for(number.operand)
            case Combine():
                return self._union(map(self.waits_for, (number.left, number.right)))
            case ChooseNumber():
                test, value = self.truth(number.test), self.number(number)
                unknown = self.unknown_in(number.test)
                then, otherwise = self.waits_for(number.then), self.waits_for(number.otherwise)
                return self._once(
                    f"0 if {value} is not None else {then} if {test} == 3 else "
                    f"{otherwise} if {test} == 0 else {unknown} | {then} | {otherwise}"
                )
            case _:
                assert_never(number)

    def unknown_in(self, condition: Condition) -> str:
        """Returns the variable of a bit mask: the unknown facts that keep a condition open."""
        truth = self.truth(condition)
        match condition:
            case Always() | Given():
                return _NOTHING
            case Compare():
                return self._once(f"{self.waits_for(condition.left)} if {truth} == 1 else 0")
            case OneOf():
                return self._once(f"{self.bit(condition.fact)} if {truth} == 1 else 0")
            case Exists():
                return self.unknown_in(condition.computed.valid_when)
            case Named():
                return self.unknown_in(condition.condition)
            case Not():
                return self.unknown_in(condition.operand)
            case And() | Or():
                union = self._union(map(self.unknown_in, condition.operands))
                return self._once(f"{union} if {truth} == 1 else 0")
            case Choose():
                parts = (condition.test, condition.then, condition.otherwise)
                union = self._union(map(self.unknown_in, parts))
                return self._once(f"{union} if {truth} == 1 else 0")
            case Applies() | Undetermined() | DoseGiven():
                raise ExpressionError("a term about a decision stands outside an invariant")
            case _:
                assert_never(condition)

    def state(self, computed: Computed) -> str:
        """Returns a tuple of all that tells why a computed number has no value.

        Equal tuples mean that it waits for the same facts, in the same order of reading; empty
        where it has a value.
        """
        value, valid = self.computed(computed)
        parts = dict.fromkeys([valid, *self._states(computed)])
        return self._once(f"() if {value} is not None and {valid} == 3 else ({', '.join(parts)},)")

    def _states(self, number: Number) -> Iterator[str]:
        match number:
            case Constant():
                return
            case FactNumber():
                yield f"{self.fact(number.fact)} is None"
            case Computed():
                yield from self._states_of(number.valid_when)
                yield from self._states(number.formula)
            case AsDecimal():
                yield from self._states(number.operand)
            case Combine():
                yield from self._states(number.left)
                yield from self._states(number.right)
            case ChooseNumber():
                yield f"{self.number(number)} is None"
                yield from self._states_of(number.test)
                yield from self._states(number.then)
                yield from self._states(number.otherwise)
            case _:
                assert_never(number)

    def _states_of(self, condition: Condition) -> Iterator[str]:
        for leaf in leaves(condition):
            yield self.truth(leaf)
            match leaf:
                case Exists():
                    yield from self._states_of(leaf.computed.valid_when)
                case Compare():
                    yield from self._states(leaf.left)
                case OneOf() | Given():
                    continue
                case _:
                    assert_never(leaf)

    def fact(self, path: str) -> str:
        """Returns the variable of a fact."""
        return f"f{self._dictionary[path].order}"

    def bit(self, path: str) -> int:
        """Returns the bit of a fact in a mask of facts."""
        return 1 << self._dictionary[path].order

    def _given(self, path: str) -> str:
        if isinstance(self._dictionary[path].kind, Choice):
            return self._once(f"3 if {self.fact(path)} else 0")
        return self._once(f"0 if {self.fact(path)} is None else 3")

    def _not(self, truth: str) -> str:
        if truth in ("0", "3"):
            return "3" if truth == "0" else "0"
        return self._once(f"N[{truth}]")

    def _union(self, masks: Iterable[str]) -> str:
        kept = dict.fromkeys(mask for mask in masks if mask != _NOTHING)
        return self._once(" | ".join(kept)) if len(kept) > 1 else next(iter(kept), _NOTHING)

    def _table(self, leaf: OneOf) -> str:
        kind = self._dictionary[leaf.fact].kind
        assert isinstance(kind, Choice)
        truths = [UNKNOWN] * (max(value.number for value in kind.values) + 1)
        for value in kind.values:
            truths[value.number] = TRUE if value.number in leaf.values else FALSE
        table = tuple(truths)
        if table not in self._tables:
            self._tables[table] = f"T{len(self._tables)}"
            self.constants[self._tables[table]] = table
        return self._tables[table]

    def _arithmetic(self, number: Number, inputs: dict[str, None]) -> str:
        match number:
            case Combine():
                left = self._arithmetic(number.left, inputs)
                right = self._arithmetic(number.right, inputs)
                return f"({left} {number.operator.value} {right})"
            case AsDecimal():
                return f"float({self._arithmetic(number.operand, inputs)})"
            case Constant():
                return repr(number.value)
            case FactNumber() | Computed() | ChooseNumber():
                variable = self.number(number)
                inputs[variable] = None
                return variable
            case _:
                assert_never(number)

    def _once(self, line: str) -> str:
        """Returns the variable that a line is assigned to; equal lines share one."""
        if line.isidentifier() or line.isdigit():
            return line
        if line not in self._variables:
            self._variables[line] = f"v{len(self._variables)}"
            self.lines.append(f"{self._variables[line]} = {line}")
        return self._variables[line]


def run(name: str, source: str, constants: Mapping[str, object]) -> Callable[..., Any]:
    """Returns a function of generated source.

    Args:
        name: its name in the source.
        source: made by an emitter; it holds operators, numbers and our own names, and no text of a
            guideline.
        constants: what it looks into.
    """
    names = dict(constants)
    code = compile(source, f"<compiled {name}>", "exec")
    exec(code, names)
    function: Callable[..., Any] = names[name]  # type: ignore[assignment] # it was just defined
    return function
