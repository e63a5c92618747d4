"""Looks into aspects that differ: finds a smallest case of each, and describes all such cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from rashpath.expression.decision_diagram import FALSE
from rashpath.expression.evaluate import Facts
from rashpath.expression.truth import Truth
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.concrete import Case
from rashpath.readings.difference.aspects import Aspect, Kind
from rashpath.readings.difference.common import Common
from rashpath.readings.difference.observe import EXACT, NOT_KNOWN, observed
from rashpath.readings.difference.region import Region, describe
from rashpath.readings.difference.witness import Making, smallest
from rashpath.readings.explanation import changes
from rashpath.readings.walk import Verdict, Walk, walk
from rashpath.readings.walk.exact import decisive_facts
from rashpath.v1 import decision_pb2

MOST_DROPPED = 8
"""Facts of a witness up to which all smaller cases are looked at for another question."""


class State(Enum):
    """What was found of one aspect that is not proved the same.

    CONTRARY: there is a case in which one guideline says it and the other says it not. EARLIER:
    there is a case in which one guideline has settled it and the other needs further facts.
    QUESTIONS: proved to be said in the same cases, but other facts are asked for on the way.
    NOT_SHOWN: the conditions differ, but no case was found that shows it.
    """

    CONTRARY = "CONTRARY"
    EARLIER = "EARLIER"
    QUESTIONS = "QUESTIONS"
    NOT_SHOWN = "NOT_SHOWN"


@dataclass(frozen=True, slots=True)
class Asked:
    """A smallest case found in which other facts are asked for.

    Args:
        case: its facts.
        before: facts decisive under the first guideline, in the order of the facts.
        after: facts decisive under the second.
    """

    case: Case
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One aspect that is not proved the same.

    Args:
        aspect: what it is.
        state: what was found.
        case: a smallest case that shows it; None where none was found.
        smallest: True if no case with fewer facts shows it.
        before: what the first guideline says of it in that case.
        after: what the second one says.
        changes: all that differs between the answers to that case.
        gone: of the cases where the first one says it, those where the second does not; of what is
            settled earlier: where only the first one has settled it.
        new: the same the other way round. Of an urgency both are left out: they follow from the
            recommendations.
        asked: a case in which other facts are asked for; None where none was found.
    """

    aspect: Aspect
    state: State
    case: Case | None
    smallest: bool
    before: str
    after: str
    changes: tuple[decision_pb2.VerdictChange, ...]
    gone: Region
    new: Region
    asked: Asked | None


