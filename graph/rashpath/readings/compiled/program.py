"""Makes of a guideline what the kernel needs, and generates a function that reads a case.

What the kernel tells is arranged as the readings want it: by stretches of the path, by
recommendation, by what is shown beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, assert_never

from google.protobuf.message import Message

from rashpath.expression.tree import Condition
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, WholeNumber
from rashpath.guideline.model import (
    DecisionGraph,
    Definition,
    Finding,
    Node,
    Recommendation,
    Regimen,
    Start,
)
from rashpath.readings.compiled.image import DoseTable, Told, image
from rashpath.readings.compiled.layers import fact_words
from rashpath.readings.compiled.lower import TRUE_SLOT, Lowering

Values = tuple[Any, ...]
"""A case: for each fact of the dictionary its value; unknown choices are 0, numbers None."""

Read = Callable[[Message], Values | None]
"""Reads a case message; None where a value in it is not a value of its fact."""

LONGEST_STRETCH: Final = 8
"""Most nodes of a stretch of the path; fewer states recur more often."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Nodes that follow each other in topological order, of one lane.

    Args:
        nodes: the nodes.
    """

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a thing stands in what the kernel tells of a case: bytes, but sets by their order.

    The facts to ask for are the first set.

    Args:
        stretches: the stretches of the path; after each node its edges that carry a condition.
        steps: the same node by node.
        recommendations: the recommendations, in topological order.
        findings: the nodes of findings, finding by finding.
        gates: of each recommendation with a dose table the parts of its gate.
        danger: the definition that tells danger.
        beside: contradictions, cautions and what is not covered.
        computed: of each computed number whether it exists, and all that tells why it has no value.
        rows: of each recommendation with a dose table its rows.
        waiting: of each of them all that tells why no row holds.
        against: of each of them, of each part of its gate, all that tells why it is false.
        shown: of each of them, whether its dose may ever be shown.
        conditions: of each recommendation the conditions of its flags and notes.
        numbers: the values of the computed numbers.
        case: the values of the case, as doubles.
        decisive: what decides recommendations, findings, gates and danger.
        waits: of each dose what it waits for.
        defeaters: of each recommendation what could withdraw it.
        size: bytes of all that is told.
    """

    stretches: tuple[slice, ...]
    steps: tuple[slice, ...]
    recommendations: slice
    findings: slice
    gates: tuple[range, ...]
    danger: int
    beside: tuple[slice, ...]
    computed: tuple[slice, ...]
    rows: tuple[range, ...]
    waiting: tuple[slice, ...]
    against: tuple[tuple[slice, ...], ...]
    shown: range
    conditions: tuple[slice, ...]
    numbers: slice
    case: slice
    decisive: range
    waits: range
    defeaters: range
    size: int


@dataclass(frozen=True, slots=True)
class Program:
    """All that the kernel needs of a guideline.

    Args:
        read: reads a case.
        image: what the kernel goes by.
        stretches: the stretches, in order.
        places: where what it tells stands.
        dosed: the recommendations with a dose table: the place of each, and its regimen.
        words: words of a set of facts.
        steps: how many steps it takes to Kleene's truths.
    """

    read: Read
    image: bytes
    stretches: tuple[Stretch, ...]
    places: Places
    dosed: tuple[tuple[int, Regimen], ...]
    words: int
    steps: int


