"""Decides a file of cases with DuckDB, in process: streaming, so that memory stays bounded."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from rashpath.guideline.model import DecisionGraph
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.case_table import FAULT, TABLE
from rashpath.readings.cohort.outputs import Output, OutputKind
from rashpath.readings.cohort.query import VERDICT_WORDS, query, ways
from rashpath.readings.cohort.result import Counts, EngineError, Flow
from rashpath.readings.cohort.source import Source, SourceError, find_faults, open_source
from rashpath.readings.cohort.sql import Dialect, sql

Progress = Callable[[float], None]
"""Is told from time to time how much is done, 0 to 1."""

_FAULTY: Final = "rashpath: a fact is not what the dictionary allows"
_POLL_SECONDS: Final = 0.1
_MANY: Final = 1_000_000
"""From so many cases on, a shorter query saves more time than it takes to find."""


class DuckCohort:
    """One file of cases, opened for one guideline.

    Args:
        graph: the guideline.
        path: a Parquet or CSV file.
        key: the column that names a case; empty: the number of the row, from 1.
        threads: how many threads work; None: one a core.
        memory_limit: such as `1GB`; None: DuckDB's own, most of the memory.

    Raises:
        SourceError: the file cannot be read as one of cases, or the limit is none.
        FactsError: a column is no fact, or its type does not fit.
    """

    def __init__(
        self,
        graph: DecisionGraph,
        path: Path,
        *,
        key: str = "",
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> None:
        self._graph = graph
        self._scratch = tempfile.TemporaryDirectory(prefix="rashpath-cohort-")
        scratch = Path(self._scratch.name)
        self._connection = duckdb.connect()
        try:
            self._connection.execute("SET temp_directory = ?", [str(scratch)])
            self._connection.execute("SET enable_progress_bar = true")
            self._connection.execute("SET enable_progress_bar_print = false")
            if threads is not None:
                self._connection.execute("SET threads = ?", [threads])
            if memory_limit is not None:
                self._connection.execute("SET memory_limit = ?", [memory_limit])
            self.source: Source = open_source(
                self._connection, path, graph.dictionary, key=key, scratch=scratch
            )
        except duckdb.Error as error:
            self.close()
            raise SourceError(_told(error)) from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> DuckCohort:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the database and removes what it kept on disk."""
        self._connection.close()
        self._scratch.cleanup()

    def decide(
        self, outputs: tuple[Output, ...], target: Path, progress: Progress | None = None
    ) -> Counts:
        """Writes the outputs of all cases to a file, in the order of the cases, and counts them.

        Args:
            outputs: the columns beside the key.
            target: a file to write; as Parquet, or as CSV where its name ends so.
            progress: is told how much is done.

        Raises:
            FactsError: a value is not what the dictionary allows; nothing is written.
            EngineError: the database ended the run, for want of memory or disk.
        """
        draft = target.with_name(f".draft-{target.name}")
        try:
            self.run(self.statement(outputs, draft, search=self.source.rows >= _MANY), progress)
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return self._counts(outputs, target)

    def statement(self, outputs: tuple[Output, ...], target: Path, *, search: bool) -> str:
        """Returns the statement that writes the outputs of all cases to a file.

        Args:
            outputs: the columns beside the key.
            target: as of :meth:`decide`.
            search: look for the shortest query first.
        """
        written = query(
            self._graph,
            outputs,
            key=self.source.key,
            key_type=self.source.key_type,
            facts=[fact.path for fact in self.source.facts],
            search=search,
        )
        columns = [_name(self.source.key), *map(_worded, outputs)]
        text = target.suffix.lower() == ".csv"
        return (
            f"COPY (SELECT {', '.join(columns)} FROM ({sql(written.table, Dialect.DUCKDB)}) "
            f"WHERE CASE WHEN {FAULT} THEN error({_literal(_FAULTY)}) ELSE true END) "
            f"TO {_literal(str(target))} (FORMAT {'csv, HEADER' if text else 'parquet'})"
        )

    def flow(self, progress: Progress | None = None) -> Flow:
        """Counts how many cases reach each node and take each edge.

        Raises:
            FactsError: a value is not what the dictionary allows.
            EngineError: the database ended the run.
        """
        written = ways(
            self._graph,
            key=self.source.key,
            key_type=self.source.key_type,
            facts=[fact.path for fact in self.source.facts],
        )
        names = [f"node_{index}" for index in range(len(written.nodes))]
        names += [f"edge_{index}" for index in range(len(written.edges))]
        sums = ", ".join(
            f"count_if({name} = {code})" for code in (truth.TRUE, truth.UNKNOWN) for name in names
        )
        found = self.run(
            f"SELECT count(*), count_if({FAULT}), {sums} "
            f"FROM ({sql(written.table, Dialect.DUCKDB)})",
            progress,
        )
        cases, faults, *counts = (int(count) for count in found)
        if faults:
            raise find_faults(self._connection, self.source, self._graph.dictionary)
        nodes, half = len(written.nodes), len(names)
        return Flow(
            cases,
            taken=dict(zip(written.edges, counts[nodes:half], strict=True)),
            open=dict(zip(written.edges, counts[half + nodes :], strict=True)),
            reached=dict(zip(written.nodes, counts[:nodes], strict=True)),
            undetermined=dict(zip(written.nodes, counts[half : half + nodes], strict=True)),
        )

    def _counts(self, outputs: tuple[Output, ...], target: Path) -> Counts:
        verdicts = [output.name for output in outputs if output.kind is OutputKind.VERDICT]
        reader = "read_csv" if target.suffix.lower() == ".csv" else "read_parquet"
        sums = [
            f"count_if({_name(name)} = {_literal(word)})"
            for name in verdicts
            for word in VERDICT_WORDS.values()
        ]
        cases, *counts = self.run(
            f"SELECT {', '.join(['count(*)', *sums])} FROM {reader}({_literal(str(target))})"
        )
        given = [f"count({_name(fact.path)})" for fact in self.source.facts]
        known = dict.fromkeys((fact.path for fact in self._graph.dictionary), 0)
        known |= dict(
            zip(
                (fact.path for fact in self.source.facts),
                self.run(f"SELECT {', '.join(given or ['0'])} FROM {TABLE}"),
                strict=False,
            )
        )
        words = tuple(VERDICT_WORDS.values())
        return Counts(
            cases,
            {
                name: {
                    word: count
                    for word, count in zip(
                        words, counts[index * len(words) : (index + 1) * len(words)], strict=True
                    )
                    if count
                }
                for index, name in enumerate(verdicts)
            },
            {path: cases - count for path, count in known.items()},
        )

    def run(self, text: str, progress: Progress | None = None) -> tuple[int, ...]:
        """Runs one statement and returns its first row, telling progress on the way.

        Raises:
            FactsError: a value is not what the dictionary allows.
            EngineError: the database ended the run.
        """
        connection = self._connection
        done = threading.Event()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                connection.execute(text)
            except BaseException as error:
                failures.append(error)
            finally:
                done.set()

        worker = threading.Thread(target=work, name="rashpath-cohort", daemon=True)
        worker.start()
        try:
            while not done.wait(_POLL_SECONDS):
                if progress is not None:
                    progress(max(0.0, min(1.0, connection.query_progress() / 100)))
        except BaseException:
            connection.interrupt()
            raise
        finally:
            worker.join()
        for failure in failures:
            if _FAULTY in str(failure):
                raise find_faults(connection, self.source, self._graph.dictionary)
            if isinstance(failure, duckdb.Error):
                raise EngineError(_told(failure)) from None
            raise failure
        if progress is not None:
            progress(1.0)
        row = connection.fetchone()
        return () if row is None else tuple(row)


def _worded(output: Output) -> str:
    """Returns the SQL of one output, a verdict in words.

    An ENUM is written as text as well, but eight times faster.
    """
    name = _name(output.name)
    if output.kind is not OutputKind.VERDICT:
        return name
    words = ", ".join(_literal(word) for word in VERDICT_WORDS.values())
    parts = " ".join(
        f"WHEN {code} THEN CAST({_literal(word)} AS ENUM({words}))"
        for code, word in VERDICT_WORDS.items()
    )
    return f"CASE {name} {parts} END AS {name}"


def _told(error: duckdb.Error) -> str:
    """Returns the first line of an error of the database; it names no value of a case."""
    return f"the database ended the run: {str(error).splitlines()[0]}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