_NOWHERE = Region((), 0, more=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of a pair of diagrams: a case, and where they part."""

    state: State
    case: Case | None
    least: bool
    gone: Region
    new: Region


class Looking:
    """Looks into aspects that differ."""

    def __init__(self, diagrams: Common, before: DecisionGraph, after: DecisionGraph) -> None:
        self._diagrams = diagrams
        self._before = before
        self._after = after
        self._making = Making(diagrams, before.dictionary)
        self._found: dict[tuple[int, int], _Found] = {}
        self._walked: dict[frozenset[tuple[str, int | float]], tuple[Walk, Walk]] = {}

    def all(self, aspects: Iterable[Aspect]) -> Iterator[Difference]:
        """Yields how each of some aspects differs.

        Where no case was found, the cases found for other aspects are tried.
        """
        differences: list[Difference] = []
        cases: list[Case] = []
        for aspect in aspects:
            # Recommendations come first; a case that shows one often shows the urgency too.
            known = self._known(aspect, cases) if aspect.kind is Kind.URGENCY else None
            difference = self.difference(aspect) if known is None else known
            differences.append(difference)
            if difference.case is not None and difference.case not in cases:
                cases.append(difference.case)
        for difference in differences:
            known = None
            if difference.state is State.NOT_SHOWN:
                known = self._known(difference.aspect, cases)
            yield difference if known is None else known

    def _known(self, aspect: Aspect, cases: Iterable[Case]) -> Difference | None:
        """Returns how an aspect differs by the smallest case that is known to show it."""
        for case in sorted(cases, key=len):
            seen = self._seen(aspect, case)
            if seen[0] == seen[1]:
                continue
            pair = aspect.before, aspect.after
            found = self._found.get(pair, _Found(State.CONTRARY, None, False, _NOWHERE, _NOWHERE))
            return self._shown(aspect, replace(found, state=State.CONTRARY, case=case, least=False))
        return None

    def difference(self, aspect: Aspect) -> Difference:
        """Returns how one aspect differs."""
        pair = aspect.before, aspect.after
        if pair not in self._found:
            self._found[pair] = self._look(*pair, described=aspect.kind is not Kind.URGENCY)
        return self._shown(aspect, self._found[pair])

    def _shown(self, aspect: Aspect, found: _Found) -> Difference:
        """Returns how one aspect differs by what was found of it, confirmed by both walks."""
        case = {} if found.case is None else found.case
        if aspect.kind is Kind.URGENCY:
            case = self._without_unseen(case)
        before, after = self._walks(case)
        seen = observed(aspect, before), observed(aspect, after)
        state = found.state
        if found.case is not None and seen[0] == seen[1]:
            # What is told by Kleene's tables can be told later than it is settled.
            assert aspect.kind not in EXACT, f"the walks do not confirm {aspect.name}: {case}"
            state = State.NOT_SHOWN
        if state is State.CONTRARY and not {NOT_KNOWN, Verdict.UNDETERMINED.value}.isdisjoint(seen):
            state = State.EARLIER
        shown = state in (State.CONTRARY, State.EARLIER)
        return Difference(
            aspect,
            state,
            case if shown else None,
            found.least,
            *seen,
            tuple(changes(before, after)) if shown else (),
            found.gone,
            found.new,
            self._asked(aspect, case),
        )

    def _look(self, before: int, after: int, *, described: bool) -> _Found:
        """Finds a smallest case in which two diagrams differ, and describes all such cases."""
        diagrams, graphs = self._diagrams, (self._before, self._after)
        settled = diagrams.settled(before), diagrams.settled(after)
        possible = diagrams.possible(before), diagrams.possible(after)
        gone = diagrams.conjoin((settled[0], diagrams.negate(possible[1])))
        new = diagrams.conjoin((settled[1], diagrams.negate(possible[0])))
        # Each way round is looked at alone: a case in which it is open which way they differ shows
        # nothing.
        earlier = [
            diagrams.conjoin((sets[one], diagrams.negate(sets[1 - one])))
            for sets in (settled, possible)
            for one in (0, 1)
        ]
        state, case, least = State.NOT_SHOWN, None, True
        for candidate, regions in ((State.CONTRARY, [gone, new]), (State.EARLIER, earlier)):
            searches = [smallest(diagrams, region, self._making) for region in regions]
            found = [search for search in searches if search.case is not None]
            if found:
                best = min(found, key=lambda search: len(search.case or ()))
                state, least = candidate, all(search.least for search in searches)
                case = self._without_idle(before, after, best.case or {})
                break
        if case is None and all(region == FALSE for region in earlier):
            state = State.QUESTIONS
        within = settled
        if state is State.EARLIER:
            within = (
                diagrams.disjoin((settled[0], diagrams.negate(possible[0]))),
                diagrams.disjoin((settled[1], diagrams.negate(possible[1]))),
            )
            gone = diagrams.conjoin((within[0], diagrams.negate(within[1])))
            new = diagrams.conjoin((within[1], diagrams.negate(within[0])))
        return _Found(
            state,
            case,
            least,
            describe(diagrams, gone, within[0], graphs) if described else _NOWHERE,
            describe(diagrams, new, within[1], graphs) if described else _NOWHERE,
        )

    def _without_idle(self, before: int, after: int, case: Case) -> Case:
        """Returns a case without the facts that it can do without to show the same."""
        wanted = self._truths(before, after, case)
        for fact in list(case):
            fewer = {path: value for path, value in case.items() if path != fact}
            if self._truths(before, after, fewer) == wanted:
                case = fewer
        return case

    def _without_unseen(self, case: Case) -> Case:
        """Returns a case without the facts that what both walks show does not need."""
        wanted = self._urgencies(case)
        for fact in list(case):
            fewer = {path: value for path, value in case.items() if path != fact}
            if self._urgencies(fewer) == wanted:
                case = fewer
        return case

    def _urgencies(self, case: Facts) -> tuple[object, ...]:
        """Returns both urgencies; where they are the same, also those that are not excluded."""
        before, after = self._walks(case)
        if before.urgency != after.urgency:
            return before.urgency, after.urgency
        return before.urgency_not_excluded, after.urgency_not_excluded

    def _seen(self, aspect: Aspect, case: Facts) -> tuple[str, str]:
        before, after = self._walks(case)
        return observed(aspect, before), observed(aspect, after)

    def _walks(self, case: Facts) -> tuple[Walk, Walk]:
        """Returns the walks of a case under both guidelines."""
        key = frozenset(case.items())
        if key not in self._walked:
            self._walked[key] = walk(self._before, case), walk(self._after, case)
        return self._walked[key]

    def _truths(self, before: int, after: int, case: Facts) -> tuple[Truth, Truth]:
        exact = self._diagrams.fixing(case)
        return exact.truth(before), exact.truth(after)

    def _asked(self, aspect: Aspect, case: Case) -> Asked | None:
        """Finds the smallest part of a case in which other facts are decisive."""
        if aspect.kind is not Kind.RECOMMENDATION:
            return None
        for part in _parts(case):
            before = _decisive(self._before, aspect.id, part)
            after = _decisive(self._after, aspect.id, part)
            if before != after:
                return Asked(part, before, after)
        return None


def _parts(case: Case) -> Iterator[Case]:
    """Yields the parts of a case, the smallest first."""
    if len(case) > MOST_DROPPED:
        yield {}
        yield case
        return
    for size in range(len(case) + 1):
        for facts in itertools.combinations(case, size):
            yield {fact: case[fact] for fact in facts}


def _decisive(graph: DecisionGraph, id: str, facts: Facts) -> tuple[str, ...]:
    diagram = graph.reach.nodes.get(id)
    if diagram is None:
        return ()
    return decisive_facts(graph, facts, graph.reach.diagrams.fixing(facts), diagram)
