"""The benchmark itself keeps working: each part, as short as it goes."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from tests.bench import bench_decision, bench_growth, bench_processes, bench_wire
from tests.bench.points import QUICK
from tests.bench.report import as_json, begin, from_json, markdown, text_table
from tests.bench.run import PARTS

TINY = replace(
    QUICK, cases=10, unseen=2, rounds=1, slice_s=0.001, window_s=0.1, warm_up_s=0.05, sizes=(30,)
)
"""Times that mean nothing, from code that is the real one."""

SOME = {
    "peers": 11,
    "whole": 6,
    "growth": 4,
    "generator": 1,
    "unary": 2,
    "batches": 1,
    "processes": 1,
}
"""By part, how many of its points are taken: of those that start servers the first ones."""

GROUPS = {
    "peers": {bench_decision.PEERS},
    "whole": {bench_decision.WHOLE},
    "growth": {bench_growth.SIZES, bench_growth.UNKNOWNS},
    "generator": {bench_wire.GENERATOR},
    "unary": {bench_wire.UNARY, bench_wire.LATENCY},
    "batches": {bench_wire.BATCHES},
    "processes": {bench_processes.PROCESSES},
}


def test_every_part_is_tried_here():
    """A new part of the benchmark gets a test."""
    assert PARTS.keys() == SOME.keys() == GROUPS.keys()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_gives_its_points(part):
    """A part measures something, and what it gives can be shown and kept."""
    report = begin(quick=True)
    report.points = list(islice(PARTS[part](TINY), SOME[part]))
    assert report.groups().keys() == GROUPS[part]
    numbers = [
        figure
        for point in report.points
        for name, figure in point.figures.items()
        if isinstance(figure, int | float) and name != "unknown"
    ]
    assert len(numbers) >= len(report.points)
    assert [number for number in numbers if number <= 0] == []
    assert from_json(as_json(report)) == report
    for point in report.points:
        assert point.name in text_table(report)
        assert point.name in markdown(report)
