"""Runs the benchmark: `make bench` and `make bench-quick`.

The quick form prints a table in under a minute and writes nothing. The full form takes up to ten
minutes and writes the tables of docs/performance.md, docs/performance.json and the plots.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.bench import bench_decision, bench_growth, bench_processes, bench_wire
from tests.bench.points import FULL, QUICK, Pace, Point
from tests.bench.report import begin, text_table, write

_PATIENCE_S = 240.0
"""Seconds after which no point is taken again, however disturbed it was."""

PARTS: dict[str, Callable[[Pace], Iterator[Point]]] = {
    "peers": bench_decision.peers,
    "whole": bench_decision.whole,
    "growth": bench_growth.growth,
    "generator": bench_wire.headroom,
    "unary": bench_wire.unary,
    "batches": bench_wire.batches,
    "processes": bench_processes.processes,
}


def main() -> int:
    """Runs what the words of the command line name; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure rashpath and its peers.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="short, and write nothing")
    parser.add_argument("--write", action="store_true", help="write docs/performance.*")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"`{unknown[0]}` is not one of {', '.join(PARTS)}")
    began = time.monotonic()
    pace = replace(QUICK if arguments.quick else FULL, patient_until=began + _PATIENCE_S)
    report = begin(quick=arguments.quick)
    try:
        for name in arguments.parts or PARTS:
            for point in PARTS[name](pace):
                report.points.append(point)
                _progress(point, time.monotonic() - began)
    finally:
        # What was measured before a fault is shown all the same.
        report.took_s = round(time.monotonic() - began)
        print(text_table(report), flush=True)
    if arguments.write:
        for path in write(report):
            print(f"wrote {path}")
    return 0


def _progress(point: Point, elapsed_s: float) -> None:
    print(f"{elapsed_s:6.1f} s  {point.group}: {point.name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
