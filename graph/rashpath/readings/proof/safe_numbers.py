"""No run-time error is possible: no division by zero, no overflow, no number or row missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import assert_never

from rashpath.expression.evaluate import evaluate
from rashpath.expression.tree import (
    Arithmetic,
    AsDecimal,
    ChooseNumber,
    Combine,
    Computed,
    Condition,
    Constant,
    FactNumber,
    Number,
    computed_in,
)
from rashpath.expression.truth import Truth
from rashpath.guideline.model import Recommendation
from rashpath.readings.proof.counterexample import Confirm
from rashpath.readings.proof.encode import Sight
from rashpath.readings.proof.numbers import HALF_STEP
from rashpath.readings.proof.properties import outcome
from rashpath.readings.proof.prover import GaveUp, Prover
from rashpath.readings.proof.result import Counterexample, Outcome
from rashpath.readings.proof.solver import (
    Sat,
    Solver,
    Term,
    Unknown,
    Unsat,
    conj,
    constant,
    differ,
    disj,
    neg,
    real,
)

Found = list[Counterexample | GaveUp | None]


def no_error(prover: Prover, timeout_s: float) -> Outcome:
    """No evaluation can fail, whatever is known.

    Divisors are never zero, no intermediate number overflows, computed numbers stay within their
    declared ranges and are read only where they exist, and an open dose gate finds exactly one row.
    """
    found: Found = []
    checked = 0
    for computed in prover.graph.computed.values():
        for name, fault in _faults(prover, computed.number):
            checked += 1
            found.append(_alone(prover, f"`{computed.number.id}` {name}", fault, timeout_s))
    for name, condition in prover.conditions():
        for read in dict.fromkeys(computed_in(condition)):
            checked += 1
            found.append(_unguarded(prover, name, condition, read))
    for node in prover.graph.recommendations:
        if node.regimen is not None and node.regimen.rows:
            checked += 1
            found += _rows(prover, node)
    return outcome(checked, found)


def _faults(prover: Prover, computed: Computed) -> Iterator[tuple[str, Term]]:
    """Yields what can go wrong in a formula, each with where it does."""
    exactly = prover.sight.exactly
    for part in _parts(computed.formula):
        if part.operator is Arithmetic.DIVIDE:
            yield "divides by zero", exactly(part.right) == constant(0)
        largest = constant(sys.float_info.max)
        whole = exactly(part)
        yield "overflows", disj((whole > largest, whole < -largest))
    value = exactly(computed.formula)
    yield (
        "leaves its declared range",
        disj(
            (
                value > constant(computed.maximum) + constant(HALF_STEP),
                value < constant(computed.minimum) - constant(HALF_STEP),
            )
        ),
    )


def _parts(number: Number) -> Iterator[Combine]:
    match number:
        case Constant() | FactNumber() | Computed():
            return
        case AsDecimal():
            yield from _parts(number.operand)
        case Combine():
            yield from _parts(number.left)
            yield from _parts(number.right)
            yield number
        case ChooseNumber():
            yield from _parts(number.then)
            yield from _parts(number.otherwise)
        case _:
            assert_never(number)


def _alone(prover: Prover, fault: str, term: Term, timeout_s: float) -> GaveUp | None:
    """Asks one question about numbers alone, of a solver that knows nothing but the ranges."""
    solver = Solver(timeout_s)
    solver.always(*prover.encoding.domain)
    match solver.ask(term):
        case Unsat():
            return None
        case Unknown(reason):
            return GaveUp(f"{fault}? the solver gave no answer: {reason}")
        case Sat():
            return GaveUp(fault)


def _unguarded(
    prover: Prover, name: str, condition: Condition, read: Computed
) -> Counterexample | GaveUp | None:
    """Asks whether a condition depends on a computed number where that does not exist."""
    known = prover.sight.known
    sights = [
        Sight(prover.encoding, f" {each}", known, numbers={read.id: real(f"any {each} {read.id}")})
        for each in ("one", "other")
    ]
    depends = differ(*(sight.plain(condition) for sight in sights))
    absent = neg(prover.sight.plain(read.valid_when))
    about = f"the {name} reads `{read.id}` where it does not exist"
    match prover.ask(depends, absent):
        case Unsat():
            return None
        case Unknown(reason):
            return GaveUp(f"{about}? the solver gave no answer: {reason}")
        case Sat():
            pass
    open_ = conj(neg(each) for each in prover.sight.kleene(condition))
    shown = prover.refute(
        about, conj((open_, prover.sight.kleene(read.valid_when)[1])), _is_open(condition, read)
    )
    return shown or GaveUp(about)


def _is_open(condition: Condition, read: Computed) -> Confirm:
    return lambda cases: (
        evaluate(condition, cases[0]) is Truth.UNKNOWN
        and evaluate(read.valid_when, cases[0]) is Truth.FALSE
    )


def _rows(prover: Prover, node: Recommendation) -> Found:
    assert node.regimen is not None
    sight, regimen = prover.sight, node.regimen
    gate = [part.condition for part in regimen.gate]
    rows = [row.when for row in regimen.rows]
    found: Found = []

    def ask(about: str, completed: Term, known: Term, confirm: Confirm) -> None:
        match prover.ask(completed):
            case Unsat():
                return
            case Unknown(reason):
                found.append(GaveUp(f"{about}? the solver gave no answer: {reason}"))
            case Sat():
                shown = prover.refute(about, known, confirm)
                found.append(shown or GaveUp(f"{about}: in a completion only"))

    ask(
        f"no row of `{node.id}` holds although its gate is open",
        conj((*map(sight.plain, gate), *(neg(sight.plain(row)) for row in rows))),
        conj(
            (
                *(sight.kleene(part)[0] for part in gate),
                *(sight.kleene(row)[1] for row in rows),
            )
        ),
        lambda cases: (
            all(evaluate(part, cases[0]) is Truth.TRUE for part in gate)
            and all(evaluate(row, cases[0]) is Truth.FALSE for row in rows)
        ),
    )
    for index, row in enumerate(rows):
        for other in rows[:index]:
            ask(
                f"rows {rows.index(other) + 1} and {index + 1} of `{node.id}` hold together",
                conj((sight.plain(row), sight.plain(other))),
                conj((sight.kleene(row)[0], sight.kleene(other)[0])),
                _both(row, other),
            )
    return found


def _both(one: Condition, other: Condition) -> Confirm:
    return lambda cases: all(evaluate(each, cases[0]) is Truth.TRUE for each in (one, other))
