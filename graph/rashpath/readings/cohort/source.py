"""The file of cases: what its columns are, and how they become the table that the query reads."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

import duckdb

from rashpath.facts.accept import Refusal, accept_fact
from rashpath.facts.assignment import unknown_fact
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber
from rashpath.facts.errors import FactsError, Problem, RashpathError, Reason, quoted
from rashpath.facts.yaml_text import plain_scalar
from rashpath.readings.cohort.case_table import TABLE, case_table, fault, read
from rashpath.readings.cohort.sql import Dialect, sql

ROW: Final = "row"
"""The key where none is named: the number of the row, from 1, the heading not counted."""

_MOST_PROBLEMS = 20
_WHOLE: Final = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_DECIMAL: Final = frozenset({"DOUBLE", "FLOAT"})
_LARGEST: Final = 2**31 - 1
_NO_WHOLE: Final = -(2**31)
"""Stands for text that is no whole number: in the range of no fact."""


class SourceError(RashpathError):
    """A file of cases that cannot be read as one."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of cases that was opened.

    Args:
        path: the file.
        key: the column that names a case; :data:`ROW` where it is the row's number.
        key_type: the key's type, in Ibis's words.
        facts: the facts that it has, in the order of its columns.
        staged: the Parquet file that is read; the file itself, or what its text was turned into.
        rows: how many cases it has.
    """

    path: Path
    key: str
    key_type: str
    facts: tuple[Fact, ...]
    staged: Path
    rows: int


def open_source(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    dictionary: Dictionary,
    *,
    key: str,
    scratch: Path,
) -> Source:
    """Opens a file of cases and makes the view `cases` over it.

    Args:
        connection: where the view is made.
        path: a Parquet or CSV file.
        dictionary: the facts.
        key: the column that names a case; empty: the number of the row.
        scratch: a folder for what text is turned into.

    Raises:
        SourceError: the file cannot be read, or is neither Parquet nor CSV.
        FactsError: a column is no fact, or its type does not fit.
    """
    text = path.suffix.lower() in (".csv", ".tsv")
    if not text and path.suffix.lower() not in (".parquet", ".pq"):
        raise SourceError(f"`{path}` ends in none of `.parquet`, `.pq`, `.csv`, `.tsv`")
    if not path.is_file():
        raise SourceError(f"`{path}`: no such file")
    reader = _csv_reader(path) if text else f"read_parquet({_literal(str(path))})"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
    except duckdb.Error as error:
        raise SourceError(f"`{path}` cannot be read: {_first_line(error)}") from None
    columns = {str(name): str(type_) for name, type_, *_ in described}
    if key and key not in columns:
        raise SourceError(f"`{path}` has no column {quoted(key)} for `--key`")
    problems = [
        _problem(path, name, unknown_fact(name, dictionary))
        for name in columns
        if name != key and name not in dictionary
    ]
    facts = tuple(dictionary[name] for name in columns if name in dictionary and name != key)
    if not text:
        problems += [
            _problem(path, fact.path, f"`{fact.path}` {fault_of_type}")
            for fact in facts
            if (fault_of_type := _unfit(fact, columns[fact.path])) is not None
        ]
    if problems:
        raise FactsError(problems[:_MOST_PROBLEMS])
    staged = path
    if text:
        staged = scratch / "cases.parquet"
        picked = [_name(key)] if key else []
        picked += [f"{_from_text(fact)} AS {_name(fact.path)}" for fact in facts]
        picked = picked or ["1 AS nothing"]
        try:
            connection.execute(
                f"COPY (SELECT {', '.join(picked)} FROM {reader}) TO {_literal(str(staged))} "
                "(FORMAT parquet)"
            )
        except duckdb.Error as error:
            raise SourceError(f"`{path}` cannot be read: {_first_line(error)}") from None
    key_column = _name(key) if key else f"file_row_number + 1 AS {ROW}"
    picked = [key_column]
    picked += [
        f"{_from_parquet(fact, 'text' if text else columns[fact.path])} AS {_name(fact.path)}"
        for fact in facts
    ]
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {TABLE} AS SELECT {', '.join(picked)} "
        f"FROM read_parquet({_literal(str(staged))}, file_row_number = true)"
    )
    counted = connection.execute(
        f"SELECT count(*) FROM read_parquet({_literal(str(staged))})"
    ).fetchone()
    rows = 0 if counted is None else int(counted[0])
    return Source(path, key or ROW, "string" if key else "int64", facts, staged, rows)


def find_faults(
    connection: duckdb.DuckDBPyConnection, source: Source, dictionary: Dictionary
) -> FactsError:
    """Returns what is wrong with the values of a file, at most twenty of them, by row and column.

    Args:
        connection: has the view `cases`.
        source: the file.
        dictionary: the facts.
    """
    problems: list[tuple[int, Problem]] = []
    for fact in source.facts:
        table = case_table(dictionary, [fact.path], source.key, source.key_type)
        faulty = table.select(fault=fault(fact, read(fact, table[fact.path])) < 0)
        numbered = (
            f"SELECT row FROM (SELECT fault, row_number() OVER () AS row FROM "
            f"({sql(faulty, Dialect.DUCKDB)})) WHERE fault LIMIT {_MOST_PROBLEMS}"
        )
        rows = [int(row) for (row,) in connection.execute(numbered).fetchall()]
        for row, value in _values(connection, source, fact, rows):
            text = _fault_text(fact, value)
            place = f"{source.path} row {row}"
            problems.append(
                (
                    row,
                    Problem(
                        Reason.OUT_OF_RANGE,
                        fact.path,
                        f"`{fact.path}` {text}",
                        f"`{fact.path}` is not what the dictionary allows",
                        source=place,
                    ),
                )
            )
    problems.sort(key=lambda found: found[0])
    return FactsError([problem for _, problem in problems[:_MOST_PROBLEMS]])


def _values(
    connection: duckdb.DuckDBPyConnection, source: Source, fact: Fact, rows: Sequence[int]
) -> list[tuple[int, object]]:
    """Returns the values of some rows as they stand in the file."""
    if not rows:
        return []
    reader = (
        _csv_reader(source.path)
        if source.staged != source.path
        else f"read_parquet({_literal(str(source.path))})"
    )
    return [
        (int(row), value)
        for row, value in connection.execute(
            f"SELECT row, value FROM (SELECT row_number() OVER () AS row, {_name(fact.path)} "
            f"AS value FROM {reader}) WHERE row IN ({', '.join(map(str, rows))}) ORDER BY row"
        ).fetchall()
    ]


def _fault_text(fact: Fact, value: object) -> str:
    """Says what is wrong with a value."""
    if isinstance(fact.kind, Choice) and isinstance(value, str):
        accepted = accept_fact(fact, value)
    elif isinstance(value, str):
        accepted = accept_fact(fact, plain_scalar(value))
    elif isinstance(value, int | float):
        accepted = accept_fact(fact, value)
    else:
        accepted = accept_fact(fact, float(str(value)))
    if isinstance(accepted, Refusal):
        return accepted.text
    if isinstance(fact.kind, Choice):
        named = None if accepted is None else fact.kind.numbered(int(accepted))
        meant = "leave the cell empty" if named is None else f"write {named.short}"
        return f"is not a short name; {meant}"
    return "is not written as a plain number"


def _unfit(fact: Fact, type_: str) -> str | None:
    """Returns why the type of a Parquet column does not fit a fact; None where it does."""
    match fact.kind:
        case Choice() as choice:
            if type_ == "VARCHAR" or type_.startswith("ENUM"):
                return None
            if type_ == "BOOLEAN" and {value.alias for value in choice.values} >= {"true", "false"}:
                return None
            return f"is a column of type {type_}, where names are expected"
        case WholeNumber():
            if type_ in _WHOLE:
                return None
            hint = "; cast it to INTEGER (pandas: Int32)" if type_ in _DECIMAL else ""
            return f"is a column of type {type_}, where whole numbers are expected{hint}"
        case DecimalNumber():
            if type_ in _WHOLE | _DECIMAL or type_.startswith("DECIMAL"):
                return None
            return f"is a column of type {type_}, where numbers are expected"
        case _:
            assert_never(fact.kind)


def _from_parquet(fact: Fact, type_: str) -> str:
    """Returns the SQL that gives a fact the type that the query expects, nothing lost."""
    name = _name(fact.path)
    match fact.kind:
        case Choice() as choice:
            if type_ == "BOOLEAN":
                words = {value.alias: value.short for value in choice.values}
                yes, no = _literal(words["true"]), _literal(words["false"])
                return f"CASE WHEN {name} THEN {yes} WHEN NOT {name} THEN {no} END"
            return name if type_ in ("VARCHAR", "text") else f"CAST({name} AS VARCHAR)"
        case WholeNumber():
            if type_ in ("BIGINT", "UBIGINT", "UINTEGER"):
                # What does not fit stays out of range.
                return (
                    f"CAST(CASE WHEN {name} > {_LARGEST} THEN {_LARGEST} "
                    f"WHEN {name} < {_NO_WHOLE} THEN {_NO_WHOLE} ELSE {name} END AS INTEGER)"
                )
            return f"CAST({name} AS INTEGER)"
        case DecimalNumber():
            return f"CAST({name} AS DOUBLE)"
        case _:
            assert_never(fact.kind)


def _from_text(fact: Fact) -> str:
    """Returns the SQL that reads a fact from text; what is no number becomes one out of range."""
    name = _name(fact.path)
    match fact.kind:
        case Choice():
            return name
        case WholeNumber():
            return (
                f"CASE WHEN regexp_full_match({name}, '[-+]?[0-9]+') "
                f"THEN coalesce(TRY_CAST({name} AS INTEGER), {_NO_WHOLE}) "
                f"WHEN {name} IS NOT NULL THEN {_NO_WHOLE} END"
            )
        case DecimalNumber():
            return (
                f"CASE WHEN regexp_full_match({name}, "
                "'[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?') "
                f"THEN coalesce(TRY_CAST({name} AS DOUBLE), 'NaN'::DOUBLE) "
                f"WHEN {name} IS NOT NULL THEN 'NaN'::DOUBLE END"
            )
        case _:
            assert_never(fact.kind)


def _csv_reader(path: Path) -> str:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading = next(csv.reader(file, delimiter=delimiter), [])
    except UnicodeDecodeError:
        raise SourceError(f"`{path}` is not UTF-8 text") from None
    except OSError as error:
        raise SourceError(f"`{path}`: {(error.strerror or 'cannot be read').lower()}") from None
    if not heading:
        raise SourceError(f"`{path}` has no heading")
    twice = next((name for name in heading if heading.count(name) > 1), None)
    if twice is not None:
        raise SourceError(f"`{path}` has two columns {quoted(twice)}")
    columns = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in heading)
    return (
        f"read_csv({_literal(str(path))}, auto_detect = false, header = true, nullstr = '', "
        f"delim = {_literal(delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}})"
    )


def _problem(path: Path, field: str, text: str) -> Problem:
    return Problem(Reason.UNKNOWN_FIELD, field, text, text, source=str(path))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
