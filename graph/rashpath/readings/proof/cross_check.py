"""Decides many cases three ways, by the walk, the solver and the second opinion, and compares."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from rashpath.expression.levels import ComputedLevel, NumberLevel
from rashpath.facts.dictionary import Choice, Fact, WholeNumber
from rashpath.guideline.model import DecisionGraph, Finding, Recommendation
from rashpath.readings.proof.properties import reachable
from rashpath.readings.proof.prove import TIMEOUT_S
from rashpath.readings.proof.prover import Prover
from rashpath.readings.proof.result import Case
from rashpath.readings.proof.second_opinion import SecondOpinion, TooManyReadingsError
from rashpath.readings.proof.solver import Sat, conj, constant, neg
from rashpath.readings.walk import Verdict, walk

EDGE = Fraction(1, 10**9)
"""A computed number this close to a threshold, and not on it, leaves its case out."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A node of a case about which the three disagree.

    Args:
        case: the case.
        node: the node.
        verdicts: what walk, solver and second opinion say, in this order; None: not asked.
    """

    case: Case
    node: str
    verdicts: tuple[Verdict, Verdict, Verdict | None]


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """What a cross-check compared.

    Args:
        cases: how many cases were decided.
        verdicts: how many verdicts walk and solver were compared on.
        second_opinions: on how many of them the second opinion was compared too; on the rest it has
            too many completions to try.
        undetermined: how many of the verdicts were undetermined.
        near_an_edge: how many cases were left out for a number within 1e-9 of a threshold.
        differences: where they disagree.
    """

    cases: int
    verdicts: int
    second_opinions: int
    undetermined: int
    near_an_edge: int
    differences: tuple[Difference, ...]


def cross_check(
    graph: DecisionGraph,
    count: int,
    *,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    progress: Callable[[int], None] | None = None,
) -> CrossCheck:
    """Compares walk, solver and second opinion on random cases and cases made from the graph.

    Args:
        graph: the guideline.
        count: how many cases.
        seed: seeds all that is drawn at random; what the solver makes may differ from run to run.
        timeout_s: most seconds for one question to the solver.
        progress: told how many cases are done.
    """
    prover = Prover(graph, timeout_s)
    reachable(prover)
    made = [walked.facts for walked in prover.pool]
    opinion = SecondOpinion(graph)
    nodes = [node.id for node in graph.order if isinstance(node, Recommendation | Finding)]
    nodes = [node for node in nodes if node in graph.reach.nodes]
    compared = agreed = undetermined = near = done = 0
    differences: list[Difference] = []
    for case in _cases(graph, made, count, random.Random(seed)):
        if _near_an_edge(graph, opinion, case):
            near += 1
            continue
        done += 1
        walked = walk(graph, case)
        solved = _solved(prover, opinion, case, nodes)
        for node in nodes:
            verdict = walked.step(node).verdict
            compared += 1
            undetermined += verdict is Verdict.UNDETERMINED
            try:
                second = opinion.verdict(case, node)
                agreed += 1
            except TooManyReadingsError:
                second = None
            if solved[node] is not verdict or second not in (None, verdict):
                differences.append(Difference(case, node, (verdict, solved[node], second)))
        if progress is not None:
            progress(done)
    return CrossCheck(done, compared, agreed, undetermined, near, tuple(differences))


def _cases(
    graph: DecisionGraph, made: list[Case], count: int, chance: random.Random
) -> Iterator[Case]:
    """Yields cases: every second one is made from the graph and changed, the others are random."""
    facts = tuple(graph.dictionary)
    marks = {
        level.fact: level.partition.samples
        for level in graph.reach.diagrams.levels
        if isinstance(level, NumberLevel)
    }
    for index in range(count):
        given = chance.choice((0.3, 0.7, 0.9, 1.0))
        case = {
            fact.path: _value(fact, marks.get(fact.path, ()), chance)
            for fact in facts
            if chance.random() < given
        }
        if made and index % 2:
            case |= chance.choice(made)
            for fact in chance.sample(facts, 3):
                if chance.random() < 0.5:
                    case.pop(fact.path, None)
                else:
                    case[fact.path] = _value(fact, marks.get(fact.path, ()), chance)
        yield {fact.path: case[fact.path] for fact in facts if fact.path in case}


def _value(
    fact: Fact, samples: tuple[tuple[float, ...], ...], chance: random.Random
) -> int | float:
    match fact.kind:
        case Choice() as kind:
            return chance.choice(kind.values).number
        case WholeNumber() as kind:
            if samples and chance.random() < 0.7:
                return int(chance.choice(chance.choice(samples)))
            return chance.randint(int(kind.hard.minimum), int(kind.hard.maximum))
        case kind:
            if samples and chance.random() < 0.7:
                return float(chance.choice(chance.choice(samples)))
            return round(chance.uniform(kind.hard.minimum, kind.hard.maximum), 1)


def _near_an_edge(graph: DecisionGraph, opinion: SecondOpinion, case: Case) -> bool:
    for level in graph.reach.diagrams.levels:
        if not isinstance(level, ComputedLevel):
            continue
        exact = opinion.number(level.computed.formula, case)
        if exact is None:
            continue
        for threshold in level.partition.thresholds:
            if 0 < abs(exact - Fraction(threshold)) <= EDGE:
                return True
    return False


def _solved(
    prover: Prover, opinion: SecondOpinion, case: Case, nodes: list[str]
) -> dict[str, Verdict]:
    """Returns the verdicts that the solver's terms have where the case is put in."""
    pairs = {node: prover.exact.verdict(prover.graph.reach.nodes[node]) for node in nodes}
    fixed = []
    for path, value in prover.encoding.values.items():
        known = prover.sight.known[path]
        if path in case:
            fixed += [known, value == constant(Fraction(case[path]))]
        else:
            fixed.append(neg(known))
    for rounded, number in prover.encoding.roundings:
        exact = opinion.number(number, case)
        if exact is not None:
            fixed.append(rounded == constant(Fraction(round(exact, 9))))
    answer = prover.ask(conj(fixed))
    assert isinstance(answer, Sat), "a case within its ranges is a case of the solver"
    found = {}
    for node, (true, false) in pairs.items():
        if answer.model.truth(true):
            found[node] = Verdict.APPLIES
        elif answer.model.truth(false):
            found[node] = Verdict.DOES_NOT_APPLY
        else:
            found[node] = Verdict.UNDETERMINED
    return found
