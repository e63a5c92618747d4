"""The properties of a guideline's structure, each a function that settles it over all cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

from rashpath.expression.evaluate import evaluate
from rashpath.expression.tree import Condition
from rashpath.expression.truth import Truth
from rashpath.guideline.model import Decision, Edge, Finding, Recommendation, Start
from rashpath.readings.proof.prover import Absent, Found, GaveUp, Prover
from rashpath.readings.proof.result import Counterexample, Failed, Outcome, Proved, Refuted
from rashpath.readings.proof.solver import Sat, Term, Unknown, Unsat, conj, differ, disj, neg
from rashpath.readings.walk import Outcome as EdgeOutcome
from rashpath.readings.walk import Verdict, Walk

Shown = Callable[[Walk], bool]
"""Asks a walk whether it shows something."""


def outcome(
    checked: int,
    found: Iterable[Counterexample | GaveUp | None],
    *,
    reasons: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Outcome:
    """Returns what became of a property from what its questions gave.

    Args:
        checked: how many things were asked about.
        found: for each question a counterexample, that it was given up, or None for a proof.
        reasons: faults that no case can show.
        notes: what else was found.
    """
    listed = list(found)
    refuting = tuple(each for each in listed if isinstance(each, Counterexample))
    reasons = tuple(reasons)
    if refuting or reasons:
        return Refuted(refuting, reasons)
    given_up = tuple(each.reason for each in listed if isinstance(each, GaveUp))
    return Failed(given_up) if given_up else Proved(checked, tuple(notes))


def diagrams(prover: Prover) -> Outcome:
    """The exact readings that the engine keeps say what definitions and graph say.

    Each is asked in one completion, from those below it, which were asked before. What makes a
    diagram exact is asked too: no level comes twice on a way, and each branch can be taken.
    """
    graph, reach = prover.graph, prover.graph.reach
    failed: list[str] = []
    refuted: list[str] = []
    _check_levels(prover, refuted, failed)

    def same(name: str, diagram: int, meaning: Term) -> None:
        match prover.ask(differ(prover.exact.completed(diagram), meaning)):
            case Sat():
                refuted.append(f"the diagram of {name} does not say what the guideline says")
            case Unknown(reason):
                failed.append(f"{name}: the solver gave no answer: {reason}")
            case _:
                pass

    for id, definition in graph.definitions.items():
        if id in reach.definitions:
            same(
                f"definition `{id}`",
                reach.definitions[id],
                prover.sight.plain(definition.condition),
            )
    for node in graph.order:
        if node.id not in reach.nodes:
            failed.append(f"`{node.id}` has no diagram: the limit of nodes was reached")
            continue
        ways = []
        for edge in graph.into(node.id):
            way = conj(
                (
                    prover.exact.completed(reach.nodes[edge.tail]),
                    prover.sight.plain(edge.condition),
                )
            )
            same(f"edge `{edge.tail}` to `{edge.head}`", reach.edges[edge.tail, edge.head], way)
            ways.append(prover.exact.completed(reach.edges[edge.tail, edge.head]))
        same(f"`{node.id}`", reach.nodes[node.id], isinstance(node, Start) or disj(ways))
    if refuted:
        return Refuted((), tuple(refuted))
    if failed:
        return Failed(tuple(failed))
    return Proved(len(reach.definitions) + len(reach.nodes) + len(reach.edges))


def _check_levels(prover: Prover, refuted: list[str], failed: list[str]) -> None:
    diagrams = prover.graph.reach.diagrams
    widths: dict[int, int] = {}
    for number in range(2, len(diagrams)):
        index, branches = diagrams.node(number)
        widths[index] = len(branches)
        if any(diagrams.node(branch)[0] <= index for branch in branches):
            refuted.append(f"diagram {number} reads its levels out of order")
    for index, width in sorted(widths.items()):
        for region in range(width):
            name = f"branch {region} of level {index}"
            match prover.ask(prover.exact.taken(index, region)):
                case Sat():
                    pass
                case Unsat():
                    refuted.append(f"{name} can never be taken")
                case Unknown(reason):
                    failed.append(f"{name}: the solver gave no answer: {reason}")


def branches(prover: Prover) -> Outcome:
    """The branches of each decision exclude each other and leave no case out."""
    checked = 0
    found: list[Counterexample | GaveUp | None] = []
    for node in prover.graph.order:
        if not isinstance(node, Decision):
            continue
        checked += 1
        edges = prover.graph.out_of(node.id)
        found.append(_gap(prover, node.id, edges))
        found += [_overlap(prover, *pair) for pair in combinations(edges, 2)]
    return outcome(checked, found)


def _gap(prover: Prover, node: str, edges: tuple[Edge, ...]) -> Counterexample | GaveUp | None:
    about = f"`{node}` has no branch for this case"
    completed = conj(neg(prover.sight.plain(edge.condition)) for edge in edges)
    pairs = [prover.sight.kleene(edge.condition) for edge in edges]
    return _in_cases(
        prover,
        about,
        completed,
        conj(false for _, false in pairs),
        lambda walked: all(evaluate(edge.condition, walked.facts) is Truth.FALSE for edge in edges),
        prover.graph.reach.nodes.get(node),
    )


def _overlap(prover: Prover, one: Edge, other: Edge) -> Counterexample | GaveUp | None:
    about = f"`{one.tail}` takes both the branch to `{one.head}` and that to `{other.head}`"
    pair = (one, other)
    return _in_cases(
        prover,
        about,
        conj(prover.sight.plain(edge.condition) for edge in pair),
        conj(prover.sight.kleene(edge.condition)[0] for edge in pair),
        lambda walked: all(evaluate(edge.condition, walked.facts) is Truth.TRUE for edge in pair),
        prover.graph.reach.nodes.get(one.tail),
    )


def _in_cases(
    prover: Prover,
    about: str,
    completed: Term,
    known: Term,
    shown: Shown,
    reached: int | None,
) -> Counterexample | GaveUp | None:
    """Proves that no completion shows a fault; else searches a case that does, reached if it can.

    Args:
        prover: asks.
        about: the fault.
        completed: where a completion shows it.
        known: where what is known shows it.
        shown: asks a walk whether it shows it.
        reached: diagram of the node that the case is to reach.
    """
    answer = prover.ask(completed)
    if isinstance(answer, Unknown):
        return GaveUp(f"{about}: the solver gave no answer: {answer.reason}")
    if not isinstance(answer, Sat):
        return None
    if reached is not None:
        there = conj((known, prover.exact.verdict(reached)[0]))
        shown_there = prover.refute(about, there, lambda cases: shown(prover.walk(cases[0])))
        if isinstance(shown_there, Counterexample):
            return shown_there
    anywhere = prover.refute(about, known, lambda cases: shown(prover.walk(cases[0])))
    return anywhere or GaveUp(f"{about}: in a completion only, which no case file can show")


def reachable(prover: Prover) -> Outcome:
    """Every node and every branch is reached by a case, which the walk confirms."""
    graph, reach = prover.graph, prover.graph.reach
    checked = 0
    problems: list[GaveUp] = []
    reasons: list[str] = []
    for node in reversed(graph.order):
        checked += 1
        if node.id not in reach.nodes:
            problems.append(GaveUp(f"`{node.id}` has no diagram"))
            continue
        _reach(
            prover,
            f"`{node.id}` is reached in no case",
            prover.exact.verdict(reach.nodes[node.id])[0],
            _reaches(node.id),
            problems,
            reasons,
        )
        for edge in graph.out_of(node.id):
            checked += 1
            _reach(
                prover,
                f"the edge from `{edge.tail}` to `{edge.head}` is taken in no case",
                prover.exact.verdict(reach.edges[edge.tail, edge.head])[0],
                _takes(edge),
                problems,
                reasons,
            )
    return outcome(checked, problems, reasons=reasons, notes=(f"by {len(prover.pool)} cases",))


def _reach(
    prover: Prover,
    fault: str,
    question: Term,
    shown: Shown,
    problems: list[GaveUp],
    reasons: list[str],
) -> None:
    if any(shown(walked) for walked in prover.pool):
        return
    match prover.find(question, lambda cases: shown(prover.walk(cases[0]))):
        case Found(cases):
            prover.remember(prover.walk(cases[0]))
        case Absent():
            reasons.append(fault)
        case GaveUp(reason):
            problems.append(GaveUp(f"{fault}? {reason}"))


def _reaches(node: str, verdict: Verdict = Verdict.APPLIES) -> Shown:
    return lambda walked: walked.step(node).verdict is verdict


def _takes(edge: Edge) -> Shown:
    return lambda walked: any(
        step.edge is edge and step.outcome is EdgeOutcome.TAKEN
        for step in walked.step(edge.tail).edges
    )


def _has_truth(condition: Condition, truth: Truth) -> Shown:
    return lambda walked: evaluate(condition, walked.facts) is truth


def conditions(prover: Prover) -> Outcome:
    """No condition is constant: each is true in some case and false in some."""
    listed = prover.conditions()
    problems: list[GaveUp] = []
    reasons: list[str] = []
    for name, condition in listed:
        true, false = prover.sight.kleene(condition)
        for wanted, term in ((Truth.TRUE, true), (Truth.FALSE, false)):
            fault = f"the {name} is {wanted.value.lower()} in no case"
            _reach(prover, fault, term, _has_truth(condition, wanted), problems, reasons)
    return outcome(len(listed), problems, reasons=reasons)


def recommendations(prover: Prover) -> Outcome:
    """Every recommendation can apply and can fail to apply."""
    graph = prover.graph
    problems: list[GaveUp] = []
    reasons: list[str] = []
    for node in graph.recommendations:
        if node.id not in graph.reach.nodes:
            problems.append(GaveUp(f"`{node.id}` has no diagram"))
            continue
        pair = prover.exact.verdict(graph.reach.nodes[node.id])
        wanted = (Verdict.APPLIES, Verdict.DOES_NOT_APPLY)
        for verdict, term in zip(wanted, pair, strict=True):
            word = "applies" if verdict is Verdict.APPLIES else "fails to apply"
            fault = f"`{node.id}` {word} in no case"
            _reach(prover, fault, term, _reaches(node.id, verdict), problems, reasons)
    return outcome(len(graph.recommendations), problems, reasons=reasons)


def exactness(prover: Prover) -> Outcome:
    """Every verdict is exact: by Kleene's tables alone, or by a diagram, and then it is named."""
    graph = prover.graph
    refined: list[str] = []
    problems: list[GaveUp] = []
    checked = 0
    for node in graph.order:
        if not isinstance(node, Recommendation | Finding):
            continue
        checked += 1
        if node.id not in graph.reach.nodes:
            problems.append(GaveUp(f"`{node.id}` is not refined: it has no diagram"))
            continue
        exact = prover.exact.verdict(graph.reach.nodes[node.id])
        kleene = prover.kleene[node.id]
        answer = prover.ask(
            disj(conj((sure, neg(seen))) for sure, seen in zip(exact, kleene, strict=True))
        )
        match answer:
            case Sat():
                refined.append(node.id)
            case Unknown(reason):
                problems.append(GaveUp(f"`{node.id}`: the solver gave no answer: {reason}"))
            case _:
                pass
        unsound = prover.ask(
            disj(conj((seen, neg(sure))) for sure, seen in zip(exact, kleene, strict=True))
        )
        if not isinstance(unsound, Sat):
            continue
        problems.append(GaveUp(f"bug of the proof: Kleene's tables are unsound at `{node.id}`"))
    notes = [f"by Kleene's tables alone: {checked - len(refined)} of {checked}"]
    if refined:
        notes.append(f"refined by a diagram: {', '.join(refined)}")
    return outcome(checked, problems, notes=notes)
