"""The query as SQL text, for each database that is known."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import ibis
import ibis.expr.types as ir
from ibis.config import Config


class Dialect(StrEnum):
    """A kind of SQL."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    POSTGRES = "postgres"
    TRINO = "trino"
    BIGQUERY = "bigquery"
    SNOWFLAKE = "snowflake"


_NAMES_IN_IBIS: Final = {Dialect.SPARK: "pyspark"}
_LAYER: Final = re.compile(r'\) AS ("t\d+")')
_FRAMES: Final = 20_000
"""Depth of the interpreter's stack while SQL is written: layers nest, as do expressions."""


class _SparkOptions(Config):  # type: ignore[misc] # Ibis ships no types
    """The one option of Ibis's that its writer of Spark's SQL asks for."""

    treat_nan_as_null: bool = False


def sql(table: ir.Table, dialect: Dialect, *, pretty: bool = False) -> str:
    """Returns a table as one SELECT.

    Args:
        table: what is wanted, over unbound tables.
        dialect: for which database.
        pretty: one expression a line; about three times as long.

    Example:
        >>> sql(ibis.table({"x": "int8"}, name="cases").select("x"), Dialect.DUCKDB)
        'SELECT "t0"."x" FROM "cases" AS "t0"'
    """
    with _as_written():
        text = str(
            ibis.to_sql(table, dialect=_NAMES_IN_IBIS.get(dialect, dialect.value), pretty=pretty)
        )
    if dialect is Dialect.POSTGRES:
        # PostgreSQL would merge the layers, write each shared column out at each use, and so run
        # out of memory; it merges none that has an offset.
        text = _LAYER.sub(r" OFFSET 0) AS \1", text)
    return text


@contextmanager
def _as_written() -> Iterator[None]:
    """Keeps layers as they are: merged, each shared column would be written out at each use."""
    options = ibis.options
    fuse, frames = options.sql.fuse_selects, sys.getrecursionlimit()
    if options.pyspark is None:
        # Else PySpark would have to be installed only to write its SQL.
        options.pyspark = _SparkOptions()
    options.sql.fuse_selects = False
    sys.setrecursionlimit(max(frames, _FRAMES))
    try:
        yield
    finally:
        options.sql.fuse_selects = fuse
        sys.setrecursionlimit(frames)
