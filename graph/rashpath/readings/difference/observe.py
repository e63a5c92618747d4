"""Says what a walk shows of each aspect, to confirm what the diagrams say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rashpath.expression.evaluate import evaluate
from rashpath.expression.tree import Condition
from rashpath.expression.truth import Truth
from rashpath.guideline.model import Recommendation
from rashpath.readings.answer import finding_value
from rashpath.readings.difference.aspects import Aspect, Kind, dose_words
from rashpath.readings.walk import Verdict, Walk
from rashpath.v1 import guideline_pb2


def observed(aspect: Aspect, walked: Walk) -> str:
    """Says what a walk shows of an aspect; empty where its guideline has nothing of the kind."""
    return _OBSERVE[aspect.kind](aspect, walked)


def _verdict(aspect: Aspect, walked: Walk) -> str:
    node = walked.graph.by_id.get(aspect.id)
    if not isinstance(node, Recommendation):
        return ""
    return walked.step(aspect.id).verdict.value


def _finding(aspect: Aspect, walked: Walk) -> str:
    nodes = walked.graph.findings.get(aspect.id, ())
    return finding_value(walked, nodes)[1] if nodes else ""


def _row(aspect: Aspect, walked: Walk) -> str:
    dose = walked.doses.get(aspect.id)
    if dose is None or dose.row is None or walked.step(aspect.id).verdict is not Verdict.APPLIES:
        return "none"
    return dose_words(dose.row.dose_mg_per_kg, dose.row.interval_hours)


def _gate(aspect: Aspect, walked: Walk) -> str:
    dose = walked.doses.get(aspect.id)
    if dose is None or walked.step(aspect.id).verdict is not Verdict.APPLIES:
        return "none"
    held = [part.definition.id for part in dose.withheld if part.definition is not None]
    return f"withheld: {', '.join(held)}" if held else "not withheld"


def _urgency(aspect: Aspect, walked: Walk) -> str:
    names = [
        guideline_pb2.Urgency.Name(each).removeprefix("URGENCY_").replace("UNSPECIFIED", "none")
        for each in (walked.urgency, walked.urgency_not_excluded)
    ]
    return names[0] if names[0] == names[1] else f"{names[0]}, {names[1]} not excluded"


NOT_KNOWN = "not known"
_ANSWERS = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: NOT_KNOWN}
EXACT = (Kind.RECOMMENDATION, Kind.RED_FLAG)
"""Aspects that a walk tells exactly, so that a case found must show them."""


def _flag(aspect: Aspect, walked: Walk) -> str:
    graph = walked.graph
    diagram = graph.reach.definitions.get(graph.red_flag.id)
    if diagram is None:
        return _ANSWERS[evaluate(graph.red_flag.condition, walked.facts)]
    return _ANSWERS[graph.reach.diagrams.fixing(walked.facts).truth(diagram)]


def _beside(aspect: Aspect, walked: Walk) -> str:
    graph = walked.graph
    groups: Mapping[Kind, Mapping[str, Condition]] = {
        Kind.CONTRADICTION: {part.id: part.condition for part in graph.contradictions},
        Kind.CAUTION: {part.id: part.condition for part in graph.cautions},
        Kind.NOT_COVERED: {part.id: part.condition for part in graph.not_covered},
    }
    condition = groups[aspect.kind].get(aspect.id)
    return "" if condition is None else _ANSWERS[evaluate(condition, walked.facts)]


_OBSERVE: Mapping[Kind, Callable[[Aspect, Walk], str]] = {
    Kind.RECOMMENDATION: _verdict,
    Kind.FINDING: _finding,
    Kind.DOSE_ROW: _row,
    Kind.DOSE_GIVEN: _gate,
    Kind.URGENCY: _urgency,
    Kind.RED_FLAG: _flag,
    Kind.CONTRADICTION: _beside,
    Kind.CAUTION: _beside,
    Kind.NOT_COVERED: _beside,
}
