"""The comparison is fair only where all who are compared decide the same."""

from __future__ import annotations

import pytest

from rashpath.facts.dictionary import Choice
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
)
from tests.bench.bench_decision import (
    OutcomesDifferError,
    Ready,
    judged,
    require_same_outcomes,
)
from tests.bench.contenders import HAND_WRITTEN, PEERS, rashpath
from tests.bench.engines import batches, ends_of_lanes, engines
from tests.bench.guidelines import sub
from tests.bench.sub_cases import FACTS, FOLDER, LANES, sub_cases
from tests.bench.timing import Task

FEW = 100
"""Cases for the peers; `make bench` and `make bench-quick` take 1,000."""


@pytest.fixture(scope="module")
def cases():
    """The cases of the comparison."""
    return sub_cases(sub(), 1000)


@pytest.fixture(scope="module")
def expected(cases):
    """The outcomes by the plain walk."""
    plain = engines(sub())[0]
    return [
        ends_of_lanes(sub(), plain.verdicts(plain.decide(plain.arrives(case.message))))
        for case in cases
    ]


def test_size_is_that_of_the_comparison():
    """The sub-guideline has 30 to 40 nodes."""
    assert 30 <= len(sub().order) <= 40


def test_cases_give_every_fact(cases):
    """No case leaves a fact of the sub-guideline open, since most peers know no unknown."""
    read = {
        path
        for case in cases
        for path in FACTS
        if isinstance(sub().dictionary[path].kind, Choice)
        and not getattr(getattr(case.message, path.split(".")[0]), path.split(".")[1])
    }
    assert read == set()
    assert all(len(case.plain) == len(FACTS) for case in cases)


def test_cases_reach_every_end(expected):
    """Every end of every lane is the outcome of some case, so that all branches are compared."""
    ends = {node.id for node in sub().order if not sub().out_of(node.id)}
    assert {end for outcome in expected for end in outcome} == ends
    assert {len(outcome) for outcome in expected} == {len(LANES)}


@pytest.mark.parametrize("contender", HAND_WRITTEN, ids=lambda each: each.name)
def test_hand_written_code_decides_alike(contender, cases, expected):
    """The three hand-written decisions equal the walk in all cases."""
    decide = contender.decider(contender.prepare(cases[0]))
    assert [contender.outcome(decide(contender.prepare(case))) for case in cases] == expected


@pytest.mark.parametrize("read", [False, True], ids=["as it arrives", "values read before"])
@pytest.mark.parametrize("name", ["graph", "compiled"])
def test_engines_decide_alike(name, read, cases, expected):
    """Every engine of rashpath equals the plain walk in all cases, however it is measured."""
    (engine,) = (each for each in engines(sub()) if each.name == name)
    ours = rashpath(sub(), engine, read=read)
    decide = ours.decider(None)
    assert [ours.outcome(decide(ours.prepare(case))) for case in cases] == expected


@pytest.mark.parametrize("peer", PEERS, ids=lambda each: each.name)
def test_peers_decide_alike(peer, cases, expected):
    """Every peer that is installed equals the walk."""
    if peer.version is None:
        pytest.skip(f"{peer.distribution} is not installed; `make bench-quick` installs it")
    decide = peer.decider(peer.prepare(cases[0]))
    outcomes = [peer.outcome(decide(peer.prepare(case))) for case in cases[:FEW]]
    assert outcomes == expected[:FEW]


@pytest.mark.parametrize(
    ("ahead", "of_hand_written", "said", "met"),
    [
        (5.0, 3.0, ("yes: 5.00", "yes: 3.00"), True),
        (4.99, 1.5, ("no: 4.99", "yes: 1.50"), False),
        (6.0, 3.01, ("yes: 6.00", "no: 3.01"), False),
        (0.9, 4.0, ("no: 0.90", "no: 4.00"), False),
    ],
)
def test_each_part_of_the_goal_is_judged(ahead, of_hand_written, said, met):
    """Which of the two holds is said; the goal is met where both do."""
    goal, reached = judged(ahead, of_hand_written)
    assert goal == (
        f"5 times faster than the fastest peer ({said[0]} times); "
        f"within 3 times of if/elif from the bytes ({said[1]} times)"
    )
    assert reached is met


def test_a_different_outcome_stops_the_comparison(cases):
    """A contender that decides one case otherwise is named, and nothing is timed."""
    honest = HAND_WRITTEN[0]
    arguments = [case.plain for case in cases]
    decide = honest.decider(None)

    def wrong(facts):
        return ("another", *decide(facts)[1:]) if facts is arguments[-1] else decide(facts)

    ready = [Ready(honest, Task(decide, arguments)), Ready(honest, Task(wrong, arguments))]
    with pytest.raises(OutcomesDifferError, match=honest.name):
        require_same_outcomes(ready)


def test_batches_are_answered_as_single_cases(cases):
    """What is timed as a case of a batch are whole answers, the same ones."""
    (engine,) = (each for each in engines(sub()) if each.name == "compiled")
    requests = [EvaluateRequest(patient_case=case.message) for case in cases[:FEW]]
    batch = BatchEvaluateRequest(requests=requests).SerializeToString()
    results = BatchEvaluateResponse.FromString(batches(FOLDER)(batch)).results
    answers = []
    for result in results:
        assert result.response.decision_id
        result.response.decision_id = ""
        answers.append(result.response.SerializeToString(deterministic=True))
    assert answers == [engine.answer(engine.arrives(case.message)) for case in cases[:FEW]]
