"""Every case file holds for the walk."""

from __future__ import annotations

import pytest

from rashpath.guideline import DecisionGraph
from rashpath.readings.answer import answer
from rashpath.readings.walk import walk
from tests.conformance.expectations import CaseFile, case_files, mismatches


@pytest.mark.parametrize("case", case_files(), ids=lambda case: case.name)
def test_the_walk_gives_what_the_case_expects(case: CaseFile, graph: DecisionGraph) -> None:
    """The answer to a case is what was derived from the decision logic by hand."""
    assert mismatches(case.expect, answer(walk(graph, case.facts), full=True)) == []
