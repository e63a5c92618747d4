"""Translates a type-checked CEL tree into our own closed one, refusing all that is not in it.

CEL takes a choice for a whole number; here a choice is compared with its own values and with
nothing else. A comparison has one variable number on one side and a constant on the other, so that
every condition cuts each fact's range into finitely many regions; arithmetic over facts stands in
the formulas of computed numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NoReturn

from rashpath.cel.v1 import checked_pb2
from rashpath.expression.errors import ExpressionError
from rashpath.expression.evaluate import COMBINE, COMPARE
from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Arithmetic,
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
    Operator,
    Or,
    Undetermined,
    computed_in,
    tests_in,
)
from rashpath.facts.dictionary import Choice, DecimalNumber, Fact

if TYPE_CHECKING:
    from rashpath.expression.cel import Names

_COMPARISONS = {f"_{operator}_": operator for operator in Operator}
_ARITHMETIC = {f"_{operator}_": operator for operator in Arithmetic}
_MIRRORED = {
    Operator.LESS: Operator.GREATER,
    Operator.LESS_OR_EQUAL: Operator.GREATER_OR_EQUAL,
    Operator.GREATER: Operator.LESS,
    Operator.GREATER_OR_EQUAL: Operator.LESS_OR_EQUAL,
    Operator.EQUAL: Operator.EQUAL,
    Operator.NOT_EQUAL: Operator.NOT_EQUAL,
}
_WHOLE = "int64"
_DECIMAL_ONLY = "arithmetic is over decimal numbers; write `double(...)`"
NO_TOWERS = "computed numbers do not build on each other"


class Translation:
    """Translates one checked expression.

    Args:
        checked: what the CEL compiler returned.
        names: what the expression may name.
        invariant: True if it may ask about decisions.
    """

    def __init__(self, checked: checked_pb2.CheckedExpr, names: Names, *, invariant: bool) -> None:
        self._checked = checked
        self._names = names
        self._invariant = invariant
        self._is_formula = False

    def condition(self) -> Condition:
        """Returns the whole expression as a condition."""
        return self._condition(self._checked.expr)

    def formula(self) -> Number:
        """Returns the whole expression as a formula over facts."""
        self._is_formula = True
        number = self._number(self._checked.expr)
        if not _is_decimal(number, self._names):
            self._refuse(self._checked.expr, "a formula gives a decimal number from facts")
        if any(True for test in tests_in(number) for _ in computed_in(test)):
            self._refuse(self._checked.expr, NO_TOWERS)
        return number

    def _condition(self, expr: checked_pb2.Expr) -> Condition:
        match expr.WhichOneof("expr_kind"):
            case "const_expr":
                if expr.const_expr.WhichOneof("constant_kind") == "bool_value":
                    return Always(expr.const_expr.bool_value)
            case "ident_expr":
                name = expr.ident_expr.name
                if name in self._names.definitions:
                    return Named(name, self._names.definitions[name]())
            case "select_expr":
                if expr.select_expr.test_only:
                    return Given(self._fact(expr).path)
            case "call_expr":
                return self._call(expr)
        self._refuse_kind(expr, "a condition")

    def _call(self, expr: checked_pb2.Expr) -> Condition:
        function, args = expr.call_expr.function, expr.call_expr.args
        if expr.call_expr.HasField("target"):
            self._refuse(expr, _left_out(function))
        match function:
            case "_&&_":
                return And(self._flat(expr, And))
            case "_||_":
                return Or(self._flat(expr, Or))
            case "!_":
                return Not(self._condition(args[0]))
            case "_?_:_":
                test, then, otherwise = (self._condition(arg) for arg in args)
                return Choose(test, then, otherwise)
            case "@in":
                return self._one_of(args[0], list(args[1].list_expr.elements), args[1])
            case "valid":
                number = self._number(args[0])
                if not isinstance(number, Computed):
                    self._refuse(args[0], "`valid()` takes a computed number")
                return Exists(number)
            case "applies" | "undetermined" | "dose_given":
                return self._of_decision(function, args[0])
        if function in _COMPARISONS:
            return self._compare(expr, _COMPARISONS[function], args[0], args[1])
        self._refuse(expr, _left_out(function))

    def _flat(self, expr: checked_pb2.Expr, kind: type[And] | type[Or]) -> tuple[Condition, ...]:
        operands: list[Condition] = []
        for arg in expr.call_expr.args:
            operand = self._condition(arg)
            operands.extend(operand.operands if isinstance(operand, kind) else (operand,))
        return tuple(operands)

    def _of_decision(self, function: str, arg: checked_pb2.Expr) -> Condition:
        node = arg.const_expr.string_value
        if not self._invariant or node not in self._names.nodes:
            self._refuse(arg, f"`{node}` is not a recommendation")
        match function:
            case "applies":
                return Applies(node)
            case "undetermined":
                return Undetermined(node)
            case _:
                return DoseGiven(node)

    def _compare(
        self,
        expr: checked_pb2.Expr,
        operator: Operator,
        left: checked_pb2.Expr,
        right: checked_pb2.Expr,
    ) -> Condition:
        if self._choice(left) is not None or self._choice(right) is not None:
            if self._choice(left) is None:
                left, right = right, left
            if operator not in (Operator.EQUAL, Operator.NOT_EQUAL):
                self._refuse(expr, f"values of a choice have no order, `{operator}` needs one")
            equal = self._one_of(left, [right], right)
            return equal if operator is Operator.EQUAL else Not(equal)
        first, second = self._fold(self._number(left)), self._fold(self._number(right))
        if isinstance(first, Constant) and isinstance(second, Constant):
            return Always(COMPARE[operator](first.value, second.value))
        if isinstance(first, Constant):
            first, second, operator = second, first, _MIRRORED[operator]
        if not isinstance(first, FactNumber | Computed) or not isinstance(second, Constant):
            self._refuse(
                expr,
                "a comparison has one fact or computed number on one side and a constant on the "
                "other; name the arithmetic as a computed number",
            )
        return Compare(first, operator, second)

    def _one_of(
        self, choice: checked_pb2.Expr, elements: list[checked_pb2.Expr], place: checked_pb2.Expr
    ) -> Condition:
        fact = self._choice(choice)
        if fact is None or not isinstance(fact.kind, Choice):
            self._refuse(choice, "a choice is expected here")
        if not elements:
            self._refuse(place, "a list of values is expected here, with at least one value")
        numbers = set()
        for element in elements:
            numbers.add(self._value(element, fact, fact.kind))
        values = tuple(sorted(numbers))
        shorts = {value.number: value.short for value in fact.kind.values}
        return OneOf(fact.path, values, tuple(shorts[value] for value in values))

    def _value(self, expr: checked_pb2.Expr, fact: Fact, choice: Choice) -> int:
        enum, _, name = self._checked.reference_map[expr.id].name.rpartition(".")
        is_constant = self._checked.reference_map[expr.id].HasField("value")
        value = choice.named(name) if is_constant and enum == choice.enum else None
        if value is None:
            self._refuse(expr, f"`{fact.path}` is compared with its own values only")
        return value.number

    def _number(self, expr: checked_pb2.Expr) -> Number:
        match expr.WhichOneof("expr_kind"):
            case "const_expr":
                constant = expr.const_expr
                match constant.WhichOneof("constant_kind"):
                    case "int64_value":
                        return Constant(constant.int64_value)
                    case "double_value":
                        if math.isfinite(constant.double_value):
                            return Constant(constant.double_value)
            case "ident_expr":
                name = expr.ident_expr.name
                if name in self._names.constants:
                    return self._names.constants[name]
                if name in self._names.computed:
                    if self._is_formula:
                        self._refuse(expr, NO_TOWERS)
                    return self._names.computed[name]()
            case "select_expr":
                fact = self._fact(expr)
                if expr.select_expr.test_only:
                    self._refuse(expr, "`has()` is a condition, where a number is expected")
                if not isinstance(fact.kind, Choice):
                    return FactNumber(fact.path)
                self._refuse(expr, f"`{fact.path}` is a choice, where a number is expected")
            case "call_expr":
                return self._arithmetic(expr)
        self._refuse_kind(expr, "a number")

    def _arithmetic(self, expr: checked_pb2.Expr) -> Number:
        function, args = expr.call_expr.function, expr.call_expr.args
        overloads = self._checked.reference_map[expr.id].overload_id
        if function == "double" and list(overloads) == ["int64_to_double"]:
            return AsDecimal(self._number(args[0]))
        if function == "-_":
            operand = self._fold(self._number(args[0]))
            if isinstance(operand, Constant):
                return Constant(-operand.value)
            if any(overload.endswith(_WHOLE) for overload in overloads):
                self._refuse(expr, _DECIMAL_ONLY)
            return Combine(Constant(0.0), Arithmetic.SUBTRACT, operand)
        if function == "_?_:_":
            test = self._condition(args[0])
            return ChooseNumber(test, self._number(args[1]), self._number(args[2]))
        if function in _ARITHMETIC:
            operator = _ARITHMETIC[function]
            if any(overload.endswith(_WHOLE) for overload in overloads):
                self._refuse(expr, _DECIMAL_ONLY)
            left, right = self._number(args[0]), self._number(args[1])
            if operator is Arithmetic.DIVIDE and not self._never_zero(self._fold(right)):
                self._refuse(
                    args[1],
                    "a divisor is a product of constants and facts whose range excludes zero",
                )
            return Combine(left, operator, right)
        if function == "double":
            self._refuse(expr, "`double()` turns whole numbers to decimal ones and nothing else")
        self._refuse(expr, _left_out(function))

    def _never_zero(self, number: Number) -> bool:
        match number:
            case Constant():
                return number.value != 0
            case FactNumber():
                kind = self._names.dictionary[number.fact].kind
                return not isinstance(kind, Choice) and 0 not in kind.hard
            case AsDecimal():
                return self._never_zero(number.operand)
            case Combine():
                return (
                    number.operator is Arithmetic.MULTIPLY
                    and self._never_zero(number.left)
                    and self._never_zero(number.right)
                )
            case _:
                return False

    def _fold(self, number: Number) -> Number:
        """Computes what depends on constants alone."""
        match number:
            case Combine():
                left, right = self._fold(number.left), self._fold(number.right)
                if isinstance(left, Constant) and isinstance(right, Constant):
                    folded = COMBINE[number.operator](left.value, right.value)
                    if not math.isfinite(folded):
                        raise ExpressionError("a constant is not finite")
                    return Constant(folded)
            case AsDecimal():
                operand = self._fold(number.operand)
                if isinstance(operand, Constant):
                    return Constant(float(operand.value), operand.name)
        return number

    def _choice(self, expr: checked_pb2.Expr) -> Fact | None:
        """Returns the fact if the expression is one that is a choice, else None."""
        if expr.WhichOneof("expr_kind") != "select_expr" or expr.select_expr.test_only:
            return None
        fact = self._fact(expr)
        return fact if isinstance(fact.kind, Choice) else None

    def _fact(self, expr: checked_pb2.Expr) -> Fact:
        select = expr.select_expr
        path = f"{select.operand.ident_expr.name}.{select.field}"
        if path not in self._names.dictionary:
            self._refuse(expr, f"`{path}` is not a fact")
        return self._names.dictionary[path]

    def _refuse_kind(self, expr: checked_pb2.Expr, expected: str) -> NoReturn:
        """Refuses an expression of a kind that stands nowhere, or not here."""
        match expr.WhichOneof("expr_kind"):
            case None:
                # checked.proto has no field for what the language leaves out whole.
                self._refuse(
                    expr, "macros other than `has()`, messages and maps are not in the language"
                )
            case "list_expr":
                self._refuse(expr, "a list stands behind `in` and nowhere else")
            case "ident_expr" if expr.ident_expr.name in self._names.dictionary.groups():
                self._refuse(
                    expr, f"`{expr.ident_expr.name}` is a group of facts; name one fact in it"
                )
            case "ident_expr" if expr.ident_expr.name in self._names.definitions:
                self._refuse(
                    expr,
                    f"`{expr.ident_expr.name}` is a condition; combine conditions with `&&`, "
                    "`||`, `!` and `? :`",
                )
            case _:
                self._refuse(expr, f"{expected} is expected here")

    def _refuse(self, expr: checked_pb2.Expr, why: str) -> NoReturn:
        position = self._checked.source_info.positions.get(expr.id)
        where = "" if position is None else f" (character {position + 1})"
        raise ExpressionError(why + where)


def _left_out(function: str) -> str:
    return f"`{function.strip('_@')}` is not in the condition language"


def _is_decimal(number: Number, names: Names) -> bool:
    match number:
        case Constant():
            return isinstance(number.value, float)
        case FactNumber():
            kind = names.dictionary[number.fact].kind
            return isinstance(kind, DecimalNumber)
        case ChooseNumber():
            return _is_decimal(number.then, names) and _is_decimal(number.otherwise, names)
        case Computed() | AsDecimal() | Combine():
            return True
