"""What an answer must show for a case: as the second opinion derives it, and as the walk gives it.

The second opinion (:mod:`rashpath.readings.proof.second_opinion`) shares nothing with walk and
diagrams but the parsed tree, and counts in exact fractions. Expectations of generated cases come
from it alone; the walk is then held against them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from rashpath.expression.decision_diagram import TRUE
from rashpath.expression.evaluate import DECIMALS, Facts, evaluate
from rashpath.expression.tree import Condition
from rashpath.expression.truth import Truth
from rashpath.facts.plain import Plain
from rashpath.guideline.model import (
    Caution,
    Contradiction,
    DecisionGraph,
    Finding,
    Flag,
    Node,
    NotCovered,
    Recommendation,
)
from rashpath.readings.walk import Verdict, Walk

if TYPE_CHECKING:
    # The package of the second opinion needs the solver; reading a walk does not.
    from rashpath.readings.proof.second_opinion import SecondOpinion

_Truths = Callable[[Condition], Truth]
_Said = Contradiction | Caution | NotCovered

Expectation = dict[str, Plain]
"""Keys as in case files, and: `computed` (numbers by id), `notes` (shown on a
condition), `reached` (other nodes on the path, but those on
every path), `danger` (the truth of the red flag)."""


def expected(graph: DecisionGraph, facts: Facts, opinion: SecondOpinion) -> Expectation:
    """Returns what must be shown for a case, by the second opinion.

    Args:
        graph: the guideline.
        facts: the given facts.
        opinion: the second opinion on the same guideline.

    Raises:
        TooManyReadingsError: too much is unknown in the case for it.
    """
    verdicts = {
        node.id: opinion.verdict(facts, node.id) for node in graph.order if _is_told(graph, node)
    }

    def truth(condition: Condition) -> Truth:
        return opinion.truth(condition, facts)

    computed: dict[str, Plain] = {}
    for id, named in graph.computed.items():
        exact = opinion.number(named.number.formula, facts)
        if exact is not None and truth(named.number.valid_when) is Truth.TRUE:
            computed[id] = _decimal(exact)
    doses: dict[str, Plain] = {}
    for node in graph.recommendations:
        if node.regimen is None or not node.regimen.rows:
            continue
        if verdicts[node.id] is Verdict.DOES_NOT_APPLY:
            continue
        weight = facts.get(node.regimen.weight)
        gates = [truth(part.condition) for part in node.regimen.gate]
        row = next((row for row in node.regimen.rows if truth(row.when) is Truth.TRUE), None)
        is_open = verdicts[node.id] is Verdict.APPLIES and set(gates) == {Truth.TRUE}
        dose: dict[str, Plain] = {}
        if row is not None:
            dose = {"dose_mg_per_kg": row.dose_mg_per_kg, "interval_hours": row.interval_hours}
        dose["dose_mg"] = None
        if is_open and row is not None and weight is not None:
            dose["dose_mg"] = _decimal(Fraction(row.dose_mg_per_kg) * Fraction(weight))
        for key, wanted in (("gate_closed", Truth.FALSE), ("gate_open", Truth.UNKNOWN)):
            dose[key] = [
                part.id
                for part, gate in zip(node.regimen.gate, gates, strict=True)
                if gate is wanted
            ]
        doses[node.id] = dose
    return _tidy(graph, verdicts, truth, doses, computed)


def observed(walked: Walk) -> Expectation:
    """Returns what a walk shows, in the same form."""
    graph = walked.graph
    verdicts = {step.node.id: step.verdict for step in walked.steps if _is_told(graph, step.node)}
    doses: dict[str, Plain] = {}
    for id, given in walked.doses.items():
        dose: dict[str, Plain] = {}
        if given.row is not None:
            dose = {
                "dose_mg_per_kg": given.row.dose_mg_per_kg,
                "interval_hours": given.row.interval_hours,
            }
        dose["dose_mg"] = given.mg
        node = graph.by_id[id]
        assert isinstance(node, Recommendation)
        assert node.regimen is not None
        for key, missing in (("gate_closed", False), ("gate_open", True)):
            named = {
                each.definition.id
                for each in given.withheld
                if each.definition is not None and each.missing is missing
            }
            dose[key] = [part.id for part in node.regimen.gate if part.id in named]
        doses[id] = dose
    computed: dict[str, Plain] = {
        id: state.value for id, state in walked.computed.items() if state.value is not None
    }
    return _tidy(
        graph, verdicts, lambda condition: evaluate(condition, walked.facts), doses, computed
    )


def _tidy(
    graph: DecisionGraph,
    verdicts: Mapping[str, Verdict],
    truth: _Truths,
    doses: dict[str, Plain],
    computed: dict[str, Plain],
) -> Expectation:
    recommended = [node.id for node in graph.recommendations]
    found: Expectation = {
        "applies_exactly": [i for i in recommended if verdicts[i] is Verdict.APPLIES],
        "undetermined": [i for i in recommended if verdicts[i] is Verdict.UNDETERMINED],
        "findings": dict(_findings(graph, verdicts)),
        "reached": [
            node.id
            for node in graph.order
            if not isinstance(node, Recommendation | Finding)
            and verdicts.get(node.id) is Verdict.APPLIES
        ],
        "contradictions": _true(graph.contradictions, truth),
        "warnings": _true(graph.cautions, truth),
        "not_covered": _true(graph.not_covered, truth),
        "notes": list(_notes(graph, verdicts, truth)),
        "regimen": doses,
        "computed": computed,
        "danger": truth(graph.red_flag.condition).value,
    }
    return {key: value for key, value in found.items() if value or key == "applies_exactly"}


def _is_told(graph: DecisionGraph, node: Node) -> bool:
    """Tells whether a node is on some paths and not on others."""
    return graph.reach.nodes.get(node.id) != TRUE


def _findings(graph: DecisionGraph, verdicts: Mapping[str, Verdict]) -> Iterator[tuple[str, Plain]]:
    for id, nodes in graph.findings.items():
        settled = [node.value for node in nodes if verdicts[node.id] is Verdict.APPLIES]
        if settled:
            yield id, settled[0]
        elif any(verdicts[node.id] is Verdict.UNDETERMINED for node in nodes):
            yield id, "INDETERMINATE"


def _notes(graph: DecisionGraph, verdicts: Mapping[str, Verdict], truth: _Truths) -> Iterator[str]:
    """Yields which notes and flags with a condition are shown, of what is not ruled out."""
    for node in graph.recommendations:
        if verdicts[node.id] is Verdict.DOES_NOT_APPLY:
            continue
        yield from _shown(f"{node.id}, flag", node.flags, truth)
        for index, note in enumerate(node.notes, 1):
            if note.when is not None and truth(note.when) is Truth.FALSE:
                continue
            if note.when is not None:
                yield f"{node.id}, note {index}"
            yield from _shown(f"{node.id}, note {index}, flag", note.flags, truth)


def _shown(name: str, flags: tuple[Flag, ...], truth: _Truths) -> Iterator[str]:
    for index, flag in enumerate(flags, 1):
        if flag.when is not None and truth(flag.when) is not Truth.FALSE:
            yield f"{name} {index}"


def _true(parts: tuple[_Said, ...], truth: _Truths) -> list[Plain]:
    return [part.id for part in parts if truth(part.condition) is Truth.TRUE]


def _decimal(exact: Fraction) -> float:
    return float(Fraction(round(exact, DECIMALS)))
