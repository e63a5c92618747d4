"""The one place where the benchmark calls the engines: from a case as it arrives to a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from rashpath.facts.check import check, given
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import MOST_AT_ONCE, CompiledGraph, Decision, NotCompiledError
from rashpath.readings.compiled.lower import FALSE, TRUE, UNKNOWN
from rashpath.readings.compiled.program import Values
from rashpath.readings.engine import Made, engine_of
from rashpath.readings.walk import Verdict, Walk, walk
from rashpath.service.application import Application
from rashpath.service.heap import Heap
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.sub_cases import LANES, Outcome

MESSAGE = "a protobuf message"
BYTES = "bytes of a protobuf message"

_VERDICTS = {TRUE: Verdict.APPLIES, FALSE: Verdict.DOES_NOT_APPLY, UNKNOWN: Verdict.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to decide.

    Args:
        name: as `RASHPATH_ENGINE` names it.
        form: what a case arrives as, for tables.
        arrives: from a case message to what the server hands to the engine.
        decide: from that to the decision: values checked, verdicts, path, and the unknown facts
            that matter.
        answer: from that to the bytes of the whole answer, as the server sends it.
        read: from a case message to its values, checked, in the form that the engine takes.
        decide_read: from these to the decision.
        verdicts: the verdict of every node of a decision, by its id.
    """

    name: str
    form: str
    arrives: Callable[[Any], Any]
    decide: Callable[[Any], Any]
    answer: Callable[[Any], bytes]
    read: Callable[[Any], Any]
    decide_read: Callable[[Any], Any]
    verdicts: Callable[[Any], dict[str, Verdict]]

    def arriving(self, cases: Iterable[Any]) -> list[Any]:
        """Returns case messages as they arrive."""
        return [self.arrives(case) for case in cases]


def engines(graph: DecisionGraph) -> tuple[Engine, ...]:
    """Returns the engines for a guideline, the plain one first, the fastest last.

    A guideline whose exact reading does not fit its limits is only walked plainly.
    """
    try:
        return plain(graph), compiled(graph)
    except NotCompiledError:
        return (plain(graph),)


def plain(graph: DecisionGraph) -> Engine:
    """Returns the plain walk, which decides messages."""
    engine = engine_of("graph")
    engine.prepare(graph)

    def read(case: PatientCase) -> dict[str, int | float]:
        problems, _ = check(case, graph.dictionary)
        assert problems == [], problems
        return given(case, graph.dictionary)

    def decide_read(facts: dict[str, int | float]) -> Walk:
        return walk(graph, facts)

    def decide(case: PatientCase) -> Walk:
        return decide_read(read(case))

    def answer(case: PatientCase) -> bytes:
        return _bytes_of(engine.decide(graph, case, audience=Audience.CLINICIAN, full=False))

    def verdicts(walked: Walk) -> dict[str, Verdict]:
        return {step.node.id: step.verdict for step in walked.steps}

    return Engine("graph", MESSAGE, _as_it_is, decide, answer, read, decide_read, verdicts)


def compiled(graph: DecisionGraph) -> Engine:
    """Returns the kernel with what a guideline was lowered to, which decides bytes.

    Raises:
        NotCompiledError: its exact reading does not fit its limits.
    """
    program = CompiledGraph(graph)
    engine = engine_of("compiled")
    engine.prepare(graph)

    def asked(decision: Decision | None) -> tuple[Decision, tuple[str, ...]]:
        assert decision is not None
        return decision, decision.asked

    def decide(case: bytes) -> tuple[Decision, tuple[str, ...]]:
        return asked(program.decide_bytes(case))

    def decide_read(values: Values) -> tuple[Decision, tuple[str, ...]]:
        return asked(program.decide(values))

    def answer(case: bytes) -> bytes:
        return _bytes_of(engine.decide_bytes(graph, case, audience=Audience.CLINICIAN, full=False))

    def verdicts(decided: tuple[Decision, tuple[str, ...]]) -> dict[str, Verdict]:
        found: dict[str, Verdict] = {}
        for node, its in zip(graph.order, program.places.steps, strict=True):
            found[node.id] = _VERDICTS[decided[0].told[its.start]]
        return found

    return Engine("compiled", BYTES, _in_bytes, decide, answer, program.read, decide_read, verdicts)


def batches(folder: Path) -> Callable[[bytes], bytes]:
    """Returns what answers batches, as the server does: from the bytes of a request to those of the
    response.

    Args:
        folder: of the guideline.
    """
    quick = Application.load(folder).quick
    Heap()  # sets how memory is kept

    def answer(batch: bytes) -> bytes:
        starts = quick.requests(batch, len(batch))
        assert starts is not None
        into, done = BytesIO(), 0
        while done < len(starts) - 1:
            some = quick.decide_some(batch, starts, done, MOST_AT_ONCE, into)
            assert some is not None
            done += some.cases
        return into.getvalue()

    return answer


def _as_it_is(case: Message) -> Message:
    return case


def _in_bytes(case: Message) -> bytes:
    return case.SerializeToString()


def _bytes_of(made: Made | None) -> bytes:
    assert made is not None
    return made.answer


def ends_of_lanes(graph: DecisionGraph, verdicts: dict[str, Verdict]) -> Outcome:
    """Returns at which node each lane of the sub-guideline ends."""
    ends = {
        node.lane: node.id
        for node in graph.order
        if not graph.out_of(node.id) and verdicts[node.id] is Verdict.APPLIES
    }
    return tuple(ends[lane] for lane in LANES)  # type: ignore[return-value]  # four texts
