"""Projects a walk to the answer that a caller gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from rashpath.expression.evaluate import evaluate
from rashpath.expression.tree import Condition, Leaf
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice
from rashpath.facts.wording import Audience, Wording
from rashpath.guideline.model import (
    All,
    Decision,
    DecisionGraph,
    End,
    Finding,
    Flag,
    Node,
    Recommendation,
    Start,
)
from rashpath.readings.beside import (
    caution,
    computed_result,
    contradiction,
    implausible,
    not_covered,
    question,
)
from rashpath.readings.regimen import regimen
from rashpath.readings.walk import (
    EdgeStep,
    NodeStep,
    Outcome,
    Verdict,
    Walk,
)
from rashpath.readings.walk.steps import leaf_use
from rashpath.v1 import decision_pb2, decision_service_pb2, guideline_pb2

INDETERMINATE = "INDETERMINATE"
NO = "NO"

VERDICTS = {
    Verdict.APPLIES: decision_pb2.VERDICT_APPLIES,
    Verdict.DOES_NOT_APPLY: decision_pb2.VERDICT_DOES_NOT_APPLY,
    Verdict.UNDETERMINED: decision_pb2.VERDICT_UNDETERMINED,
}
OUTCOMES = {
    Outcome.TAKEN: decision_pb2.EDGE_OUTCOME_TAKEN,
    Outcome.REFUSED: decision_pb2.EDGE_OUTCOME_REFUSED,
    Outcome.OPEN: decision_pb2.EDGE_OUTCOME_OPEN,
    Outcome.UNVISITED: decision_pb2.EDGE_OUTCOME_UNVISITED,
}
_TRUTHS = {
    Truth.TRUE: decision_pb2.TRUTH_TRUE,
    Truth.FALSE: decision_pb2.TRUTH_FALSE,
    Truth.UNKNOWN: decision_pb2.TRUTH_UNKNOWN,
}
_RANK = {Verdict.APPLIES: 0, Verdict.UNDETERMINED: 1, Verdict.DOES_NOT_APPLY: 2}


def answer(
    walked: Walk,
    *,
    audience: Audience = Audience.CLINICIAN,
    full: bool = False,
) -> decision_service_pb2.EvaluateResponse:
    """Returns the answer of a walk, its decision id left empty.

    Args:
        walked: the walk.
        audience: whose words to use. Patients get no regimen, computed number, alternative or
            citation text: they are written for professionals.
        full: also what does not apply, the whole path, and the comparisons on each edge.
    """
    graph = walked.graph
    return decision_service_pb2.EvaluateResponse(
        guideline=graph.info(audience),
        status=(
            decision_pb2.DECISION_STATUS_DECIDED
            if walked.decided
            else decision_pb2.DECISION_STATUS_NEEDS_FACTS
        ),
        urgency=walked.urgency,
        urgency_not_excluded=walked.urgency_not_excluded,
        recommendations=[
            recommendation(walked, step, audience) for step in _ordered(walked, full=full)
        ],
        findings=_findings(walked, audience, full=full),
        questions=[question(graph, open, audience) for open in walked.questions],
        contradictions=[contradiction(part, audience) for part in walked.contradictions],
        warnings=_warnings(walked, audience),
        not_covered=[
            not_covered(part, audience)
            for part in graph.not_covered
            if evaluate(part.condition, walked.facts) is Truth.TRUE
        ],
        path=path(walked, full=full),
        disclaimer=Wording.of(graph.guideline.disclaimer).to(audience),
        computed=[
            computed_result(named, walked.computed[id], audience)
            for id, named in graph.computed.items()
            if audience is Audience.CLINICIAN
        ],
    )


def path(walked: Walk, *, full: bool) -> Iterator[decision_pb2.PathStep]:
    """Yields the steps of the path; in the full view all, with the comparisons on each edge."""
    leaves: dict[str, decision_pb2.Leaf] = {}
    for step in walked.steps:
        if full or step.verdict is not Verdict.DOES_NOT_APPLY:
            yield decision_pb2.PathStep(
                node=step.node.id,
                kind=node_kind(step.node),
                verdict=VERDICTS[step.verdict],
                lane=step.node.lane,
                edges=[_edge(walked, came, leaves, full=full) for came in step.edges],
            )


def _edge(
    walked: Walk, came: EdgeStep, known: dict[str, decision_pb2.Leaf], *, full: bool
) -> decision_pb2.PathEdge:
    written = walked.graph.written[came.edge.tail, came.edge.head]
    shown = decision_pb2.PathEdge(
        to_node=came.edge.head, outcome=OUTCOMES[came.outcome], condition=written.text
    )
    if full:
        for text, leaf in written.leaves.items():
            if text not in known:
                known[text] = _leaf(walked, text, leaf)
            shown.leaves.append(known[text])
    return shown


def node_kind(node: Node) -> decision_pb2.NodeKind.ValueType:
    """Returns what a node is."""
    match node:
        case Start():
            return decision_pb2.NODE_KIND_START
        case Decision():
            return decision_pb2.NODE_KIND_DECISION
        case All():
            return decision_pb2.NODE_KIND_ALL
        case Finding():
            return decision_pb2.NODE_KIND_FINDING
        case Recommendation():
            return decision_pb2.NODE_KIND_RECOMMENDATION
        case End():
            return decision_pb2.NODE_KIND_END
        case _:
            assert_never(node)


def fact_use(walked: Walk, path: str, value: int | float | None) -> decision_pb2.FactUse:
    """Returns a fact or computed number with its value, typed; unset where unknown."""
    if value is None:
        return decision_pb2.FactUse(fact=path)
    fact = walked.graph.dictionary.by_path.get(path)
    if fact is not None and isinstance(fact.kind, Choice):
        named = fact.kind.numbered(int(value))
        return decision_pb2.FactUse(fact=path, choice="" if named is None else named.name)
    if isinstance(value, int):
        return decision_pb2.FactUse(fact=path, whole=value)
    return decision_pb2.FactUse(fact=path, decimal=value)


def flags_shown(walked: Walk, node: Node, audience: Audience) -> list[decision_pb2.FlagResult]:
    """Returns the reservations on a node that are not known to be beside the point.

    Statements whose citation the article's list lacks add one of their own.
    """
    shown = [
        decision_pb2.FlagResult(
            flag=flag.flag,
            text=flag.text if audience is Audience.CLINICIAN else "",
            sources=flag.sources,
        )
        for flag in shown_where(walked, node.flags)
    ]
    for citation in citations(walked.graph, node.statements, audience):
        if citation.HasField("number") and not citation.resolved:
            text = (
                f"{citation.statement} cites reference {citation.number}, "
                "which the article's own list does not have"
            )
            shown.append(
                decision_pb2.FlagResult(
                    flag=guideline_pb2.EVIDENCE_FLAG_CITATION_UNRESOLVED,
                    text=text if audience is Audience.CLINICIAN else "",
                )
            )
    return shown


def shown_where(walked: Walk, flags: Iterable[Flag]) -> Iterator[Flag]:
    """Yields the reservations whose condition is not known to be false."""
    for flag in flags:
        if _not_excluded(walked, flag.when):
            yield flag


def citations(
    graph: DecisionGraph, statements: Iterable[str], audience: Audience
) -> list[decision_pb2.Citation]:
    """Returns the article's citations of some statements, dangling ones marked."""
    references = {reference.number: reference for reference in graph.guideline.references}
    found = []
    for statement in graph.guideline.statements:
        if statement.id not in statements:
            continue
        citation = decision_pb2.Citation(
            statement=statement.id,
            text=statement.text if audience is Audience.CLINICIAN else "",
        )
        if statement.HasField("citation"):
            reference = references[statement.citation]
            citation.number = statement.citation
            citation.resolved = reference.resolved
            citation.title = reference.title
        found.append(citation)
    return found


