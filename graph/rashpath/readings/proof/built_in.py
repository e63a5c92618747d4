"""The properties that a guideline names rather than states: totality, dose totals, determinism."""

from __future__ import annotations

from itertools import permutations

from rashpath.expression.evaluate import evaluate, number
from rashpath.expression.tree import Compare, Computed, FactNumber, facts_of_number, leaves
from rashpath.expression.truth import Truth
from rashpath.guideline.model import DoseRow, Recommendation
from rashpath.readings.proof.counterexample import Cases, Confirm
from rashpath.readings.proof.encode import Encoding, Sight
from rashpath.readings.proof.properties import outcome
from rashpath.readings.proof.prover import GaveUp, Prover
from rashpath.readings.proof.result import Counterexample, Outcome, Proved, Refuted
from rashpath.readings.proof.solver import Model, conj, neg
from rashpath.readings.walk import Verdict, Walk, walk

DETERMINISM_TEST = "tests/conformance/test_determinism.py"
WALKED_TWICE = 50
"""Most cases that are walked again."""


def total(prover: Prover) -> Outcome:
    """With every fact given, no verdict is undetermined."""
    graph = prover.graph
    found: list[Counterexample | GaveUp | None] = []
    for node in graph.order:
        if node.id not in graph.reach.nodes:
            found.append(GaveUp(f"`{node.id}` has no diagram"))
            continue
        true, false = prover.complete.verdict(graph.reach.nodes[node.id])
        found.append(
            prover.refute(
                f"`{node.id}` is undetermined although every fact is given",
                conj((neg(true), neg(false))),
                _undetermined(prover, node.id),
                lambda model: (prover.case(model, prover.complete.sight),),
            )
        )
    return outcome(len(graph.order), found)


def _undetermined(prover: Prover, node: str) -> Confirm:
    return lambda cases: (
        len(cases[0]) == len(prover.graph.dictionary)
        and prover.verdict(cases[0], node) is Verdict.UNDETERMINED
    )


def dose_total(prover: Prover) -> Outcome:
    """The daily total of each dose table never rises as a number that its rows read falls.

    Two cases are compared, which differ in nothing but what that number is computed from.
    """
    other = Encoding(prover.graph.dictionary, " of the second case")
    second = Sight(other, " of the second case")
    found: list[Counterexample | GaveUp | None] = []
    checked = 0
    for node in prover.graph.recommendations:
        if node.regimen is None:
            continue
        for read in _numbers(node.regimen.rows):
            for low, high in permutations(node.regimen.rows, 2):
                checked += 1
                if daily(low) > daily(high):
                    found.append(_rises(prover, node, read, low, high, second))
    return outcome(checked, found)


def daily(row: DoseRow) -> float:
    """Returns the daily total of a row in mg/kg."""
    return row.dose_mg_per_kg * 24 / row.interval_hours


def _numbers(rows: tuple[DoseRow, ...]) -> tuple[FactNumber | Computed, ...]:
    return tuple(
        dict.fromkeys(
            leaf.left for row in rows for leaf in leaves(row.when) if isinstance(leaf, Compare)
        )
    )


def _rises(
    prover: Prover,
    node: Recommendation,
    read: FactNumber | Computed,
    low: DoseRow,
    high: DoseRow,
    second: Sight,
) -> Counterexample | GaveUp | None:
    first = prover.sight
    name = read.fact if isinstance(read, FactNumber) else read.id
    inputs = facts_of_number(read)
    (low_known, lower), (high_known, higher) = first.number(read), second.number(read)
    same = [
        conj(
            (
                first.encoding.values[path] == second.encoding.values[path],
                first.known[path] == second.known[path],
            )
        )
        for path in first.known
        if path not in inputs
    ]
    question = conj(
        (
            first.kleene(low.when)[0],
            second.kleene(high.when)[0],
            low_known,
            high_known,
            lower < higher,
            *same,
        )
    )

    def confirm(cases: Cases) -> bool:
        values = [number(read, case) for case in cases]
        return (
            all(isinstance(value, int | float) for value in values)
            and float(values[0]) < float(values[1])  # type: ignore[arg-type] # numbers, see above
            and evaluate(low.when, cases[0]) is Truth.TRUE
            and evaluate(high.when, cases[1]) is Truth.TRUE
        )

    def read_cases(model: Model) -> Cases:
        return prover.case(model, first), prover.case(model, second)

    about = (
        f"`{node.id}` gives {daily(low):g} mg/kg a day at the lower `{name}` "
        f"and {daily(high):g} at the higher"
    )
    return prover.refute(
        about,
        question,
        confirm,
        read_cases,
        encodings=(second.encoding,),
        count=tuple(second.known.values()),
    )


def deterministic(prover: Prover) -> Outcome:
    """The same facts and digest give the same answer.

    This is shown by structure and by test, not by the solver: the walk reads nothing but the facts,
    in the order of the dictionary, and the guideline. Here cases found so far are walked again
    with their facts turned round.
    """
    walks = [prover.walk({}), *prover.pool][:WALKED_TWICE]
    differing = [
        f"the walk of {len(walked.facts)} facts depends on their order"
        for walked in walks
        if _said(walk(prover.graph, dict(reversed(list(walked.facts.items()))))) != _said(walked)
    ]
    if differing:
        return Refuted((), tuple(differing))
    note = f"by structure, {len(walks)} cases walked twice, and by {DETERMINISM_TEST}"
    return Proved(len(walks), (note,))


def _said(walked: Walk) -> tuple[object, ...]:
    return (
        [(step.node.id, step.verdict.value, step.decisive) for step in walked.steps],
        walked.doses,
        walked.questions,
        walked.defeaters,
    )
