"""Generates the two functions of a guideline: one reads a case, one works out every truth in it.

What they return is arranged as the readings want it: by stretches of the path, by recommendation,
by what is shown beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, assert_never

from google.protobuf.message import Message

from rashpath.expression.tree import Condition
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, WholeNumber
from rashpath.guideline.model import (
    DecisionGraph,
    Edge,
    Finding,
    Node,
    Recommendation,
    Start,
)
from rashpath.readings.compiled.emit import Emitter, run

Values = tuple[Any, ...]
"""A case: for each fact of the dictionary its value; unknown choices are 0, numbers None."""

Worked = tuple[Any, ...]
"""What the second function returns; see :class:`Program`."""

Read = Callable[[Message], Values | None]
"""Reads a case message; None where a value in it is not a value of its fact."""

LONGEST_STRETCH: Final = 8
"""Most nodes of a stretch of the path; fewer states recur more often."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Nodes that follow each other in topological order, of one lane.

    Args:
        nodes: the nodes.
        edges: their outgoing edges that carry a condition, node by node.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """The generated functions of a guideline.

    Args:
        read: reads a case.
        work: takes the values of a case and returns, as tuples of truths unless said otherwise:
            the stretches, nodes first, then edges; the recommendations; the nodes of findings;
            the definition that tells danger, contradictions, cautions and what is not covered; of
            each computed number its value, whether it exists, the facts that its formula waits
            for, as bits, and its state; of each recommendation with a dose table its rows, the
            facts that these wait for, as bits, and its gate; of each recommendation the
            conditions of its flags and notes.
        stretches: the stretches, in order.
        source: source of both, to be looked at.
    """

    read: Read
    work: Callable[[Values], Worked]
    stretches: tuple[Stretch, ...]
    source: str


def program(graph: DecisionGraph) -> Program:
    """Generates the functions of a guideline."""
    stretches = tuple(_stretches(graph))
    emitter = Emitter(graph.dictionary)
    reached: dict[str, str] = {}
    taken: dict[tuple[str, str], str] = {}
    for node in graph.order:
        entries = (taken[edge.tail, edge.head] for edge in graph.into(node.id))
        reached[node.id] = "3" if isinstance(node, Start) else emitter.join("|", entries)
        for edge in graph.out_of(node.id):
            taken[edge.tail, edge.head] = emitter.join(
                "&", (reached[node.id], emitter.truth(edge.condition))
            )
    truths = [
        [
            *(reached[node.id] for node in stretch.nodes),
            *(taken[edge.tail, edge.head] for edge in stretch.edges),
        ]
        for stretch in stretches
    ]
    conclusions = [
        [reached[node.id] for node in nodes]
        for nodes in (graph.recommendations, findings_of(graph))
    ]
    beside = [
        [emitter.truth(part.condition) for part in parts]
        for parts in (
            (graph.red_flag,),
            graph.contradictions,
            graph.cautions,
            graph.not_covered,
        )
    ]
    computed = [
        [
            *emitter.computed(named.number),
            emitter.waits_for(named.number),
            emitter.state(named.number),
        ]
        for named in graph.computed.values()
    ]
    doses, conditional = [], []
    for node in graph.recommendations:
        conditional.append([emitter.truth(when) for when in conditions_of(node)])
        regimen = node.regimen
        if regimen is not None and regimen.rows:
            rows = [emitter.truth(row.when) for row in regimen.rows]
            waits = [emitter.unknown_in(row.when) for row in regimen.rows]
            gate = [emitter.truth(part.condition) for part in regimen.gate]
            doses.append(_tuple([_tuple(rows), _tuple(waits), _tuple(gate)]))
    outcome = _tuple(
        [
            _tuple(map(_tuple, truths)),
            *map(_tuple, conclusions),
            _tuple(map(_tuple, beside)),
            _tuple(map(_tuple, computed)),
            _tuple(doses),
            _tuple(map(_tuple, conditional)),
        ]
    )
    count = len(graph.dictionary)
    unpack = _tuple(f"f{index}" for index in range(count))
    body = [f"{unpack} = values", *emitter.lines, f"return {outcome}"]
    work = "\n".join(["def work(values):", *(f"    {line}" for line in body)])
    read, constants = _reader(graph.dictionary)
    return Program(
        read=run("read", read, constants),
        work=run("work", work, emitter.constants),
        stretches=stretches,
        source=f"{read}\n\n{work}\n",
    )


def findings_of(graph: DecisionGraph) -> tuple[Finding, ...]:
    """Returns the nodes of all findings, finding by finding."""
    return tuple(node for nodes in graph.findings.values() for node in nodes)


def conditions_of(node: Recommendation) -> list[Condition]:
    """Returns the conditions of a recommendation's flags and notes, in a fixed order."""
    flags = [*node.flags, *(flag for note in node.notes for flag in note.flags)]
    conditions = [*(flag.when for flag in flags), *(note.when for note in node.notes)]
    return [when for when in conditions if when is not None]


def _stretches(graph: DecisionGraph) -> Iterable[Stretch]:
    for _, group in groupby(graph.order, key=lambda node: node.lane):
        nodes = tuple(group)
        count = -(-len(nodes) // LONGEST_STRETCH)
        size = -(-len(nodes) // count)
        for start in range(0, len(nodes), size):
            part = nodes[start : start + size]
            edges = (edge for node in part for edge in graph.out_of(node.id) if edge.conditional)
            yield Stretch(part, tuple(edges))


def _reader(dictionary: Dictionary) -> tuple[str, dict[str, object]]:
    lines = ["def read(case):"]
    groups: dict[str, None] = {}
    choices: dict[tuple[int, ...], list[str]] = {}
    for fact in dictionary:
        group, _, name = fact.path.partition(".")
        if group not in groups:
            groups[group] = None
            lines.append(f"    group = case.{group}")
        variable = f"f{fact.order}"
        match fact.kind:
            case Choice() as choice:
                lines.append(f"    {variable} = group.{name}")
                numbers = tuple(value.number for value in choice.values)
                choices.setdefault(numbers, []).append(variable)
            case WholeNumber() | DecimalNumber() as kind:
                # What is not 0 is given; only for a 0 it takes a second look.
                given = f'{variable} if group.HasField("{name}") else None'
                hard = f"{kind.hard.minimum:.17g} <= {variable} <= {kind.hard.maximum:.17g}"
                lines.append(f"    {variable} = group.{name}")
                lines.append(f"    if not {variable}: {variable} = {given}")
                lines.append(f"    if {variable} is not None and not {hard}: return None")
            case _:
                assert_never(fact.kind)
    for numbers, variables in choices.items():
        allowed = f"{set(numbers) | {0}}"
        lines.append(f"    if not {{{', '.join(variables)}}} <= {allowed}: return None")
    values = _tuple(f"f{index}" for index in range(len(dictionary)))
    return "\n".join([*lines, f"    return {values}"]), {}


def _tuple(parts: Iterable[str]) -> str:
    parts = list(parts)
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
