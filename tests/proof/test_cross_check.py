"""Walk, solver and second opinion say the same of every case."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from rashpath.expression.truth import Truth
from rashpath.guideline import DecisionGraph
from rashpath.guideline.model import Recommendation
from rashpath.readings.proof import cross_check as module
from rashpath.readings.proof.cross_check import cross_check
from rashpath.readings.proof.second_opinion import SecondOpinion, TooManyReadingsError
from rashpath.readings.walk import Verdict, Walk, walk
from tests import oracle
from tests.conformance.expectations import case_files
from tests.guideline.test_exact_verdicts import VALUES


def test_the_three_agree_on_the_shipped_guideline(graph: DecisionGraph) -> None:
    """In random cases and in cases made from the graph, no verdict differs."""
    checked = cross_check(graph, 24)
    assert checked.differences == ()
    assert checked.verdicts == checked.cases * 42
    assert checked.cases + checked.near_an_edge == 24
    assert checked.second_opinions > 0.9 * checked.verdicts
    assert checked.undetermined > 50


@pytest.mark.long
def test_the_three_agree_on_many_cases(graph: DecisionGraph) -> None:
    """The same for a thousand cases."""
    checked = cross_check(graph, 1000, seed=1)
    assert checked.differences == ()
    assert checked.second_opinions > 0.9 * checked.verdicts


def test_the_three_agree_on_other_guidelines(small: DecisionGraph, bicycle: DecisionGraph) -> None:
    """The same for the toy guideline and for one of another subject."""
    for graph in (small, bicycle):
        checked = cross_check(graph, 150)
        assert checked.differences == ()
        assert checked.second_opinions == checked.verdicts
        assert checked.undetermined > 20


def test_a_difference_is_seen(small: DecisionGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk that settles what is open differs from the other two, and the case is told."""

    def wrong(graph: DecisionGraph, facts: dict[str, int | float]) -> Walk:
        walked = walk(graph, facts)
        steps = {
            id: replace(step, verdict=Verdict.DOES_NOT_APPLY)
            if step.verdict is Verdict.UNDETERMINED
            else step
            for id, step in walked.by_id.items()
        }
        return replace(walked, by_id=steps)

    monkeypatch.setattr(module, "walk", wrong)
    checked = cross_check(small, 30)
    assert checked.differences
    for difference in checked.differences:
        assert difference.verdicts[0] is Verdict.DOES_NOT_APPLY
        assert set(difference.verdicts[1:]) == {Verdict.UNDETERMINED}


def test_the_second_opinion_equals_brute_force(small: DecisionGraph) -> None:
    """Over every way to know or not know the facts it agrees with the plain oracle of the tests."""
    opinion = SecondOpinion(small)
    seen = set()
    for values in itertools.islice(itertools.product(*VALUES.values()), 0, None, 5):
        pairs = zip(VALUES, values, strict=True)
        facts = {path: value for path, value in pairs if value is not None}
        wanted = oracle.verdicts(small, facts, small.by_id)
        given = {node: opinion.verdict(facts, node).value for node in small.by_id}
        assert given == {node: verdict for node, (verdict, _) in wanted.items()}, facts
        seen |= set(given.values())
    assert seen == {"APPLIES", "DOES_NOT_APPLY", "UNDETERMINED"}


@pytest.mark.parametrize("edge", ["0_4_at", "0_4_not_a_binary_fraction", "0_6_at", "1_4_at"])
def test_the_second_opinion_is_right_on_an_edge(graph: DecisionGraph, edge: str) -> None:
    """A clearance of exactly 0.4 is not below the floor, and 0.6 and 1.4 are in the lower rows."""
    case = next(each for each in case_files() if each.name == f"foscarnet/per_kg_{edge}")
    opinion, walked = SecondOpinion(graph), walk(graph, case.facts)
    for node in ("start_foscarnet", "foscarnet_not_recommended_renal"):
        assert opinion.verdict(case.facts, node) is walked.step(node).verdict
    foscarnet = graph.by_id["start_foscarnet"]
    assert isinstance(foscarnet, Recommendation)
    assert foscarnet.regimen is not None
    rows = [
        row for row in foscarnet.regimen.rows if opinion.truth(row.when, case.facts) is Truth.TRUE
    ]
    assert rows == [walked.doses["start_foscarnet"].row]


def test_the_second_opinion_says_where_it_would_take_too_long(graph: DecisionGraph) -> None:
    """It does not guess: too many completions are refused."""
    with pytest.raises(TooManyReadingsError):
        SecondOpinion(graph, most=3).verdict({}, "start_foscarnet")