def program(graph: DecisionGraph) -> Program:
    """Lowers a guideline whose nodes all have diagrams."""
    stretches = tuple(_stretches(graph))
    reach = graph.reach
    lowering = Lowering(graph.dictionary)
    reached: dict[str, int] = {}
    taken: dict[tuple[str, str], int] = {}
    for node in graph.order:
        entries = (taken[edge.tail, edge.head] for edge in graph.into(node.id))
        reached[node.id] = TRUE_SLOT if isinstance(node, Start) else lowering.disjoin(entries)
        for edge in graph.out_of(node.id):
            taken[edge.tail, edge.head] = lowering.conjoin(
                (reached[node.id], lowering.truth(edge.condition))
            )
    dosed = dosed_of(graph)
    told = _Listed()
    diagrams: list[int] = []

    def nodes(listed: Sequence[Node]) -> slice:
        diagrams.extend(reach.nodes.get(node.id, 1) for node in listed)
        return told.add(reached[node.id] for node in listed)

    def definitions(parts: Sequence[Definition]) -> slice:
        diagrams.extend(reach.definitions[part.id] for part in parts)
        return told.add(lowering.truth(part.condition) for part in parts)

    recommendations = nodes(graph.recommendations)
    findings = nodes(findings_of(graph))
    gates = [definitions(regimen.gate) for _, regimen in dosed]
    danger = definitions([graph.red_flag]).start
    decisive = len(told.slots)
    path: list[slice] = []
    steps: list[slice] = []
    for stretch in stretches:
        first = len(told.slots)
        for node in stretch.nodes:
            start = nodes([node]).start
            edges = [edge for edge in graph.out_of(node.id) if edge.conditional]
            diagrams += [reach.edges[edge.tail, edge.head] for edge in edges]
            steps.append(slice(start, told.add(taken[e.tail, e.head] for e in edges).stop))
        path.append(slice(first, len(told.slots)))
    beside = [
        told.add(lowering.truth(part.condition) for part in parts)
        for parts in (graph.contradictions, graph.cautions, graph.not_covered)
    ]
    numbers = [lowering.computed(named.number)[0] for named in graph.computed.values()]
    computed = [told.add(lowering.state(named.number)) for named in graph.computed.values()]
    rows = [told.add(lowering.truth(row.when) for row in regimen.rows) for _, regimen in dosed]
    waiting = [
        told.add(dict.fromkeys(slot for row in regimen.rows for slot in lowering.reasons(row.when)))
        for _, regimen in dosed
    ]
    against = [
        [told.add(lowering.reasons(part.condition)) for part in regimen.gate]
        for _, regimen in dosed
    ]
    conditions = [
        told.add(lowering.truth(when) for when in conditions_of(node))
        for node in graph.recommendations
    ]
    doses = [
        DoseTable(
            truth=index,
            weight=lowering.fact(regimen.weight),
            diagram=reach.doses.get(graph.recommendations[index].id),
            gate=_range(gate),
            rows=_range(its),
            waits=lowering.union(lowering.unknown_in(row.when) for row in regimen.rows),
        )
        for (index, regimen), gate, its in zip(dosed, gates, rows, strict=True)
    ]
    written = image(
        lowering,
        graph.dictionary,
        reach.diagrams,
        Told(
            truths=told.slots,
            conclusions=recommendations.stop,
            asking=findings.stop,
            decisive=decisive,
            diagrams=diagrams,
            numbers=numbers,
        ),
        doses,
    )
    words = fact_words(graph.dictionary)
    waits = range(1 + decisive, 1 + decisive + len(doses))
    defeaters = range(waits.stop, waits.stop + recommendations.stop)
    first_number = 8 * words * defeaters.stop
    first_value = first_number + 8 * len(numbers)
    first = first_value + 8 * len(graph.dictionary)

    def here(part: slice) -> slice:
        return slice(first + part.start, first + part.stop)

    end = first + len(told.slots)
    return Program(
        read=run("read", _reader(graph.dictionary)),
        image=written,
        stretches=stretches,
        places=Places(
            stretches=tuple(map(here, path)),
            steps=tuple(map(here, steps)),
            recommendations=here(recommendations),
            findings=here(findings),
            gates=tuple(_range(here(gate)) for gate in gates),
            danger=first + danger,
            beside=tuple(map(here, beside)),
            computed=tuple(map(here, computed)),
            rows=tuple(_range(here(its)) for its in rows),
            waiting=tuple(map(here, waiting)),
            against=tuple(tuple(map(here, parts)) for parts in against),
            shown=range(end, end + len(doses)),
            conditions=tuple(map(here, conditions)),
            numbers=slice(first_number, first_value),
            case=slice(first_value, first),
            decisive=range(1, 1 + decisive),
            waits=waits,
            defeaters=defeaters,
            size=end + len(doses),
        ),
        dosed=dosed,
        words=words,
        steps=len(lowering.steps),
    )


class _Listed:
    """The slots of what is told, one after the other."""

    def __init__(self) -> None:
        self.slots: list[int] = []

    def add(self, slots: Iterable[int]) -> slice:
        """Adds slots, and returns where they stand."""
        start = len(self.slots)
        self.slots += slots
        return slice(start, len(self.slots))


def _range(places: slice) -> range:
    return range(places.start, places.stop)


def dosed_of(graph: DecisionGraph) -> tuple[tuple[int, Regimen], ...]:
    """Returns the recommendations with a dose table: the place of each, and its regimen."""
    return tuple(
        (index, node.regimen)
        for index, node in enumerate(graph.recommendations)
        if node.regimen is not None and node.regimen.rows
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
            yield Stretch(part)


def run(name: str, source: str) -> Callable[..., Any]:
    """Returns a function of generated source.

    Args:
        name: its name in the source.
        source: it holds operators, numbers, the paths of facts, and no text of a guideline.
    """
    names: dict[str, Any] = {}
    exec(compile(source, f"<generated {name}>", "exec"), names)
    function: Callable[..., Any] = names[name]
    return function


def _reader(dictionary: Dictionary) -> str:
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
    return "\n".join([*lines, f"    return {values}"])


def _tuple(parts: Iterable[str]) -> str:
    parts = list(parts)
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
