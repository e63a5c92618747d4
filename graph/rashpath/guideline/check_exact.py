"""Checks what holds over all cases, with decision diagrams, and keeps them for the walk.

The branches of a decision exclude each other and leave no case out; every node and edge is reached
in some case; a computed number is used only where it exists; a contradiction is never unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from rashpath.expression.decision_diagram import (
    DEFAULT_LIMIT,
    FALSE,
    TRUE,
    Diagrams,
    Restriction,
    TooLargeError,
)
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    GivenLevel,
    Level,
    NumberLevel,
    drawn_together,
    levels_of,
)
from rashpath.expression.tree import Computed, Condition
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.plain import Path
from rashpath.facts.show import symbol
from rashpath.guideline.compile import Compilation
from rashpath.guideline.errors import Faults
from rashpath.guideline.model import Decision, Edge, Reach, Recommendation, Regimen, Start, graph_of

_TOO_LARGE = "is too large to be checked over all cases"


def build_reach(compilation: Compilation, faults: Faults, *, limit: int = DEFAULT_LIMIT) -> Reach:
    """Builds the exact conditions of all nodes and edges, noting every fault on the way.

    Args:
        compilation: the compiled guideline, its structure checked.
        faults: where faults are noted.
        limit: most nodes of all diagrams together; beyond it nodes are left to Kleene's tables.
    """
    conditions = list(_conditions(compilation))
    read = [condition for _, condition in conditions]
    levels = drawn_together(levels_of(read, compilation.dictionary), read)
    diagrams = Diagrams(levels, limit=limit)
    exact = _Exact(diagrams, compilation.dictionary, faults)
    for path, condition in conditions:
        exact.check_guarded(path, condition)
    for index, contradiction in enumerate(compilation.contradictions):
        exact.check_never_unknown(("contradictions", index, "when"), contradiction.condition)
    places = {node.id: index for index, node in enumerate(compilation.nodes)}
    for node in compilation.nodes:
        edges = [edge for edge in compilation.edges if edge.tail == node.id]
        if isinstance(node, Decision):
            exact.check_branches(("nodes", places[node.id]), edges)
        if isinstance(node, Recommendation) and node.regimen is not None:
            exact.check_rows(("nodes", places[node.id], "recommendation", "regimen"), node.regimen)
    graph = graph_of(compilation.nodes, compilation.edges)
    nodes: dict[str, int] = {}
    edges_reached: dict[tuple[str, str], int] = {}
    doses: dict[str, int] = {}
    for id in nx.topological_sort(graph):
        node = compilation.nodes[places[id]]
        into = [edge for edge in compilation.edges if edge.head == id]
        if any(edge.tail not in nodes for edge in into):
            continue
        try:
            for edge in into:
                edges_reached[edge.tail, edge.head] = diagrams.conjoin(
                    (nodes[edge.tail], diagrams.of(edge.condition))
                )
            nodes[id] = (
                TRUE
                if isinstance(node, Start)
                else diagrams.disjoin(edges_reached[edge.tail, edge.head] for edge in into)
            )
            if isinstance(node, Recommendation) and node.regimen is not None:
                gate = (diagrams.of(part.condition) for part in node.regimen.gate)
                doses[id] = diagrams.conjoin((nodes[id], *gate))
        except TooLargeError:
            nodes.pop(id, None)
            continue
        if nodes[id] == FALSE:
            faults.add(("nodes", places[id]), f"`{id}` is reached in no case")
        for edge in into:
            if edges_reached[edge.tail, edge.head] == FALSE:
                faults.add(
                    ("edges", compilation.edges.index(edge)),
                    f"the edge from `{edge.tail}` to `{id}` is taken in no case",
                )
    return Reach(diagrams, nodes, edges_reached, doses, _definitions(compilation, diagrams))


def _definitions(compilation: Compilation, diagrams: Diagrams) -> dict[str, int]:
    found: dict[str, int] = {}
    for id, definition in compilation.definitions.items():
        try:
            found[id] = diagrams.of(definition.condition)
        except TooLargeError:
            continue
    return found


def witness(diagrams: Diagrams, diagram: int, dictionary: Dictionary) -> str:
    """Returns in words one case in which a diagram is true, such as ``rash.trend is SPREADING``.

    Args:
        diagrams: the diagrams.
        diagram: one of them, not always false.
        dictionary: the facts.
    """
    words = []
    while diagram != TRUE:
        index, branches = diagrams.node(diagram)
        branch = next(number for number, inner in enumerate(branches) if inner != FALSE)
        words.append(_region(diagrams.levels[index], branch, dictionary))
        diagram = branches[branch]
    return ", ".join(words) or "every case"


def _region(level: Level, branch: int, dictionary: Dictionary) -> str:
    match level:
        case ChoiceLevel():
            return f"{level.fact} is {symbol(dictionary[level.fact], level.values[branch])}"
        case NumberLevel():
            return f"{level.fact} is {level.partition.samples[branch][0]:g}"
        case ComputedLevel():
            return f"{level.computed.id} is {level.partition.samples[branch][0]:g}"
        case GivenLevel():
            return f"{level.fact} is {'given' if branch else 'not given'}"


def _conditions(compilation: Compilation) -> Iterable[tuple[Path, Condition]]:
    """Yields every condition of the guideline with its place."""
    guideline = compilation.guideline
    for index, definition in enumerate(guideline.definitions):
        compiled = compilation.definitions[definition.id].condition
        yield ("definitions", index, "when"), compiled
    for index, contradiction in enumerate(compilation.contradictions):
        yield ("contradictions", index, "when"), contradiction.condition
    for index, caution in enumerate(compilation.cautions):
        yield ("cautions", index, "when"), caution.condition
    for index, part in enumerate(compilation.not_covered):
        yield ("not_covered", index, "when"), part.condition
    for index, edge in enumerate(compilation.edges):
        if edge.written is not None:
            yield ("edges", index, "when"), edge.written
    for index, node in enumerate(compilation.nodes):
        path = ("nodes", index)
        for number, flag in enumerate(node.flags):
            if flag.when is not None:
                yield (*path, "flags", number, "when"), flag.when
        if not isinstance(node, Recommendation):
            continue
        for number, note in enumerate(node.notes):
            if note.when is not None:
                yield (*path, "recommendation", "notes", number, "when"), note.when
        if node.regimen is not None:
            for number, row in enumerate(node.regimen.rows):
                yield (*path, "recommendation", "regimen", "rows", number, "when"), row.when


class _Exact:
    """The exact checks over one guideline's diagrams."""

    def __init__(self, diagrams: Diagrams, dictionary: Dictionary, faults: Faults) -> None:
        self._diagrams = diagrams
        self._dictionary = dictionary
        self._faults = faults

    def check_guarded(self, path: Path, condition: Condition) -> None:
        """Notes computed numbers that the condition uses where they do not exist."""
        try:
            diagram = self._diagrams.of(condition)
            for level in self._diagrams.support(diagram):
                if not isinstance(level, ComputedLevel):
                    continue
                valid = self._diagrams.of(level.computed.valid_when)
                where_absent = self._diagrams.conjoin((diagram, self._diagrams.negate(valid)))
                if level in self._diagrams.support(where_absent):
                    self._faults.add(path, _unguarded(level.computed))
        except TooLargeError:
            self._faults.add(path, _TOO_LARGE)

    def check_never_unknown(self, path: Path, condition: Condition) -> None:
        """Notes facts that a contradiction reads where they are not given."""
        try:
            diagram = self._diagrams.of(condition)
        except TooLargeError:
            return
        support = self._diagrams.support(diagram)
        for level in sorted(support, key=self._diagrams.levels.index):
            match level:
                case ChoiceLevel() | NumberLevel():
                    regions: list[int | None] = [None] * len(self._diagrams.levels)
                    presence = GivenLevel(level.fact)
                    if presence in self._diagrams.levels:
                        regions[self._diagrams.levels.index(presence)] = 0
                    absent = Restriction(self._diagrams, regions)
                    if level in absent.support(absent.reduce(diagram)):
                        self._faults.add(
                            path, f"reads `{level.fact}` where it is not given; use `has()`"
                        )
                case ComputedLevel():
                    self._faults.add(path, f"reads the computed number `{level.computed.id}`")
                case GivenLevel():
                    pass

    def check_branches(self, path: Path, edges: list[Edge]) -> None:
        """Notes cases in which two branches are taken, or none."""
        try:
            branches = [self._diagrams.of(edge.condition) for edge in edges]
            none = self._diagrams.negate(self._diagrams.disjoin(branches))
            if none != FALSE:
                example = witness(self._diagrams, none, self._dictionary)
                self._faults.add(path, f"no branch is taken where {example}")
            for index, branch in enumerate(branches):
                for other_index, other in enumerate(branches[:index]):
                    both = self._diagrams.conjoin((branch, other))
                    if both != FALSE:
                        example = witness(self._diagrams, both, self._dictionary)
                        self._faults.add(
                            path,
                            f"the branches to `{edges[other_index].head}` and "
                            f"`{edges[index].head}` are both taken where {example}",
                        )
        except TooLargeError:
            self._faults.add(path, _TOO_LARGE)

    def check_rows(self, path: Path, regimen: Regimen) -> None:
        """Notes cases in which two rows of a dose table hold, or an open gate finds none."""
        try:
            rows = [self._diagrams.of(row.when) for row in regimen.rows]
            for index, row in enumerate(rows):
                for other in rows[:index]:
                    both = self._diagrams.conjoin((row, other))
                    if both != FALSE:
                        example = witness(self._diagrams, both, self._dictionary)
                        self._faults.add(
                            (*path, "rows", index), f"overlaps another where {example}"
                        )
            if rows:
                gate = self._diagrams.conjoin(self._diagrams.of(d.condition) for d in regimen.gate)
                uncovered = self._diagrams.conjoin(
                    (gate, self._diagrams.negate(self._diagrams.disjoin(rows)))
                )
                if uncovered != FALSE:
                    example = witness(self._diagrams, uncovered, self._dictionary)
                    self._faults.add(path, f"the gate is open but no row holds where {example}")
        except TooLargeError:
            self._faults.add(path, _TOO_LARGE)


def _unguarded(computed: Computed) -> str:
    return f"uses `{computed.id}` where it does not exist; guard it with `valid({computed.id})`"
