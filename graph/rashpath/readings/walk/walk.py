"""Walks a case through the graph, node by node: the engine, plain and obviously right.

Everything that is said of a decision is a projection of the walk: the answer, the explanation, the
picture and the record cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rashpath.expression.decision_diagram import Restriction
from rashpath.expression.evaluate import (
    MISSING,
    Case,
    Facts,
    evaluate,
    number,
    unknown_in,
    waits_for,
)
from rashpath.expression.levels import Level, defeating_facts
from rashpath.expression.truth import Truth, conjoin, disjoin
from rashpath.guideline.model import (
    Contradiction,
    DecisionGraph,
    Finding,
    Recommendation,
    Start,
)
from rashpath.readings.walk.dose import Dose, dose
from rashpath.readings.walk.exact import decisive_facts
from rashpath.readings.walk.questions import OpenQuestion, order_questions
from rashpath.readings.walk.steps import EdgeStep, NodeStep, Outcome, Verdict
from rashpath.readings.walk.walked import VERDICT_CODES
from rashpath.v1 import guideline_pb2


@dataclass(frozen=True, slots=True)
class ComputedValue:
    """A computed number for one case.

    Args:
        value: its value, rounded to 9 decimals; None where unknown or absent.
        absent: True where it is known not to exist.
        waits_for: unknown facts that it waits for.
    """

    value: float | None
    absent: bool
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The way of one case through the graph.

    Args:
        graph: the guideline.
        facts: the given facts by path, in the order of the dictionary.
        steps: every node, in topological order.
        by_id: the same by node.
        doses: doses of the recommendations that have a dose table and are not ruled out.
        questions: what to ask, the most useful first.
        contradictions: contradictions among the given facts.
        computed: computed numbers by id.
        defeaters: for each recommendation, facts not given yet that could still withdraw it.
    """

    graph: DecisionGraph
    facts: Facts
    steps: tuple[NodeStep, ...]
    by_id: Mapping[str, NodeStep]
    doses: Mapping[str, Dose]
    questions: tuple[OpenQuestion, ...]
    contradictions: tuple[Contradiction, ...]
    computed: Mapping[str, ComputedValue]
    defeaters: Mapping[str, tuple[str, ...]]

    def step(self, node: str) -> NodeStep:
        """Returns the step of a node."""
        return self.by_id[node]

    @property
    def decided(self) -> bool:
        """True where no recommendation, finding or dose is open."""
        return not any(
            step.verdict is Verdict.UNDETERMINED
            for step in self.steps
            if isinstance(step.node, Recommendation | Finding)
        ) and not any(
            dose.waits_for
            for id, dose in self.doses.items()
            if self.step(id).verdict is Verdict.APPLIES
        )

    @property
    def urgency(self) -> guideline_pb2.Urgency.ValueType:
        """The highest urgency among what applies; unspecified where nothing does."""
        return self._highest(Verdict.APPLIES)

    @property
    def urgency_not_excluded(self) -> guideline_pb2.Urgency.ValueType:
        """The highest urgency among what is not ruled out."""
        return self._highest(Verdict.APPLIES, Verdict.UNDETERMINED)

    @property
    def applying(self) -> tuple[str, ...]:
        """Ids of the recommendations that apply, in topological order."""
        return self._recommended(Verdict.APPLIES)

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Ids of the recommendations that are undetermined, in topological order."""
        return self._recommended(Verdict.UNDETERMINED)

    @property
    def asked(self) -> tuple[str, ...]:
        """Paths of the unknown facts that matter, in the order of the facts."""
        asked = {question.fact for question in self.questions}
        return tuple(fact.path for fact in self.graph.dictionary if fact.path in asked)

    @property
    def verdict_codes(self) -> bytes:
        """A byte for each recommendation, in topological order: its verdict by VERDICT_CODES."""
        nodes = self.graph.recommendations
        return bytes(VERDICT_CODES[self.step(node.id).verdict] for node in nodes)

    @property
    def asked_bits(self) -> int:
        """The facts of `asked` as bits: the first fact of the dictionary is the lowest."""
        return sum(1 << self.graph.dictionary[path].order for path in self.asked)

    def joined(self, of: Callable[[NodeStep], bytes]) -> bytes:
        """Returns what a function makes of each step, joined, in topological order."""
        return b"".join(map(of, self.steps))

    def _recommended(self, verdict: Verdict) -> tuple[str, ...]:
        return tuple(
            step.node.id
            for step in self.steps
            if step.verdict is verdict and isinstance(step.node, Recommendation)
        )

    def _highest(self, *verdicts: Verdict) -> guideline_pb2.Urgency.ValueType:
        return max(
            (
                step.node.urgency
                for step in self.steps
                if isinstance(step.node, Recommendation) and step.verdict in verdicts
            ),
            default=guideline_pb2.URGENCY_UNSPECIFIED,
        )


def walk(graph: DecisionGraph, facts: Facts) -> Walk:
    """Walks a case through the graph.

    Args:
        graph: the guideline.
        facts: the given facts by path, within their hard ranges; a choice by its value's number.
            What is left out is unknown.

    Returns:
        The walk. The same facts give the same walk, whatever their order.

    Example:
        >>> from importlib.resources import files
        >>> from rashpath.guideline import load
        >>> folder = files("rashpath.content") / "valacyclovir_spreading_rash"
        >>> walked = walk(load(folder / "1.0.0.yaml"), {"rash.trend": 1})
        >>> walked.step("continue_and_review").verdict
        <Verdict.APPLIES: 'APPLIES'>
    """
    facts = Case({fact.path: facts[fact.path] for fact in graph.dictionary if fact.path in facts})
    exact = graph.reach.diagrams.fixing(facts)
    steps = _steps(graph, facts, exact)
    doses = {
        step.node.id: found
        for step in steps
        if (found := dose(graph, facts, step, exact)) is not None
    }
    danger = graph.reach.definitions.get(graph.red_flag.id)
    decisive_for_danger = (
        frozenset(unknown_in(graph.red_flag.condition, facts))
        if danger is None
        else frozenset(decisive_facts(graph, facts, exact, danger))
    )
    return Walk(
        graph=graph,
        facts=facts,
        steps=steps,
        by_id={step.node.id: step for step in steps},
        doses=doses,
        questions=order_questions(graph, steps, doses, decisive_for_danger),
        contradictions=tuple(
            contradiction
            for contradiction in graph.contradictions
            if evaluate(contradiction.condition, facts) is Truth.TRUE
        ),
        computed={id: computed_value(graph, id, facts) for id in graph.computed},
        defeaters=_defeaters(graph, facts, steps),
    )


def _steps(graph: DecisionGraph, facts: Facts, exact: Restriction) -> tuple[NodeStep, ...]:
    reached: dict[str, Truth] = {}
    conditions = {
        (edge.tail, edge.head): evaluate(edge.condition, facts)
        for node in graph.order
        for edge in graph.out_of(node.id)
    }
    decisive: dict[str, tuple[str, ...]] = {}
    not_refined: set[str] = set()
    for node in graph.order:
        truth = (
            Truth.TRUE
            if isinstance(node, Start)
            else disjoin(
                conjoin((reached[edge.tail], conditions[edge.tail, edge.head]))
                for edge in graph.into(node.id)
            )
        )
        decisive[node.id] = ()
        if truth is Truth.UNKNOWN:
            diagram = graph.reach.nodes.get(node.id)
            if diagram is None:
                not_refined.add(node.id)
                decisive[node.id] = _all_unknown(graph, facts, node.id)
            else:
                truth = exact.truth(diagram)
                decisive[node.id] = decisive_facts(graph, facts, exact, diagram)
        reached[node.id] = truth
    return tuple(
        NodeStep(
            node,
            Verdict.of(reached[node.id]),
            decisive[node.id],
            node.id in not_refined,
            tuple(
                EdgeStep(
                    edge,
                    _outcome(
                        reached[node.id],
                        conditions[edge.tail, edge.head],
                        graph.reach.edges.get((edge.tail, edge.head)),
                        exact,
                    ),
                )
                for edge in graph.out_of(node.id)
            ),
        )
        for node in graph.order
    )


def _outcome(reached: Truth, condition: Truth, diagram: int | None, exact: Restriction) -> Outcome:
    if reached is Truth.FALSE:
        return Outcome.UNVISITED
    taken = conjoin((reached, condition))
    if taken is Truth.UNKNOWN and diagram is not None:
        taken = exact.truth(diagram)
    match taken:
        case Truth.TRUE:
            return Outcome.TAKEN
        case Truth.FALSE:
            return Outcome.REFUSED
        case Truth.UNKNOWN:
            return Outcome.OPEN


def _all_unknown(graph: DecisionGraph, facts: Facts, id: str) -> tuple[str, ...]:
    """Returns the unknown facts on all ways to a node that has no exact reading."""
    found: set[str] = set()
    pending = [id]
    while pending:
        for edge in graph.into(pending.pop()):
            found.update(unknown_in(edge.condition, facts))
            pending.append(edge.tail)
    return tuple(fact.path for fact in graph.dictionary if fact.path in found)


def computed_value(graph: DecisionGraph, id: str, facts: Facts) -> ComputedValue:
    """Returns a computed number for one case."""
    computed = graph.computed[id].number
    valid = evaluate(computed.valid_when, facts)
    if valid is Truth.FALSE:
        return ComputedValue(None, absent=True, waits_for=())
    waiting = dict.fromkeys(waits_for(computed, facts))
    waiting.update(dict.fromkeys(unknown_in(computed.valid_when, facts)))
    value = number(computed, facts)
    if valid is not Truth.TRUE or value is MISSING:
        return ComputedValue(None, absent=False, waits_for=tuple(waiting))
    return ComputedValue(float(value), absent=False, waits_for=())


def _defeaters(
    graph: DecisionGraph, facts: Facts, steps: tuple[NodeStep, ...]
) -> dict[str, tuple[str, ...]]:
    """Finds the facts whose arrival could still withdraw each recommendation.

    All presence tests of facts that are not given are left open, and so are computed numbers that
    such a fact would replace; what then still matters can still withdraw.
    """
    diagrams = graph.reach.diagrams
    free: dict[Level, list[str]] = {}
    for level in diagrams.levels:
        absent = [path for path in defeating_facts(level) if path not in facts]
        if absent:
            free[level] = absent
    open_ended = diagrams.fixing(facts, free=frozenset(free))
    found: dict[str, tuple[str, ...]] = {}
    for step in steps:
        diagram = graph.reach.nodes.get(step.node.id)
        if not isinstance(step.node, Recommendation) or diagram is None:
            continue
        named = {
            path
            for level in open_ended.support(open_ended.reduce(diagram))
            for path in free.get(level, ())
        }
        found[step.node.id] = tuple(fact.path for fact in graph.dictionary if fact.path in named)
    return found
