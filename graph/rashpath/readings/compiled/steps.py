"""Turns truths back into the steps of the plain walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rashpath.guideline.model import DecisionGraph, Node
from rashpath.readings.compiled.lower import FALSE, TRUE, UNKNOWN
from rashpath.readings.walk import EdgeStep, NodeStep, Outcome, Verdict

_VERDICT: Final = {
    TRUE: Verdict.APPLIES,
    UNKNOWN: Verdict.UNDETERMINED,
    FALSE: Verdict.DOES_NOT_APPLY,
}
_OUTCOME = {TRUE: Outcome.TAKEN, UNKNOWN: Outcome.OPEN, FALSE: Outcome.REFUSED}


def step_of(node: Node, truth: int, edges: tuple[EdgeStep, ...] = ()) -> NodeStep:
    """Returns a step of the plain walk, without its decisive facts."""
    return NodeStep(node, _VERDICT[truth], (), False, edges)


def steps_of(graph: DecisionGraph, nodes: Sequence[Node], truths: bytes) -> Iterator[NodeStep]:
    """Yields the steps of some nodes, without their decisive facts."""
    # After each node come its edges that carry a condition.
    taken = iter(truths)
    for node in nodes:
        reached = next(taken)
        edges = []
        for edge in graph.out_of(node.id):
            truth = next(taken) if edge.conditional else reached
            outcome = Outcome.UNVISITED if reached == FALSE else _OUTCOME[truth]
            edges.append(EdgeStep(edge, outcome))
        yield step_of(node, reached, tuple(edges))
