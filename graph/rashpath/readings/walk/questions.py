"""Orders the questions whose answers matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rashpath.guideline.model import DecisionGraph, Finding, Recommendation
from rashpath.readings.walk.dose import Dose
from rashpath.readings.walk.steps import NodeStep, Verdict
from rashpath.v1 import guideline_pb2


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One fact to ask for.

    Args:
        fact: its path.
        settles: ids of the recommendations and findings for which it is decisive, in the order of
            the graph; `<id>.dose_mg` for a dose that waits for it.
        red_flag: True if it is decisive for danger.
        urgency: the highest urgency among the recommendations that it settles.
    """

    fact: str
    settles: tuple[str, ...]
    red_flag: bool
    urgency: guideline_pb2.Urgency.ValueType


def dose_id(recommendation: str) -> str:
    """Returns the name under which a recommendation's dose is settled."""
    return f"{recommendation}.dose_mg"


def order_questions(
    graph: DecisionGraph,
    steps: Iterable[NodeStep],
    doses: Mapping[str, Dose],
    danger: frozenset[str],
) -> tuple[OpenQuestion, ...]:
    """Returns the questions: red flags first, then by urgency, by how much they settle, by fact.

    Args:
        graph: the guideline.
        steps: the steps of the walk.
        doses: the doses of the recommendations that have one.
        danger: the unknown facts that are decisive for danger.
    """
    none = guideline_pb2.URGENCY_UNSPECIFIED
    settles: dict[str, dict[str, None]] = {}
    urgencies: dict[str, guideline_pb2.Urgency.ValueType] = {}
    for step in steps:
        match step.node:
            case Recommendation() as node:
                waiting = [(node.id, step.decisive)]
                if node.id in doses and step.verdict is Verdict.APPLIES:
                    waiting.append((dose_id(node.id), doses[node.id].waits_for))
                for name, facts in waiting:
                    for fact in facts:
                        settles.setdefault(fact, {})[name] = None
                        urgencies[fact] = max(urgencies.get(fact, none), node.urgency)
            case Finding() as node:
                for fact in step.decisive:
                    settles.setdefault(fact, {})[node.finding] = None
            case _:
                continue
    questions = [
        OpenQuestion(
            fact.path,
            tuple(settles[fact.path]),
            fact.path in danger,
            urgencies.get(fact.path, none),
        )
        for fact in graph.dictionary
        if fact.path in settles
    ]
    # The sort is stable, so that equals keep the order of the facts.
    questions.sort(key=lambda q: (not q.red_flag, -q.urgency, -len(q.settles)))
    return tuple(questions)
