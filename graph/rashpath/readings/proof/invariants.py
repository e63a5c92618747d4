"""The invariants that a guideline states, over all cases, whatever is known and unknown."""

from __future__ import annotations

from typing import assert_never

from rashpath.expression.tree import (
    Always,
    And,
    Applies,
    Choose,
    Compare,
    Condition,
    DoseGiven,
    Exists,
    Given,
    Named,
    Not,
    OneOf,
    Or,
    Undetermined,
)
from rashpath.expression.truth import Truth
from rashpath.guideline.model import Invariant, Recommendation
from rashpath.readings.invariants import holds
from rashpath.readings.proof.kleene import Pair, choose, conjoin, disjoin
from rashpath.readings.proof.properties import outcome
from rashpath.readings.proof.prover import Prover
from rashpath.readings.proof.result import Failed, Outcome
from rashpath.readings.proof.solver import conj, disj, neg
from rashpath.readings.walk import walk


def invariant(prover: Prover, stated: Invariant) -> Outcome:
    """Settles one invariant: it is false in no case.

    `applies` and `undetermined` ask for the exact verdict, over all completions of the case.
    """
    try:
        _, false = _pair(prover, stated.condition)
    except KeyError as error:
        return Failed((f"`{error.args[0]}` has no diagram",))
    found = prover.refute(
        f"`{stated.id}` is false",
        false,
        lambda cases: holds(stated, walk(prover.graph, cases[0])) is Truth.FALSE,
    )
    return outcome(1, [found])


def _pair(prover: Prover, condition: Condition) -> Pair:
    """Returns where an invariant is true and where it is false, in the order of the evaluator."""
    graph = prover.graph
    match condition:
        case Applies():
            true, _ = prover.exact.verdict(graph.reach.nodes[condition.node])
            return true, neg(true)
        case Undetermined():
            true, false = prover.exact.verdict(graph.reach.nodes[condition.node])
            return conj((neg(true), neg(false))), disj((true, false))
        case DoseGiven():
            given = _dose_given(prover, condition.node)
            return given, neg(given)
        case Not():
            true, false = _pair(prover, condition.operand)
            return false, true
        case And():
            return conjoin(_pair(prover, operand) for operand in condition.operands)
        case Or():
            return disjoin(_pair(prover, operand) for operand in condition.operands)
        case Choose():
            return choose(
                _pair(prover, condition.test),
                _pair(prover, condition.then),
                _pair(prover, condition.otherwise),
            )
        case Always() | Compare() | OneOf() | Given() | Exists() | Named():
            return prover.sight.kleene(condition)
        case _:
            assert_never(condition)


def _dose_given(prover: Prover, node: str) -> object:
    """Returns where milligrams are shown: it applies, its gate is open, a row and a weight are."""
    graph = prover.graph
    recommendation = graph.by_id[node]
    assert isinstance(recommendation, Recommendation)
    regimen = recommendation.regimen
    if regimen is None or not regimen.rows:
        return False
    return conj(
        (
            prover.exact.verdict(graph.reach.nodes[node])[0],
            *(
                prover.exact.verdict(graph.reach.definitions[part.id])[0]
                if part.id in graph.reach.definitions
                else prover.sight.kleene(part.condition)[0]
                for part in regimen.gate
            ),
            disj(prover.sight.kleene(row.when)[0] for row in regimen.rows),
            prover.sight.known[regimen.weight],
        )
    )
