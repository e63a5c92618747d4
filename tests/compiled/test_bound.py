"""The largest guideline whose exact reading fits is decided by the kernel, in bounded time."""

from __future__ import annotations

import random

import pytest

from rashpath.expression.decision_diagram import DEFAULT_LIMIT
from rashpath.facts.dictionary import Choice
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.compiled import CompiledGraph, NotCompiledError
from tests.bench.instructions import counting
from tests.compiled.sameness import Engines
from tests.conformance.strategies import Facts
from tests.guideline.wide import facts_of, wide

INSIDE = 20
"""Half of the facts of the largest one that fits: 346,994 nodes."""

A_NODE = 75
"""Instructions of the kernel for each node of the diagrams, at most.

Counted in the slowest of these cases: 62.
"""


@pytest.fixture(scope="module")
def inside() -> DecisionGraph:
    """A guideline just below the bound."""
    return load_bytes(wide(INSIDE), "wide.yaml")


def cases(graph: DecisionGraph) -> list[Facts]:
    """Returns cases of which nothing, one fact, all facts but one, and any half is known."""
    chance = random.Random(INSIDE)
    paths = facts_of(INSIDE)

    def known(share: list[str] | tuple[str, ...], *, first: bool = False) -> Facts:
        facts: dict[str, int | float] = {}
        for path in share:
            kind = graph.dictionary[path].kind
            assert isinstance(kind, Choice)
            values = kind.values
            facts[path] = (values[0] if first else chance.choice(values[1:])).number
        return facts

    return [
        {},
        *(known([path], first=place % 2 == 0) for place, path in enumerate(paths)),
        *(known([each for each in paths if each != path]) for path in paths),
        *(known(chance.sample(paths, chance.randrange(2, len(paths)))) for _ in range(60)),
    ]


def test_a_pair_more_does_not_fit(inside: DecisionGraph) -> None:
    """It is the largest of its kind, and more than half of what may be is in it."""
    assert DEFAULT_LIMIT / 2 < len(inside.reach.diagrams) < DEFAULT_LIMIT
    with pytest.raises(NotCompiledError, match="did not fit"):
        CompiledGraph(load_bytes(wide(INSIDE + 1), "wide.yaml"))


def test_it_is_answered_alike(inside: DecisionGraph) -> None:
    """Both engines, from messages and from bytes."""
    engines = Engines(inside)
    for facts in cases(inside)[::4]:
        case = engines.message(facts)
        plain = engines.plain(case, Audience.CLINICIAN)
        assert engines.compiled(case, Audience.CLINICIAN) == plain


def test_the_work_of_a_decision_is_bounded(inside: DecisionGraph) -> None:
    """Each node of the diagrams is gone through a few times at most."""
    compiled, spent = counting(inside)
    counts = []
    for facts in cases(inside):
        values = compiled.values(facts)
        before = spent()
        with compiled.machine.lock:
            compiled.take(values)
            assert compiled.decided(with_defeaters=True) is not None
        counts.append(spent() - before)
    assert max(counts) < A_NODE * len(inside.reach.diagrams)
