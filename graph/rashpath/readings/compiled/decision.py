"""Decides a case with the kernel: exact truths, decisive facts, doses, questions.

What it says must equal the plain walk (:mod:`rashpath.readings.walk`) in every case.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from google.protobuf.message import Message

from rashpath.expression.evaluate import Case
from rashpath.facts.dictionary import Choice, DecimalNumber
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.compiled.instance import KernelError
from rashpath.readings.compiled.lower import MISSING, TRUE, UNKNOWN, NotLoweredError
from rashpath.readings.compiled.machine import Machine
from rashpath.readings.compiled.pieces import Memo
from rashpath.readings.compiled.program import Stretch, Values, dosed_of, program
from rashpath.readings.compiled.steps import steps_of
from rashpath.readings.walk import ComputedValue, NodeStep, Walk
from rashpath.readings.walk.walk import computed_value

_DOUBLE = struct.Struct("<d")


class NotCompiledError(Exception):
    """A guideline that the kernel cannot serve: a diagram did not fit the limit, or the kernel
    does not run here.
    """


def places(bits: int) -> Iterator[int]:
    """Yields the places of the bits that are set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class CompiledGraph:
    """A guideline, ready for the kernel.

    Args:
        graph: the guideline.

    Raises:
        NotCompiledError: the exact reading of some node did not fit its limit (the plain walk says
            which ones, case by case), or the kernel cannot be run here.
    """

    def __init__(self, graph: DecisionGraph) -> None:
        reach = graph.reach
        gates = [part.id for _, regimen in dosed_of(graph) for part in regimen.gate]
        if not (
            {node.id for node in graph.order[1:]} <= reach.nodes.keys()
            and {(e.tail, e.head) for n in graph.order for e in graph.out_of(n.id)}
            <= reach.edges.keys()
            and {graph.red_flag.id, *gates} <= reach.definitions.keys()
        ):
            raise NotCompiledError("the exact reading of some node did not fit its limit")
        self.graph = graph
        try:
            self.program = program(graph)
        except NotLoweredError as error:
            raise NotCompiledError(str(error)) from error
        places = self.places = self.program.places
        words = self.program.words
        note_size = len(graph.recommendations) + 8 * words
        facts = len(graph.dictionary)
        try:
            self.machine = Machine(self.program.image, facts, places.size, note_size)
        except KernelError as error:
            raise NotCompiledError(str(error)) from error
        self._sets = struct.Struct(f"<{words * places.defeaters.stop}Q")
        self._words = words
        self.asked_size = 8 * words
        """Bytes of the facts to ask for, which come first in what the kernel tells."""
        self._numbers = struct.Struct(f"<{len(graph.computed)}d")
        self._case = struct.Struct(f"<{len(graph.dictionary)}d")
        order = graph.dictionary
        self._choices = [isinstance(fact.kind, Choice) for fact in order]
        self._number_places = [fact.order for fact in order if not isinstance(fact.kind, Choice)]
        self.nothing = Walk(graph, {}, (), {}, {}, (), (), {}, {})
        """A plain walk that knows nothing."""
        self._joined: dict[Callable[[NodeStep], bytes], list[tuple[slice, Memo[bytes, bytes]]]] = {}
        self._whole = [not isinstance(fact.kind, DecimalNumber) for fact in order]
        self._paths = [fact.path for fact in order]

    def read(self, case: Message) -> Values | None:
        """Returns the values of a case message; None where one of them is faulty.

        Unknown binary fields are not seen here.
        """
        return self.program.read(case)

    def values(self, facts: Mapping[str, int | float]) -> Values:
        """Returns the values of given facts by path."""
        return tuple(
            facts.get(path, 0 if choice else None)
            for path, choice in zip(self._paths, self._choices, strict=True)
        )

    def facts(self, values: Values) -> Case:
        """Returns the given facts by path, in the order of the dictionary."""
        return Case(
            {
                path: value
                for path, choice, value in zip(self._paths, self._choices, values, strict=True)
                if (value if choice else value is not None)
            }
        )

    def paths(self, bits: int) -> tuple[str, ...]:
        """Returns the paths of facts given as bits, in the order of the dictionary."""
        return tuple([self._paths[index] for index in places(bits)])

    def walked(self, values: Values) -> Walk:
        """Returns a plain walk that knows facts and computed numbers, and no steps."""
        graph, facts = self.graph, self.facts(values)
        numbers = Memo[str, ComputedValue](lambda id: computed_value(graph, id, facts))
        return replace(self.nothing, facts=facts, computed=numbers)

    def joined(self, of: Callable[[NodeStep], bytes], told: bytes) -> bytes:
        """Returns what a function makes of the steps of a path that the kernel told, joined; see
        `Walked.joined`.
        """
        memos = self._joined.get(of)
        if memos is None:
            memos = self._joined[of] = [
                (part, Memo(partial(self._join, of, stretch)))
                for part, stretch in zip(self.places.stretches, self.program.stretches, strict=True)
            ]
        return b"".join([memo[told[part]] for part, memo in memos])

    def _join(self, of: Callable[[NodeStep], bytes], stretch: Stretch, truths: bytes) -> bytes:
        return b"".join(map(of, steps_of(self.graph, stretch.nodes, truths)))

    def decide(self, values: Values) -> Decision | None:
        """Decides a case.

        Returns:
            The decision; None: the case is left to the plain walk, since it has numbers that the
            kernel does not count.

        Raises:
            KernelError: the kernel gave up; it is of no more use.
        """
        with self.machine.lock:
            self.take(values)
            return self.decided(with_defeaters=False)

    def decide_bytes(self, case: bytes) -> Decision | None:
        """Decides a case message in bytes; see `decide`.

        Returns:
            None, too, where it is not as ordinary clients write it.
        """
        with self.machine.lock:
            told = self.machine.decide_case(case, with_defeaters=False)
        return None if told is None else Decision(self, told, has_defeaters=False)

    def take(self, values: Values) -> None:
        """Hands a case to the kernel, whose lock the caller holds."""
        numbers = list(values)
        for place in self._number_places:
            if numbers[place] is None:
                numbers[place] = MISSING
        self.machine.take(numbers)

    def decided(self, *, with_defeaters: bool) -> Decision | None:
        """Decides the case that the kernel has, whose lock the caller holds; see `decide`."""
        told = self.machine.decide(with_defeaters=with_defeaters)
        if told is None:
            return None
        return Decision(self, told, has_defeaters=with_defeaters)

    def decided_case(self, case: bytes, *, with_defeaters: bool) -> Decision | None:
        """Decides a case message in bytes with the kernel, whose lock the caller holds.

        Returns:
            None, too, where it is not as ordinary clients write it.
        """
        told = self.machine.decide_case(case, with_defeaters=with_defeaters)
        if told is None:
            return None
        return Decision(self, told, has_defeaters=with_defeaters)

    def decided_already(self) -> Decision:
        """Returns what the kernel decided last, with defeaters; the caller holds its lock."""
        return Decision(self, self.machine.told, has_defeaters=True)

    def told_of(self, told: bytes) -> list[Decision]:
        """Returns the decisions of which the kernel told, with defeaters, one after another."""
        size = self.places.size
        return [
            Decision(self, told[start : start + size], has_defeaters=True)
            for start in range(0, len(told), size)
        ]

    def case(self, told: bytes) -> tuple[float, ...]:
        """Returns the numbers of a case that the kernel told: of a choice 0 where it is unknown,
        else NaN.
        """
        return self._case.unpack_from(told, self.places.case.start)

    def value_of(self, told: bytes, order: int) -> Any:
        """Returns the value of one fact of a case that the kernel told."""
        (number,) = _DOUBLE.unpack_from(told, self.places.case.start + 8 * order)
        return None if number != number else int(number) if self._whole[order] else number

    def values_of(self, told: bytes) -> Values:
        """Returns the values of a case that the kernel told."""
        return tuple(
            [
                None if number != number else int(number) if whole else number  # NaN
                for number, whole in zip(self.case(told), self._whole, strict=True)
            ]
        )

    def sets(self, told: bytes) -> tuple[int, ...]:
        """Returns all sets of facts that the kernel told, as bits."""
        found = self._sets.unpack_from(told)
        words = self._words
        if words == 1:
            return found
        return tuple(
            sum(found[first + word] << 64 * word for word in range(words))
            for first in range(0, len(found), words)
        )

    def numbers(self, told: bytes) -> tuple[float, ...]:
        """Returns the computed numbers that the kernel told; NaN: it has no value."""
        return self._numbers.unpack_from(told, self.places.numbers.start)


