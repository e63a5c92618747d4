"""Tests of the levels of decision diagrams, each a column of truth values that is made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import ibis

from rashpath.expression.levels import ChoiceLevel, ComputedLevel, GivenLevel, Level, NumberLevel
from rashpath.expression.partition import Partition
from rashpath.expression.tree import Always, Computed, Condition, facts_of, facts_of_number
from rashpath.facts.dictionary import Dictionary
from rashpath.readings.cohort import truth
from rashpath.readings.cohort.case_table import indices, word_of
from rashpath.readings.cohort.layers import Layers, Term, combine
from rashpath.readings.cohort.numbers import region_word
from rashpath.readings.cohort.translate import choice_of, given, number, translate
from rashpath.readings.cohort.word import Word


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
        self._valid_when: dict[Condition, Term] = {}

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
                wanted = indices(choice, (level.values[region] for region in regions))
                return _is_one_of(level.fact, word_of(choice), wanted)
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
                        else truth.small(truth.TRUE) ^ given(fact, table, dictionary)
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
                    lambda table: region_word(table[column], partition, rounded=rounded),
                ),
            )
        return _is_one_of(name, Word(len(partition.samples)), sorted(regions))

    def _computed(self, computed: Computed) -> str:
        """Returns the name of the column that holds a computed number, not rounded."""
        name = f"number_{computed.id}"
        if name not in self._layers:
            formula = Term(
                frozenset(facts_of_number(computed)),
                lambda table: number(computed.formula, table, self._dictionary),
            )
            if computed.valid_when != Always(True):
                formula = combine(
                    (self._valid(computed.valid_when), formula),
                    lambda parts: ibis.cases((parts[0] != truth.FALSE, parts[1])),
                )
            self._layers.add(name, formula)
        return name

    def _valid(self, condition: Condition) -> Term:
        """Returns whether a computed number exists, by Kleene's tables as the walk has it."""
        if condition not in self._valid_when:
            name = f"valid_{len(self._valid_when) + 1}"
            self._valid_when[condition] = self._layers.add(
                name,
                Term(
                    frozenset(facts_of(condition)),
                    lambda table: translate(condition, table, self._dictionary),
                ),
            )
        return self._valid_when[condition]


def _is_one_of(column: str, word: Word, wanted: Sequence[int]) -> Term:
    return Term(frozenset({column}), lambda table: word.is_one_of(table[column], wanted))
