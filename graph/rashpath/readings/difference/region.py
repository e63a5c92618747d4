"""Describes where a diagram is true: a short list of conditions in the words of the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, NumberLevel
from rashpath.expression.partition import Partition
from rashpath.facts.dictionary import Choice, WholeNumber
from rashpath.facts.show import number_text, unit_name
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.difference.common import Common
from rashpath.readings.words import label

MOST_CONDITIONS = 3
MOST_COUNTED = 10
"""Further conditions are counted up to here, then said to be more."""

_MOST_NODES = 6_000
"""Nodes that one description may add to the diagrams."""

Cube = dict[int, frozenset[int]]
"""A condition: for each level that matters, the branches that it may have."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a diagram is true.

    Args:
        conditions: each one suffices, in a case that is spoken of; together, with what is left out,
            they are all.
        left_out: how many further conditions there are.
        more: True if there are even more than that.
    """

    conditions: tuple[str, ...]
    left_out: int
    more: bool


def describe(
    diagrams: Common, diagram: int, within: int, graphs: tuple[DecisionGraph, ...]
) -> Region:
    """Describes where a diagram is true among some cases, the widest conditions first.

    Args:
        diagrams: the diagrams.
        diagram: one of them.
        within: the cases that are spoken of; what they have in common is not said.
        graphs: guidelines whose words to use; the first that has a computed number names it.
    """
    cubes: list[Cube] = []
    more = False
    most = len(diagrams) + _MOST_NODES
    for cube in _cover(diagrams, diagram, within):
        if len(cubes) == MOST_CONDITIONS + MOST_COUNTED or (cubes and len(diagrams) > most):
            more = True
            break
        cubes.append(cube)
    cubes.sort(key=len)
    said = tuple(words(diagrams, cube, graphs) for cube in cubes[:MOST_CONDITIONS])
    return Region(said, max(len(cubes) - MOST_CONDITIONS, 0), more)


def words(diagrams: Common, cube: Cube, graphs: tuple[DecisionGraph, ...]) -> str:
    """Says a condition, such as ``rash trend: spreading; days on therapy: 7 days or more``."""
    parts: dict[str, str] = {}
    for index, branches in sorted(cube.items(), reverse=True):
        level = diagrams.levels[index]
        match level:
            case ChoiceLevel(fact, values):
                kind = graphs[0].dictionary[fact].kind
                assert isinstance(kind, Choice)
                chosen = {values[branch] for branch in branches}
                named = [v.label.clinician for v in kind.values if v.number in chosen]
                parts[fact] = f"{label(graphs[0], fact, Audience.CLINICIAN)}: {' or '.join(named)}"
            case NumberLevel(fact, partition):
                kind = graphs[0].dictionary[fact].kind
                assert not isinstance(kind, Choice)
                whole = isinstance(kind, WholeNumber)
                text = range_words(partition, branches, kind.unit, whole=whole)
                parts[fact] = f"{label(graphs[0], fact, Audience.CLINICIAN)}: {text}"
            case ComputedLevel(computed, partition):
                name, unit = _computed(computed.id, graphs)
                text = range_words(partition, branches, unit, whole=False)
                parts[computed.id] = f"{name}: {text}"
            case GivenLevel(fact):
                state = "given" if branches == {1} else "not given"
                name = label(graphs[0], fact, Audience.CLINICIAN)
                parts.setdefault(fact, f"{name}: {state}")
            case _:
                assert_never(level)
    # The facts in their order, what is computed from them behind.
    order = {fact.path: fact.order for fact in graphs[0].dictionary}
    names = sorted(parts, key=lambda name: (order.get(name, len(order)), name))
    return "; ".join(parts[name] for name in names) or "every case"


def range_words(partition: Partition, regions: frozenset[int], unit: str, *, whole: bool) -> str:
    """Says in which range a number lies, such as ``4 days or more and less than 7 days``."""

    def amount(value: float) -> str:
        return f"{number_text(value)} {unit_name(unit, value)}".rstrip()

    stretches: list[tuple[int, int]] = []
    for slot, region in enumerate(partition.regions):
        if region < 0 or region not in regions:
            continue
        if stretches and _empty_between(partition, stretches[-1][1], slot):
            stretches[-1] = stretches[-1][0], slot
        else:
            stretches.append((slot, slot))
    inside = [slot for slot, region in enumerate(partition.regions) if region >= 0]
    said = []
    for first, last in stretches:
        if first == last and first % 2:
            said.append(amount(partition.thresholds[first // 2]))
            continue
        ends = []
        if first > inside[0]:
            mark = partition.thresholds[(first - 1) // 2 if first % 2 == 0 else first // 2]
            ends.append(f"{amount(mark)} or more" if first % 2 else f"more than {amount(mark)}")
        if last < inside[-1]:
            mark = partition.thresholds[last // 2]
            ends.append(f"{amount(mark)} or less" if last % 2 else f"less than {amount(mark)}")
        said.append(" and ".join(ends) or "any")
    return ", or ".join(said)


def _empty_between(partition: Partition, last: int, slot: int) -> bool:
    return all(partition.regions[between] < 0 for between in range(last + 1, slot))


def _computed(id: str, graphs: tuple[DecisionGraph, ...]) -> tuple[str, str]:
    name = id.removesuffix(" (after)")
    owners = reversed(graphs) if name != id else graphs
    for graph in owners:
        if name in graph.computed:
            named = graph.computed[name]
            marked = " as computed after" if name != id else ""
            return f"{named.label.clinician}{marked}", named.unit
    return id, ""


def _cover(diagrams: Common, diagram: int, within: int) -> Iterator[Cube]:
    """Yields conditions that together are true, of some cases, just where the diagram is."""
    allowed = diagrams.disjoin((diagram, diagrams.negate(within)))
    remaining = diagram
    while remaining != FALSE:
        cube = _widened(diagrams, _shortest(diagrams, remaining), allowed)
        yield cube
        remaining = diagrams.conjoin((remaining, diagrams.negate(_diagram(diagrams, cube))))


def _shortest(diagrams: Common, diagram: int) -> Cube:
    lengths: dict[int, int] = {TRUE: 0}

    def length(node: int) -> int:
        if node == FALSE:
            return len(diagrams.levels) + 1
        if node not in lengths:
            lengths[node] = 1 + min(length(inner) for inner in diagrams.node(node)[1])
        return lengths[node]

    cube: Cube = {}
    while diagram != TRUE:
        index, branches = diagrams.node(diagram)
        best = min(branches, key=length)
        cube[index] = frozenset(branch for branch, inner in enumerate(branches) if inner == best)
        diagram = best
    return cube


def _widened(diagrams: Common, cube: Mapping[int, frozenset[int]], diagram: int) -> Cube:
    """Returns a condition that says as little as it can and still implies the diagram."""
    wide = dict(cube)
    for index in sorted(cube):
        without = {level: branches for level, branches in wide.items() if level != index}
        if _implied(diagrams, without, diagram):
            wide = without
    for index in sorted(wide):
        for branch in range(diagrams.width(index)):
            wider = wide | {index: wide[index] | {branch}}
            if branch not in wide[index] and _implied(diagrams, wider, diagram):
                wide = wider
    return wide


def _implied(diagrams: Common, cube: Mapping[int, frozenset[int]], diagram: int) -> bool:
    """Tells whether a diagram is true wherever a condition holds, without building one."""
    seen: set[int] = set()
    pending = [diagram]
    while pending:
        node = pending.pop()
        if node == FALSE:
            return False
        if node == TRUE or node in seen:
            continue
        seen.add(node)
        index, branches = diagrams.node(node)
        allowed = cube.get(index)
        pending.extend(
            inner for branch, inner in enumerate(branches) if allowed is None or branch in allowed
        )
    return True


def _diagram(diagrams: Common, cube: Mapping[int, frozenset[int]]) -> int:
    return diagrams.conjoin(
        diagrams.literal(index, branches) for index, branches in sorted(cube.items(), reverse=True)
    )
