"""Writes each output of a guideline as a column: verdicts, findings, doses, urgency, status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, assert_never

import ibis

from rashpath.expression.evaluate import DECIMALS
from rashpath.expression.tree import Compare, Computed, Condition, facts_of, leaves
from rashpath.guideline.model import (
    DecisionGraph,
    DoseRow,
    Finding,
    Recommendation,
    Regimen,
)
from rashpath.readings.answer import INDETERMINATE, NO
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.exact import ExactColumns, Test
from rashpath.readings.cohort.layers import Layers, Term, combine
from rashpath.readings.cohort.numbers import double
from rashpath.readings.cohort.outputs import URGENCY, Output, OutputError, OutputKind
from rashpath.readings.cohort.plan import planner_of
from rashpath.readings.cohort.translate import translate
from rashpath.readings.cohort.truth import Value
from rashpath.v1 import guideline_pb2

NONE: Final = "NONE"
"""The urgency where nothing applies."""

DECIDED: Final = "DECIDED"
NEEDS_FACTS: Final = "NEEDS_FACTS"


def node_diagram(graph: DecisionGraph, node: str) -> int:
    """Returns the diagram of a node.

    Raises:
        OutputError: it is too large.
    """
    return _found(graph.reach.nodes.get(node), node)


class OutputColumns:
    """The columns of some outputs.

    Args:
        graph: the guideline.
        outputs: what is wanted of it.
        layers: where columns are put; its base has the facts by path.
        test: gives the truth of a level lying in some regions.
        search: look for short plans.

    Raises:
        OutputError: an output is too large to be exact.
    """

    def __init__(
        self,
        graph: DecisionGraph,
        outputs: Sequence[Output],
        layers: Layers,
        test: Test,
        *,
        search: bool,
    ) -> None:
        self._graph = graph
        self._layers = layers
        roots = [diagram for output in outputs for diagram in self._roots(output)]
        self._exact = ExactColumns(planner_of(graph, search=search), roots, layers, test)

    def column(self, output: Output) -> Term:
        """Returns the column of one of the outputs."""
        graph = self._graph
        match output.kind:
            case OutputKind.VERDICT:
                return self._node(output.of)
            case OutputKind.FINDING:
                return self._finding(graph.findings[output.of])
            case OutputKind.DOSE:
                return self._milligrams(output.of)
            case OutputKind.PER_KG:
                return self._shown_row(output.of, lambda row: double(row.dose_mg_per_kg))
            case OutputKind.INTERVAL:
                return self._shown_row(
                    output.of, lambda row: ibis.literal(row.interval_hours, "int32")
                )
            case OutputKind.URGENCY:
                return self._urgency(settled=output.name == URGENCY)
            case OutputKind.STATUS:
                return self._status()
            case OutputKind.CONTRADICTED:
                return self._contradicted()
            case _:
                assert_never(output.kind)

    def _roots(self, output: Output) -> list[int]:
        graph = self._graph
        match output.kind:
            case OutputKind.VERDICT | OutputKind.PER_KG | OutputKind.INTERVAL:
                return [node_diagram(graph, output.of)]
            case OutputKind.FINDING:
                return [node_diagram(graph, node.id) for node in graph.findings[output.of]]
            case OutputKind.DOSE:
                return [node_diagram(graph, output.of), *self._gate(output.of)]
            case OutputKind.URGENCY:
                return [node_diagram(graph, node.id) for node in graph.recommendations]
            case OutputKind.STATUS:
                roots = [node_diagram(graph, node.id) for node in self._conclusions()]
                for node in self._dosed():
                    roots += [_found(graph.reach.doses.get(node.id), node.id)]
                    roots += self._gate(node.id)
                return roots
            case OutputKind.CONTRADICTED:
                return []
            case _:
                assert_never(output.kind)

    def _node(self, id: str) -> Term:
        return self._exact.verdict(node_diagram(self._graph, id))

    def _conclusions(self) -> list[Recommendation | Finding]:
        return [node for node in self._graph.order if isinstance(node, Recommendation | Finding)]

    def _dosed(self) -> list[Recommendation]:
        return [
            node
            for node in self._graph.recommendations
            if node.regimen is not None and node.regimen.rows
        ]

    def _regimen(self, id: str) -> Regimen:
        node = self._graph.by_id[id]
        assert isinstance(node, Recommendation)
        assert node.regimen is not None
        return node.regimen

    def _gate(self, id: str) -> list[int]:
        definitions = self._graph.reach.definitions
        return [_found(definitions.get(part.id), part.id) for part in self._regimen(id).gate]

    def _finding(self, nodes: Sequence[Finding]) -> Term:
        def build(verdicts: list[Value]) -> Value:
            settled = [
                (verdict == truth.TRUE, ibis.literal(node.value))
                for node, verdict in zip(nodes, verdicts, strict=True)
            ]
            return ibis.cases(
                *settled, (truth.disjoin(verdicts) != truth.FALSE, INDETERMINATE), else_=NO
            )

        return combine((self._node(node.id) for node in nodes), build)

    def _urgency(self, *, settled: bool) -> Term:
        """Returns the highest urgency among what applies, or among what is not ruled out."""
        urgencies = sorted({node.urgency for node in self._graph.recommendations}, reverse=True)
        groups = [
            combine(
                (
                    self._node(node.id)
                    for node in self._graph.recommendations
                    if node.urgency == urgency
                ),
                truth.disjoin,
            )
            for urgency in urgencies
        ]

        def build(truths: list[Value]) -> Value:
            return ibis.cases(
                *(
                    (each == truth.TRUE if settled else each != truth.FALSE, _word(urgency))
                    for urgency, each in zip(urgencies, truths, strict=True)
                ),
                else_=NONE,
            )

        return combine(groups, build)

    def _status(self) -> Term:
        """Returns whether nothing is open: no recommendation, no finding, and no dose that applies.

        A dose is open where it is not given although its gate may still open.
        """
        open_verdict = combine(
            (self._node(node.id) for node in self._conclusions()),
            lambda verdicts: _any(verdict == truth.UNKNOWN for verdict in verdicts),
        )
        waiting = [
            combine(
                (
                    self._node(node.id),
                    self._exact.verdict(_found(self._graph.reach.doses.get(node.id), node.id)),
                    self._milligrams(node.id),
                ),
                lambda parts: (
                    (parts[0] == truth.TRUE) & (parts[1] != truth.FALSE) & parts[2].isnull()
                ),
            )
            for node in self._dosed()
        ]
        return combine(
            (open_verdict, *waiting),
            lambda parts: ibis.cases((_any(parts), NEEDS_FACTS), else_=DECIDED),
        )

    def _contradicted(self) -> Term:
        return combine(
            (self._kleene(part.condition) for part in self._graph.contradictions),
            lambda truths: truth.disjoin(truths) == truth.TRUE,
        )

    def _milligrams(self, id: str) -> Term:
        """Returns the milligrams of one dose; NULL where there is none or it is withheld."""
        regimen = self._regimen(id)
        needed = [self._node(id), *(self._exact.verdict(part) for part in self._gate(id))]
        shown = combine(needed, lambda parts: truth.conjoin(parts) == truth.TRUE)
        per_kg = self._row(regimen, lambda row: double(row.dose_mg_per_kg))
        return combine(
            (shown, per_kg, Term.column(regimen.weight)),
            lambda parts: ibis.cases((parts[0], (parts[1] * parts[2]).round(DECIMALS))),
        )

    def _shown_row(self, id: str, part: Callable[[DoseRow], Value]) -> Term:
        """Returns something of the row of the dose table that holds, unless its treatment does not
        apply.
        """
        return combine(
            (self._node(id), self._row(self._regimen(id), part)),
            lambda parts: ibis.cases((parts[0] != truth.FALSE, parts[1])),
        )

    def _row(self, regimen: Regimen, part: Callable[[DoseRow], Value]) -> Term:
        """Returns something of the first row that is known to hold; NULL where none is."""
        return combine(
            (self._kleene(row.when) for row in regimen.rows),
            lambda truths: ibis.cases(
                *(
                    (each == truth.TRUE, part(row))
                    for row, each in zip(regimen.rows, truths, strict=True)
                )
            ),
        )

    def _kleene(self, condition: Condition) -> Term:
        needs = frozenset(facts_of(condition))
        for leaf in leaves(condition):
            if isinstance(leaf, Compare) and isinstance(leaf.left, Computed):
                needs |= frozenset(facts_of(leaf.left.valid_when))
        return Term(needs, lambda table: translate(condition, table, self._graph.dictionary))


def _found(diagram: int | None, name: str) -> int:
    if diagram is None:
        raise OutputError(f"`{name}` is too large to be exact in a query; decide cases one by one")
    return diagram


def _word(urgency: guideline_pb2.Urgency.ValueType) -> str:
    return guideline_pb2.Urgency.Name(urgency).removeprefix("URGENCY_")


def _any(tests: Iterable[Value]) -> Value:
    listed = list(tests)
    outcome = listed[0]
    for test in listed[1:]:
        outcome = outcome | test
    return outcome
