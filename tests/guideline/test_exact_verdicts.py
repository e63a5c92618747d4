"""On a small graph every verdict in every partial case equals brute force over completions."""

from __future__ import annotations

import itertools

import pytest

from rashpath.expression import Truth
from rashpath.facts.document import parse
from rashpath.facts.message import fill
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.guideline.check_exact import build_reach
from rashpath.guideline.compile import Compilation
from rashpath.guideline.errors import Faults
from rashpath.v1 import guideline_pb2
from tests import oracle
from tests.expression.answer import answer_of
from tests.guideline.small import NAME, TEXT

VALUES: dict[str, tuple[float | None, ...]] = {
    "rash.trend": (None, 1, 2, 3),
    "renal.stable": (None, 1, 2),
    "patient.age_years": (None, 17, 50, 51),
    "patient.weight_kg": (None, 1.0, 50.0),
    "renal.creatinine_clearance_ml_min": (None, 0.0, 90.0, 90.5),
}
"""All values of the choices; of the numbers, unknown and values on both sides of a threshold."""


@pytest.fixture(scope="module")
def small() -> DecisionGraph:
    """The toy guideline."""
    return load_bytes(TEXT.encode(), NAME)


def test_all_partial_cases(small: DecisionGraph) -> None:
    """Verdict and decisive facts of every node, in all 576 ways to know or not know the facts."""
    compared = 0
    seen: set[str] = set()
    for values in itertools.product(*VALUES.values()):
        pairs = zip(VALUES, values, strict=True)
        facts: dict[str, float] = {path: value for path, value in pairs if value is not None}
        case = small.reach.diagrams.fixing(facts)
        engine = {
            node: answer_of(case, diagram, facts) for node, diagram in small.reach.nodes.items()
        }
        assert oracle.verdicts(small, facts, small.by_id) == engine, facts
        compared += len(engine)
        seen |= {verdict for verdict, _ in engine.values()}
    assert compared == 576 * 8
    assert seen == {oracle.APPLIES, oracle.DOES_NOT_APPLY, oracle.UNDETERMINED}


def test_nothing_is_open_in_a_full_case(small: DecisionGraph) -> None:
    """With every fact given no verdict is undetermined."""
    known = [[value for value in values if value is not None] for values in VALUES.values()]
    full = list(itertools.product(*known))
    for values in full:
        case = small.reach.diagrams.fixing(dict(zip(VALUES, values, strict=True)))
        truths = {case.truth(diagram) for diagram in small.reach.nodes.values()}
        assert Truth.UNKNOWN not in truths
    assert len(full) == 3 * 2 * 3 * 2 * 3


def test_the_oracle_refuses_what_is_too_large(small: DecisionGraph) -> None:
    """Brute force says that it would take too long; it does not sample."""
    with pytest.raises(oracle.TooManyCompletionsError):
        oracle.verdicts(small, {}, ["tell"], most=10)


def _compiled() -> tuple[Compilation, Faults]:
    document = parse(TEXT.encode(), NAME)
    faults = Faults(document)
    guideline = fill(guideline_pb2.Guideline, document.value)
    return Compilation(guideline, load_bytes(TEXT.encode()).dictionary, faults), faults


def test_a_limit_leaves_nodes_out(small: DecisionGraph) -> None:
    """Under any limit the nodes that fit are exact and the same, and the rest is left out."""
    compilation, _ = _compiled()
    counts = []
    for limit in range(2, len(small.reach.diagrams) + 1):
        reach = build_reach(compilation, Faults(parse(TEXT.encode(), NAME)), limit=limit)
        assert len(reach.diagrams) <= limit
        assert set(reach.nodes) <= set(small.by_id)
        assert {tail for tail, _ in reach.edges} <= set(reach.nodes)
        counts.append(len(reach.nodes))
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == len(small.by_id)


def test_what_is_too_large_to_be_checked_is_refused() -> None:
    """A guideline whose conditions do not fit the limit is not accepted unchecked."""
    compilation, faults = _compiled()
    build_reach(compilation, faults, limit=2)
    with pytest.raises(Exception, match="is too large to be checked over all cases"):
        faults.raise_if_any()
