"""Tells a walk in words: every step, why, why not, what is open, what other facts would change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rashpath.expression.evaluate import Facts, evaluate
from rashpath.expression.truth import Truth
from rashpath.facts.show import number_text
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph, Edge, Recommendation, Start
from rashpath.readings import change
from rashpath.readings.answer import (
    OUTCOMES,
    VERDICTS,
    answer,
    citations,
    fact_use,
    finding_value,
    flags_shown,
    node_kind,
)
from rashpath.readings.walk import EdgeStep, LeafUse, NodeStep, Outcome, Verdict, Walk, walk
from rashpath.readings.walk.questions import dose_id
from rashpath.readings.walk.reasons import deciding, grounds
from rashpath.readings.walk.steps import leaf_use
from rashpath.readings.words import leaf_words, needs_words
from rashpath.v1 import decision_pb2, decision_service_pb2, guideline_pb2

WITHHELD = "withheld"
_MOST_NEEDS = 4
_ANSWERS = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "not known"}
_STATES = {
    Verdict.APPLIES: "applies",
    Verdict.DOES_NOT_APPLY: "does not apply",
    Verdict.UNDETERMINED: "is not settled",
}


def explain(
    graph: DecisionGraph,
    facts: Facts,
    *,
    why: Sequence[str] = (),
    why_not: Sequence[str] = (),
    what_if: Mapping[str, int | float | None] | None = None,
    what_would_change: Sequence[str] = (),
    audience: Audience = Audience.CLINICIAN,
) -> decision_service_pb2.ExplainPathResponse:
    """Explains the decision of a case.

    Args:
        graph: the guideline.
        facts: the given facts.
        why: recommendations to explain why they apply.
        why_not: recommendations to explain why they do not apply. With both empty, all are
            explained. Either way the actual verdict is told, and marked where it is the contrary
            of what was asked.
        what_if: facts to change for a comparison; None makes a fact unknown.
        what_would_change: recommendations to tell what would turn their verdict. With these alone,
            no other explanation of recommendations is given.
        audience: whose words to use.

    Raises:
        KeyError: an id is no recommendation of the guideline.
    """
    walked = walk(graph, facts)
    asked: dict[str, bool | None] = dict.fromkeys(why, True)
    asked.update(dict.fromkeys(why_not, False))
    if not asked and not what_would_change:
        asked = dict.fromkeys(node.id for node in graph.recommendations)
    statements = {id for asked_id in asked for id in graph.by_id[asked_id].statements}
    response = decision_service_pb2.ExplainPathResponse(
        decision=answer(walked, audience=audience, full=True),
        steps=[
            _step(walked, step, audience)
            for step in walked.steps
            if step.verdict is not Verdict.DOES_NOT_APPLY
        ],
        recommendations=[
            _recommendation(walked, id, wanted, audience) for id, wanted in asked.items()
        ],
        citations=citations(graph, statements, audience),
    )
    for id in what_would_change:
        seconds = change.SECONDS / len(what_would_change)
        turn = change.what_would_change(graph, walked.facts, id, seconds=seconds)
        response.turns.append(change.tell(graph, turn, audience))
    if what_if:
        changed = {path: value for path, value in facts.items() if path not in what_if}
        changed.update((path, value) for path, value in what_if.items() if value is not None)
        other = walk(graph, changed)
        response.what_if.CopyFrom(
            decision_service_pb2.WhatIfResult(
                decision=answer(other, audience=audience, full=True),
                changes=changes(walked, other, audience),
            )
        )
    return response


def changes(
    before: Walk, after: Walk, audience: Audience = Audience.CLINICIAN
) -> list[decision_pb2.VerdictChange]:
    """Returns what differs between two walks of one guideline, in the order of the answer.

    Patients are told no doses.
    """
    first, second = dict(_outcomes(before, audience)), dict(_outcomes(after, audience))
    return [
        decision_pb2.VerdictChange(id=id, before=first.get(id, ""), after=second.get(id, ""))
        for id in dict.fromkeys((*first, *second))
        if first.get(id, "") != second.get(id, "")
    ]


def _outcomes(walked: Walk, audience: Audience) -> Iterator[tuple[str, str]]:
    yield "urgency", _urgency(walked.urgency)
    yield "urgency_not_excluded", _urgency(walked.urgency_not_excluded)
    for step in walked.steps:
        if isinstance(step.node, Recommendation):
            yield step.node.id, step.verdict.value
            dose = walked.doses.get(step.node.id)
            if dose is not None and audience is Audience.CLINICIAN:
                per_kg = "" if dose.row is None else f" ({dose.row.text})"
                mg = WITHHELD if dose.mg is None else number_text(dose.mg)
                yield dose_id(step.node.id), mg + per_kg
    for id, nodes in walked.graph.findings.items():
        yield id, finding_value(walked, nodes)[1]


def _urgency(urgency: guideline_pb2.Urgency.ValueType) -> str:
    return guideline_pb2.Urgency.Name(urgency).removeprefix("URGENCY_")


def _step(walked: Walk, step: NodeStep, audience: Audience) -> decision_pb2.ExplainedStep:
    because: list[str] = []
    for edge, came in _into(walked, step.node.id):
        if came.outcome in (Outcome.TAKEN, Outcome.OPEN) and edge.conditional:
            question = walked.graph.by_id[edge.tail].title.to(audience)
            because.append(
                _sentence(f"{question} {edge.text.to(audience)}", _because(walked, edge, audience))
            )
    return decision_pb2.ExplainedStep(
        node=step.node.id,
        kind=node_kind(step.node),
        verdict=VERDICTS[step.verdict],
        text=step.node.title.to(audience),
        because=because,
    )


def _recommendation(
    walked: Walk, id: str, wanted: bool | None, audience: Audience
) -> decision_pb2.ExplainedRecommendation:
    step, graph = walked.step(id), walked.graph
    title = step.node.title.to(audience)
    contrary = wanted is not None and (step.verdict is Verdict.APPLIES) is not wanted
    return decision_pb2.ExplainedRecommendation(
        id=id,
        verdict=VERDICTS[step.verdict],
        text=f"{title}: {_STATES[step.verdict]}",
        reasons=[
            _reason(walked, edge, came, step.verdict, audience)
            for edge, came in _deciding_edges(walked, step)
        ],
        would_settle=[graph.dictionary[path].question.to(audience) for path in step.decisive],
        statements=step.node.statements,
        flags=flags_shown(walked, step.node, audience) if audience is Audience.CLINICIAN else (),
        contrary_to_request=contrary,
    )


def _deciding_edges(walked: Walk, step: NodeStep) -> list[tuple[Edge, EdgeStep]]:
    """Returns the edges that make a node's verdict, in the order in which a case meets them.

    Where it applies: the conditional edges on the ways taken. Where it does not: the first edges
    that refused the case. Where it is open: the open edges.
    """
    match step.verdict:
        case Verdict.APPLIES:
            follow, show = {Outcome.TAKEN}, {Outcome.TAKEN}
            if not any(came.outcome is Outcome.TAKEN for _, came in _into(walked, step.node.id)):
                follow = show = {Outcome.TAKEN, Outcome.OPEN}
        case Verdict.DOES_NOT_APPLY:
            follow, show = {Outcome.UNVISITED}, {Outcome.REFUSED}
        case Verdict.UNDETERMINED:
            follow, show = {Outcome.OPEN}, {Outcome.OPEN}
    found: dict[tuple[str, str], tuple[Edge, EdgeStep]] = {}
    seen: set[str] = set()
    pending = [step.node.id]
    while pending:
        id = pending.pop()
        if id in seen or isinstance(walked.graph.by_id[id], Start):
            continue
        seen.add(id)
        for edge, came in _into(walked, id):
            if came.outcome in show and edge.conditional:
                found[edge.tail, edge.head] = (edge, came)
            if came.outcome in follow:
                pending.append(edge.tail)
    if step.verdict is Verdict.UNDETERMINED:
        # An edge whose own condition holds is open only because its node is.
        own = {
            key: pair
            for key, pair in found.items()
            if evaluate(pair[0].condition, walked.facts) is not Truth.TRUE
        }
        found = own or found
    order = {node.id: index for index, node in enumerate(walked.graph.order)}
    return sorted(found.values(), key=lambda pair: (order[pair[0].tail], order[pair[0].head]))


def _into(walked: Walk, id: str) -> Iterator[tuple[Edge, EdgeStep]]:
    """Yields the edges that enter a node, each with what became of it."""
    for edge in walked.graph.into(id):
        for came in walked.step(edge.tail).edges:
            if came.edge is edge:
                yield edge, came


def _reason(
    walked: Walk, edge: Edge, came: EdgeStep, verdict: Verdict, audience: Audience
) -> decision_pb2.Reason:
    tail = walked.graph.by_id[edge.tail]
    uses = _uses(walked, edge)
    refused = came.outcome is Outcome.REFUSED
    words = _because(walked, edge, audience, needs=refused)
    question, wanted = tail.title.to(audience), edge.text.to(audience)
    match came.outcome:
        case Outcome.REFUSED:
            text = f"{question} It would have to be: {wanted}"
        case Outcome.OPEN if verdict is Verdict.APPLIES:
            text = f"{question} Perhaps {wanted}; whatever the answer, this applies"
        case Outcome.OPEN:
            text = f"{question} Not settled whether: {wanted}"
        case _:
            text = f"{question} {wanted}"
    return decision_pb2.Reason(
        from_node=edge.tail,
        to_node=edge.head,
        outcome=OUTCOMES[came.outcome],
        text=text,
        facts=[fact_use(walked, path, value) for use in uses for path, value in use.values],
        because=words,
        statements=tail.statements,
        grounds=_grounds(walked, edge, audience),
    )


def _uses(walked: Walk, edge: Edge) -> list[LeafUse]:
    return [leaf_use(leaf, walked.facts) for leaf in deciding(edge.condition, walked.facts)]


def _because(walked: Walk, edge: Edge, audience: Audience, *, needs: bool = False) -> list[str]:
    """Says the comparisons that decide an edge; where it is refused, what each would have to be.

    Many comparisons together make up definitions, which then say more than what each would need.
    """
    lines: dict[str, list[str]] = {}
    uses = _uses(walked, edge)
    for use in uses:
        wanted = lines.setdefault(leaf_words(walked, use, audience), [])
        if needs and len(uses) <= _MOST_NEEDS:
            wanted.append(needs_words(walked, use, audience))
    return [
        f"{line} (needs: {', or '.join(dict.fromkeys(wanted))})" if wanted else line
        for line, wanted in lines.items()
    ]


def _grounds(walked: Walk, edge: Edge, audience: Audience) -> list[str]:
    """Says the definitions that decide an edge, such as ``Resistance is suspected: yes``."""
    return [
        f"{walked.graph.definitions[part.id].text.to(audience)}: "
        f"{_ANSWERS[evaluate(part, walked.facts)]}"
        for part in grounds(edge.condition, walked.facts)
        if part.id in walked.graph.definitions
    ]


def _sentence(start: str, because: Sequence[str]) -> str:
    return f"{start} ({'; '.join(because)})" if because else start
