"""Asks about all cases of one guideline, and turns each answer into a proof or a confirmed case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from rashpath.expression.tree import Condition
from rashpath.facts.dictionary import Choice
from rashpath.guideline.model import DecisionGraph, Start
from rashpath.readings.proof.counterexample import (
    Cases,
    Confirm,
    as_value,
    fewer_facts,
    simpler_values,
)
from rashpath.readings.proof.encode import Encoding, Sight
from rashpath.readings.proof.exact import ExactSight
from rashpath.readings.proof.kleene import Pair, conjoin, disjoin
from rashpath.readings.proof.result import Case, Counterexample
from rashpath.readings.proof.solver import (
    Model,
    Sat,
    Solver,
    Term,
    Unknown,
    Unsat,
    at_most,
    conj,
)
from rashpath.readings.walk import Verdict, Walk, walk

MINIMISE_S = 2.0
"""Most seconds for one question on the way to the fewest facts."""

WALKS_KEPT = 32
"""Most walks that are remembered at a time."""


@dataclass(frozen=True, slots=True)
class Absent:
    """No case shows what was asked."""


@dataclass(frozen=True, slots=True)
class Found:
    """Cases that show what was asked, confirmed by the walk."""

    cases: Cases


@dataclass(frozen=True, slots=True)
class GaveUp:
    """It is not known whether a case shows what was asked."""

    reason: str


Search = Absent | Found | GaveUp
Read = Callable[[Model], Cases]


class Prover:
    """The cases of one guideline, with a solver that is asked about them.

    Args:
        graph: the guideline.
        timeout_s: most seconds for one question.
    """

    def __init__(self, graph: DecisionGraph, timeout_s: float) -> None:
        self.graph = graph
        self.encoding = Encoding(graph.dictionary)
        self.sight = Sight(self.encoding, "")
        self.exact = ExactSight(graph.reach.diagrams, self.sight)
        self.pool: list[Walk] = []
        """Walks of the cases found so far: one case often shows many things."""
        self._walks: dict[frozenset[tuple[str, int | float]], Walk] = {}
        self._ways: dict[str, DecisionGraph] = {}
        self._solver = Solver(timeout_s)
        self._stated: dict[int, int] = {}

    @property
    def questions(self) -> int:
        """How many questions the solver was asked so far."""
        return self._solver.questions

    @cached_property
    def complete(self) -> ExactSight:
        """Exact verdicts where every fact is given."""
        everything: Mapping[str, Term] = dict.fromkeys(self.encoding.values, True)
        sight = Sight(self.encoding, " complete", everything)
        return ExactSight(self.graph.reach.diagrams, sight)

    @cached_property
    def kleene(self) -> Mapping[str, Pair]:
        """Where each node is reached, and where not, by Kleene's tables alone."""
        reached: dict[str, Pair] = {}
        for node in self.graph.order:
            reached[node.id] = (
                (True, False)
                if isinstance(node, Start)
                else disjoin(
                    conjoin((reached[edge.tail], self.sight.kleene(edge.condition)))
                    for edge in self.graph.into(node.id)
                )
            )
        return reached

    def ask(
        self, *terms: Term, timeout_s: float | None = None, encodings: tuple[Encoding, ...] = ()
    ) -> Sat | Unsat | Unknown:
        """Asks the solver, having told it of all that is new in the encodings."""
        for encoding in (self.encoding, *encodings):
            done = self._stated.get(id(encoding), 0)
            self._solver.always(*encoding.domain[done:])
            self._stated[id(encoding)] = len(encoding.domain)
        return self._solver.ask(*terms, timeout_s=timeout_s)

    def find(
        self,
        question: Term,
        confirm: Confirm,
        read: Read | None = None,
        *,
        encodings: tuple[Encoding, ...] = (),
        timeout_s: float | None = None,
    ) -> Search:
        """Searches a case that shows something, and has the walk confirm it.

        The solver's cases are more than there are: where the walk does not confirm one, computed
        numbers are tied to their inputs, first with all choices as they are, then with all open,
        and at last within rounding.

        Args:
            question: what the case is to show, in the solver's terms.
            confirm: the same, asked of the walk.
            read: reads the cases off a model; None: the case that the prover's sight knows.
            encodings: further encodings that the question uses.
            timeout_s: seconds for one question, where it differs.
        """
        read = read or (lambda model: (self.case(model, self.sight),))
        answer = self.ask(question, timeout_s=timeout_s, encodings=encodings)
        if isinstance(answer, Unsat):
            return Absent()
        if isinstance(answer, Unknown):
            return GaveUp(f"the solver gave no answer: {answer.reason}")
        cases = read(answer.model)
        if confirm(cases):
            return Found(cases)
        used = (self.encoding, *encodings)
        equal = conj(term for each in used for term in each.equal)
        ties = conj(term for each in used for term in each.ties)
        choices = self._choices(answer.model, used)
        for tied in (conj((equal, choices)), equal, ties):
            answer = self.ask(question, tied, timeout_s=timeout_s, encodings=encodings)
            if isinstance(answer, Unsat) and tied is ties:
                return Absent()
            if isinstance(answer, Unknown) and tied is ties:
                return GaveUp(f"the solver gave no answer: {answer.reason}")
            if isinstance(answer, Sat):
                cases = read(answer.model)
                if confirm(cases):
                    return Found(cases)
        return GaveUp("bug of the proof: the walk does not confirm the solver's case")

    def refute(
        self,
        about: str,
        question: Term,
        confirm: Confirm,
        read: Read | None = None,
        *,
        encodings: tuple[Encoding, ...] = (),
        count: tuple[Term, ...] | None = None,
    ) -> Counterexample | GaveUp | None:
        """Searches a counterexample and makes it as small as it can be.

        Args:
            about: what fails in it.
            question: as in :meth:`find`.
            confirm: as in :meth:`find`.
            read: as in :meth:`find`.
            encodings: as in :meth:`find`.
            count: what is counted to be few; None: what the prover's sight knows.

        Returns:
            The counterexample; None where there is none.
        """
        found = self.find(question, confirm, read, encodings=encodings)
        if isinstance(found, Absent):
            return None
        if isinstance(found, GaveUp):
            return GaveUp(f"{about}: {found.reason}")
        dictionary = self.graph.dictionary
        cases = fewer_facts(found.cases, confirm, dictionary)
        counted = count or tuple(self.sight.known.values())
        fewest = False
        while True:
            size = len(cases[-1])
            if size == 0:
                fewest = True
                break
            smaller = self.find(
                conj((question, at_most(counted, size - 1))),
                confirm,
                read,
                encodings=encodings,
                timeout_s=MINIMISE_S,
            )
            if isinstance(smaller, Found) and len(smaller.cases[-1]) < size:
                cases = fewer_facts(smaller.cases, confirm, dictionary)
                continue
            fewest = isinstance(smaller, Absent)
            break
        return Counterexample(about, simpler_values(cases, confirm, dictionary), fewest)

    def case(self, model: Model, sight: Sight) -> Case:
        """Returns the case that a sight knows in a model."""
        return {
            path: as_value(self.graph.dictionary[path], model.number(value))
            for path, value in sight.encoding.values.items()
            if model.truth(sight.known[path])
        }

    def remember(self, walked: Walk) -> None:
        """Keeps a walk for what else it may show."""
        self.pool.append(walked)

    def walk(self, case: Case) -> Walk:
        """Walks a case; one that was walked lately is not walked again."""
        key = frozenset(case.items())
        if key not in self._walks:
            if len(self._walks) >= WALKS_KEPT:
                self._walks.clear()
            self._walks[key] = walk(self.graph, case)
        return self._walks[key]

    def verdict(self, case: Case, node: str) -> Verdict:
        """Walks a case on the ways to one node, all that its verdict depends on."""
        if node not in self._ways:
            self._ways[node] = ways_to(self.graph, node)
        return walk(self._ways[node], case).step(node).verdict

    def conditions(self) -> tuple[tuple[str, Condition], ...]:
        """Returns every condition of the guideline with the words that name it."""
        graph = self.graph
        found: list[tuple[str, Condition]] = [
            (f"definition `{id}`", definition.condition)
            for id, definition in graph.definitions.items()
        ]
        found += [(f"contradiction `{part.id}`", part.condition) for part in graph.contradictions]
        found += [(f"caution `{part.id}`", part.condition) for part in graph.cautions]
        found += [(f"not covered `{part.id}`", part.condition) for part in graph.not_covered]
        found += [
            (f"branch from `{edge.tail}` to `{edge.head}`", edge.condition)
            for node in graph.order
            for edge in graph.out_of(node.id)
            if edge.conditional
        ]
        for node in graph.order:
            flags = [*node.flags]
            for number, note in enumerate(getattr(node, "notes", ())):
                flags += note.flags
                if note.when is not None:
                    found.append((f"note {number + 1} of `{node.id}`", note.when))
            found += [
                (f"flag of `{node.id}`: {flag.text}", flag.when)
                for flag in flags
                if flag.when is not None
            ]
            regimen = getattr(node, "regimen", None)
            if regimen is not None:
                found += [
                    (f"row {number + 1} of `{node.id}`", row.when)
                    for number, row in enumerate(regimen.rows)
                ]
        return tuple(found)

    @staticmethod
    def _choices(model: Model, encodings: tuple[Encoding, ...]) -> Term:
        """Returns a term that keeps the value of every choice as it is."""
        kept = []
        for encoding in encodings:
            for path, value in encoding.values.items():
                if isinstance(encoding.dictionary[path].kind, Choice):
                    kept.append(value == int(model.number(value)))
        return conj(kept)


def ways_to(graph: DecisionGraph, node: str) -> DecisionGraph:
    """Returns the part of a graph from its start to one node."""
    wanted, pending = {node}, [node]
    while pending:
        for edge in graph.into(pending.pop()):
            if edge.tail not in wanted:
                wanted.add(edge.tail)
                pending.append(edge.tail)
    return DecisionGraph(
        guideline=graph.guideline,
        dictionary=graph.dictionary,
        digest=graph.digest,
        nodes=tuple(each for each in graph.order if each.id in wanted),
        edges=tuple(
            edge
            for each in graph.order
            if each.id in wanted
            for edge in graph.out_of(each.id)
            if edge.head in wanted
        ),
        definitions=graph.definitions,
        computed=graph.computed,
        contradictions=graph.contradictions,
        cautions=graph.cautions,
        not_covered=graph.not_covered,
        invariants=graph.invariants,
        red_flag=graph.red_flag,
        reach=graph.reach,
    )
