"""The generated cases hold for the walk, and say what the second opinion says."""

from __future__ import annotations

from pathlib import Path

import pytest

from rashpath.facts.document import parse
from rashpath.guideline import DecisionGraph
from rashpath.readings.coverage.expectation import expected, observed
from rashpath.readings.coverage.generate import generate
from rashpath.readings.coverage.suite import SuiteCase, read_suite
from rashpath.readings.coverage.write import write_suite
from rashpath.readings.proof.second_opinion import SecondOpinion
from rashpath.readings.walk import walk
from tests.coverage.tables import GENERATED


@pytest.fixture(scope="module")
def cases(graph: DecisionGraph) -> tuple[SuiteCase, ...]:
    """The generated cases."""
    return read_suite(GENERATED, graph.dictionary)


def test_the_walk_gives_what_generated_cases_expect(
    graph: DecisionGraph, cases: tuple[SuiteCase, ...]
) -> None:
    """Verdicts, doses, warnings, notes and numbers are those of the second opinion."""
    wrong = {
        case.name: (shown, case.expect)
        for case in cases
        if (shown := observed(walk(graph, case.facts))) != case.expect
    }
    assert wrong == {}


def test_expectations_are_the_second_opinion_s(
    graph: DecisionGraph, cases: tuple[SuiteCase, ...]
) -> None:
    """No expectation was copied from an answer: deciding anew without the engine gives the same."""
    opinion = SecondOpinion(graph)
    some = cases[::7]
    assert {case.name: expected(graph, case.facts, opinion) for case in some} == {
        case.name: case.expect for case in some
    }


def test_generated_files_say_so(cases: tuple[SuiteCase, ...]) -> None:
    """Every file says that a program wrote it, and none counts as written by hand."""
    documents = [parse(path.read_bytes()).value for path in sorted(GENERATED.glob("*.yaml"))]
    assert len(documents) >= 2
    assert all(isinstance(each, dict) and each["generated"] is True for each in documents)
    assert all(case.generated for case in cases)


@pytest.mark.long
def test_the_files_are_current(graph: DecisionGraph, tmp_path: Path) -> None:
    """What is generated now is what lies there: `make generated-cases`."""
    fresh = write_suite(tmp_path, graph, generate(graph))
    assert [path.name for path in fresh] == ["conditions.yaml", "unknowns.yaml"]
    assert {path.name: path.read_text(encoding="utf-8") for path in fresh} == {
        path.name: (GENERATED / path.name).read_text(encoding="utf-8") for path in fresh
    }


def test_there_are_few_enough_to_be_run_always(cases: tuple[SuiteCase, ...]) -> None:
    """The suite stays a few hundred cases, each with a name of its own."""
    assert 100 < len(cases) < 1000
    assert len({case.name for case in cases}) == len(cases)
