"""Works out the dose of a recommendation, or why there is none in milligrams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rashpath.expression.decision_diagram import FALSE, Restriction
from rashpath.expression.evaluate import DECIMALS, Facts, evaluate, unknown_in
from rashpath.expression.tree import facts_of
from rashpath.expression.truth import Truth
from rashpath.guideline.model import (
    DecisionGraph,
    Definition,
    DoseRow,
    Recommendation,
    Regimen,
)
from rashpath.readings.walk.exact import decisive_facts
from rashpath.readings.walk.reasons import deciding
from rashpath.readings.walk.steps import NodeStep, Verdict, leaf_use


@dataclass(frozen=True, slots=True)
class Withheld:
    """One reason why there is no dose in milligrams.

    Args:
        because: paths of the facts that are missing or block it, or a code.
        definition: the condition that does not hold; None where a number is missing.
        missing: True where facts are missing, False where given ones block it.
    """

    because: tuple[str, ...]
    definition: Definition | None
    missing: bool


@dataclass(frozen=True, slots=True)
class Dose:
    """The dose of one recommendation.

    Args:
        row: the row of the dose table that holds; None while none is settled.
        weight: the weight in kg that the dose is for; None while unknown.
        mg: milligrams per dose, exact to 9 decimals; None where withheld.
        withheld: why it is withheld; empty where it is not.
        waits_for: unknown facts that could still open it; empty where nothing could.
    """

    row: DoseRow | None
    weight: float | None
    mg: float | None
    withheld: tuple[Withheld, ...]
    waits_for: tuple[str, ...]


def dose(graph: DecisionGraph, facts: Facts, step: NodeStep, exact: Restriction) -> Dose | None:
    """Works out the dose of a recommendation that applies or may apply.

    Args:
        graph: the guideline.
        facts: the given facts.
        step: the step of the recommendation.
        exact: the guideline's diagrams for these facts.

    Returns:
        The dose; None where the recommendation has no dose table or does not apply.
    """
    node = step.node
    if not isinstance(node, Recommendation) or node.regimen is None or not node.regimen.rows:
        return None
    if step.verdict is Verdict.DOES_NOT_APPLY:
        return None
    regimen = node.regimen
    row = next((row for row in regimen.rows if evaluate(row.when, facts) is Truth.TRUE), None)
    weight = facts.get(regimen.weight)
    withheld = list(_withheld(graph, facts, step, regimen, exact))
    if row is None and not withheld:
        withheld.append(Withheld(row_waits_for(regimen, facts), None, missing=True))
    if weight is None:
        withheld.append(Withheld((regimen.weight,), None, missing=True))
    mg = None
    if not withheld and row is not None and weight is not None:
        mg = round(row.dose_mg_per_kg * weight, DECIMALS)
    waits_for = _waits_for(graph, facts, node, regimen, withheld, exact)
    return Dose(row, None if weight is None else float(weight), mg, tuple(withheld), waits_for)


def _withheld(
    graph: DecisionGraph, facts: Facts, step: NodeStep, regimen: Regimen, exact: Restriction
) -> Iterator[Withheld]:
    if step.verdict is Verdict.UNDETERMINED:
        yield Withheld(step.decisive, None, missing=True)
    for part in regimen.gate:
        match _truth(graph, facts, part, exact):
            case Truth.TRUE:
                continue
            case Truth.FALSE:
                named = tuple(used(part, facts))
                because = (part.withheld_code,) if part.withheld_code else named
                yield Withheld(because, part, missing=False)
            case Truth.UNKNOWN:
                diagram = graph.reach.definitions.get(part.id)
                unknown = (
                    tuple(dict.fromkeys(unknown_in(part.condition, facts)))
                    if diagram is None
                    else decisive_facts(graph, facts, exact, diagram)
                )
                code = (part.withheld_code,) if part.withheld_code else ()
                yield Withheld((*code, *unknown), part, missing=True)


def _truth(graph: DecisionGraph, facts: Facts, part: Definition, exact: Restriction) -> Truth:
    truth = evaluate(part.condition, facts)
    diagram = graph.reach.definitions.get(part.id)
    if truth is Truth.UNKNOWN and diagram is not None:
        return exact.truth(diagram)
    return truth


def used(part: Definition, facts: Facts) -> list[str]:
    """Names the given facts that make a condition false."""
    found: dict[str, None] = {}
    for leaf in deciding(part.condition, facts):
        for name, _ in leaf_use(leaf, facts).values:
            paths = [name] if name in facts else facts_of(leaf)
            found.update((path, None) for path in paths if path in facts)
    return list(found)


def row_waits_for(regimen: Regimen, facts: Facts) -> tuple[str, ...]:
    """Returns the unknown facts that the rows of a dose table wait for, in reading order."""
    return tuple(
        dict.fromkeys(path for row in regimen.rows for path in unknown_in(row.when, facts))
    )


def _waits_for(
    graph: DecisionGraph,
    facts: Facts,
    node: Recommendation,
    regimen: Regimen,
    withheld: list[Withheld],
    exact: Restriction,
) -> tuple[str, ...]:
    """Returns the unknown facts that could still open the dose, in the order of the facts."""
    diagram = graph.reach.doses.get(node.id)
    if not withheld or diagram is None or exact.reduce(diagram) == FALSE:
        return ()
    waiting = {regimen.weight, *row_waits_for(regimen, facts)} - set(facts)
    for reason in withheld:
        waiting.update(path for path in reason.because if path in graph.dictionary)
    return tuple(fact.path for fact in graph.dictionary if fact.path in waiting - set(facts))