class Decision:
    """One case, decided: every verdict exact.

    Args:
        compiled: the guideline.
        told: what the kernel told of it.
        has_defeaters: whether it also told what could withdraw the recommendations.

    Attributes:
        told: the same; `compiled.places` says where what stands in it.
    """

    __slots__ = (
        "_has_defeaters",
        "_sets",
        "compiled",
        "told",
    )

    def __init__(self, compiled: CompiledGraph, told: bytes, *, has_defeaters: bool) -> None:
        self.compiled = compiled
        self.told = told
        self._has_defeaters = has_defeaters
        self._sets: tuple[int, ...] | None = None

    @property
    def recommendations(self) -> bytes:
        """Exact truths of the recommendations, in topological order."""
        return self.told[self.compiled.places.recommendations]

    @property
    def findings(self) -> bytes:
        """Exact truths of the nodes of findings, finding by finding."""
        return self.told[self.compiled.places.findings]

    @property
    def values(self) -> Values:
        """The case."""
        return self.compiled.values_of(self.told)

    def value(self, order: int) -> Any:
        """Returns the value of one fact by its order; see `Values`."""
        return self.compiled.value_of(self.told, order)

    @property
    def sets(self) -> tuple[int, ...]:
        """All sets of facts that were told, as bits; `compiled.places` says where what stands."""
        if self._sets is None:
            self._sets = self.compiled.sets(self.told)
        return self._sets

    @property
    def stretches(self) -> tuple[bytes, ...]:
        """Exact truths of each stretch of the path: of each node, then of its edges."""
        told = self.told
        return tuple([told[part] for part in self.compiled.places.stretches])

    @property
    def decisive(self) -> tuple[int, ...]:
        """For each recommendation the unknown facts that matter to it, as bits."""
        first = self.compiled.places.decisive.start
        return self.sets[first : first + len(self.graph.recommendations)]

    @property
    def finding_decisive(self) -> tuple[int, ...]:
        """The same for the nodes of findings."""
        its = self.compiled.places.findings
        first = self.compiled.places.decisive.start + len(self.graph.recommendations)
        return self.sets[first : first + its.stop - its.start]

    @property
    def danger(self) -> int:
        """The unknown facts that matter to whether there is danger, as bits."""
        return self.sets[self.compiled.places.decisive.stop - 1]

    @property
    def defeaters(self) -> tuple[int, ...]:
        """For each recommendation that is not ruled out, as bits, the facts not given yet that
        could still withdraw it; 0 for the others.

        Raises:
            KernelError: they were not asked for before, and the kernel gave up.
        """
        if not self._has_defeaters:
            with self.compiled.machine.lock:
                self.compiled.take(self.values)
                again = self.compiled.decided(with_defeaters=True)
            assert again is not None  # it was decided before
            self.told, self._sets, self._has_defeaters = again.told, None, True
        its = self.compiled.places.defeaters
        return self.sets[its.start : its.stop]

    @property
    def graph(self) -> DecisionGraph:
        """The guideline."""
        return self.compiled.graph

    @property
    def applying(self) -> tuple[str, ...]:
        """Ids of the recommendations that apply, in topological order."""
        return self._recommended(TRUE)

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Ids of the recommendations that are undetermined, in topological order."""
        return self._recommended(UNKNOWN)

    @property
    def asked(self) -> tuple[str, ...]:
        """Paths of the unknown facts that matter, in the order of the facts."""
        bits = int.from_bytes(self.told[: self.compiled.asked_size], "little")
        return self.compiled.paths(bits) if bits else ()

    @property
    def asked_bits(self) -> int:
        """The facts of `asked` as bits: the first fact of the dictionary is the lowest."""
        return int.from_bytes(self.told[: self.compiled.asked_size], "little")

    @property
    def verdict_codes(self) -> bytes:
        """A byte for each recommendation, in topological order: its verdict by VERDICT_CODES."""
        # INVARIANT: FALSE, UNKNOWN and TRUE are those codes.
        return self.recommendations

    @property
    def note(self) -> bytes:
        """The verdict codes, then the facts of `asked` as bits, in words of 8 bytes."""
        return self.recommendations + self.told[: self.compiled.asked_size]

    def joined(self, of: Callable[[NodeStep], bytes]) -> bytes:
        """Returns what a function makes of each step, joined, in topological order."""
        return self.compiled.joined(of, self.told)

    def _recommended(self, wanted: int) -> tuple[str, ...]:
        nodes = self.compiled.graph.recommendations
        return tuple(
            node.id
            for node, truth in zip(nodes, self.recommendations, strict=True)
            if truth == wanted
        )
