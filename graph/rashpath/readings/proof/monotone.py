"""What is learnt withdraws nothing, but where a defeater openly allows it."""

from __future__ import annotations

from rashpath.expression.levels import defeating_facts
from rashpath.guideline.model import DecisionGraph, Recommendation
from rashpath.readings.proof.counterexample import Cases, Confirm
from rashpath.readings.proof.encode import Sight
from rashpath.readings.proof.exact import ExactSight
from rashpath.readings.proof.properties import outcome
from rashpath.readings.proof.prover import Absent, GaveUp, Prover
from rashpath.readings.proof.result import Counterexample, Outcome
from rashpath.readings.proof.solver import Model, Term, conj, disj, neg
from rashpath.readings.walk import Verdict


def monotone(prover: Prover) -> Outcome:
    """Learning facts turns no verdict, unless one of them is a declared defeater of it.

    The later case knows all that the earlier one does, with the same values, and more. For each
    recommendation it is proved that no set of facts but its defeaters turns a settled verdict; and
    for each defeater a case is found in which it alone does, so that the list is not too long.
    """
    graph = prover.graph
    later = Sight(prover.encoding, " later")
    exact = ExactSight(graph.reach.diagrams, later)
    grown = conj(disj((neg(prover.sight.known[path]), later.known[path])) for path in later.known)
    found: list[Counterexample | GaveUp | None] = []
    reasons: list[str] = []
    notes: list[str] = []
    named = defeaters(graph)
    if graph.defeasible != frozenset(id for id, facts in named.items() if facts):
        reasons.append("the recommendations marked as defeasible are not those with defeaters")

    def read(model: Model) -> Cases:
        return prover.case(model, prover.sight), prover.case(model, later)

    for node in graph.recommendations:
        if node.id not in graph.reach.nodes:
            found.append(GaveUp(f"`{node.id}` has no diagram"))
            continue
        diagram = graph.reach.nodes[node.id]
        before, after = prover.exact.verdict(diagram), exact.verdict(diagram)
        turns = conj(
            (
                grown,
                disj(conj((sure, neg(still))) for sure, still in zip(before, after, strict=True)),
            )
        )
        others = _unchanged(prover, later, named[node.id])
        found.append(
            prover.refute(
                f"what is learnt turns `{node.id}`, though it is no defeater of it",
                conj((turns, others)),
                _turned(prover, node, frozenset(named[node.id])),
                read,
                count=tuple(later.known.values()),
            )
        )
        for path in named[node.id]:
            alone = conj(
                (
                    turns,
                    neg(prover.sight.known[path]),
                    _unchanged(prover, later, tuple(each for each in later.known if each != path)),
                )
            )
            search = prover.find(alone, _turned(prover, node, frozenset()), read)
            if isinstance(search, Absent):
                reasons.append(f"`{path}` is a defeater of `{node.id}` and turns it in no case")
            elif isinstance(search, GaveUp):
                found.append(GaveUp(f"`{path}` turns `{node.id}`? {search.reason}"))
        if named[node.id]:
            notes.append(f"defeasible: {node.id} by {', '.join(named[node.id])}")
    return outcome(len(graph.recommendations), found, reasons=reasons, notes=notes)


def defeaters(graph: DecisionGraph) -> dict[str, tuple[str, ...]]:
    """Returns for each recommendation the facts whose arrival alone can turn it, without a case.

    They are those that a `has()`, or a computed number which prefers a measured value, asks for.
    """
    found: dict[str, tuple[str, ...]] = {}
    for node in graph.recommendations:
        if node.id not in graph.reach.nodes:
            continue
        support = graph.reach.diagrams.support(graph.reach.nodes[node.id])
        paths = {path for level in support for path in defeating_facts(level)}
        found[node.id] = tuple(fact.path for fact in graph.dictionary if fact.path in paths)
    return found


def _unchanged(prover: Prover, later: Sight, paths: tuple[str, ...]) -> Term:
    return conj(prover.sight.known[path] == later.known[path] for path in paths)


def _turned(prover: Prover, node: Recommendation, barred: frozenset[str]) -> Confirm:
    """Asks the walk whether a settled verdict turns though nothing barred is learnt."""

    def confirm(cases: Cases) -> bool:
        earlier, later = cases
        if any(later.get(path) != value for path, value in earlier.items()):
            return False
        if barred & (set(later) - set(earlier)):
            return False
        before = prover.verdict(earlier, node.id)
        return before is not Verdict.UNDETERMINED and prover.verdict(later, node.id) is not before

    return confirm
