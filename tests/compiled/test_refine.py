"""What the kernel leaves of diagrams is what the plain restriction leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rashpath.expression import compile_condition
from rashpath.expression.decision_diagram import Diagrams, Restriction
from rashpath.expression.evaluate import waits_for
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    Level,
    NumberLevel,
    defeating_facts,
    levels_of,
)
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import Answers, CompiledGraph
from rashpath.readings.compiled.lower import Lowering
from tests.compiled.kernel import Kernel
from tests.conformance.expectations import DICTIONARY, case_files
from tests.conformance.strategies import Facts, lifelike_cases, partial_cases
from tests.expression.language import CASES, CONDITIONS, names

TRUTHS = {0: Truth.FALSE, 1: Truth.UNKNOWN, 3: Truth.TRUE}
FILES = [case.facts for case in case_files()]
QUICK = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PLACES = st.lists(st.integers(0), min_size=1, max_size=40)
"""Which diagrams are asked about."""

UNGUARDED = st.sampled_from(("extent > 20.0", "extent <= 20.0", "extent < cut"))


@dataclass(frozen=True, slots=True)
class Left:
    """What either reading says of a diagram.

    That equal remainders share a number, and others do not, is in it: where two equal ones did not,
    a truth that all branches agree on would look unknown.

    Args:
        truth: exact truth.
        facts: paths of the facts that still matter to it.
        quick: exact truth, where it alone is asked for.
        turning: paths of the facts not given that could turn it by their mere presence; where it is
            false none is looked for.
    """

    truth: Truth
    facts: set[str]
    quick: Truth
    turning: set[str]


class Readings:
    """Both readings of some diagrams.

    Args:
        diagrams: the diagrams.
        dictionary: the facts.
        backwards: whether the kernel is asked about the last diagram first.
    """

    def __init__(
        self, diagrams: Diagrams, dictionary: Dictionary, *, backwards: bool = False
    ) -> None:
        self.diagrams = diagrams
        self._order = list(range(len(diagrams)))[:: -1 if backwards else 1]
        self._kernel = Kernel(
            Lowering(dictionary), dictionary, diagrams, asked=self._order, quick=self._order
        )

    def asked(self, places: Iterable[int]) -> list[int]:
        """Returns some diagrams."""
        return [place % len(self.diagrams) for place in places]

    def compiled(self, facts: Facts | bytes) -> dict[int, Left]:
        """Returns what the kernel says of every diagram, of a case or of a case in bytes."""
        found = self._kernel.told(facts)
        assert found is not None
        told = zip(found.exact, found.decisive, found.quick, found.defeaters, strict=True)
        return {
            diagram: Left(TRUTHS[truth], decisive, TRUTHS[quick], turning)
            for diagram, (truth, decisive, quick, turning) in zip(self._order, told, strict=True)
        }

    def plain(self, facts: Facts, asked: Sequence[int]) -> dict[int, Left]:
        """Returns what the plain restriction says of some diagrams."""

        def stands_for(level: Level) -> Iterable[str]:
            match level:
                case ChoiceLevel() | NumberLevel():
                    return (level.fact,)
                case ComputedLevel():
                    return waits_for(level.computed, facts)
                case _:
                    return ()

        turned = {
            level: [path for path in defeating_facts(level) if path not in facts]
            for level in self.diagrams.levels
        }
        free = frozenset(level for level, paths in turned.items() if paths)
        case, open_ended = self.diagrams.fixing(facts), self.diagrams.fixing(facts, free=free)

        def left(diagram: int) -> Left:
            truth = case.truth(diagram)
            turning = set() if truth is Truth.FALSE else named(open_ended, diagram, turned.get)
            return Left(truth, named(case, diagram, stands_for), truth, turning)

        return {diagram: left(diagram) for diagram in asked}


def named(case: Restriction, diagram: int, of: Callable[[Level], Iterable[str] | None]) -> set[str]:
    """Returns the facts that what is left of a diagram stands for."""
    return {path for level in case.support(case.reduce(diagram)) for path in of(level) or ()}


@pytest.fixture(scope="module", params=[False, True], ids=["forwards", "backwards"])
def shipped(graph: DecisionGraph, request: pytest.FixtureRequest) -> Readings:
    """Both readings of the shipped guideline."""
    return Readings(graph.reach.diagrams, graph.dictionary, backwards=request.param)


@settings(QUICK, max_examples=50)
@given(
    facts=partial_cases(DICTIONARY) | lifelike_cases(DICTIONARY, FILES, most_unknown=20),
    places=PLACES,
)
def test_the_shipped_diagrams_are_left_alike(
    shipped: Readings, facts: Facts, places: list[int]
) -> None:
    """Truth, decisive facts and what can turn it are the same in both readings, whatever was asked
    before."""
    asked = shipped.asked(places)
    compiled = shipped.compiled(facts)
    assert {each: compiled[each] for each in asked} == shipped.plain(facts, asked)


@pytest.mark.parametrize("facts", [{}, FILES[0]], ids=["nothing known", "a case"])
def test_every_shipped_diagram_is_left_alike(shipped: Readings, facts: Facts) -> None:
    everything = range(len(shipped.diagrams))
    assert shipped.compiled(facts) == shipped.plain(facts, everything)


@pytest.mark.parametrize("toy", ["small", "bicycle"])
def test_the_diagrams_of_other_guidelines_are_left_alike(
    toy: str, request: pytest.FixtureRequest
) -> None:
    graph: DecisionGraph = request.getfixturevalue(toy)
    readings = Readings(graph.reach.diagrams, graph.dictionary)
    everything = range(len(readings.diagrams))

    @QUICK
    @given(facts=partial_cases(graph.dictionary))
    def compare(facts: Facts) -> None:
        assert readings.compiled(facts) == readings.plain(facts, everything)

    compare()


@settings(QUICK, max_examples=300)
@given(
    texts=st.lists(CONDITIONS | UNGUARDED, min_size=1, max_size=5),
    cases=st.lists(CASES, min_size=1, max_size=4),
    backwards=st.booleans(),
)
@example(
    texts=["has(patient.age_years)", "!has(patient.age_years) || heavy"],
    cases=[{}],
    backwards=False,
)
def test_random_diagrams_are_left_alike(
    texts: list[str], cases: list[Facts], backwards: bool
) -> None:
    """Random conditions, several cases one after the other: nothing of one stays for the next."""
    conditions = [compile_condition(text, names()) for text in texts]
    diagrams = Diagrams(levels_of(conditions, DICTIONARY))
    for condition in conditions:
        diagrams.of(condition)
    readings = Readings(diagrams, DICTIONARY, backwards=backwards)
    everything = range(len(diagrams))
    for facts in cases:
        assert readings.compiled(facts) == readings.plain(facts, everything)


def test_threads_that_decide_at_once_do_not_disturb_each_other(graph: DecisionGraph) -> None:
    """One compiled guideline, four threads, each case decided and answered as it is alone."""
    compiled = CompiledGraph(graph)
    answers = {audience: Answers(compiled, audience) for audience in Audience}

    def said(facts: Facts) -> tuple[object, ...]:
        values = compiled.values(facts)
        decision = compiled.decide(values)
        assert decision is not None
        return (
            decision.verdict_codes,
            decision.asked_bits,
            decision.decisive,
            decision.defeaters,
            decision.stretches,
            *(answers[audience].answer(values)[1:] for audience in Audience),  # type: ignore[index]  # none is left
        )

    cases: list[Facts] = [{}, *FILES]
    alone = [said(case) for case in cases]
    together: list[list[tuple[object, ...]]] = []
    begin = threading.Barrier(4)

    def decide(offset: int) -> None:
        begin.wait()
        turned = [*cases[offset:], *cases[:offset]]
        made = [said(case) for case in turned]
        together.append([*made[len(cases) - offset :], *made[: len(cases) - offset]])

    threads = [threading.Thread(target=decide, args=(7 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 4
