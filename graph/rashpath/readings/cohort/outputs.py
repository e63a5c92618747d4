"""What a table of verdicts can have: one column for each output of a guideline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rashpath.facts.errors import RashpathError
from rashpath.guideline.model import DecisionGraph

STATUS: Final = "status"
URGENCY: Final = "urgency"
URGENCY_NOT_EXCLUDED: Final = "urgency_not_excluded"
CONTRADICTED: Final = "contradicted"


class OutputError(RashpathError):
    """An output that the guideline does not have, or that cannot be a column."""


class OutputKind(StrEnum):
    """What a column holds."""

    VERDICT = "verdict"
    FINDING = "finding"
    DOSE = "dose"
    PER_KG = "per_kg"
    INTERVAL = "interval"
    URGENCY = "urgency"
    STATUS = "status"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Output:
    """One column.

    Args:
        name: its name.
        kind: what it holds.
        of: the recommendation or finding that it is of; empty where it is of the whole answer.
    """

    name: str
    kind: OutputKind
    of: str


def outputs_of(graph: DecisionGraph) -> tuple[Output, ...]:
    """Returns all outputs of a guideline: the answer as a whole, recommendations, doses, findings.

    Recommendations stand in topological order, each dose behind its own.
    """
    found = [
        Output(STATUS, OutputKind.STATUS, ""),
        Output(URGENCY, OutputKind.URGENCY, ""),
        Output(URGENCY_NOT_EXCLUDED, OutputKind.URGENCY, ""),
        Output(CONTRADICTED, OutputKind.CONTRADICTED, ""),
    ]
    for node in graph.recommendations:
        found.append(Output(node.id, OutputKind.VERDICT, node.id))
        if node.regimen is not None and node.regimen.rows:
            found += [
                Output(f"{node.id}.dose_mg", OutputKind.DOSE, node.id),
                Output(f"{node.id}.dose_mg_per_kg", OutputKind.PER_KG, node.id),
                Output(f"{node.id}.interval_hours", OutputKind.INTERVAL, node.id),
            ]
    found += [Output(name, OutputKind.FINDING, name) for name in graph.findings]
    return tuple(found)


def chosen(graph: DecisionGraph, names: Iterable[str]) -> tuple[Output, ...]:
    """Returns the outputs of some names, in their order; all where there are none.

    Raises:
        OutputError: there is no output of a name, or one is named twice.
    """
    known = {output.name: output for output in outputs_of(graph)}
    names = list(names)
    for name in names:
        if name not in known:
            raise OutputError(f"`{name}` is not an output; see `--list-outputs`")
        if names.count(name) > 1:
            raise OutputError(f"`{name}` is named twice")
    return tuple(known[name] for name in names) if names else tuple(known.values())
