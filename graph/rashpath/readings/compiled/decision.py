"""Decides a case with the generated functions: exact truths, decisive facts, doses, questions.

What it says must equal the plain walk (:mod:`rashpath.readings.walk`) in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from google.protobuf.message import Message

from rashpath.expression.evaluate import DECIMALS, Case
from rashpath.expression.tree import facts_of
from rashpath.facts.dictionary import Choice
from rashpath.guideline.model import DecisionGraph, Definition, Regimen
from rashpath.readings.compiled.emit import FALSE, TRUE, UNKNOWN
from rashpath.readings.compiled.pieces import Kept, Memo
from rashpath.readings.compiled.program import Stretch, Values, Worked, findings_of, program
from rashpath.readings.compiled.refine import Refined, Refiner
from rashpath.readings.compiled.steps import steps_of
from rashpath.readings.walk import NodeStep
from rashpath.readings.walk.dose import Dose, Withheld, row_waits_for, used


class NotCompiledError(Exception):
    """A guideline that the compiled walk cannot serve: a diagram did not fit the limit."""


def places(bits: int) -> Iterator[int]:
    """Yields the places of the bits that are set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class CompiledGraph:
    """A guideline with its generated functions.

    Args:
        graph: the guideline.

    Raises:
        NotCompiledError: the exact reading of some node did not fit its limit; the plain walk says
            which ones, case by case.
    """

    def __init__(self, graph: DecisionGraph) -> None:
        reach = graph.reach
        regimens = [node.regimen for node in graph.recommendations if node.regimen is not None]
        gates = [part.id for regimen in regimens if regimen.rows for part in regimen.gate]
        if not (
            {node.id for node in graph.order[1:]} <= reach.nodes.keys()
            and {(e.tail, e.head) for n in graph.order for e in graph.out_of(n.id)}
            <= reach.edges.keys()
            and {graph.red_flag.id, *gates} <= reach.definitions.keys()
        ):
            raise NotCompiledError
        self.graph = graph
        self.program = program(graph)
        self.refiner = Refiner(reach.diagrams, graph.dictionary, tuple(graph.computed))
        nodes, edges = reach.nodes, reach.edges
        self.stretch_diagrams = tuple(
            (
                *(nodes.get(node.id, 1) for node in stretch.nodes),
                *(edges[edge.tail, edge.head] for edge in stretch.edges),
            )
            for stretch in self.program.stretches
        )
        self.recommendation_diagrams = tuple(nodes[node.id] for node in graph.recommendations)
        self.finding_diagrams = tuple(nodes[node.id] for node in findings_of(graph))
        self.dosed = tuple(
            (index, node.regimen)
            for index, node in enumerate(graph.recommendations)
            if node.regimen is not None and node.regimen.rows
        )
        self.nothing_decisive = (0,) * max(
            len(self.recommendation_diagrams), len(self.finding_diagrams)
        )
        order = graph.dictionary
        self._choices = [isinstance(fact.kind, Choice) for fact in graph.dictionary]
        self._choices_of: dict[str, list[int] | None] = {}
        for _, regimen in self.dosed:
            for part in regimen.gate:
                read = [order[path].order for path in facts_of(part.condition)]
                choices_only = all(self._choices[place] for place in read)
                self._choices_of[part.id] = read if choices_only else None
        self._against = Kept[tuple[Any, ...], tuple[str, ...]]()
        self._joined: dict[Callable[[NodeStep], bytes], list[Memo[tuple[int, ...], bytes]]] = {}
        self._paths = [fact.path for fact in graph.dictionary]

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
        return tuple(self._paths[index] for index in places(bits))

    def against(self, part: Definition, values: Values) -> tuple[str, ...]:
        """Returns the paths of the given facts that make a part of a dose gate false."""
        key = self.choices_of(part, values)
        if key is None:
            return tuple(used(part, self.facts(values)))
        found = self._against.get(key)
        if found is None:
            found = self._against[key] = tuple(used(part, self.facts(values)))
        return found

    def choices_of(self, part: Definition, values: Values) -> tuple[Any, ...] | None:
        """Returns the id of a part of a dose gate, and the choices that it reads; None where it
        reads numbers too: nothing is kept by the numbers of a patient.
        """
        read = self._choices_of[part.id]
        return None if read is None else (part.id, *(values[place] for place in read))

    def joined(
        self, of: Callable[[NodeStep], bytes], stretches: tuple[tuple[int, ...], ...]
    ) -> bytes:
        """Returns what a function makes of the steps of a path, joined; see `Walked.joined`."""
        memos = self._joined.get(of)
        if memos is None:
            memos = self._joined[of] = [
                Memo(partial(self._join, of, stretch)) for stretch in self.program.stretches
            ]
        return b"".join([memo[truths] for memo, truths in zip(memos, stretches, strict=True)])

    def _join(
        self, of: Callable[[NodeStep], bytes], stretch: Stretch, truths: tuple[int, ...]
    ) -> bytes:
        return b"".join(map(of, steps_of(self.graph, stretch, truths)))

    def decide(self, values: Values) -> Decision:
        """Decides a case."""
        return Decision(self, values, self.program.work(values))


