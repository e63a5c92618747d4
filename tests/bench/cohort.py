"""Measures cases a second on DuckDB: `python -m tests.bench.cohort [CASES [REPEATS]]`.

The 20 outputs are the recommendations that apply most often in the generated cases. Wall-clock time
from the Parquet file to the file of verdicts, checks included, writing the query not; the two forms
of the query take turns, and the medians are told beside the processor time of each case. Close
other programs: the figure is of a machine that has nothing else to do.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from importlib.resources import as_file, files
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped] # ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # ships no types

from rashpath.guideline import DecisionGraph, load
from rashpath.readings.cohort.duck import DuckCohort
from rashpath.readings.cohort.outputs import Output, chosen
from rashpath.readings.walk import Verdict, walk
from tests.cohort.tables import KEY, blends, suite, table_of

OUTPUTS = 20
THREADS = 2
DIFFERENT = 10_000
PIECE = 100_000


def main() -> None:
    """Measures, and prints one line a form."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    content = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
    with as_file(content) as path:
        graph = load(path)
    outputs = most_used(graph)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "cases.parquet", Path(folder) / "verdicts.parquet"
        write_many(graph, source, cases)
        print(f"{cases} cases, {source.stat().st_size / 1e6:.0f} MB, {len(outputs)} outputs")
        with DuckCohort(graph, source, key=KEY, threads=THREADS) as cohort:
            forms = {form: cohort.statement(outputs, target, search=form) for form in (True, False)}
            seconds: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
            for _ in range(repeats):
                for form, text in forms.items():
                    wall, busy = time.perf_counter(), time.process_time()
                    cohort.run(text)
                    seconds[form].append((time.perf_counter() - wall, time.process_time() - busy))
                    target.unlink()
        for form, taken in seconds.items():
            wall = statistics.median(each for each, _ in taken)
            busy = statistics.median(each for _, each in taken)
            print(
                f"{'short plans' if form else 'plain':12} {cases / wall:12,.0f} cases/s"
                f"   {1e6 * busy / cases:.2f} us of processor a case"
                f"   {len(forms[form]) / 1e3:.0f} kB of SQL"
            )


def most_used(graph: DecisionGraph) -> tuple[Output, ...]:
    """Returns the recommendations that apply most often in the case files and generated cases."""
    applies: Counter[str] = Counter()
    for facts in suite(graph.dictionary):
        walked = walk(graph, facts)
        applies.update(
            node.id
            for node in graph.recommendations
            if walked.step(node.id).verdict is Verdict.APPLIES
        )
    return chosen(graph, [name for name, _ in applies.most_common(OUTPUTS)])


def write_many(graph: DecisionGraph, path: Path, count: int) -> None:
    """Writes many cases, blended from the suite with facts unknown, in random order."""
    table = table_of(graph.dictionary, blends(graph.dictionary, DIFFERENT, seed=1))
    table = table.drop_columns([KEY])
    chance = random.Random(2)
    schema = pa.schema([(KEY, pa.string()), *table.schema])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, PIECE):
            size = min(PIECE, count - start)
            picked = table.take([chance.randrange(DIFFERENT) for _ in range(size)])
            keys = pa.array([f"case {number}" for number in range(start, start + size)])
            writer.write_table(picked.add_column(0, KEY, keys).cast(schema))


if __name__ == "__main__":
    main()
