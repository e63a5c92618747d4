"""Traces each statement to what cites it, to recommendations, invariants and test cases.

It needs nothing but the `Guideline` message, so that a client can trace what a server serves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rashpath.guideline.trace_cases import CaseFile, read_cases
from rashpath.guideline.trace_hazards import Hazard, hazards, speaks_of
from rashpath.guideline.trace_names import closure, names, names_within
from rashpath.v1.guideline_pb2 import Guideline, Node

__all__ = ["CaseFile", "Hazard", "Row", "Trace", "read_cases", "trace"]


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one statement or page feature.

    Args:
        statement: its id.
        text: it, in our own words.
        cited_by: what cites it, such as `node start_foscarnet`, in the order of the file.
        recommendations: those that cite it, in the order of the file.
        bears_on: further ones that rest on something that cites it, likewise.
        invariants: those that speak of one of `recommendations`, or without any, of `bears_on`, or
            that rest on a definition or number that cites it; in the order of the file.
        cases: case files that name one of `recommendations`, or without any, of `bears_on`.
        note: why it is not actionable, or where a page feature lives; else empty.
    """

    statement: str
    text: str
    cited_by: tuple[str, ...]
    recommendations: tuple[str, ...]
    bears_on: tuple[str, ...]
    invariants: tuple[str, ...]
    cases: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The traceability matrix.

    Args:
        guideline: id and version.
        rows: one a statement, then one a page feature, in the order of the file.
        hazards: one an invariant, in the order of the file.
        gaps: what has no home or no case, in words.
        cases: the case files that were looked at; empty with `has_cases` false.
        has_cases: whether case files were looked at.
    """

    guideline: str
    rows: tuple[Row, ...]
    hazards: tuple[Hazard, ...]
    gaps: tuple[str, ...]
    cases: tuple[CaseFile, ...]
    has_cases: bool


def trace(guideline: Guideline, cases: Sequence[CaseFile] | None = None) -> Trace:
    """Returns what becomes of each statement.

    A recommendation rests on a statement that it does not cite if a definition, a number, a finding
    or a decision that does lies on a way from the root to it.

    Args:
        guideline: a guideline that was loaded.
        cases: case files; None: none are looked at.
    """
    citers = _citers(guideline)
    not_actionable = {each.id: each.reason for each in guideline.not_actionable}
    resting = _resting(guideline)
    order = [node.id for node in guideline.nodes if _is_recommendation(node)]
    controls = hazards(guideline, cases or ())
    rows = []
    gaps = []
    for statement in guideline.statements:
        cited_by = tuple(citers.get(statement.id, ()))
        reached = {each for citer in cited_by for each in resting.get(citer, ())}
        citing = tuple(each for each in order if f"node {each}" in cited_by)
        bears_on = tuple(each for each in order if each in reached and each not in citing)
        note = not_actionable.get(statement.id, "")
        if not cited_by and not note:
            gaps.append(f"statement {statement.id} has no home")
        rows.append(
            Row(
                statement.id,
                statement.text,
                cited_by,
                citing,
                bears_on,
                _invariants(controls, frozenset(citing or bears_on), cited_by),
                _cases_naming(frozenset(citing or bears_on), cases or ()),
                f"not actionable: {note}" if note else "",
            )
        )
    for feature in guideline.page_features:
        home = feature.WhichOneof("home")
        note = f"{home} `{getattr(feature, home)}`" if home else ""
        if feature.id in not_actionable:
            note = f"not actionable: {not_actionable[feature.id]}"
        if not note:
            gaps.append(f"page feature {feature.id} has no home")
        rows.append(Row(feature.id, feature.text, (), (), (), (), (), note))
    if cases is not None:
        gaps.extend(_case_gaps(order, cases))
        gaps.extend(_hazard_gaps(controls))
    return Trace(
        f"{guideline.id} {guideline.version}",
        tuple(rows),
        controls,
        tuple(gaps),
        tuple(cases or ()),
        cases is not None,
    )


def _citers(guideline: Guideline) -> dict[str, list[str]]:
    """Returns what cites each statement, such as `node start_foscarnet`."""
    citers: dict[str, list[str]] = {}
    for name, statements in _citations(guideline):
        for statement in statements:
            names = citers.setdefault(statement, [])
            if name not in names:
                names.append(name)
    return citers


def _citations(guideline: Guideline) -> Iterator[tuple[str, Sequence[str]]]:
    for number in guideline.numbers:
        yield f"number {number.id}", number.statements
    for computed in guideline.computed_numbers:
        yield f"computed {computed.id}", computed.statements
    for definition in guideline.definitions:
        yield f"definition {definition.id}", definition.statements
    for caution in guideline.cautions:
        yield f"caution {caution.id}", caution.statements
    for node in guideline.nodes:
        yield f"node {node.id}", node.statements
        for row in node.recommendation.regimen.rows:
            yield f"node {node.id}", row.statements
        for note in node.recommendation.notes:
            yield f"node {node.id}", note.statements


def _resting(guideline: Guideline) -> dict[str, set[str]]:
    """Returns the recommendations that rest on each citer."""
    within = names_within(guideline)
    kinds = {
        **{each.id: "number" for each in guideline.numbers},
        **{each.id: "computed" for each in guideline.computed_numbers},
        **{each.id: "definition" for each in guideline.definitions},
    }
    decisions = {
        node.id for node in guideline.nodes if node.WhichOneof("kind") in ("decision", "finding")
    }
    resting: dict[str, set[str]] = {}
    for node in guideline.nodes:
        if not _is_recommendation(node):
            continue
        ways, conditions = _ways_to(node.id, guideline)
        regimen = node.recommendation.regimen
        conditions |= names(" ".join([regimen.dose_gate, *(row.when for row in regimen.rows)]))
        resting.setdefault(f"node {node.id}", set()).add(node.id)
        for way in ways & decisions:
            resting.setdefault(f"node {way}", set()).add(node.id)
        for name in closure(conditions, within):
            if name in kinds:
                resting.setdefault(f"{kinds[name]} {name}", set()).add(node.id)
    return resting


def _ways_to(target: str, guideline: Guideline) -> tuple[set[str], set[str]]:
    """Returns the nodes on any way from the root to a node, and the names in their conditions."""
    nodes: set[str] = set()
    conditions: set[str] = set()
    waiting = [target]
    while waiting:
        node = waiting.pop()
        for edge in guideline.edges:
            if edge.to_node != node:
                continue
            conditions |= names(edge.when)
            if edge.otherwise:
                for sibling in guideline.edges:
                    if sibling.from_node == edge.from_node:
                        conditions |= names(sibling.when)
            if edge.from_node not in nodes:
                nodes.add(edge.from_node)
                waiting.append(edge.from_node)
    return nodes, conditions


def _is_recommendation(node: Node) -> bool:
    return node.WhichOneof("kind") == "recommendation"


def _invariants(
    controls: Sequence[Hazard], recommendations: frozenset[str], cited_by: Sequence[str]
) -> tuple[str, ...]:
    """Returns the invariants that watch over recommendations, definitions and numbers."""
    named = frozenset(each.partition(" ")[2] for each in cited_by if not each.startswith("node "))
    return tuple(each.id for each in controls if speaks_of(each, recommendations, named))


def _cases_naming(recommendations: frozenset[str], cases: Sequence[CaseFile]) -> tuple[str, ...]:
    return tuple(case.name for case in cases if case.named & recommendations)


def _case_gaps(recommendations: Sequence[str], cases: Sequence[CaseFile]) -> Iterator[str]:
    for each in recommendations:
        if not any(each in case.on for case in cases):
            yield f"no case expects `{each}` to apply"
        if not any(each in case.off for case in cases):
            yield f"no case expects `{each}` not to apply"


def _hazard_gaps(controls: Sequence[Hazard]) -> Iterator[str]:
    for each in controls:
        if not each.held_on:
            yield f"no case exercises invariant `{each.id}` where what it speaks of applies"
        if not each.held_off:
            yield f"no case exercises invariant `{each.id}` where what it speaks of does not"