def finding_value(walked: Walk, nodes: tuple[Finding, ...]) -> tuple[Verdict, str]:
    """Returns whether a finding is settled, and its value."""
    steps = [walked.step(node.id) for node in nodes]
    for node, step in zip(nodes, steps, strict=True):
        if step.verdict is Verdict.APPLIES:
            return Verdict.APPLIES, node.value
    if any(step.verdict is Verdict.UNDETERMINED for step in steps):
        return Verdict.UNDETERMINED, INDETERMINATE
    return Verdict.DOES_NOT_APPLY, NO


def _ordered(walked: Walk, *, full: bool) -> list[NodeStep]:
    steps = [
        step
        for step in walked.steps
        if isinstance(step.node, Recommendation)
        and (full or step.verdict is not Verdict.DOES_NOT_APPLY)
    ]
    # The sort is stable, so that equals keep the order of the graph.
    return sorted(steps, key=lambda step: (_RANK[step.verdict], -_recommended(step).urgency))


def _recommended(step: NodeStep) -> Recommendation:
    assert isinstance(step.node, Recommendation)
    return step.node


def recommendation(
    walked: Walk, step: NodeStep, audience: Audience
) -> decision_pb2.RecommendationResult:
    """Returns what the decision says about the recommendation of a step."""
    node, graph = _recommended(step), walked.graph
    flags = flags_shown(walked, node, audience)
    result = decision_pb2.RecommendationResult(
        id=node.id,
        verdict=VERDICTS[step.verdict],
        urgency=node.urgency,
        title=node.title.to(audience),
        text=node.text.to(audience),
        provenance=node.provenance,
        statements=node.statements,
        sources=node.sources,
        evidence_flags=sorted({flag.flag for flag in flags}),
        flags=flags if audience is Audience.CLINICIAN else (),
        defeaters=walked.defeaters.get(node.id, ()),
        defeasible=node.id in graph.defeasible,
        decisive_facts=step.decisive,
        not_refined=step.not_refined,
        gives=node.gives,
        notes=[
            decision_pb2.NoteResult(
                text=note.text.to(audience),
                statements=note.statements,
                sources=note.sources,
                evidence_flags=sorted({flag.flag for flag in shown_where(walked, note.flags)}),
            )
            for note in node.notes
            if _not_excluded(walked, note.when)
        ],
        citations=citations(graph, node.statements, audience),
    )
    if audience is Audience.CLINICIAN:
        result.alternatives.extend(
            decision_pb2.AlternativeResult(text=part.text, sources=part.sources)
            for part in node.alternatives
        )
        if node.regimen is not None and step.verdict is not Verdict.DOES_NOT_APPLY:
            result.regimen.CopyFrom(regimen(walked, node.id, node.regimen, audience))
    return result


