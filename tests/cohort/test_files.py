"""Files of cases: what is refused, by row and column, and that memory stays bounded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped] # ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # ships no types
import pytest

from rashpath.facts.errors import FactsError
from rashpath.guideline import DecisionGraph
from rashpath.readings.cohort.duck import DuckCohort
from rashpath.readings.cohort.outputs import OutputError, chosen
from rashpath.readings.cohort.picture import flow_scene
from rashpath.readings.cohort.source import SourceError
from rashpath.readings.diagram.scene import Mark
from rashpath.readings.walk import Outcome, Verdict, walk
from tests.cohort.tables import KEY, blends, expected, table_of, write

ONE = ("continue_and_review",)


def refused(graph: DecisionGraph, path: Path) -> list[str]:
    """Returns what is said of a file that is refused, without its folder."""
    with pytest.raises(FactsError) as raised, DuckCohort(graph, path) as cohort:
        cohort.decide(chosen(graph, ONE), path.with_name("out.parquet"))
    return [problem.located().replace(f"{path.parent}/", "") for problem in raised.value.problems]


def test_faulty_values_are_named_by_row_and_column(graph: DecisionGraph, tmp_path: Path) -> None:
    """A misspelt choice, text, a decimal, a NaN or a number out of range is never "unknown"."""
    path = tmp_path / "cases.csv"
    path.write_text(
        "rash.trend,patient.age_years,patient.weight_kg\n"
        "IMPROVING,45,70.5\n"
        ",,\n"
        "SPREDING,45.0,nan\n"
        "unknown,99999999999,1e3\n"
    )
    assert refused(graph, path) == [
        'cases.csv row 3: `rash.trend` is "SPREDING", not one of IMPROVING, UNCHANGED, SPREADING; '
        "did you mean SPREADING?",
        "cases.csv row 3: `patient.age_years` is the number 45.0, where a whole number is expected",
        'cases.csv row 3: `patient.weight_kg` is text "nan", where a number is expected',
        'cases.csv row 4: `rash.trend` is "unknown", not one of IMPROVING, UNCHANGED, SPREADING',
        "cases.csv row 4: `patient.age_years` is 99999999999, outside 0 to 120 years",
        "cases.csv row 4: `patient.weight_kg` is 1000, outside 1 to 400 kg",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["cases.csv"]


def test_faulty_numbers_of_parquet_are_named(graph: DecisionGraph, tmp_path: Path) -> None:
    """A NaN, an infinity and a number too large for its type are out of range, not unknown."""
    table = pa.table(
        {
            "patient.weight_kg": pa.array([70.0, float("nan"), float("inf"), None]),
            "patient.age_years": pa.array([45, None, 2**40, -1], pa.int64()),
        }
    )
    pq.write_table(table, tmp_path / "cases.parquet")
    told = refused(graph, tmp_path / "cases.parquet")
    assert [line.split(";")[0] for line in told] == [
        "cases.parquet row 2: `patient.weight_kg` is not a number",
        "cases.parquet row 3: `patient.weight_kg` is infinite",
        "cases.parquet row 3: `patient.age_years` is 1099511627776, outside 0 to 120 years",
        "cases.parquet row 4: `patient.age_years` is -1, outside 0 to 120 years",
    ]


def test_columns_that_are_no_facts_are_refused(graph: DecisionGraph, tmp_path: Path) -> None:
    """A misspelt column would be a fact that is silently unknown; a wrong type is no fact."""
    table = pa.table({"rash.trned": ["SPREADING"], "patient.age_years": [45.0]})
    pq.write_table(table, tmp_path / "cases.parquet")
    assert refused(graph, tmp_path / "cases.parquet") == [
        "cases.parquet: `rash.trned` is not a fact; did you mean `rash.trend`?",
        "cases.parquet: `patient.age_years` is a column of type DOUBLE, where whole numbers are "
        "expected; cast it to INTEGER (pandas: Int32)",
    ]
    with pytest.raises(SourceError, match="no column `id` for `--key`"):
        DuckCohort(graph, tmp_path / "cases.parquet", key="id")
    with pytest.raises(OutputError, match="`start_foscarnat` is not an output"):
        chosen(graph, ("start_foscarnat",))


def test_text_and_parquet_say_the_same(graph: DecisionGraph, tmp_path: Path) -> None:
    """A CSV file gives the same verdicts as a Parquet file, rows in order, keyed by number."""
    cases = blends(graph.dictionary, 50, seed=31)
    table = table_of(graph.dictionary, cases).drop_columns([KEY])
    table.to_pandas(integer_object_nulls=True).to_csv(tmp_path / "cases.csv", index=False)
    with DuckCohort(graph, tmp_path / "cases.csv") as cohort:
        cohort.decide(chosen(graph, ONE), tmp_path / "verdicts.parquet")
    assert pq.read_table(tmp_path / "verdicts.parquet").to_pylist() == [
        {"row": number, "continue_and_review": expected(graph, case)["continue_and_review"]}
        for number, case in enumerate(cases, start=1)
    ]


def test_a_table_larger_than_memory_is_decided_in_order(
    graph: DecisionGraph, tmp_path: Path
) -> None:
    """Four hundred thousand rows with a long key: 400 MB in memory, decided within 300 MB."""
    rows, piece = 400_000, 50_000
    cases = table_of(graph.dictionary, blends(graph.dictionary, 500, seed=32))
    path = tmp_path / "cases.parquet"
    picked = pa.array(range(piece), pa.int64())
    facts = cases.drop_columns([KEY]).take([index.as_py() % 500 for index in picked])
    size = 0
    schema = pa.schema([(KEY, pa.string()), *facts.schema])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, piece):
            keys = [f"{number:0600d}" for number in range(start, start + piece)]
            table = facts.add_column(0, KEY, pa.array(keys)).cast(schema)
            size += table.nbytes
            writer.write_table(table, row_group_size=piece // 2)
    assert size > 400_000_000
    with DuckCohort(graph, path, key=KEY, threads=1, memory_limit="300MB") as cohort:
        counts = cohort.decide(chosen(graph, ONE), tmp_path / "verdicts.parquet")
    assert counts.cases == rows
    keys = pq.read_table(tmp_path / "verdicts.parquet", columns=[KEY])[KEY]
    assert all(int(key.as_py()) == number for number, key in enumerate(keys))


def test_the_flow_counts_the_ways_of_the_walk(graph: DecisionGraph, tmp_path: Path) -> None:
    """Each edge of the picture carries how many cases take it, and how many may."""
    cases = blends(graph.dictionary, 40, seed=33)
    taken: Counter[tuple[str, str]] = Counter()
    possible: Counter[tuple[str, str]] = Counter()
    reached: Counter[str] = Counter()
    for case in cases:
        for step in walk(graph, case).steps:
            reached[step.node.id] += step.verdict is Verdict.APPLIES
            for way in step.edges:
                taken[way.edge.tail, way.edge.head] += way.outcome is Outcome.TAKEN
                possible[way.edge.tail, way.edge.head] += way.outcome is Outcome.OPEN
    with DuckCohort(graph, write(graph.dictionary, cases, tmp_path / "c.parquet"), key=KEY) as c:
        flow = c.flow()
    assert (dict(taken), dict(possible)) == (dict(flow.taken), dict(flow.open))
    assert dict(reached) == dict(flow.reached)
    arrows = {(arrow.tail, arrow.head): arrow for arrow in flow_scene(graph, flow).arrows()}
    assert arrows["start", "lanes"].because == ("40",)
    assert {way for way, arrow in arrows.items() if arrow.mark is Mark.TAKEN} == {
        way for way, count in taken.items() if count
    }
