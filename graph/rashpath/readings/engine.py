"""The engines: two ways to walk a case, with the same answer to the byte.

The plain one goes through the graph node by node, and is there to be read. The compiled one is
generated from the graph when it is loaded, and is there to be fast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

from google.protobuf.message import Message

from rashpath.facts.check import check, given
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.answer import answer
from rashpath.readings.compiled import Answered, Answers, CompiledGraph, NotCompiledError
from rashpath.readings.walk import Walked, walk

_GUIDELINES = 32
"""Guidelines that are kept compiled at a time."""


@dataclass(frozen=True, slots=True)
class Made:
    """A decision.

    Args:
        walked: the way of the case.
        answer: bytes of the `EvaluateResponse`, its decision id left empty.
    """

    walked: Walked
    answer: bytes


class Engine(Protocol):
    """Decides cases."""

    def decide(
        self, graph: DecisionGraph, case: Message, *, audience: Audience, full: bool
    ) -> Made | None:
        """Decides a case message.

        Args:
            graph: the guideline.
            case: the case, without unknown binary fields.
            audience: whose words to use.
            full: the full view.

        Returns:
            The decision; None where :func:`rashpath.facts.check.check` finds fault with a value.
        """

    def decide_bytes(
        self, graph: DecisionGraph, case: bytes, *, audience: Audience, full: bool
    ) -> Made | None:
        """Decides a case message in bytes.

        Returns:
            The decision; None where it is to be read as a message, and to be given to `decide`.
        """

    def decide_many(
        self,
        graph: DecisionGraph,
        requests: bytes,
        *,
        audience: Audience,
        options: bytes,
        index: int,
        first_id: int,
        spell: Callable[[int], str],
        most: int,
    ) -> Answered | None:
        """Decides requests of a batch in bytes, in the basic view.

        Args:
            graph: the guideline.
            requests: bytes of a `BatchEvaluateRequest` from a request on.
            audience: whose words to use.
            options: what the requests ask for besides their cases, in bytes.
            index: the place of the first one.
            first_id: the id of its answer, as a number; further ones count on.
            spell: returns an id as text.
            most: how many at most.

        Returns:
            What was answered, up to the first request that needs another way; None: this engine
            answers none in this way.
        """

    def prepare(self, graph: DecisionGraph) -> None:
        """Does now what the first case would have to wait for."""


class GraphEngine:
    """Walks the graph node by node."""

    def decide(
        self, graph: DecisionGraph, case: Message, *, audience: Audience, full: bool
    ) -> Made | None:
        """Decides a case message; see :class:`Engine`."""
        problems, _ = check(case, graph.dictionary)
        if problems:
            return None
        walked = walk(graph, given(case, graph.dictionary))
        response = answer(walked, audience=audience, full=full)
        return Made(walked, response.SerializeToString(deterministic=True))

    def decide_bytes(
        self, graph: DecisionGraph, case: bytes, *, audience: Audience, full: bool
    ) -> Made | None:
        """Returns None: a case is read as a message here."""
        return None

    def decide_many(
        self,
        graph: DecisionGraph,
        requests: bytes,
        *,
        audience: Audience,
        options: bytes,
        index: int,
        first_id: int,
        spell: Callable[[int], str],
        most: int,
    ) -> Answered | None:
        """Returns None: each case is walked by itself here."""
        return None

    def prepare(self, graph: DecisionGraph) -> None:
        """Does nothing: a loaded graph is ready to be walked."""


class CompiledEngine:
    """Runs functions that were generated from the graph.

    The full view, and a guideline whose exact reading did not fit its limits, are walked plainly.
    """

    def __init__(self) -> None:
        self._plain = GraphEngine()
        self._compiled = lru_cache(_GUIDELINES)(_compile)

    def decide(
        self, graph: DecisionGraph, case: Message, *, audience: Audience, full: bool
    ) -> Made | None:
        """Decides a case message; see :class:`Engine`."""
        compiled = None if full else self._compiled(graph)
        if compiled is None:
            return self._plain.decide(graph, case, audience=audience, full=full)
        guideline, answers = compiled
        values = guideline.read(case)
        if values is None:
            return None
        decided = answers[audience].answer(values)
        if decided is None:
            return self._plain.decide(graph, case, audience=audience, full=full)
        return Made(*decided)

    def decide_bytes(
        self, graph: DecisionGraph, case: bytes, *, audience: Audience, full: bool
    ) -> Made | None:
        """Decides a case message in bytes; see :class:`Engine`."""
        compiled = None if full else self._compiled(graph)
        decided = None if compiled is None else compiled[1][audience].answer_to(case)
        return None if decided is None else Made(*decided)

    def decide_many(
        self,
        graph: DecisionGraph,
        requests: bytes,
        *,
        audience: Audience,
        options: bytes,
        index: int,
        first_id: int,
        spell: Callable[[int], str],
        most: int,
    ) -> Answered | None:
        """Decides requests of a batch in bytes; see :class:`Engine`."""
        compiled = self._compiled(graph)
        if compiled is None:
            return None
        return compiled[1][audience].answer_many(requests, options, index, first_id, spell, most)

    def prepare(self, graph: DecisionGraph) -> None:
        """Compiles a guideline now rather than at its first case."""
        self._compiled(graph)


def engine_of(name: Literal["compiled", "graph"]) -> Engine:
    """Returns an engine by its name."""
    return CompiledEngine() if name == "compiled" else GraphEngine()


def _compile(graph: DecisionGraph) -> tuple[CompiledGraph, dict[Audience, Answers]] | None:
    try:
        compiled = CompiledGraph(graph)
    except NotCompiledError:
        return None
    return compiled, {audience: Answers(compiled, audience) for audience in Audience}
