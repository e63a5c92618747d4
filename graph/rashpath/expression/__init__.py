"""Conditions and formulas over facts: CEL text in, one closed typed tree out, three values."""

from rashpath.expression.cel import Names, compile_condition, compile_formula, compile_invariant
from rashpath.expression.errors import ExpressionError
from rashpath.expression.evaluate import evaluate, number
from rashpath.expression.truth import Truth

__all__ = [
    "ExpressionError",
    "Names",
    "Truth",
    "compile_condition",
    "compile_formula",
    "compile_invariant",
    "evaluate",
    "number",
]
