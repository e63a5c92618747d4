"""Writes a guideline as one query over a table of cases, the same for every database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from rashpath.guideline.model import DecisionGraph
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.case_table import FAULT, case_table, fault, read, unknown
from rashpath.readings.cohort.columns import OutputColumns, node_diagram
from rashpath.readings.cohort.exact import ExactColumns
from rashpath.readings.cohort.layers import Layers, Term
from rashpath.readings.cohort.levels import LevelTests
from rashpath.readings.cohort.outputs import Output, OutputError, OutputKind
from rashpath.readings.cohort.plan import planner_of
from rashpath.readings.cohort.truth import Value

VERDICT_WORDS: Final = {
    truth.TRUE: "APPLIES",
    truth.UNKNOWN: "UNDETERMINED",
    truth.FALSE: "DOES_NOT_APPLY",
}


@dataclass(frozen=True, slots=True)
class Query:
    """A guideline over a table of cases.

    Args:
        table: the key, the outputs in their order, and last the fault of a row: true where a fact
            is not what the dictionary allows. Verdicts are truth values as numbers.
        outputs: the outputs.
        key: name of the column that names a case.
    """

    table: ir.Table
    outputs: tuple[Output, ...]
    key: str

    def worded(self) -> ir.Table:
        """Returns the table with verdicts in words; a row with a fault has none, and no dose."""
        sound = ~self.table[FAULT]
        columns: dict[str, Value] = {self.key: self.table[self.key]}
        for output in self.outputs:
            value = self.table[output.name]
            if output.kind is OutputKind.VERDICT:
                columns[output.name] = ibis.cases(
                    *(((value == code) & sound, word) for code, word in VERDICT_WORDS.items())
                )
            else:
                columns[output.name] = ibis.cases((sound, value))
        return self.table.select(**columns, **{FAULT: self.table[FAULT]})


@dataclass(frozen=True, slots=True)
class Ways:
    """Which nodes a case reaches, and which edges it takes.

    Args:
        table: a truth value for each node and edge, in columns `node_0` ... and `edge_0` ..., and
            the fault of a row.
        nodes: ids of the nodes, in the order of their columns.
        edges: tails and heads of the edges, in the order of theirs.
    """

    table: ir.Table
    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]


def query(
    graph: DecisionGraph,
    outputs: Sequence[Output],
    *,
    key: str,
    key_type: str = "string",
    facts: Iterable[str] | None = None,
    search: bool = True,
) -> Query:
    """Writes a guideline as a query.

    Args:
        graph: the guideline.
        outputs: what is wanted of it.
        key: name of the column that names a case.
        key_type: its type, in Ibis's words.
        facts: paths of the facts that the table has; None: all.
        search: look for the shortest query, which takes seconds and pays for a million cases.

    Raises:
        OutputError: an output is too large to be exact.
    """
    layers, fault_of_row = _base(graph, key, key_type, facts)
    written = OutputColumns(
        graph, outputs, layers, LevelTests(layers, graph.dictionary), search=search
    )
    columns = {key: Term.column(key)}
    columns |= {output.name: written.column(output) for output in outputs}
    return Query(layers.select(columns | {FAULT: fault_of_row}), tuple(outputs), key)


def ways(
    graph: DecisionGraph, *, key: str, key_type: str = "string", facts: Iterable[str] | None = None
) -> Ways:
    """Writes which nodes are reached and which edges are taken; arguments as of :func:`query`.

    Raises:
        OutputError: a node or an edge is too large to be exact.
    """
    layers, fault_of_row = _base(graph, key, key_type, facts)
    nodes = tuple(node.id for node in graph.order)
    edges = tuple((edge.tail, edge.head) for node in graph.order for edge in graph.out_of(node.id))
    missing = [edge for edge in edges if edge not in graph.reach.edges]
    if missing:
        raise OutputError(f"the edge from `{missing[0][0]}` is too large to be exact")
    roots = {f"node_{index}": node_diagram(graph, node) for index, node in enumerate(nodes)}
    roots |= {f"edge_{index}": graph.reach.edges[edge] for index, edge in enumerate(edges)}
    exact = ExactColumns(
        planner_of(graph, search=False),
        roots.values(),
        layers,
        LevelTests(layers, graph.dictionary),
    )
    columns = {name: exact.verdict(diagram) for name, diagram in roots.items()}
    return Ways(layers.select(columns | {FAULT: fault_of_row}), nodes, edges)


def _base(
    graph: DecisionGraph, key: str, key_type: str, facts: Iterable[str] | None
) -> tuple[Layers, Term]:
    """Returns the layers over the facts as the readings take them, and the fault of a row."""
    dictionary = graph.dictionary
    wanted = None if facts is None else frozenset(facts)
    given = [fact for fact in dictionary if wanted is None or fact.path in wanted]
    raw = case_table(dictionary, [fact.path for fact in given], key, key_type)
    layers = Layers(
        raw.select(
            **{key: raw[key]},
            **{
                fact.path: read(fact, raw[fact.path]) if fact in given else unknown(fact)
                for fact in dictionary
            },
        )
    )
    faults = Term(
        frozenset(fact.path for fact in given),
        lambda table: (
            truth.disjoin([truth.small(0), *(fault(fact, table[fact.path]) for fact in given)]) < 0
        ),
    )
    return layers, layers.add(FAULT, faults)
