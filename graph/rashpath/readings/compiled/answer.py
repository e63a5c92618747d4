"""Answers with the kernel, joined from bytes that the plain answer made.

Whatever depends on a few truths is made once by :mod:`rashpath.readings.answer` and kept by the
kernel; what holds a number of the patient is made each time. So the bytes are those of the plain
answer, in every case.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rashpath.facts.dictionary import Choice, Fact
from rashpath.facts.show import range_text
from rashpath.facts.wording import Audience
from rashpath.readings.answer import finding, path, recommendation
from rashpath.readings.beside import computed_result, implausible, implausible_words
from rashpath.readings.compiled.decision import CompiledGraph, Decision
from rashpath.readings.compiled.instance import KernelError
from rashpath.readings.compiled.machine import MOST_AT_ONCE
from rashpath.readings.compiled.pieces import (
    part_of,
    serialized,
    tag_of,
    texts,
    varint,
)
from rashpath.readings.compiled.program import Values, findings_of
from rashpath.readings.compiled.regimens import Regimens
from rashpath.readings.compiled.steps import step_of, steps_of
from rashpath.readings.compiled.wording import wording
from rashpath.readings.walk.walk import computed_value
from rashpath.v1 import decision_pb2, decision_service_pb2

_Response = decision_service_pb2.EvaluateResponse

_TURN_S = 0.001
"""Seconds after which no further request of a batch is begun: whoever else waits has a turn."""

_MOST_ROUNDS = 64
"""Most times that an answer is begun anew for missing words: the kernel names up to 64 at once."""


class Answered(NamedTuple):
    """Requests of a batch that were answered in one go.

    Args:
        done: how many.
        results: bytes of a `BatchEvaluateResponse`.
        notes: of each the verdicts of the recommendations, a byte each, and the facts it asks for
            as bits, in words of 8 bytes.
    """

    done: int
    results: bytes
    notes: bytes


class Answers:
    """Answers of one guideline to one audience, in the basic view.

    Args:
        compiled: the guideline.
        audience: whose words to use.
    """

    def __init__(self, compiled: CompiledGraph, audience: Audience) -> None:
        self._compiled = compiled
        self._audience = audience
        graph = self._graph = compiled.graph
        self._clinician = audience is Audience.CLINICIAN
        self._machine = compiled.machine
        with self._machine.lock:
            self._words = self._machine.add_wording(wording(graph, compiled.program, audience))
        self._plausible = [
            _Plausible.of(fact, audience)
            for fact in graph.dictionary
            if not isinstance(fact.kind, Choice) and fact.kind.plausible is not None
        ]
        self._sizes = struct.Struct(f"<{len(compiled.program.dosed) + 1}I")
        self._nothing_given = bytes(self._sizes.size)
        self._regimens = Regimens(compiled, audience)

    def answer(self, values: Values) -> tuple[Decision, bytes] | None:
        """Decides a case and answers it.

        Args:
            values: the case.

        Returns:
            The decision, and the `EvaluateResponse` with its decision id left empty. None: the case
            is left to the plain walk, since it has numbers that the kernel does not count.

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

    def answer_many(
        self,
        requests: bytes,
        options: bytes,
        index: int,
        first_id: int,
        most: int,
    ) -> Answered:
        """Answers requests of a batch, up to the first one that is to be read as a message, or for
        about a millisecond.

        Args:
            requests: bytes of a `BatchEvaluateRequest` from a request on.
            options: what the requests ask for besides their cases, in bytes.
            index: the place of the first one.
            first_id: the id of its answer, as a number; further ones count on.
            most: how many at most.
        """
        results: list[bytes] = []
        notes: list[bytes] = []
        done = used = 0
        end = time.perf_counter() + _TURN_S
        with self._machine.lock:
            while done < most and used < len(requests) and (not done or time.perf_counter() < end):
                at, left = (index + done, first_id + done), min(most - done, MOST_AT_ONCE)
                many = self._machine.answer_many(self._words, requests[used:], options, *at, left)
                results.append(many.results)
                notes.append(many.notes)
                done += many.done
                used += many.used
                if many.words:
                    decision = self._compiled.decided_already()
                    results.append(self._worded(decision, index + done))
                    notes.append(decision.note)
                    done += 1
                elif not many.done:
                    break
        return Answered(done, b"".join(results), b"".join(notes))

    def _answered(self, decision: Decision | None) -> tuple[Decision, bytes] | None:
        if decision is None:
            return None
        return decision, self._worded(decision)

    def _worded(self, decision: Decision, index: int | None = None) -> bytes:
        """Returns the answer to the case that was decided last; in a batch its result there."""
        given = self._given(decision)
        # Words that are kept push out others where there is no room: not for ever.
        for _ in range(_MOST_ROUNDS):
            answered = self._machine.answer(self._words, given, index)
            if isinstance(answered, bytes):
                return answered
            for site in answered:
                self._machine.keep(self._words, site, self._site(decision, site))
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
        return (self._number(decision, site - len(graph.order)),)

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

    # What comes with a case

    def _given(self, decision: Decision) -> bytes:
        """Returns regimens with doses, and the warnings about implausible values."""
        warnings = b"".join(self._implausible(decision))
        if not self._clinician:
            if not warnings:
                return self._nothing_given
            regimens = [b""] * len(self._compiled.program.dosed)
        else:
            regimens = self._regimens.written(decision)
        return b"".join((self._sizes.pack(*map(len, regimens), len(warnings)), *regimens, warnings))

    def _implausible(self, decision: Decision) -> Iterator[bytes]:
        numbers = self._compiled.case(decision.told)
        for each in self._plausible:
            number = numbers[each.fact.order]
            if number < each.low or number > each.high:
                yield each.warning(decision.value(each.fact.order), self._audience)


class _Plausible(NamedTuple):
    """The plausible range of a number, and the warning about a value outside but for its words."""

    fact: Fact
    low: float
    high: float
    usual: str
    first: bytes
    last: bytes

    @classmethod
    def of(cls, fact: Fact, audience: Audience) -> _Plausible:
        assert not isinstance(fact.kind, Choice)
        assert fact.kind.plausible is not None
        low, high = fact.kind.plausible.minimum, fact.kind.plausible.maximum
        said = implausible(fact, high + 1, audience)
        assert said is not None
        usual = range_text(fact.kind.plausible, fact.kind.unit)
        return cls(fact, low, high, usual, part_of(said, 1, 1), part_of(said, 3, 99))

    def warning(self, value: float, audience: Audience) -> bytes:
        words = implausible_words(self.fact, value, self.usual, audience)
        body = b"".join((self.first, texts(_TEXT, (words,)), self.last))
        return b"".join((_WARNINGS, varint(len(body)), body))


_WARNINGS = tag_of(_Response, "warnings")
_TEXT = tag_of(decision_pb2.WarningResult, "text")
