"""Turns truths back into the steps of the plain walk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rashpath.guideline.model import DecisionGraph, Node
from rashpath.readings.compiled.lower import FALSE, TRUE, UNKNOWN
from rashpath.readings.compiled.program import Stretch
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


def steps_of(graph: DecisionGraph, stretch: Stretch, truths: bytes) -> Iterator[NodeStep]:
    """Yields the steps of a stretch, without their decisive facts."""
    count = len(stretch.nodes)
    # The edges of a stretch are in this order: node by node.
    taken = iter(truths[count:])
    for node, reached in zip(stretch.nodes, truths[:count], strict=True):
        edges = []
        for edge in graph.out_of(node.id):
            truth = next(taken) if edge.conditional else reached
            outcome = Outcome.UNVISITED if reached == FALSE else _OUTCOME[truth]
            edges.append(EdgeStep(edge, outcome))
        yield step_of(node, reached, tuple(edges))
