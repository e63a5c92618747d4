"""Tests of the levels of decision diagrams, each a column of truth values that is made once."""

from __future__ import annotations

from typing import assert_never

from rashpath.expression.decision_diagram import (
    ChoiceLevel,
    ComputedLevel,
    GivenLevel,
    Level,
    NumberLevel,
)
from rashpath.expression.partition import Partition
from rashpath.expression.tree import Computed, facts_of, facts_of_number
from rashpath.facts.dictionary import Dictionary
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.case_table import bits, every
from rashpath.readings.cohort.layers import Layers, Term
from rashpath.readings.cohort.numbers import possible_regions
from rashpath.readings.cohort.translate import choice_of, given, number


class LevelTests:
    """The truth of "this level lies in these regions".

    Args:
        layers: where the columns are put; its base has the facts by path.
        dictionary: the facts.
    """

    def __init__(self, layers: Layers, dictionary: Dictionary) -> None:
        self._layers = layers
        self._dictionary = dictionary
        self._made: dict[tuple[Level, frozenset[int]], Term] = {}

    def __call__(self, level: Level, regions: frozenset[int]) -> Term:
        """Returns the column of one test."""
        key = (level, regions)
        if key not in self._made:
            name = f"test_{len(self._made) + 1}"
            self._made[key] = self._layers.add(name, self._term(level, regions))
        return self._made[key]

    def _term(self, level: Level, regions: frozenset[int]) -> Term:
        match level:
            case ChoiceLevel():
                choice = choice_of(level.fact, self._dictionary)
                wanted = bits(choice, (level.values[region] for region in regions))
                return _within(level.fact, wanted, every(choice))
            case NumberLevel():
                return self._of_number(level.fact, level.partition, regions, rounded=False)
            case ComputedLevel():
                name = self._computed(level.computed)
                return self._of_number(name, level.partition, regions, rounded=True)
            case GivenLevel():
                fact, dictionary, present = level.fact, self._dictionary, regions == {1}
                return Term(
                    frozenset({fact}),
                    lambda table: (
                        given(fact, table, dictionary)
                        if present
                        else truth.negate(given(fact, table, dictionary))
                    ),
                )
            case _:
                assert_never(level)

    def _of_number(
        self, column: str, partition: Partition, regions: frozenset[int], *, rounded: bool
    ) -> Term:
        name = f"regions_{column}"
        if name not in self._layers:
            self._layers.add(
                name,
                Term(
                    frozenset({column}),
                    lambda table: possible_regions(table[column], partition, rounded=rounded),
                ),
            )
        wanted = sum(1 << region for region in regions)
        return _within(name, wanted, (1 << len(partition.samples)) - 1)

    def _computed(self, computed: Computed) -> str:
        """Returns the name of the column that holds a computed number, not rounded."""
        name = f"number_{computed.id}"
        if name not in self._layers:
            needs = frozenset((*facts_of_number(computed), *facts_of(computed.valid_when)))
            self._layers.add(
                name, Term(needs, lambda table: number(computed, table, self._dictionary))
            )
        return name


def _within(column: str, wanted: int, all_of_them: int) -> Term:
    return Term(frozenset({column}), lambda table: truth.within(table[column], wanted, all_of_them))
