"""Composes what a picture shows from the graph and, over it, the walk of a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from rashpath.facts.wording import Audience, Wording
from rashpath.guideline.model import (
    All,
    Decision,
    DecisionGraph,
    Edge,
    End,
    Finding,
    Node,
    Recommendation,
    Start,
)
from rashpath.readings.diagram.legend import legend
from rashpath.readings.diagram.overview import overview
from rashpath.readings.diagram.reasons import because, needs
from rashpath.readings.diagram.scene import (
    BEHIND,
    START,
    Arrow,
    Box,
    Detail,
    Kind,
    Mark,
    Part,
    Scene,
)
from rashpath.readings.walk import EdgeStep, Outcome, Verdict, Walk
from rashpath.v1 import guideline_pb2


@dataclass(frozen=True, slots=True)
class Record:
    """The decision that is drawn, named in the footer; empty where there is none.

    Args:
        decision_id: id of the decision.
        record_hash: hash of its record in the ledger, hexadecimal.
    """

    decision_id: str = ""
    record_hash: str = ""


def compose(
    graph: DecisionGraph,
    walked: Walk | None = None,
    *,
    audience: Audience = Audience.CLINICIAN,
    detail: Detail = Detail.FULL,
    mask_facts: bool = False,
    record: Record | None = None,
) -> Scene:
    """Returns what a picture shows.

    Args:
        graph: the guideline.
        walked: the walk to draw over it; None: the guideline alone.
        audience: whose words to use.
        detail: how much of the graph is drawn.
        mask_facts: leave values of facts out; outcomes and the names of facts stay.
        record: what names the decision in the footer.
    """
    parts = _parts(graph)
    titles = {
        lane.id: f"{number}  {Wording.of(lane.title).to(audience)}"
        for number, lane in enumerate(graph.guideline.lanes, start=1)
    }
    drawn = {
        id: Part(
            id,
            titles.get(id, ""),
            tuple(_box(walked, node, audience) for node in nodes),
            tuple(
                _arrow(walked, edge, audience, mask_facts)
                for node in nodes
                for edge in graph.out_of(node.id)
                if any(other.id == edge.head for other in nodes)
            ),
        )
        for id, nodes in parts.items()
    }
    inside = {(arrow.tail, arrow.head) for part in drawn.values() for arrow in part.arrows}
    scene = Scene(
        title=Wording.of(graph.guideline.title).to(audience),
        subtitle=_subtitle(graph, walked, mask_facts=mask_facts),
        description=_description(graph, walked, audience),
        start=drawn.pop(START),
        lanes=tuple(drawn.values()),
        links=tuple(
            _arrow(walked, edge, audience, mask_facts)
            for node in graph.order
            for edge in graph.out_of(node.id)
            if (edge.tail, edge.head) not in inside
        ),
        legend=legend(overlay=walked is not None),
        footer=_footer(graph, record or Record(), audience),
    )
    match detail:
        case Detail.FULL:
            return scene
        case Detail.OVERVIEW:
            return overview(scene)
        case _:
            assert_never(detail)


def kind_of(node: Node) -> Kind:
    """Returns what a node is drawn as."""
    match node:
        case Start():
            return Kind.START
        case Decision():
            return Kind.DECISION
        case All():
            return Kind.ALL
        case Finding():
            return Kind.FINDING
        case Recommendation():
            return Kind.RECOMMENDATION
        case End():
            return Kind.END
        case _:
            assert_never(node)


def _parts(graph: DecisionGraph) -> dict[str, list[Node]]:
    """Returns the nodes that are laid out together: the start, the lanes, what lies behind them.

    A node without a lane belongs to the start unless a lane leads to it.
    """
    parts: dict[str, list[Node]] = {START: []}
    parts |= {lane.id: [] for lane in graph.guideline.lanes}
    parts[BEHIND] = []
    part_of: dict[str, str] = {}
    for node in graph.order:
        before = {part_of[edge.tail] for edge in graph.into(node.id)}
        part_of[node.id] = node.lane or (BEHIND if before - {START} else START)
        parts[part_of[node.id]].append(node)
    return {id: nodes for id, nodes in parts.items() if nodes}


def _box(walked: Walk | None, node: Node, audience: Audience) -> Box:
    small: list[str] = []
    tags: list[str] = []
    if isinstance(node, Recommendation):
        urgency = guideline_pb2.Urgency.Name(node.urgency).removeprefix("URGENCY_")
        tags.append(urgency.replace("_", " "))
        if guideline_pb2.PROVENANCE_ARTICLE not in node.provenance:
            tags.append("safety layer")
    tags.extend(node.statements)
    if tags:
        small.append(" ".join(tags))
    mark = Mark.PLAIN
    if walked is not None:
        step = walked.step(node.id)
        mark = _box_mark(step.verdict)
        if isinstance(node, Recommendation | Finding):
            small.extend(needs(walked, step.decisive, audience))
    return Box(node.id, kind_of(node), mark, node.title.to(audience), tuple(small))


def _box_mark(verdict: Verdict) -> Mark:
    match verdict:
        case Verdict.APPLIES:
            return Mark.TAKEN
        case Verdict.DOES_NOT_APPLY:
            return Mark.UNVISITED
        case Verdict.UNDETERMINED:
            return Mark.OPEN
        case _:
            assert_never(verdict)


def _arrow(walked: Walk | None, edge: Edge, audience: Audience, mask: bool) -> Arrow:
    text = edge.text.to(audience)
    if walked is None:
        return Arrow(edge.tail, edge.head, Mark.PLAIN, text, ())
    came = _came(walked, edge)
    reasons = because(walked, came, audience, mask=mask)
    return Arrow(edge.tail, edge.head, _arrow_mark(came.outcome), text, reasons)


def _came(walked: Walk, edge: Edge) -> EdgeStep:
    return next(came for came in walked.step(edge.tail).edges if came.edge.head == edge.head)


def _arrow_mark(outcome: Outcome) -> Mark:
    match outcome:
        case Outcome.TAKEN:
            return Mark.TAKEN
        case Outcome.REFUSED:
            return Mark.REFUSED
        case Outcome.OPEN:
            return Mark.OPEN
        case Outcome.UNVISITED:
            return Mark.UNVISITED
        case _:
            assert_never(outcome)


def _subtitle(graph: DecisionGraph, walked: Walk | None, *, mask_facts: bool) -> tuple[str, ...]:
    guideline = graph.guideline
    status = guideline_pb2.ReviewStatus.Name(guideline.review_status)
    status = status.removeprefix("REVIEW_STATUS_").replace("_", " ").lower()
    lines = [
        f"{guideline.id} {guideline.version}",
        f"{status}, last updated {guideline.last_updated}",
    ]
    if walked is not None:
        urgency, highest = _urgency(walked.urgency), _urgency(walked.urgency_not_excluded)
        case = "The way of one case"
        if mask_facts:
            case += ", values masked"
        case += f": {urgency}"
        if urgency != highest:
            case += f" ({highest} not excluded)"
        lines.append(case)
    return tuple(lines)


def _urgency(urgency: guideline_pb2.Urgency.ValueType) -> str:
    if urgency == guideline_pb2.URGENCY_UNSPECIFIED:
        return "nothing applies"
    return guideline_pb2.Urgency.Name(urgency).removeprefix("URGENCY_").replace("_", " ")


def _description(graph: DecisionGraph, walked: Walk | None, audience: Audience) -> str:
    """Tells the picture to who cannot see it: how it is built, and what applies and is open."""
    lanes = "; ".join(Wording.of(lane.title).to(audience) for lane in graph.guideline.lanes)
    sentences = [
        f"A decision graph of {len(graph.order)} nodes, read from top to bottom.",
        f"Lanes that run side by side: {lanes}.",
    ]
    groups: dict[str, list[str]]
    if walked is None:
        groups = {"It can recommend": [node.title.to(audience) for node in graph.recommendations]}
    else:
        groups = {"Applies": [], "Open": []}
        for node in graph.recommendations:
            verdict = walked.step(node.id).verdict
            if verdict is Verdict.APPLIES:
                groups["Applies"].append(node.title.to(audience))
            elif verdict is Verdict.UNDETERMINED:
                groups["Open"].append(node.title.to(audience))
    sentences += [f"{name}: {'; '.join(found) or 'nothing'}." for name, found in groups.items()]
    return " ".join(sentences)


def _footer(graph: DecisionGraph, record: Record, audience: Audience) -> tuple[str, ...]:
    parts = [
        f"guideline {graph.guideline.id} {graph.guideline.version}",
        f"digest {graph.digest}",
    ]
    if record.decision_id:
        parts.append(f"decision {record.decision_id}")
    if record.record_hash:
        parts.append(f"record {record.record_hash}")
    # A name and what it names stay on one line.
    line = "   ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    return line, Wording.of(graph.guideline.disclaimer).to(audience)
