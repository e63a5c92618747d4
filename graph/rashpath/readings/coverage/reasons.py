"""Says why no case can show something of a guideline, where decision diagrams prove it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams, Restriction
from rashpath.expression.evaluate import waits_for
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, Level, NumberLevel
from rashpath.expression.text import condition_text
from rashpath.expression.tree import (
    Compare,
    Computed,
    Exists,
    FactNumber,
    Given,
    Named,
    OneOf,
    facts_of,
    leaves,
    tests_in,
)
from rashpath.guideline.model import DecisionGraph, Finding, Recommendation, Start
from rashpath.readings.coverage.conditions import Leaf, Written, leaves_of
from rashpath.readings.coverage.functions import Functions

NOT_FOUND = "not proved impossible, and no case was found"
OUT_OF_RANGE = "out of the range of the number"


class Reasons:
    """What the diagrams of one guideline rule out.

    Args:
        graph: the guideline.
        diagrams: with the guideline's levels.
    """

    def __init__(self, graph: DecisionGraph, diagrams: Diagrams) -> None:
        self.diagrams = diagrams
        self.functions = Functions(graph, diagrams)
        self.concluding = [
            node.id for node in graph.order if isinstance(node, Recommendation | Finding)
        ]
        self.reached: dict[str, int] = {}
        for node in graph.order:
            self.reached[node.id] = (
                TRUE
                if isinstance(node, Start)
                else diagrams.disjoin(
                    diagrams.conjoin((self.reached[edge.tail], self.functions.of(edge.condition)))
                    for edge in graph.into(node.id)
                )
            )

    def asked(self, part: Written) -> int:
        """Returns where a condition is asked."""
        return self.reached[part.node] if part.node else TRUE

    def leaf(self, part: Written, index: int) -> str:
        """Returns why a leaf never turns its condition alone, from both sides."""
        for truth in (True, False):
            reason = self.side(part, index, truth)
            if reason != NOT_FOUND:
                return reason
        return NOT_FOUND

    def side(self, part: Written, index: int, truth: bool) -> str:
        """Returns why a leaf, true or false, never turns its condition alone."""
        diagrams, functions = self.diagrams, self.functions
        own = leaves_of(part.condition)
        itself = functions.of(own[index])
        sided = itself if truth else diagrams.negate(itself)
        turns = diagrams.conjoin((functions.turns(part.condition, index), self.asked(part)))
        # A leaf whose own fact is not given is neither true nor false.
        given = [
            diagrams.of(Given(level.fact))
            for level in diagrams.levels
            if isinstance(level, GivenLevel) and level.fact in _known_by(own[index])
        ]
        if diagrams.conjoin((sided, turns, *given)) != FALSE:
            return NOT_FOUND
        word = "true" if truth else "false"
        for other, leaf in enumerate(own):
            fixed = functions.of(leaf)
            for opposite, value in ((fixed, "false"), (diagrams.negate(fixed), "true")):
                together = (sided, opposite, self.asked(part), *given)
                apart = diagrams.conjoin((sided, self.asked(part), *given))
                if other != index and apart != FALSE and diagrams.conjoin(together) == FALSE:
                    return f"where it is {word}, `{condition_text(leaf)}` is {value}"
        if diagrams.conjoin((sided, self.asked(part), *given)) == FALSE:
            return f"it is never {word} where it is asked"
        return f"where it is {word}, other leaves settle the condition"

    def at(self, part: Written, index: int, leaf: Compare, value: float) -> str:
        """Returns why a comparison decides nothing alone where its number has a value."""
        diagrams = self.diagrams
        level = self.level(leaf)
        turns = self.functions.turns(part.condition, index)
        where = diagrams.conjoin((turns, self.asked(part)))
        region = level.partition.region(value)
        if self.meets(where, level, region):
            return NOT_FOUND
        return "there other leaves settle the condition"

    def level(self, leaf: Compare) -> NumberLevel | ComputedLevel:
        """Returns the level of the number that a leaf compares."""
        for level in self.diagrams.levels:
            match level:
                case NumberLevel(fact) if leaf.left == FactNumber(fact):
                    return level
                case ComputedLevel(computed) if leaf.left == computed:
                    return level
                case _:
                    continue
        raise AssertionError("a compared number has a level")

    def meets(self, diagram: int, level: Level, region: int) -> bool:
        """Tells whether a diagram is true anywhere in a region of a number."""
        regions: list[int | None] = [None] * len(self.diagrams.levels)
        regions[self.diagrams.levels.index(level)] = region
        return Restriction(self.diagrams, regions).reduce(diagram) != FALSE

    def facts_that_decide(self) -> frozenset[str]:
        """Returns the facts that some verdict can wait for."""
        found: set[str] = set()
        for id in self.concluding:
            for level in self.diagrams.support(self.reached[id]):
                match level:
                    case ChoiceLevel() | NumberLevel():
                        found.add(level.fact)
                    case ComputedLevel():
                        found.update(_waited_for(level.computed))
                    case GivenLevel():
                        continue
                    case _:
                        assert_never(level)
        return frozenset(found)

    def node(self, id: str, verdict: str) -> str:
        """Returns why a node never has a verdict."""
        return self._constant(self.reached[id], verdict, "reached")

    def branch(self, tail: str, condition: int, outcome: str) -> str:
        """Returns why a branch never has an outcome where its node is reached."""
        negated = self.diagrams.negate(condition)
        if self.diagrams.conjoin((self.reached[tail], negated)) == FALSE:
            return f"it is always taken, so never {outcome.lower()}"
        return self._constant(self.diagrams.conjoin((self.reached[tail], condition)), outcome, "")

    def _constant(self, diagram: int, word: str, how: str) -> str:
        if diagram == TRUE:
            return f"always {how or 'taken'}"
        if word in ("UNDETERMINED", "OPEN") and all(
            isinstance(level, GivenLevel) for level in self.diagrams.support(diagram)
        ):
            return "it asks only what is given, which is never open"
        return NOT_FOUND


def _waited_for(computed: Computed) -> Iterator[str]:
    """Yields the facts that a number can wait for; not one that it reads only where it is given."""
    yield from waits_for(computed, {})
    for test in tests_in(computed):
        if isinstance(test, Given):
            yield from waits_for(computed, {test.fact: 1})


def _known_by(leaf: Leaf) -> tuple[str, ...]:
    """Returns the fact without which a leaf is neither true nor false, if it is a single one."""
    match leaf:
        case OneOf(fact) | Compare(left=FactNumber(fact)):
            return (fact,)
        case Named() if not any(isinstance(each, Given) for each in leaves(leaf)):
            facts = facts_of(leaf)
            return facts if len(facts) == 1 else ()
        case _:
            return ()


def facts_read(leaf: Leaf) -> tuple[str, ...]:
    """Returns the facts that a leaf reads itself; none of a definition by its name."""
    match leaf:
        case OneOf() | Given():
            return (leaf.fact,)
        case Compare() | Exists():
            return facts_of(leaf)
        case Named():
            return ()
        case _:
            assert_never(leaf)
