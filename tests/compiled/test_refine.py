"""What the compiled exact reading leaves of diagrams is what the plain restriction leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rashpath.expression import compile_condition
from rashpath.expression.decision_diagram import Diagrams, Restriction
from rashpath.expression.evaluate import MISSING, number, waits_for
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    Level,
    NumberLevel,
    defeating_facts,
    levels_of,
)
from rashpath.expression.tree import Computed
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice, Dictionary
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import CompiledGraph
from rashpath.readings.compiled.refine import Refined, Refiner
from tests.conformance.expectations import DICTIONARY, case_files
from tests.conformance.strategies import Facts, lifelike_cases, partial_cases
from tests.expression.language import CASES, CONDITIONS, extent, names

TRUTHS = {0: Truth.FALSE, 1: Truth.UNKNOWN, 3: Truth.TRUE}
FILES = [case.facts for case in case_files()]
QUICK = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PLACES = st.lists(st.integers(0), min_size=1, max_size=40)
"""Which diagrams are asked about, in which order."""

UNGUARDED = st.sampled_from(("extent > 20.0", "extent <= 20.0", "extent < cut"))


@dataclass(frozen=True, slots=True)
class Left:
    """What either reading says of some diagrams.

    Args:
        truths: exact truths.
        facts: paths of the facts that still matter to each.
        shared: for each the first of them that the same is left of.
    """

    truths: list[Truth]
    facts: list[set[str]]
    shared: list[int]


class Readings:
    """Both readings of the diagrams of a guideline.

    Args:
        diagrams: the diagrams.
        dictionary: the facts.
        computed: the computed numbers.
    """

    def __init__(
        self, diagrams: Diagrams, dictionary: Dictionary, computed: Sequence[Computed]
    ) -> None:
        self.diagrams = diagrams
        self._dictionary = dictionary
        self._computed = computed
        self._refiner = Refiner(diagrams, dictionary, [each.id for each in computed])

    def asked(self, places: Iterable[int]) -> list[int]:
        """Returns some diagrams."""
        return [place % len(self.diagrams) for place in places]

    def refined(self, facts: Facts) -> tuple[Refined, Refined]:
        """Returns what the compiled reading leaves in a case, and the open-ended one of it."""
        values = tuple(
            facts.get(fact.path, 0 if isinstance(fact.kind, Choice) else None)
            for fact in self._dictionary
        )
        computed = []
        for each in self._computed:
            value = number(each, facts)
            waits = self._bits(waits_for(each, facts))
            computed.append((None if value is MISSING else value, 0, waits, ()))
        plain = self._refiner.refined(values, computed)
        free = self._refiner.defeaters(values)
        return plain, self._refiner.open_ended(plain, values, computed, free)

    def compiled(
        self, refined: Refined, asked: Sequence[int], *, quick: Sequence[int] = ()
    ) -> Left:
        """Returns what the compiled reading says of diagrams.

        Args:
            refined: what it leaves.
            asked: the diagrams.
            quick: diagrams whose truth alone is asked for first.
        """
        before = {each: refined.truth(each) for each in quick}
        exact = [refined.exact(each) for each in asked]
        left = [refined.reduce(each) for each in asked]
        told = dict(zip(asked, exact, strict=True))
        return Left(
            [TRUTHS[before.get(each, told[each][0])] for each in asked],
            [self._paths(bits) for _, bits in exact],
            [left.index(each) for each in left],
        )

    def plain(self, facts: Facts, asked: Sequence[int]) -> Left:
        """Returns what the plain restriction says of diagrams."""

        def stands_for(level: Level) -> Iterable[str]:
            match level:
                case ChoiceLevel() | NumberLevel():
                    return (level.fact,)
                case ComputedLevel():
                    return waits_for(level.computed, facts)
                case _:
                    return ()

        return self._left(self.diagrams.fixing(facts), asked, stands_for)

    def open_ended(self, facts: Facts, asked: Sequence[int]) -> Left:
        """Returns what the plain restriction says where levels are open that facts not given can
        turn by their mere presence.
        """
        turned = {
            level: [path for path in defeating_facts(level) if path not in facts]
            for level in self.diagrams.levels
        }
        free = frozenset(level for level, paths in turned.items() if paths)
        return self._left(self.diagrams.fixing(facts, free=free), asked, turned.__getitem__)

    def _left(self, case: Restriction, asked: Sequence[int], stands_for: object) -> Left:
        assert callable(stands_for)
        left = [case.reduce(each) for each in asked]
        return Left(
            [case.truth(each) for each in asked],
            [{path for level in case.support(each) for path in stands_for(level)} for each in left],
            [left.index(each) for each in left],
        )

    def _bits(self, paths: Iterable[str]) -> int:
        return sum(1 << self._dictionary[path].order for path in set(paths))

    def _paths(self, bits: int) -> set[str]:
        return {fact.path for fact in self._dictionary if bits >> fact.order & 1}


def of_guideline(graph: DecisionGraph) -> Readings:
    """Returns both readings of a guideline."""
    computed = [named.number for named in graph.computed.values()]
    return Readings(graph.reach.diagrams, graph.dictionary, computed)


@pytest.fixture(scope="module")
def shipped(graph: DecisionGraph) -> Readings:
    """Both readings of the shipped guideline."""
    return of_guideline(graph)


@QUICK
@given(
    facts=partial_cases(DICTIONARY) | lifelike_cases(DICTIONARY, FILES, most_unknown=20),
    places=PLACES,
    quick=PLACES,
)
def test_the_shipped_diagrams_are_left_alike(
    shipped: Readings, facts: Facts, places: list[int], quick: list[int]
) -> None:
    """Truth, decisive facts and what two diagrams share are the same in both readings, whatever
    was asked before."""
    asked, quickly = shipped.asked(places), shipped.asked(quick)
    refined, open_ended = shipped.refined(facts)
    assert shipped.compiled(refined, asked, quick=quickly) == shipped.plain(facts, asked)
    assert shipped.compiled(open_ended, asked) == shipped.open_ended(facts, asked)


@pytest.mark.parametrize(("facts", "first"), [({}, "plain"), (FILES[0], "open-ended")])
def test_every_shipped_diagram_is_left_alike(shipped: Readings, facts: Facts, first: str) -> None:
    """Of all diagrams, two remainders share a number where they are equal and nowhere else, in
    either reading, whichever was asked first."""
    everything = list(range(len(shipped.diagrams)))
    refined, open_ended = shipped.refined(facts)
    if first == "plain":
        assert shipped.compiled(refined, everything) == shipped.plain(facts, everything)
    assert shipped.compiled(open_ended, everything) == shipped.open_ended(facts, everything)
    assert shipped.compiled(refined, everything) == shipped.plain(facts, everything)


@pytest.mark.parametrize("toy", ["small", "bicycle"])
def test_the_diagrams_of_other_guidelines_are_left_alike(
    toy: str, request: pytest.FixtureRequest
) -> None:
    graph: DecisionGraph = request.getfixturevalue(toy)
    readings = of_guideline(graph)
    everything = list(range(len(readings.diagrams)))

    @QUICK
    @given(facts=partial_cases(graph.dictionary))
    def compare(facts: Facts) -> None:
        refined, open_ended = readings.refined(facts)
        assert readings.compiled(refined, everything) == readings.plain(facts, everything)
        assert readings.compiled(open_ended, everything) == readings.open_ended(facts, everything)

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
    readings = Readings(diagrams, DICTIONARY, [extent()])
    everything = list(range(len(diagrams)))[:: -1 if backwards else 1]
    for facts in cases:
        refined, open_ended = readings.refined(facts)
        assert readings.compiled(refined, everything) == readings.plain(facts, everything)
        assert readings.compiled(open_ended, everything) == readings.open_ended(facts, everything)


def test_threads_that_decide_at_once_do_not_disturb_each_other(graph: DecisionGraph) -> None:
    """One compiled guideline, four threads, each case decided as it is alone."""
    compiled = CompiledGraph(graph)

    def said(facts: Facts) -> tuple[object, ...]:
        decision = compiled.decide(compiled.values(facts))
        return (
            decision.verdict_codes,
            decision.asked_bits,
            tuple(decision.decisive),
            decision.defeaters(),
            decision.stretches,
        )

    cases = [{}, *FILES]
    alone = [said(facts) for facts in cases]
    together: list[list[tuple[object, ...]]] = []
    begin = threading.Barrier(4)

    def decide(offset: int) -> None:
        begin.wait()
        turned = [*cases[offset:], *cases[:offset]]
        made = [said(facts) for facts in turned]
        together.append([*made[len(cases) - offset :], *made[: len(cases) - offset]])

    threads = [threading.Thread(target=decide, args=(7 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 4
