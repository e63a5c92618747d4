"""Tells whether any case can tell two guidelines with the same facts apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.coverage.expectation import observed
from rashpath.readings.coverage.functions import Functions, common_diagrams, differ
from rashpath.readings.coverage.shown import Partial, literals, shown_pairs, told_apart
from rashpath.readings.coverage.witness import Case, Search
from rashpath.readings.walk import walk

_MOST_TRIED = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """How two guidelines over the same facts differ.

    Args:
        one: a guideline.
        other: another.
        diagrams: hold the regions.
        regions: what they decide differently, by name, with the diagram of where; a row of another
            dose or a formula that computes otherwise has the region that is always true.
        telling: where a warning, note or flag is shown otherwise: the region of its node, with what
            is given and what is not known (None) there.
    """

    one: DecisionGraph
    other: DecisionGraph
    diagrams: Diagrams
    regions: Mapping[str, int]
    telling: tuple[tuple[int, tuple[Partial, ...]], ...] = ()

    def case(self, base: Case) -> Case | None:
        """Returns a case whose answers differ, near a given one; None where none was found."""
        search = Search(self.diagrams, self.one.dictionary, base)

        def differs(case: Case) -> bool:
            return observed(walk(self.one, case)) != observed(walk(self.other, case))

        for region in dict.fromkeys(self.regions.values()):
            case = search.case(region, confirm=differs)
            if case is not None:
                return case
        for region, partials in self.telling:
            for partial in partials[:_MOST_TRIED]:
                known = {fact: value for fact, value in partial.items() if value is not None}
                where = self.diagrams.conjoin((region, literals(self.diagrams, known)))

                def given(case: Case, partial: Partial = partial, known: Case = known) -> Case:
                    kept = {f: v for f, v in case.items() if partial.get(f, v) is not None}
                    return {**kept, **known}

                case = search.case(where, confirm=lambda case: differs(given(case)))
                if case is not None:
                    return given(case)
        # What a formula computes is no level of a diagram: try each fact away.
        without = ({path: base[path] for path in base if path != gone} for gone in base)
        return next((case for case in without if differs(case)), None)


def difference(one: DecisionGraph, other: DecisionGraph) -> Difference:
    """Compares two guidelines over all cases.

    Nodes, dose rows and gates are compared as decision diagrams over common levels: equal diagrams
    mean equal truth in every completion of every case. Warnings, notes and flags are shown by what
    is known of their condition; they are compared in every case of the facts that they read, known
    and unknown, or as diagrams where there are too many. Words and citations are not compared.

    Args:
        one: a guideline.
        other: another, over the same facts.

    Returns:
        The difference; without regions where there is none, which is a proof.
    """
    diagrams = common_diagrams(one, other)
    left = Functions(one, diagrams).seen(all_nodes=True)
    right = Functions(other, diagrams).seen(all_nodes=True)
    regions = {}
    for name in left | right:
        region = differ(diagrams, left.get(name, FALSE), right.get(name, FALSE))
        if region != FALSE:
            regions[name] = region
    rows, others = _rows(one), _rows(other)
    for name in rows | others:
        if rows.get(name) != others.get(name):
            regions.setdefault(name, left.get(name, TRUE))
    for id, named in one.computed.items():
        if id not in other.computed or other.computed[id].number.formula != named.number.formula:
            regions[f"number {id}"] = TRUE
    telling = []
    for name, node, mine, theirs in shown_pairs(one, other):
        found = told_apart(mine, theirs, left.get(node, TRUE), diagrams)
        if found is None:
            continue
        regions.pop(name, None)
        if found:
            regions[name] = left.get(node, TRUE)
            telling.append((left.get(node, TRUE), found))
    return Difference(one, other, diagrams, regions, tuple(telling))


def _rows(graph: DecisionGraph) -> dict[str, tuple[float, int]]:
    return {
        f"{node.id}, row {index}": (row.dose_mg_per_kg, row.interval_hours)
        for node in graph.recommendations
        if node.regimen is not None
        for index, row in enumerate(node.regimen.rows, 1)
    }
