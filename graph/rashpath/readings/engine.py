"""The engines: two ways to walk a case, with the same answer to the byte.

The plain one goes through the graph node by node, and is there to be read. The compiled one has a
kernel go by what the graph was lowered to when it was loaded, and is there to be fast.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

from google.protobuf.message import Message

from rashpath.facts.check import check, given
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.answer import answer
from rashpath.readings.compiled import Answered, Asked
from rashpath.readings.compiled.standing import Standing
from rashpath.readings.walk import Walked, walk

_GUIDELINES = 32
"""Guidelines that are kept compiled at a time."""


class Made(NamedTuple):
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
        self, graph: DecisionGraph, asked: Asked, *, audience: Audience
    ) -> Answered | None:
        """Decides requests of a batch in bytes, in the basic view.

        Args:
            graph: the guideline.
            asked: the requests.
            audience: whose words to use.

        Returns:
            What was answered, up to the first request that needs another way, or as much as
            takes about a millisecond; None: this engine answers none in this way.
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
        self, graph: DecisionGraph, asked: Asked, *, audience: Audience
    ) -> Answered | None:
        """Returns None: each case is walked by itself here."""
        return None

    def prepare(self, graph: DecisionGraph) -> None:
        """Does nothing: a loaded graph is ready to be walked."""


class CompiledEngine:
    """Has the kernel decide.

    The full view is walked plainly; so are a guideline whose exact reading did not fit its limits,
    a case that the kernel leaves, and every case where the kernel does not run.
    """

    def __init__(self) -> None:
        self._plain = GraphEngine()
        self._standing = lru_cache(_GUIDELINES)(Standing)

    def decide(
        self, graph: DecisionGraph, case: Message, *, audience: Audience, full: bool
    ) -> Made | None:
        """Decides a case message; see :class:`Engine`."""
        standing = None if full else self._standing(graph)
        compiled = None if standing is None else standing.compiled
        if standing is None or compiled is None:
            return self._plain.decide(graph, case, audience=audience, full=full)
        values = compiled.read(case)
        if values is None:
            return None
        decided = standing.ask(audience, lambda answers: answers.answer(values))
        if decided is None:
            return self._plain.decide(graph, case, audience=audience, full=full)
        return Made(*decided)

    def decide_bytes(
        self, graph: DecisionGraph, case: bytes, *, audience: Audience, full: bool
    ) -> Made | None:
        """Decides a case message in bytes; see :class:`Engine`."""
        if full:
            return None
        decided = self._standing(graph).ask(audience, lambda answers: answers.answer_to(case))
        return None if decided is None else Made(*decided)

    def decide_many(
        self, graph: DecisionGraph, asked: Asked, *, audience: Audience
    ) -> Answered | None:
        """Decides requests of a batch in bytes; see :class:`Engine`."""
        return self._standing(graph).ask(audience, lambda answers: answers.answer_many(asked))

    def prepare(self, graph: DecisionGraph) -> None:
        """Compiles a guideline now rather than at its first case."""
        self._standing(graph)


def engine_of(name: Literal["compiled", "graph"]) -> Engine:
    """Returns an engine by its name."""
    return CompiledEngine() if name == "compiled" else GraphEngine()
