"""The levels of a decision diagram: one for each fact, computed number and presence test.

A level has one branch a region; within a region no comparison among the conditions changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from rashpath.expression.partition import Partition
from rashpath.expression.tree import (
    And,
    Choose,
    Compare,
    Computed,
    Condition,
    Exists,
    FactNumber,
    Given,
    Leaf,
    Named,
    Not,
    OneOf,
    Operator,
    Or,
    facts_of_number,
    leaves,
    tests_in,
)
from rashpath.facts.dictionary import Choice, Dictionary, WholeNumber


@dataclass(frozen=True, slots=True)
class ChoiceLevel:
    """A choice; one branch for each of its values."""

    fact: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NumberLevel:
    """A number among the facts; one branch for each of its regions."""

    fact: str
    partition: Partition


@dataclass(frozen=True, slots=True)
class ComputedLevel:
    """A computed number; one branch for each of its regions."""

    computed: Computed
    partition: Partition


@dataclass(frozen=True, slots=True)
class GivenLevel:
    """Whether a fact is given; branch 0 is no, branch 1 is yes."""

    fact: str


Level = ChoiceLevel | NumberLevel | ComputedLevel | GivenLevel


def levels_of(conditions: Iterable[Condition], dictionary: Dictionary) -> tuple[Level, ...]:
    """Returns the levels that some conditions need: what fewest conditions read first.

    What many conditions read decides last, and stays shared (a tenth of the nodes of the plain
    order of the facts, on the first guideline). Equals stand in the order of the facts, a computed
    number after the last fact that it reads, a presence test before its fact.
    """
    opened = [_opened(condition) for condition in conditions]
    readers = Counter(name for found in opened for name in {_variable(leaf) for leaf in found})
    comparisons: dict[str, set[tuple[Operator, float]]] = {}
    computed: dict[str, Computed] = {}
    choices: set[str] = set()
    given: set[str] = set()
    for leaf in {id(leaf): leaf for found in opened for leaf in found}.values():
        match leaf:
            case Compare():
                test = (leaf.operator, float(leaf.right.value))
                comparisons.setdefault(_variable(leaf), set()).add(test)
                if isinstance(leaf.left, Computed):
                    computed[leaf.left.id] = leaf.left
            case OneOf():
                choices.add(leaf.fact)
            case Given():
                given.add(leaf.fact)
            case _:
                assert_never(leaf)
    levels: list[tuple[int, int, int, Level]] = []
    for fact in dictionary:
        if fact.path in given:
            levels.append((readers[fact.path], fact.order, 0, GivenLevel(fact.path)))
        match fact.kind:
            case Choice() as choice:
                if fact.path in choices:
                    values = tuple(value.number for value in choice.values)
                    levels.append(
                        (readers[fact.path], fact.order, 1, ChoiceLevel(fact.path, values))
                    )
            case kind:
                if fact.path in comparisons:
                    partition = Partition.of(
                        comparisons[fact.path],
                        kind.hard.minimum,
                        kind.hard.maximum,
                        whole=isinstance(kind, WholeNumber),
                    )
                    levels.append(
                        (readers[fact.path], fact.order, 1, NumberLevel(fact.path, partition))
                    )
    for name, value in sorted(computed.items()):
        partition = Partition.of(comparisons[name], value.minimum, value.maximum, whole=False)
        last = max((dictionary[path].order for path in facts_of_number(value)), default=-1)
        levels.append((readers[name], last, 2, ComputedLevel(value, partition)))
    levels.sort(key=lambda entry: entry[:3])
    return tuple(level for _, _, _, level in levels)


def drawn_together(levels: Sequence[Level], conditions: Iterable[Condition]) -> tuple[Level, ...]:
    """Returns levels in an order in which those that are read together stand together.

    Each part of a condition draws what it reads to its centre, a small part more than a large one.
    One such step from the order of :func:`levels_of` halves the diagrams of the first guideline;
    further steps lose part of that again.

    Source: F. Aloul, I. Markov, K. Sakallah, FORCE: a fast and easy-to-implement variable-ordering
    heuristic, Great Lakes Symposium on VLSI (2003); there with equal weights, and repeated.

    Args:
        levels: the levels, in the order of :func:`levels_of`.
        conditions: the conditions that read them.
    """
    places = {_name_of(level): place for place, level in enumerate(levels)}
    drawn = [(0.0, 0.0)] * len(levels)
    for part in _parts(conditions, places):
        centre, weight = sum(part) / len(part), len(part) ** -2.0
        for place in part:
            pull, weights = drawn[place]
            drawn[place] = pull + centre * weight, weights + weight
    order = sorted(
        range(len(levels)),
        key=lambda place: (drawn[place][0] / drawn[place][1] if drawn[place][1] else place, place),
    )
    return tuple(levels[place] for place in order)


def _parts(
    conditions: Iterable[Condition], places: Mapping[tuple[bool, str], int]
) -> list[frozenset[int]]:
    """Returns what each distinct part of some conditions reads, if it is more than one level."""
    found: dict[int, frozenset[int]] = {}
    kept: list[Condition] = []

    def read(condition: Condition) -> frozenset[int]:
        known = found.get(id(condition))
        if known is not None:
            return known
        match condition:
            case And() | Or():
                inner = condition.operands
            case Not():
                inner = (condition.operand,)
            case Named():
                inner = (condition.condition,)
            case Choose():
                inner = (condition.test, condition.then, condition.otherwise)
            case _:
                inner = ()
        if inner:
            all_read = frozenset(place for part in inner for place in read(part))
        else:
            all_read = frozenset(
                places[isinstance(leaf, Given), _variable(leaf)] for leaf in _opened(condition)
            )
        found[id(condition)] = all_read
        kept.append(condition)
        return all_read

    for condition in conditions:
        read(condition)
    return [part for part in found.values() if len(part) > 1]


def _name_of(level: Level) -> tuple[bool, str]:
    match level:
        case GivenLevel():
            return True, level.fact
        case ChoiceLevel() | NumberLevel():
            return False, level.fact
        case ComputedLevel():
            return False, level.computed.id
        case _:
            assert_never(level)


def defeating_facts(level: Level) -> tuple[str, ...]:
    """Returns the facts whose mere presence can change what depends on a level."""
    match level:
        case GivenLevel():
            return (level.fact,)
        case ComputedLevel():
            return tuple(
                dict.fromkeys(
                    leaf.fact
                    for test in tests_in(level.computed)
                    for leaf in leaves(test)
                    if isinstance(leaf, Given)
                )
            )
        case ChoiceLevel() | NumberLevel():
            return ()
        case _:
            assert_never(level)


def _opened(condition: Condition) -> list[Leaf]:
    """Returns the comparisons of a condition, each once; where a computed number is read or asked
    for, also those of the condition under which it exists.
    """
    found: dict[int, Leaf] = {}
    asked: set[int] = set()
    waiting = [condition]
    while waiting:
        for leaf in leaves(waiting.pop()):
            computed = leaf.computed if isinstance(leaf, Exists) else None
            if not isinstance(leaf, Exists):
                # By the object: to compare two computed numbers is to read their formulas.
                found[id(leaf)] = leaf
                if isinstance(leaf, Compare) and isinstance(leaf.left, Computed):
                    computed = leaf.left
            if computed is not None and id(computed) not in asked:
                asked.add(id(computed))
                waiting.append(computed.valid_when)
    return list(found.values())


def _variable(leaf: Leaf) -> str:
    match leaf:
        case OneOf() | Given():
            return leaf.fact
        case Compare(FactNumber(fact)):
            return fact
        case Compare():
            assert isinstance(leaf.left, Computed)
            return leaf.left.id
        case _:
            assert_never(leaf)
