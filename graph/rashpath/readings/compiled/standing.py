"""Keeps a guideline decided where the kernel is at fault: by a new one, and in the end without."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Final, TypeVar

from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.compiled.answer import Answers
from rashpath.readings.compiled.decision import CompiledGraph, NotCompiledError
from rashpath.readings.compiled.instance import KernelError

MOST_FAULTS: Final = 10
"""After so many faults the kernel decides no further case of a guideline."""

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class Standing:
    """A guideline with the kernel that decides it, as long as there is one.

    A kernel that gave up may have left its memory half written: the case is walked plainly, and the
    next one goes to a new kernel. What is logged of it holds no value of a case.

    Args:
        graph: the guideline.
    """

    def __init__(self, graph: DecisionGraph) -> None:
        self._graph = graph
        self._faults = 0
        self._lock = Lock()
        self._compiled: _Compiled | None
        try:
            self._compiled = _compiled(graph)
        except NotCompiledError as error:
            self._compiled = None
            _LOG.warning(f"`{graph.name}` is walked plainly, which is slower: {error}")

    @property
    def compiled(self) -> CompiledGraph | None:
        """The guideline as the kernel goes by it; None: it is walked plainly."""
        compiled = self._compiled
        return None if compiled is None else compiled[0]

    def ask(self, audience: Audience, question: Callable[[Answers], T | None]) -> T | None:
        """Asks for answers.

        Args:
            audience: whose words to use.
            question: what is asked.

        Returns:
            What was answered; None: the kernel did not, and another way is to be taken.
        """
        compiled = self._compiled
        if compiled is None:
            return None
        try:
            return question(compiled[1][audience])
        except KernelError as error:
            self._replace(compiled, error)
            return None

    def _replace(self, faulty: _Compiled, error: KernelError) -> None:
        with self._lock:
            if self._compiled is not faulty:
                return  # whoever shared it with us did
            self._faults += 1
            name = self._graph.name
            _LOG.error(f"the kernel gave up on a case of `{name}`, now walked plainly: {error}")
            try:
                self._compiled = _compiled(self._graph) if self._faults < MOST_FAULTS else None
            except NotCompiledError:
                self._compiled = None
            if self._compiled is None:
                _LOG.error(f"every further case of `{name}` is walked plainly")


_Compiled = tuple[CompiledGraph, Mapping[Audience, Answers]]


def _compiled(graph: DecisionGraph) -> _Compiled:
    compiled = CompiledGraph(graph)
    try:
        return compiled, {audience: Answers(compiled, audience) for audience in Audience}
    except KernelError as error:
        raise NotCompiledError(str(error)) from error
