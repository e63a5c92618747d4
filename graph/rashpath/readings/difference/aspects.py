"""What two guidelines are compared by: each thing that an answer can say, as a diagram of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from rashpath.expression.decision_diagram import FALSE, TRUE
from rashpath.facts.show import number_text
from rashpath.guideline.model import DecisionGraph, Recommendation, Start
from rashpath.readings.difference.common import Common, Side
from rashpath.v1 import guideline_pb2


class Kind(Enum):
    """What kind of thing an answer says."""

    RECOMMENDATION = "recommendation"
    FINDING = "finding"
    DOSE_ROW = "dose row"
    DOSE_GIVEN = "dose in milligrams"
    URGENCY = "urgency"
    RED_FLAG = "red flag"
    CONTRADICTION = "contradiction"
    CAUTION = "caution"
    NOT_COVERED = "not covered"


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that an answer can say.

    Args:
        kind: what kind of thing.
        id: of the recommendation, finding, definition or caution; empty for the urgency.
        value: of a finding or urgency, or the dose of a row; empty otherwise.
        before: where the first guideline says it; FALSE where it cannot.
        after: where the second one does.
        added: True if the first one has nothing of that name.
        removed: True if the second one has nothing of that name.
    """

    kind: Kind
    id: str
    value: str
    before: int
    after: int
    added: bool
    removed: bool

    @property
    def name(self) -> str:
        """Names the aspect in words, such as ``dose row of start_foscarnet: 40 mg/kg ...``."""
        match self.kind:
            case Kind.URGENCY:
                return f"urgency of {self.value} or more"
            case Kind.DOSE_ROW:
                return f"dose row of {self.id}: {self.value}"
            case Kind.DOSE_GIVEN:
                return f"dose in milligrams of {self.id}"
            case Kind.FINDING:
                return f"finding {self.id}: {self.value}"
            case kind:
                return f"{kind.value} {self.id}"


_Said = dict[tuple[Kind, str, str], int]


def aspects(diagrams: Common, before: Side, after: Side) -> Iterator[Aspect]:
    """Yields all that the answers of two guidelines can say, in the order of the first.

    Raises:
        TooLargeError: the diagrams of both do not fit the limit.
    """
    nodes = _reached(diagrams, before), _reached(diagrams, after)
    first, second = _said(diagrams, before, nodes[0]), _said(diagrams, after, nodes[1])
    for recommendation in before.graph.recommendations:
        # Doses are compared where both guidelines recommend what they are doses of.
        id = recommendation.id
        if id in recommendations_of(after.graph):
            both = diagrams.conjoin((nodes[0][id], nodes[1][id]))
            first |= _doses(diagrams, before, id, both)
            second |= _doses(diagrams, after, id, both)
    for key in dict.fromkeys((*first, *second)):
        kind, id, value = key
        yield Aspect(
            kind,
            id,
            value,
            first.get(key, FALSE),
            second.get(key, FALSE),
            added=key not in first,
            removed=key not in second,
        )


def urgencies(diagrams: Common, before: Side, after: Side) -> dict[str, bool]:
    """Tells for each urgency whether both guidelines reach it in the same cases, known or not.

    An answer has an urgency where some recommendation of that urgency applies for certain. That is
    the same in both where the same conditions carry it, those left out that another one implies.
    """
    nodes = _reached(diagrams, before), _reached(diagrams, after)
    carried = [
        {each.id: (nodes[number][each.id], each.urgency) for each in side.graph.recommendations}
        for number, side in enumerate((before, after))
    ]
    if carried[0] == carried[1]:
        return {name: True for name, _ in _levels()}
    return {
        name: _widest(diagrams, before.graph, nodes[0], urgency)
        == _widest(diagrams, after.graph, nodes[1], urgency)
        for name, urgency in _levels()
    }


def _widest(
    diagrams: Common,
    graph: DecisionGraph,
    nodes: Mapping[str, int],
    urgency: guideline_pb2.Urgency.ValueType,
) -> frozenset[int]:
    carrying = {nodes[each.id] for each in graph.recommendations if each.urgency >= urgency}
    return frozenset(
        one
        for one in carrying
        if not any(other != one and diagrams.implies(one, other) for other in carrying)
    )


def _said(diagrams: Common, side: Side, nodes: Mapping[str, int]) -> _Said:
    graph = side.graph
    said: _Said = {}
    for recommendation in graph.recommendations:
        said[Kind.RECOMMENDATION, recommendation.id, ""] = nodes[recommendation.id]
    for id, findings in graph.findings.items():
        for finding in findings:
            key = Kind.FINDING, id, finding.value
            said[key] = diagrams.disjoin((said.get(key, FALSE), nodes[finding.id]))
    for name, urgency in _levels():
        said[Kind.URGENCY, "", name] = diagrams.disjoin(
            nodes[each.id] for each in graph.recommendations if each.urgency >= urgency
        )
    flag = diagrams.of(side.condition(graph.red_flag.condition))
    said[Kind.RED_FLAG, "red_flag", ""] = flag
    for kind, group in (
        (Kind.CONTRADICTION, graph.contradictions),
        (Kind.CAUTION, graph.cautions),
        (Kind.NOT_COVERED, graph.not_covered),
    ):
        for part in group:
            said[kind, part.id, ""] = diagrams.of(side.condition(part.condition))
    return said


def _doses(diagrams: Common, side: Side, id: str, both: int) -> _Said:
    """Returns when each row of a dose table holds and when milligrams are shown."""
    regimen = recommendations_of(side.graph)[id].regimen
    said: _Said = {}
    if regimen is None or not regimen.rows:
        return said
    gate = [diagrams.of(side.condition(part.condition)) for part in regimen.gate]
    said[Kind.DOSE_GIVEN, id, ""] = diagrams.conjoin((both, *gate))
    for row in regimen.rows:
        key = Kind.DOSE_ROW, id, dose_words(row.dose_mg_per_kg, row.interval_hours)
        held = diagrams.conjoin((both, diagrams.of(side.condition(row.when))))
        said[key] = diagrams.disjoin((said.get(key, FALSE), held))
    return said


def dose_words(mg_per_kg: float, hours: int) -> str:
    """Says the dose of a row, such as ``40 mg/kg every 8 hours``."""
    return f"{number_text(mg_per_kg)} mg/kg every {hours} hours"


def _reached(diagrams: Common, side: Side) -> dict[str, int]:
    """Returns where each node is reached."""
    nodes: dict[str, int] = {}
    for node in side.graph.order:
        if isinstance(node, Start):
            nodes[node.id] = TRUE
            continue
        nodes[node.id] = diagrams.disjoin(
            diagrams.conjoin((nodes[edge.tail], diagrams.of(side.condition(edge.condition))))
            for edge in side.graph.into(node.id)
        )
    return nodes


def _levels() -> list[tuple[str, guideline_pb2.Urgency.ValueType]]:
    return [
        (name.removeprefix("URGENCY_"), number)
        for name, number in sorted(guideline_pb2.Urgency.items(), key=lambda item: -item[1])
        if number != guideline_pb2.URGENCY_UNSPECIFIED
    ]


def recommendations_of(graph: DecisionGraph) -> dict[str, Recommendation]:
    """Returns the recommendations of a guideline by id."""
    return {each.id: each for each in graph.recommendations}
