"""Tables of cases for these tests, and what the walk says of each case."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped] # ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # ships no types

from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, WholeNumber
from rashpath.facts.show import symbol
from rashpath.guideline import DecisionGraph
from rashpath.readings.answer import finding_value
from rashpath.readings.coverage.suite import read_suite
from rashpath.readings.walk import walk
from rashpath.v1 import guideline_pb2

ROOT = Path(__file__).resolve().parents[2]
KEY = "case_id"

Facts = Mapping[str, int | float]


def suite(dictionary: Dictionary) -> list[Facts]:
    """Returns the facts of every case file and every generated case."""
    return [
        case.facts
        for folder in ("cases", "generated")
        for case in read_suite(ROOT / "tests" / folder, dictionary)
    ]


def blends(dictionary: Dictionary, count: int, seed: int) -> list[Facts]:
    """Returns cases blended from two of the suite, few or many facts unknown.

    Random facts alone nearly always contradict each other; near cases that were thought through
    every change can matter.
    """
    known, chance = suite(dictionary), random.Random(seed)
    found: list[Facts] = []
    for _ in range(count):
        base, other = dict(chance.choice(known)), chance.choice(known)
        base |= {path: value for path, value in other.items() if chance.random() < 0.15}
        unknown = chance.random() ** 2
        found.append({path: value for path, value in base.items() if chance.random() >= unknown})
    return found


def table_of(dictionary: Dictionary, cases: Sequence[Facts]) -> pa.Table:
    """Returns cases as a table: a key, and a column a fact."""
    columns = {KEY: pa.array([f"case {index}" for index in range(len(cases))], pa.string())}
    for fact in dictionary:
        values = [case.get(fact.path) for case in cases]
        match fact.kind:
            case Choice():
                names = [None if value is None else symbol(fact, value) for value in values]
                columns[fact.path] = pa.array(names, pa.string())
            case WholeNumber():
                columns[fact.path] = pa.array(values, pa.int32())
            case DecimalNumber():
                columns[fact.path] = pa.array(values, pa.float64())
    return pa.table(columns)


def write(dictionary: Dictionary, cases: Sequence[Facts], path: Path) -> Path:
    """Writes cases to a Parquet file."""
    pq.write_table(table_of(dictionary, cases), path)
    return path


def expected(graph: DecisionGraph, facts: Facts) -> dict[str, object]:
    """Returns every output of one case, as the walk has it."""
    walked = walk(graph, facts)
    found: dict[str, object] = {
        "status": "DECIDED" if walked.decided else "NEEDS_FACTS",
        "urgency": _urgency(walked.urgency),
        "urgency_not_excluded": _urgency(walked.urgency_not_excluded),
        "contradicted": bool(walked.contradictions),
    }
    for node in graph.recommendations:
        found[node.id] = walked.step(node.id).verdict.value
        if node.regimen is not None and node.regimen.rows:
            dose = walked.doses.get(node.id)
            row = None if dose is None else dose.row
            found[f"{node.id}.dose_mg"] = None if dose is None else dose.mg
            found[f"{node.id}.dose_mg_per_kg"] = None if row is None else row.dose_mg_per_kg
            found[f"{node.id}.interval_hours"] = None if row is None else row.interval_hours
    for name, nodes in graph.findings.items():
        found[name] = finding_value(walked, nodes)[1]
    return found


def _urgency(urgency: guideline_pb2.Urgency.ValueType) -> str:
    if urgency == guideline_pb2.URGENCY_UNSPECIFIED:
        return "NONE"
    return guideline_pb2.Urgency.Name(urgency).removeprefix("URGENCY_")
