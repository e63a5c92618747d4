"""The traceability page: every statement, hazard and case, and what is missing."""

from __future__ import annotations

import pytest

from rashpath.cli.trace_page import trace_page
from rashpath.guideline.trace import read_cases, trace
from tests.report import build
from tests.report.reading import read_page


@pytest.fixture(scope="module")
def traced(graph):
    """The shipped guideline with the shipped cases."""
    return trace(graph.guideline, read_cases(build.ROOT / "tests" / "cases"))


def test_every_statement_hazard_and_case_has_a_row(traced):
    """Nothing that was traced is left out of the page."""
    reading = read_page(trace_page(traced))
    assert reading.faults == []
    rows = len(traced.rows) + len(traced.hazards) + len(traced.cases)
    assert len([each for each in reading.all("th") if each["scope"] == "row"]) == rows
    for name in (
        *(row.statement for row in traced.rows),
        *(hazard.id for hazard in traced.hazards),
        *(case.name for case in traced.cases),
    ):
        assert name in reading.text


def test_gaps_stand_on_top(graph):
    """A matrix with gaps says so before anything else."""
    reading = read_page(trace_page(trace(graph.guideline, [])))
    assert "no case expects `start_foscarnet` to apply" in reading.text
    assert reading.text.index("Gaps") < reading.text.index("Statements")


def test_nothing_is_fetched(traced):
    """The page names no address in any attribute."""
    reading = read_page(trace_page(traced))
    assert [v for _, attributes in reading.tags for v in attributes.values() if "//" in v] == []
