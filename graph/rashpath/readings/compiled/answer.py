"""Answers with the kernel, joined from bytes that the plain answer made.

Whatever depends on a few truths is made once by :mod:`rashpath.readings.answer` and kept by the
kernel, which writes the numbers of patients into it each time. So the bytes are those of the plain
answer, in every case.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import NamedTuple

from rashpath.facts.show import number_text
from rashpath.facts.wording import Audience
from rashpath.readings.answer import finding, path, recommendation
from rashpath.readings.beside import computed_result
from rashpath.readings.compiled.decision import CompiledGraph, Decision
from rashpath.readings.compiled.instance import KernelError
from rashpath.readings.compiled.machine import Asked
from rashpath.readings.compiled.pieces import (
    part_of,
    serialized,
)
from rashpath.readings.compiled.program import Values, findings_of
from rashpath.readings.compiled.regimens import Regimens
from rashpath.readings.compiled.steps import step_of, steps_of
from rashpath.readings.compiled.wording import wording
from rashpath.readings.walk.walk import computed_value
from rashpath.readings.words import number_words
from rashpath.v1 import decision_service_pb2

_Response = decision_service_pb2.EvaluateResponse

_TURN_S = 0.001
"""Seconds after which no further request of a batch is begun: whoever else waits has a turn."""

_MOST_ROUNDS = 64
"""Most times that an answer is begun anew for missing words: the kernel names up to 64 at once."""


class Answered(NamedTuple):
    """Requests of a batch that were answered in one go.

    Args:
        done: how many.
        notes: of each the verdicts of the recommendations, a byte each, and the facts it asks for
            as bits, in words of 8 bytes.
        walks: of each its way, where they are wanted.
    """

    done: int
    notes: bytes
    walks: list[Decision]


class Answers:
    """Answers of one guideline to one audience, in the basic view.

    Args:
        compiled: the guideline.
        audience: whose words to use.
    """

    def __init__(self, compiled: CompiledGraph, audience: Audience) -> None:
        self._compiled = compiled
        self._audience = audience
        self._graph = compiled.graph
        self._machine = compiled.machine
        with self._machine.lock:
            self._words = self._machine.add_wording(wording(compiled, audience))
        self._regimens = Regimens(compiled, audience)

    def answer(self, values: Values) -> tuple[Decision, bytes] | None:
        """Decides a case and answers it.

        Args:
            values: the case.

        Returns:
            The decision, and the `EvaluateResponse` with its decision id left empty. None: the case
            is left to the plain walk, since it has numbers that the kernel does not count or word.

        Raises:
            KernelError: the kernel gave up; it is of no more use.
        """
        with self._machine.lock:
            self._compiled.take(values)
            return self._answered(self._compiled.decided(with_defeaters=True))

    def answer_to(self, case: bytes) -> tuple[Decision, bytes] | None:
        """Decides a case message in bytes and answers it; see `answer`.

        Returns:
            None, too, where the message is not as ordinary clients write it.
        """
        with self._machine.lock:
            return self._answered(self._compiled.decided_case(case, with_defeaters=True))

    def answer_many(self, asked: Asked) -> Answered:
        """Answers requests of a batch, up to the first one that is to be read as a message, or for
        about a millisecond.
        """
        notes: list[bytes] = []
        walks: list[Decision] = []
        left = asked
        end = time.perf_counter() + _TURN_S
        with self._machine.lock:
            while left.most and left.requests and (left is asked or time.perf_counter() < end):
                many = self._machine.answer_many(self._words, left)
                notes.append(many.notes)
                walks += self._compiled.told_of(many.told)
                done = many.done
                if many.words:
                    decision = self._compiled.decided_already()
                    answered = self._worded(decision, left.place + done)
                    if answered is None:
                        # It was decided, but is not answered here.
                        left = left.after(done, 0)
                        break
                    asked.into.write(answered)
                    notes.append(decision.note)
                    if asked.walks:
                        walks.append(decision)
                    done += 1
                elif not done:
                    break
                left = left.after(done, many.used)
        return Answered(asked.most - left.most, b"".join(notes), walks)

    def _answered(self, decision: Decision | None) -> tuple[Decision, bytes] | None:
        if decision is None:
            return None
        answered = self._worded(decision)
        return None if answered is None else (decision, answered)

    def _worded(self, decision: Decision, index: int | None = None) -> bytes | None:
        """Returns the answer to the case that was decided last; in a batch its result there; None:
        it is left to the plain walk.
        """
        # Words that are kept push out others where there is no room: not for ever.
        for _ in range(_MOST_ROUNDS):
            answered = self._machine.answer(self._words, index)
            if isinstance(answered, bytes):
                return answered
            if not answered.sites and not answered.numbers:
                return None
            for site in answered.sites:
                self._machine.keep(self._words, site, self._site(decision, site))
            self._machine.spell([_spelled(*number) for number in answered.numbers])
        raise KernelError("the words of one case are longer than all that may be kept")

    # What depends on a few truths

    def _site(self, decision: Decision, site: int) -> tuple[bytes, ...]:
        """Returns the words of a site, as the kernel counts them."""
        graph = self._graph
        if site < len(graph.recommendations):
            return self._recommendation(decision, site)
        site -= len(graph.recommendations)
        if site < len(graph.findings):
            return (self._finding(decision, tuple(graph.findings)[site]),)
        site -= len(graph.findings)
        if site < len(graph.order):
            return (self._step(decision, site),)
        site -= len(graph.order)
        if site < len(graph.computed):
            return (self._number(decision, site),)
        return self._regimens.site(decision, site - len(graph.computed))

    def _recommendation(self, decision: Decision, index: int) -> tuple[bytes, ...]:
        """Returns all of a recommendation but defeaters, decisive facts and dose, in stretches."""
        step = step_of(self._graph.recommendations[index], decision.recommendations[index])
        said = recommendation(self._compiled.walked(decision.values), step, self._audience)
        return (
            part_of(said, 1, 10),
            part_of(said, 12, 12),
            part_of(said, 14, 15),
            part_of(said, 16, 16),
            part_of(said, 17, 99),
        )

    def _finding(self, decision: Decision, id: str) -> bytes:
        """Returns a finding but for its decisive facts."""
        steps = {
            node.id: step_of(node, truth)
            for node, truth in zip(findings_of(self._graph), decision.findings, strict=True)
        }
        return serialized(finding(replace(self._compiled.nothing, by_id=steps), id, self._audience))

    def _step(self, decision: Decision, place: int) -> bytes:
        truths = decision.told[self._compiled.places.steps[place]]
        steps = tuple(steps_of(self._graph, self._graph.order[place : place + 1], truths))
        return serialized(
            _Response(path=path(replace(self._compiled.nothing, steps=steps), full=False))
        )

    def _number(self, decision: Decision, place: int) -> bytes:
        """Returns a computed number that has no value."""
        named = tuple(self._graph.computed.values())[place]
        facts = self._compiled.facts(decision.values)
        said = computed_value(self._graph, named.number.id, facts)
        return serialized(_Response(computed=[computed_result(named, said, self._audience)]))


def _spelled(value: float, limit: float) -> str:
    """Returns a number in words; with few digits if there is a limit."""
    return number_text(value) if math.isnan(limit) else number_words(value, limit)
