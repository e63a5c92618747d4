"""The one place where the benchmark calls the engines: from a case message to a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rashpath.facts.check import check, given
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import CompiledGraph, Decision, NotCompiledError
from rashpath.readings.compiled.lower import FALSE, TRUE, UNKNOWN
from rashpath.readings.compiled.program import Values
from rashpath.readings.engine import Engine as ServiceEngine
from rashpath.readings.engine import engine_of
from rashpath.readings.walk import Verdict, Walk, walk
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.sub_cases import LANES, Outcome

_VERDICTS = {TRUE: Verdict.APPLIES, FALSE: Verdict.DOES_NOT_APPLY, UNKNOWN: Verdict.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to decide.

    Args:
        name: as `RASHPATH_ENGINE` names it.
        read: from a case message to its facts, checked, in the form that the engine takes.
        decide_read: from that to the decision: verdicts, path, and the unknown facts that matter.
        answer: from a case message to the bytes of the whole answer, as the server sends it.
        verdicts: the verdict of every node of a decision, by its id.
    """

    name: str
    read: Callable[[Any], Any]
    decide_read: Callable[[Any], Any]
    answer: Callable[[Any], bytes]
    verdicts: Callable[[Any], dict[str, Verdict]]

    def decide(self, case: Any) -> Any:
        """Returns the decision of a case message."""
        return self.decide_read(self.read(case))


def engines(graph: DecisionGraph) -> tuple[Engine, ...]:
    """Returns the engines for a guideline, the plain one first, the fastest last.

    A guideline whose exact reading does not fit its limits is only walked plainly.
    """
    try:
        return plain(graph), compiled(graph)
    except NotCompiledError:
        return (plain(graph),)


def plain(graph: DecisionGraph) -> Engine:
    """Returns the plain walk."""

    def read(case: PatientCase) -> dict[str, int | float]:
        problems, _ = check(case, graph.dictionary)
        assert problems == [], problems
        return given(case, graph.dictionary)

    def decide(facts: dict[str, int | float]) -> Walk:
        return walk(graph, facts)

    def verdicts(walked: Walk) -> dict[str, Verdict]:
        return {step.node.id: step.verdict for step in walked.steps}

    return Engine("graph", read, decide, _answer(graph, engine_of("graph")), verdicts)


def compiled(graph: DecisionGraph) -> Engine:
    """Returns the kernel with what a guideline was lowered to.

    Raises:
        NotCompiledError: its exact reading does not fit its limits.
    """
    program = CompiledGraph(graph)

    def decide(values: Values) -> tuple[Decision, tuple[str, ...]]:
        decision = program.decide(values)
        assert decision is not None
        return decision, decision.asked

    def verdicts(decided: tuple[Decision, tuple[str, ...]]) -> dict[str, Verdict]:
        found: dict[str, Verdict] = {}
        for node, its in zip(graph.order, program.places.steps, strict=True):
            found[node.id] = _VERDICTS[decided[0].told[its.start]]
        return found

    return Engine("compiled", program.read, decide, _answer(graph, engine_of("compiled")), verdicts)


def _answer(graph: DecisionGraph, engine: ServiceEngine) -> Callable[[Any], bytes]:
    engine.prepare(graph)

    def answer(case: PatientCase) -> bytes:
        made = engine.decide(graph, case, audience=Audience.CLINICIAN, full=False)
        assert made is not None
        return made.answer

    return answer


def ends_of_lanes(graph: DecisionGraph, verdicts: dict[str, Verdict]) -> Outcome:
    """Returns at which node each lane of the sub-guideline ends."""
    ends = {
        node.lane: node.id
        for node in graph.order
        if not graph.out_of(node.id) and verdicts[node.id] is Verdict.APPLIES
    }
    return tuple(ends[lane] for lane in LANES)  # type: ignore[return-value]  # four texts
