"""Wraps z3, the one part of the proof without types: terms, a solver with a time limit, models.

No other module imports z3. Terms that are known are Python's ``True`` and ``False``, so that what
cannot matter is dropped before the solver sees it.

Source: L. de Moura and N. Bjorner, Z3: an efficient SMT solver, TACAS 2008.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from time import monotonic
from typing import Any, TypeAlias

import z3

Term: TypeAlias = Any
"""A truth value of the solver, or Python's True or False."""
NumberTerm: TypeAlias = Any
"""A number of the solver."""

NAME = "z3"


def version() -> str:
    """Returns the version of the solver."""
    return str(z3.get_version_string())


def boolean(name: str) -> Term:
    """Returns a free truth value."""
    return z3.Bool(name)


def whole(name: str) -> NumberTerm:
    """Returns a free whole number."""
    return z3.Int(name)


def real(name: str) -> NumberTerm:
    """Returns a free real number."""
    return z3.Real(name)


def constant(value: float | Fraction) -> NumberTerm:
    """Returns a number, exactly; of a float, the very number that it is."""
    exact = Fraction(value)
    return z3.RealVal(f"{exact.numerator}/{exact.denominator}")


def is_real(number: NumberTerm) -> bool:
    """Tells whether a number is a real one, not a whole one."""
    return not z3.is_int(number)


def as_real(number: NumberTerm) -> NumberTerm:
    """Returns a whole number as a real one, and a real one as it is."""
    return z3.ToReal(number) if z3.is_int(number) else number


def conj(terms: Iterable[Term]) -> Term:
    """Returns AND; empty is True."""
    parts = []
    for term in terms:
        if term is False:
            return False
        if term is not True:
            parts.append(term)
    if not parts:
        return True
    return parts[0] if len(parts) == 1 else z3.And(parts)


def disj(terms: Iterable[Term]) -> Term:
    """Returns OR; empty is False."""
    parts = []
    for term in terms:
        if term is True:
            return True
        if term is not False:
            parts.append(term)
    if not parts:
        return False
    return parts[0] if len(parts) == 1 else z3.Or(parts)


def neg(term: Term) -> Term:
    """Returns NOT."""
    return (not term) if isinstance(term, bool) else z3.Not(term)


def differ(left: Term, right: Term) -> Term:
    """Returns a term that holds where two truth values differ."""
    if isinstance(left, bool):
        return neg(right) if left else right
    if isinstance(right, bool):
        return neg(left) if right else left
    return z3.Xor(left, right)


def select(test: Term, then: NumberTerm, otherwise: NumberTerm) -> NumberTerm:
    """Returns one of two numbers."""
    if isinstance(test, bool):
        return then if test else otherwise
    return z3.If(test, then, otherwise)


def at_most(terms: Iterable[Term], count: int) -> Term:
    """Returns a term that holds where at most so many of some terms do."""
    return z3.PbLe([(term, 1) for term in terms], count)


class Model:
    """Values for all free terms under which what was asked holds."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def truth(self, term: Term) -> bool:
        """Returns the truth of a term; one that does not matter counts as false."""
        if isinstance(term, bool):
            return term
        return bool(z3.is_true(self._model.eval(term, model_completion=True)))

    def number(self, term: NumberTerm) -> Fraction:
        """Returns the value of a number; of an irrational one, a close rational one."""
        value = self._model.eval(term, model_completion=True)
        if z3.is_algebraic_value(value):
            value = value.approx(20)
        return Fraction(value.as_fraction() if z3.is_rational_value(value) else value.as_long())


@dataclass(frozen=True, slots=True)
class Sat:
    """What was asked can hold."""

    model: Model


@dataclass(frozen=True, slots=True)
class Unsat:
    """What was asked holds in no case."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The solver does not know, or ran out of time. It is never taken for a proof."""

    reason: str


Answer = Sat | Unsat | Unknown


class Solver:
    """Asks whether something can hold beside what always holds.

    Args:
        timeout_s: seconds for one question.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_ms = max(1, int(timeout_s * 1000))
        self._solver = z3.Solver()
        self._solver.set("random_seed", 0)
        self.questions = 0
        self.seconds = 0.0

    def always(self, *terms: Term) -> None:
        """States what holds in every question."""
        for term in terms:
            if term is not True:
                self._solver.add(z3.BoolVal(False) if term is False else term)

    def ask(self, *terms: Term, timeout_s: float | None = None) -> Answer:
        """Asks whether all terms can hold together.

        Args:
            terms: what is asked.
            timeout_s: seconds for this question, where it differs.
        """
        question = conj(terms)
        self.questions += 1
        if question is False:
            return Unsat()
        begun = monotonic()
        limit = self._timeout_ms if timeout_s is None else max(1, int(timeout_s * 1000))
        self._solver.set("timeout", limit)
        self._solver.push()
        try:
            if question is not True:
                self._solver.add(question)
            outcome = self._solver.check()
            if outcome == z3.sat:
                return Sat(Model(self._solver.model()))
            if outcome == z3.unsat:
                return Unsat()
            return Unknown(str(self._solver.reason_unknown()))
        finally:
            self._solver.pop()
            self.seconds += monotonic() - begun
