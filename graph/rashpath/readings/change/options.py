"""Turns the diagram of a verdict into one of changes: which changes of a case make it certain.

Where the diagram of a guideline asks for a value of a fact, this one asks what becomes of the fact:
it keeps its value, gets another one, becomes known, or stays unknown, and then every value counts.
A shortest way through it is a smallest set of changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.evaluate import DECIMALS, MISSING, Facts, number, waits_for
from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, Level, NumberLevel
from rashpath.expression.tree import facts_of_number
from rashpath.facts.dictionary import Dictionary


@dataclass(frozen=True, slots=True)
class Option:
    """What becomes of a fact or computed number on one branch.

    Args:
        region: the branch of the guideline's diagram; None where a fact stays unknown.
        changes: True if the fact is changed or becomes known.
    """

    region: int | None
    changes: bool


class Options(Diagrams):
    """The diagrams of changes of one case.

    Args:
        diagrams: the guideline's diagrams.
        facts: the given facts.
        dictionary: the facts.
        moved: facts that computed numbers read and that are changed or become known; of all other
            such facts, none is.
    """

    def __init__(
        self, diagrams: Diagrams, facts: Facts, dictionary: Dictionary, moved: frozenset[str]
    ) -> None:
        super().__init__(diagrams.levels)
        self._source = diagrams
        self._facts = facts
        self._dictionary = dictionary
        self._moved = moved
        self._made: dict[int, int] = {FALSE: FALSE, TRUE: TRUE}
        self._inputs = inputs_of(diagrams)
        self._presence = {
            level.fact: index
            for index, level in enumerate(diagrams.levels)
            if isinstance(level, GivenLevel)
        }
        self._value = {
            level.fact: index
            for index, level in enumerate(diagrams.levels)
            if isinstance(level, ChoiceLevel | NumberLevel)
        }
        self._options: dict[int, tuple[Option, ...]] = {}

    def options(self, index: int) -> tuple[Option, ...]:
        """Returns what each branch of a level of this diagram stands for."""
        if index not in self._options:
            self._options[index] = self._options_of(self.levels[index])
        return self._options[index]

    def fact(self, index: int) -> str | None:
        """Returns the fact that a level is about; None for a computed number."""
        match self.levels[index]:
            case ChoiceLevel(fact, _) | NumberLevel(fact, _) | GivenLevel(fact):
                return fact
            case ComputedLevel():
                return None
            case level:
                assert_never(level)

    def of_changes(self, diagram: int) -> int:
        """Returns where a diagram of the guideline is true for certain, by what changes."""
        known = self._made.get(diagram)
        if known is not None:
            return known
        index, branches = self._source.node(diagram)
        level = self.levels[index]
        match level:
            case GivenLevel(fact):
                made = self._fact(fact, present=branches[1], absent=branches[0])
            case ChoiceLevel(fact, _) | NumberLevel(fact, _):
                made = self._fact(fact, present=diagram, absent=diagram)
            case ComputedLevel():
                made = self._of_number(index, level, branches)
            case _:
                assert_never(level)
        self._made[diagram] = made
        return made

    def _fact(self, fact: str, *, present: int, absent: int) -> int:
        index = self._presence.get(fact, self._value.get(fact, -1))
        outcomes = []
        for option in self.options(index):
            if option.region is None:
                every = range(self._regions(fact))
                outcomes.append(
                    self.conjoin(self.of_changes(self._at(fact, absent, one)) for one in every)
                )
            else:
                outcomes.append(self.of_changes(self._at(fact, present, option.region)))
        return self._make(index, tuple(outcomes))

    def _at(self, fact: str, diagram: int, region: int) -> int:
        """Returns what is left of a diagram where a fact has a value."""
        if diagram in (FALSE, TRUE):
            return diagram
        index, branches = self._source.node(diagram)
        return branches[region] if index == self._value.get(fact) else diagram

    def _regions(self, fact: str) -> int:
        index = self._value.get(fact)
        if index is None:
            return 1
        match self.levels[index]:
            case ChoiceLevel(_, values):
                return len(values)
            case NumberLevel(_, partition):
                return len(partition.samples)
            case _:
                raise AssertionError("a fact is a choice or a number")

    def _options_of(self, level: Level) -> tuple[Option, ...]:
        if isinstance(level, ComputedLevel):
            regions = range(len(level.partition.samples))
            return tuple(Option(region, changes=False) for region in regions)
        fact = level.fact
        regions = range(self._regions(fact))
        if fact in self._moved:
            return tuple(Option(region, changes=False) for region in regions)
        changeable = not self._dictionary[fact].fixed and fact not in self._inputs
        if fact in self._facts:
            here = self._region(fact)
            return tuple(
                Option(region, changes=region != here)
                for region in regions
                if changeable or region == here
            )
        learned = [Option(region, changes=True) for region in regions] if changeable else []
        return (*learned, Option(None, changes=False))

    def _region(self, fact: str) -> int:
        index = self._value.get(fact)
        if index is None:
            return 0
        match self.levels[index]:
            case ChoiceLevel(_, values):
                return values.index(int(self._facts[fact]))
            case NumberLevel(_, partition):
                return partition.region(self._facts[fact])
            case _:
                raise AssertionError("a fact is a choice or a number")

    def _of_number(self, index: int, level: ComputedLevel, branches: tuple[int, ...]) -> int:
        formula = level.computed.formula
        known: dict[str, float] = dict.fromkeys(self._moved, 1) | dict(self._facts)
        if waits_for(formula, known):
            return self.conjoin(self.of_changes(branch) for branch in branches)
        if self._moved & set(facts_of_number(level.computed)):
            return self._make(index, tuple(self.of_changes(branch) for branch in branches))
        value = number(formula, self._facts)
        assert value is not MISSING
        return self.of_changes(branches[level.partition.region(round(float(value), DECIMALS))])


def inputs_of(diagrams: Diagrams) -> Mapping[str, None]:
    """Returns the facts that computed numbers read."""
    return {
        fact: None
        for level in diagrams.levels
        if isinstance(level, ComputedLevel)
        for fact in facts_of_number(level.computed)
    }
