"""The one place where the benchmark calls the engine: from a case message to a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rashpath.facts.check import check, given
from rashpath.guideline import DecisionGraph
from rashpath.readings.answer import answer
from rashpath.readings.walk import Verdict, Walk, walk
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.sub_cases import LANES, Outcome


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to decide.

    Args:
        name: as `RASHPATH_ENGINE` names it.
        decide: from a case message to the decision: facts read and checked, verdicts, path and
            questions.
        answer: from a case message to the bytes of the whole answer, its id left empty.
        verdicts: the verdict of every node of a decision, by its id.
    """

    name: str
    decide: Callable[[Any], Any]
    answer: Callable[[Any], bytes]
    verdicts: Callable[[Any], dict[str, Verdict]]


def engines(graph: DecisionGraph) -> tuple[Engine, ...]:
    """Returns the engines for a guideline, the plain one first, the fastest last."""
    return (plain(graph),)


def plain(graph: DecisionGraph) -> Engine:
    """Returns the plain walk."""

    def decide(case: PatientCase) -> Walk:
        problems, _ = check(case, graph.dictionary)
        assert problems == [], problems
        return walk(graph, given(case, graph.dictionary))

    def whole(case: PatientCase) -> bytes:
        return answer(decide(case)).SerializeToString(deterministic=True)

    def verdicts(walked: Walk) -> dict[str, Verdict]:
        return {step.node.id: step.verdict for step in walked.steps}

    return Engine("graph", decide, whole, verdicts)


def ends_of_lanes(graph: DecisionGraph, verdicts: dict[str, Verdict]) -> Outcome:
    """Returns at which node each lane of the sub-guideline ends."""
    ends = {
        node.lane: node.id
        for node in graph.order
        if not graph.out_of(node.id) and verdicts[node.id] is Verdict.APPLIES
    }
    return tuple(ends[lane] for lane in LANES)  # type: ignore[return-value]  # four texts
