"""Verdicts and decisive facts of the whole guideline equal brute force over completions."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rashpath.guideline import DecisionGraph
from rashpath.guideline.model import Finding, Recommendation
from rashpath.readings.walk import Verdict, walk
from tests import oracle
from tests.conformance.expectations import DICTIONARY, case_files
from tests.conformance.strategies import Facts, full_cases, lifelike_cases, partial_cases

_MOST_UNKNOWN = 5
_MOST_COMPLETIONS = 2_000


def cases(count: int) -> settings:
    """Returns the settings for a number of random cases, however slow each is."""
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


FILES = [case.facts for case in case_files()]


@dataclass(slots=True)
class Tally:
    """How much was compared: a comparison that never meets an open verdict shows nothing."""

    compared: int = 0
    undetermined: int = 0


def check(graph: DecisionGraph, facts: Facts, nodes: list[str], tally: Tally) -> None:
    """Compares some nodes of one case with the oracle, but those with too many completions."""
    walked = walk(graph, facts)
    for id in nodes:
        try:
            wanted = oracle.verdicts(graph, facts, [id], most=_MOST_COMPLETIONS)[id]
        except oracle.TooManyCompletionsError:
            continue
        step = walked.step(id)
        assert (step.verdict.value, frozenset(step.decisive)) == wanted, id
        tally.compared += 1
        tally.undetermined += step.verdict is Verdict.UNDETERMINED


def test_partial_cases_equal_brute_force(graph: DecisionGraph) -> None:
    """With a few facts unknown, no verdict and no decisive fact differs from its definition."""
    tally = Tally()
    concluding = [node.id for node in graph.order if isinstance(node, Recommendation | Finding)]

    @cases(120)
    @given(
        facts=lifelike_cases(DICTIONARY, FILES, most_unknown=_MOST_UNKNOWN),
        nodes=st.lists(st.sampled_from(concluding), min_size=12, max_size=12, unique=True),
    )
    def compare(facts: Facts, nodes: list[str]) -> None:
        check(graph, facts, nodes, tally)

    compare()
    assert tally.compared > 1000
    assert tally.undetermined > 50


@pytest.mark.long
def test_many_partial_cases_equal_brute_force(graph: DecisionGraph) -> None:
    """The same for every node of many cases."""
    tally = Tally()

    @cases(2000)
    @given(facts=lifelike_cases(DICTIONARY, FILES, most_unknown=_MOST_UNKNOWN))
    def compare(facts: Facts) -> None:
        check(graph, facts, [node.id for node in graph.order], tally)

    compare()
    print(tally)
    assert tally.undetermined > 10_000


@cases(100)
@given(facts=full_cases(DICTIONARY))
def test_a_full_case_is_decided(graph: DecisionGraph, facts: dict[str, int | float]) -> None:
    """With every fact given nothing is undetermined and nothing is asked (invariant 10)."""
    walked = walk(graph, facts)
    assert [step.node.id for step in walked.steps if step.verdict is Verdict.UNDETERMINED] == []
    assert walked.questions == ()
    assert walked.decided


@cases(100)
@given(
    facts=partial_cases(DICTIONARY) | lifelike_cases(DICTIONARY, FILES, most_unknown=20),
    data=st.data(),
)
def test_one_more_fact_withdraws_nothing_but_what_defeaters_allow(
    graph: DecisionGraph, facts: dict[str, int | float], data: st.DataObject
) -> None:
    """Learning a fact turns a settled verdict only where that fact is named as a defeater."""
    unknown = sorted({fact.path for fact in DICTIONARY} - set(facts))
    if not unknown:
        return
    path = data.draw(st.sampled_from(unknown))
    learnt = facts | {path: data.draw(full_cases(DICTIONARY))[path]}
    before, after = walk(graph, facts), walk(graph, learnt)
    for node in graph.recommendations:
        old, new = before.step(node.id).verdict, after.step(node.id).verdict
        if old is not Verdict.UNDETERMINED and path not in before.defeaters[node.id]:
            assert new is old, node.id