class Decision:
    """One case, decided: every verdict exact.

    Args:
        compiled: the guideline.
        values: the case.
        worked: what the generated function returned for it.

    Attributes:
        stretches: exact truths of each stretch of the path, nodes first, then edges.
        recommendations: exact truths of the recommendations, in topological order.
        findings: exact truths of the nodes of findings, finding by finding.
        decisive: for each recommendation, the unknown facts that matter to it, as bits.
        finding_decisive: the same for the nodes of findings.
        beside: truths by Kleene's tables of what is shown beside; see Program.
        computed: computed numbers; see Program.
        conditions: truths of the conditions of flags and notes; see Program.
    """

    __slots__ = (
        "_all_known",
        "_doses",
        "_refined",
        "_tables",
        "beside",
        "compiled",
        "computed",
        "conditions",
        "decisive",
        "finding_decisive",
        "findings",
        "recommendations",
        "stretches",
        "values",
    )

    def __init__(self, compiled: CompiledGraph, values: Values, worked: Worked) -> None:
        self.compiled = compiled
        self.values = values
        (
            self.stretches,
            self.recommendations,
            self.findings,
            self.beside,
            self.computed,
            self._tables,
            self.conditions,
        ) = worked
        self._refined: Refined | None = None
        self._doses: dict[int, Dose] | None = None
        self.decisive: Sequence[int] = compiled.nothing_decisive
        self.finding_decisive: Sequence[int] = compiled.nothing_decisive
        # A number may be 0 and known: then this looks further than it has to.
        self._all_known = 0 not in values and None not in values
        # Nor does every computed number exist where every fact is known.
        if not self._all_known or None in [each[0] for each in self.computed]:
            for stretch in self.stretches:
                if UNKNOWN in stretch:
                    self._refine()
                    break

    @property
    def refined(self) -> Refined:
        """What the known facts leave of the diagrams."""
        if self._refined is None:
            self._refined = self.compiled.refiner.refined(self.values, self.computed)
        return self._refined

    def _refine(self) -> None:
        compiled, refined = self.compiled, self.refined
        self.recommendations, self.decisive = _exact(
            self.recommendations, compiled.recommendation_diagrams, refined
        )
        self.findings, self.finding_decisive = _exact(
            self.findings, compiled.finding_diagrams, refined
        )
        truth = refined.truth
        self.stretches = tuple(
            tuple(
                truth(diagram) if known == UNKNOWN else known
                for known, diagram in zip(stretch, diagrams, strict=True)
            )
            if UNKNOWN in stretch
            else stretch
            for stretch, diagrams in zip(self.stretches, compiled.stretch_diagrams, strict=True)
        )

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
        return self.compiled.paths(self.asked_bits)

    @property
    def asked_bits(self) -> int:
        """The facts of `asked` as bits: the first fact of the dictionary is the lowest."""
        asked = 0
        if self._all_known:
            return asked
        for bits in (*self.decisive, *self.finding_decisive):
            asked |= bits
        for index, dose in self.doses.items():
            if self.recommendations[index] == TRUE:
                for path in dose.waits_for:
                    asked |= 1 << self.graph.dictionary[path].order
        return asked

    @property
    def verdict_codes(self) -> bytes:
        """A byte for each recommendation, in topological order: its verdict by VERDICT_CODES."""
        # INVARIANT: FALSE, UNKNOWN and TRUE are those codes.
        return bytes(self.recommendations)

    def joined(self, of: Callable[[NodeStep], bytes]) -> bytes:
        """Returns what a function makes of each step, joined, in topological order."""
        return self.compiled.joined(of, self.stretches)

    def _recommended(self, wanted: int) -> tuple[str, ...]:
        nodes = self.compiled.graph.recommendations
        return tuple(
            node.id
            for node, truth in zip(nodes, self.recommendations, strict=True)
            if truth == wanted
        )

    def definition(self, known: int, id: str) -> tuple[int, int]:
        """Returns the exact truth of a definition, and the facts that are decisive for it, as bits.

        Args:
            known: its truth by Kleene's tables.
            id: its id.
        """
        if known != UNKNOWN:
            return known, 0
        return self.refined.exact(self.compiled.graph.reach.definitions[id])

    def defeaters(self) -> list[int]:
        """Returns for each recommendation that is not ruled out, as bits, the facts not given yet
        that could still withdraw it; 0 for the others.
        """
        compiled = self.compiled
        refiner = compiled.refiner
        free = refiner.defeaters(self.values)
        found = [0] * len(self.recommendations)
        if not free:
            return found
        bits = refiner.bits_of(free)
        open_ended = None
        for index, truth in enumerate(self.recommendations):
            diagram = compiled.recommendation_diagrams[index]
            if truth != FALSE and refiner.supports[diagram] & bits:
                if open_ended is None:
                    open_ended = refiner.open_ended(self.refined, self.values, self.computed, free)
                _, found[index] = open_ended.exact(diagram)
        return found

    @property
    def doses(self) -> Mapping[int, Dose]:
        """The doses of the recommendations that have a dose table and are not ruled out."""
        if self._doses is None:
            self._doses = {
                index: self._dose(index, regimen, *tables)
                for (index, regimen), tables in zip(self.compiled.dosed, self._tables, strict=True)
                if self.recommendations[index] != FALSE
            }
        return self._doses

    def _dose(
        self,
        index: int,
        regimen: Regimen,
        rows: tuple[int, ...],
        waits: tuple[int, ...],
        gate: tuple[int, ...],
    ) -> Dose:
        compiled = self.compiled
        graph = compiled.graph
        row = next((row for row, t in zip(regimen.rows, rows, strict=True) if t == TRUE), None)
        weight = self.values[graph.dictionary[regimen.weight].order]
        withheld = []
        waiting = 0
        if self.recommendations[index] == UNKNOWN:
            withheld.append(Withheld(compiled.paths(self.decisive[index]), None, missing=True))
            waiting |= self.decisive[index]
        for part, known in zip(regimen.gate, gate, strict=True):
            truth, unknown = self.definition(known, part.id)
            code = (part.withheld_code,) if part.withheld_code else ()
            if truth == FALSE:
                because = code or compiled.against(part, self.values)
                withheld.append(Withheld(because, part, missing=False))
            elif truth == UNKNOWN:
                withheld.append(Withheld((*code, *compiled.paths(unknown)), part, missing=True))
                waiting |= unknown
        if row is None and not withheld:
            because = row_waits_for(regimen, compiled.facts(self.values))
            withheld.append(Withheld(because, None, missing=True))
        if weight is None:
            withheld.append(Withheld((regimen.weight,), None, missing=True))
        mg = None
        if not withheld and row is not None:
            mg = round(row.dose_mg_per_kg * weight, DECIMALS)
        waits_for: tuple[str, ...] = ()
        # What given facts keep back can be opened by no further one.
        blocked = any(not reason.missing for reason in withheld)
        if withheld and not blocked and self._may_be_shown(graph.recommendations[index].id):
            if weight is None:
                waiting |= 1 << graph.dictionary[regimen.weight].order
            for bits in waits:
                waiting |= bits
            waits_for = compiled.paths(waiting)
        return Dose(row, None if weight is None else float(weight), mg, tuple(withheld), waits_for)

    def _may_be_shown(self, recommendation: str) -> bool:
        diagram = self.compiled.graph.reach.doses.get(recommendation)
        return diagram is not None and self.refined.truth(diagram) != FALSE


def _exact(
    truths: tuple[int, ...], diagrams: tuple[int, ...], refined: Refined
) -> tuple[tuple[int, ...], list[int]]:
    exact = list(truths)
    decisive = [0] * len(truths)
    for index, known in enumerate(truths):
        if known == UNKNOWN:
            exact[index], decisive[index] = refined.exact(diagrams[index])
    return tuple(exact), decisive
