"""Checks the shape of the graph: one root, no cycle, every node reachable, edges that fit."""

from __future__ import annotations

from collections import Counter
from typing import assert_never

import networkx as nx

from rashpath.guideline.compile import Compilation
from rashpath.guideline.errors import Faults
from rashpath.guideline.model import (
    All,
    Decision,
    Edge,
    End,
    Finding,
    Recommendation,
    Start,
    graph_of,
)


def check_structure(compilation: Compilation, faults: Faults) -> None:
    """Notes every fault of the shape of the graph.

    Args:
        compilation: the compiled guideline.
        faults: where faults are noted.
    """
    places = {node.id: index for index, node in enumerate(compilation.nodes)}
    seen: set[tuple[str, str]] = set()
    for index, edge in enumerate(compilation.edges):
        for field, id in (("from_node", edge.tail), ("to_node", edge.head)):
            if id not in places:
                faults.add(("edges", index, field), f"`{id}` is not a node")
        if (edge.tail, edge.head) in seen:
            faults.add(
                ("edges", index), f"there is already an edge from `{edge.tail}` to `{edge.head}`"
            )
        seen.add((edge.tail, edge.head))
    faults.raise_if_any()
    _check_shape(compilation, places, faults)
    for node in compilation.nodes:
        _check_edges(
            compilation,
            node.id,
            [edge for edge in compilation.edges if edge.tail == node.id],
            faults,
        )
    _check_findings(compilation, places, faults)


def _check_shape(compilation: Compilation, places: dict[str, int], faults: Faults) -> None:
    graph = graph_of(compilation.nodes, compilation.edges)
    starts = [node.id for node in compilation.nodes if isinstance(node, Start)]
    if not starts:
        faults.add(("nodes",), "there is no start")
        return
    for id in starts[1:]:
        faults.add(("nodes", places[id]), f"`{id}` is a second start beside `{starts[0]}`")
    if not nx.is_directed_acyclic_graph(graph):
        way = [tail for tail, _ in nx.find_cycle(graph)]
        shown = " -> ".join(f"`{id}`" for id in [*way, way[0]])
        faults.add(("nodes", places[way[0]]), f"is on a cycle: {shown}")
    reachable = {starts[0], *nx.descendants(graph, starts[0])}
    for id, index in places.items():
        if id in starts:
            continue
        if graph.in_degree(id) == 0:
            faults.add(("nodes", index), f"`{id}` is a second root: no edge enters it")
        elif id not in reachable:
            faults.add(("nodes", index), f"`{id}` cannot be reached from `{starts[0]}`")
    for tail, head in graph.in_edges(starts):
        faults.add(("nodes", places[head]), f"an edge from `{tail}` enters the start")


def _check_edges(compilation: Compilation, id: str, edges: list[Edge], faults: Faults) -> None:
    places = {node.id: index for index, node in enumerate(compilation.nodes)}
    node = compilation.nodes[places[id]]
    path = ("nodes", places[id])
    conditional = [
        edge
        for edge in edges
        if edge.otherwise or compilation.guideline.edges[compilation.edges.index(edge)].when
    ]
    match node:
        case Decision():
            if len(edges) < 2:
                faults.add(path, f"`{id}` is a decision with fewer than two branches")
            for edge in edges:
                index = compilation.edges.index(edge)
                if bool(compilation.guideline.edges[index].when) == edge.otherwise:
                    faults.add(("edges", index), "a branch has a condition or is `otherwise`")
                if not edge.text.clinician or not edge.text.patient:
                    faults.add(("edges", index), "a branch needs a text for both audiences")
            if sum(edge.otherwise for edge in edges) > 1:
                faults.add(path, f"`{id}` has more than one `otherwise`")
        case Start() | All() | Finding() | Recommendation():
            for edge in conditional:
                index = compilation.edges.index(edge)
                faults.add(("edges", index), f"`{id}` is no decision; its edges have no condition")
            if not edges and isinstance(node, Start | All):
                faults.add(path, f"`{id}` leads nowhere")
        case End():
            if edges:
                faults.add(path, f"`{id}` is an end, but an edge leaves it")
        case _:
            assert_never(node)


def _check_findings(compilation: Compilation, places: dict[str, int], faults: Faults) -> None:
    values = Counter(
        (node.finding, node.value) for node in compilation.nodes if isinstance(node, Finding)
    )
    for node in compilation.nodes:
        if isinstance(node, Finding) and values[node.finding, node.value] > 1:
            faults.add(
                ("nodes", places[node.id]), f"`{node.finding}` has the value `{node.value}` twice"
            )