def _findings(
    walked: Walk, audience: Audience, *, full: bool
) -> Iterator[decision_pb2.FindingResult]:
    for id in walked.graph.findings:
        found = finding(walked, id, audience)
        if full or found.verdict != decision_pb2.VERDICT_DOES_NOT_APPLY:
            yield found


def finding(walked: Walk, id: str, audience: Audience) -> decision_pb2.FindingResult:
    """Returns what the decision says about a finding."""
    nodes = walked.graph.findings[id]
    verdict, value = finding_value(walked, nodes)
    open_facts = {path for node in nodes for path in walked.step(node.id).decisive}
    settled = [node for node in nodes if node.value == value]
    return decision_pb2.FindingResult(
        id=id,
        verdict=VERDICTS[verdict],
        value=value,
        text=settled[0].title.to(audience) if settled else "",
        decisive_facts=[fact.path for fact in walked.graph.dictionary if fact.path in open_facts],
    )


def _warnings(walked: Walk, audience: Audience) -> Iterator[decision_pb2.WarningResult]:
    for path, value in walked.facts.items():
        warning = implausible(walked.graph.dictionary[path], value, audience)
        if warning is not None:
            yield warning
    for part in walked.graph.cautions:
        if evaluate(part.condition, walked.facts) is Truth.TRUE:
            yield caution(part, audience)


def _leaf(walked: Walk, text: str, leaf: Leaf) -> decision_pb2.Leaf:
    use = leaf_use(leaf, walked.facts)
    return decision_pb2.Leaf(
        condition=text,
        truth=_TRUTHS[use.truth],
        facts=[fact_use(walked, name, value) for name, value in use.values],
    )


def _not_excluded(walked: Walk, when: Condition | None) -> bool:
    return when is None or evaluate(when, walked.facts) is not Truth.FALSE
