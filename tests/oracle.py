"""Derives verdicts by brute force from their definition alone, to check the engine against.

It shares nothing with the engine but the parsed tree. Every condition is evaluated in two values,
in every completion of the unknown facts; from the answers follow the verdict and the decisive
facts. Slow and plain on purpose.

A completion gives a value to each unknown fact that the conditions read, and to each computed
number that waits for an unknown input: such a number is an unknown of its own within its declared
range, independent of its inputs. ``has()`` is decided on the case as given. Of the infinitely many
values of a number it suffices to try the ends of its range, every constant that it is compared
with, and points beside and between those; of values that answer every comparison alike, one is
tried.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import add, eq, ge, gt, le, lt, mul, ne, sub, truediv
from typing import assert_never

from rashpath.expression import tree
from rashpath.expression.tree import Condition
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, WholeNumber
from rashpath.guideline import DecisionGraph
from rashpath.guideline.model import Edge

APPLIES = "APPLIES"
DOES_NOT_APPLY = "DOES_NOT_APPLY"
UNDETERMINED = "UNDETERMINED"

MOST_COMPLETIONS = 20_000

Facts = Mapping[str, float]
Completion = Mapping[str, float]
"""Values by path of a fact or id of a computed number."""
Answer = tuple[str, frozenset[str]]
"""A verdict and the facts that are decisive for it."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lt,
    "<=": le,
    "==": eq,
    "!=": ne,
    ">=": ge,
    ">": gt,
}
_COMBINE: Mapping[str, Callable[[float, float], float]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": truediv,
}


class TooManyCompletionsError(Exception):
    """The question has more completions than brute force should try."""


def verdicts(
    graph: DecisionGraph,
    facts: Facts,
    nodes: Iterable[str],
    *,
    most: int = MOST_COMPLETIONS,
) -> dict[str, Answer]:
    """Returns the verdict and the decisive facts of some nodes for one case.

    Args:
        graph: a loaded guideline; only its parsed conditions are used.
        facts: the given facts; a choice by the number of its value.
        nodes: ids of the nodes.
        most: most completions tried for one node.

    Raises:
        TooManyCompletionsError: a node needs more than that.
    """
    return {node: _verdict(graph, facts, node, most) for node in nodes}


def verdict_of(
    condition: Condition, facts: Facts, dictionary: Dictionary, *, most: int = MOST_COMPLETIONS
) -> Answer:
    """Returns the verdict and the decisive facts of one condition for one case."""
    return answer([condition], lambda world: holds(condition, world), facts, dictionary, most=most)


@dataclass(frozen=True, slots=True)
class World:
    """A case and one completion of it."""

    given: Facts
    completion: Completion

    def value(self, name: str) -> float:
        """Returns the value of a fact, or of a computed number that the completion holds."""
        return self.given[name] if name in self.given else self.completion[name]


def answer(
    conditions: list[Condition],
    question: Callable[[World], bool],
    facts: Facts,
    dictionary: Dictionary,
    *,
    most: int = MOST_COMPLETIONS,
) -> Answer:
    """Returns the answer to a yes-or-no question over all completions.

    Args:
        conditions: all that the question reads.
        question: asked in every completion.
        facts: the given facts.
        dictionary: the facts that there are.
        most: most completions tried.
    """
    unknowns = _unknowns(conditions, facts, dictionary)
    names = list(unknowns)
    if math.prod(len(values) for values in unknowns.values()) > most:
        raise TooManyCompletionsError(f"{names} have too many completions")
    answers = {
        values: question(World(facts, dict(zip(names, values, strict=True))))
        for values in itertools.product(*unknowns.values())
    }
    outcomes = set(answers.values())
    if len(outcomes) == 1:
        return (APPLIES if outcomes == {True} else DOES_NOT_APPLY), frozenset()
    waiting = {number.id: number for condition in conditions for number in _computed(condition)}
    decisive: set[str] = set()
    for index, name in enumerate(names):
        if _differs_by(index, answers):
            decisive |= awaited(waiting[name], facts, dictionary) if name in waiting else {name}
    return UNDETERMINED, frozenset(decisive)


def holds(condition: Condition, world: World) -> bool:
    """Evaluates a condition in two values."""
    match condition:
        case tree.Always():
            return condition.value
        case tree.Compare():
            left = _left(condition.left, world)
            # What does not exist is guarded, so that its comparison does not matter.
            return left is not None and _COMPARE[condition.operator](left, condition.right.value)
        case tree.OneOf():
            return world.value(condition.fact) in condition.values
        case tree.Given():
            return condition.fact in world.given
        case tree.Exists():
            return holds(condition.computed.valid_when, world)
        case tree.Named():
            return holds(condition.condition, world)
        case tree.Not():
            return not holds(condition.operand, world)
        case tree.And():
            return all(holds(operand, world) for operand in condition.operands)
        case tree.Or():
            return any(holds(operand, world) for operand in condition.operands)
        case tree.Choose():
            chosen = condition.then if holds(condition.test, world) else condition.otherwise
            return holds(chosen, world)
        case tree.Applies() | tree.Undetermined() | tree.DoseGiven():
            raise ValueError("a term about a decision is no condition of a graph")
        case _:
            assert_never(condition)


def awaited(number: tree.Computed, facts: Facts, dictionary: Dictionary) -> frozenset[str]:
    """Returns the unknown facts that a computed number waits for.

    They are those that stand in a branch of its formula which some completion takes, and those that
    decide which branch that is. A number that waits for none is known.
    """
    tests = _unknowns(_tests(number.formula), facts, dictionary)
    names = list(tests)
    taken = {
        values: _settled(number.formula, World(facts, dict(zip(names, values, strict=True))))
        for values in itertools.product(*tests.values())
    }
    read = {path for formula in taken.values() for path in _paths(formula)}
    return frozenset(read | {name for i, name in enumerate(names) if _differs_by(i, taken)})


def values_of(
    path: str, dictionary: Dictionary, comparisons: Iterable[tuple[str, float]] = ()
) -> list[float]:
    """Returns values of a fact that stand for all of its values.

    Args:
        path: the fact.
        dictionary: the facts.
        comparisons: how it is compared, with which constants; ignored of a choice.
    """
    match dictionary[path].kind:
        case Choice() as kind:
            return [value.number for value in kind.values]
        case WholeNumber() as kind:
            return _representatives(
                comparisons, kind.hard.minimum, kind.hard.maximum, is_whole=True
            )
        case DecimalNumber() as kind:
            return _representatives(
                comparisons, kind.hard.minimum, kind.hard.maximum, is_whole=False
            )
        case other:
            assert_never(other)


def _verdict(graph: DecisionGraph, facts: Facts, node: str, most: int) -> Answer:
    def question(world: World) -> bool:
        return _is_reached(graph, node, world, {})

    conditions = list(_conditions_on_the_ways(graph, node))
    return answer(conditions, question, facts, graph.dictionary, most=most)


def _is_reached(graph: DecisionGraph, node: str, world: World, known: dict[str, bool]) -> bool:
    if node not in known:
        edges = graph.into(node)
        known[node] = not edges or any(
            _is_reached(graph, edge.tail, world, known) and _passes(graph, edge, world)
            for edge in edges
        )
    return known[node]


def _passes(graph: DecisionGraph, edge: Edge, world: World) -> bool:
    """Tells whether an edge's own condition holds; `otherwise` where no sibling's does."""
    if edge.otherwise:
        return not any(
            sibling.written is not None and holds(sibling.written, world)
            for sibling in graph.out_of(edge.tail)
        )
    return edge.written is None or holds(edge.written, world)


def _conditions_on_the_ways(graph: DecisionGraph, node: str) -> Iterator[Condition]:
    """Yields the conditions on all ways from the root to a node."""
    pending, seen = [node], {node}
    while pending:
        for edge in graph.into(pending.pop()):
            for sibling in graph.out_of(edge.tail):
                if sibling.written is not None and (sibling is edge or edge.otherwise):
                    yield sibling.written
            if edge.tail not in seen:
                seen.add(edge.tail)
                pending.append(edge.tail)


def _unknowns(
    conditions: Iterable[Condition], facts: Facts, dictionary: Dictionary
) -> dict[str, list[float]]:
    """Returns the unknowns of some conditions, each with values that stand for all of its own."""
    compared: dict[str, set[tuple[str, float]]] = {}
    numbers: dict[str, tree.Computed] = {}
    for leaf in itertools.chain.from_iterable(map(_leaves, conditions)):
        match leaf:
            case tree.Compare(left=tree.Computed() as left):
                numbers[left.id] = left
                compared.setdefault(left.id, set()).add((leaf.operator, leaf.right.value))
            case tree.Compare(left=tree.FactNumber() as left):
                compared.setdefault(left.fact, set()).add((leaf.operator, leaf.right.value))
            case tree.OneOf():
                compared.setdefault(leaf.fact, set())
            case _:
                pass
    unknowns = {}
    for name, comparisons in sorted(compared.items()):
        if name in numbers:
            if awaited(numbers[name], facts, dictionary):
                low, high = numbers[name].minimum, numbers[name].maximum
                unknowns[name] = _representatives(comparisons, low, high, is_whole=False)
        elif name not in facts:
            unknowns[name] = values_of(name, dictionary, comparisons)
    return unknowns


def _tests(number: tree.Number) -> Iterator[Condition]:
    """Yields the conditions that a formula chooses by."""
    match number:
        case tree.AsDecimal():
            yield from _tests(number.operand)
        case tree.Combine():
            yield from _tests(number.left)
            yield from _tests(number.right)
        case tree.ChooseNumber():
            yield number.test
            yield from _tests(number.then)
            yield from _tests(number.otherwise)
        case _:
            pass


def _settled(number: tree.Number, world: World) -> tree.Number:
    """Returns what is left of a formula once its branches are taken and its facts put in."""
    match number:
        case tree.FactNumber(path) if path in world.given:
            return tree.Constant(world.given[path])
        case tree.AsDecimal():
            return _settled(number.operand, world)
        case tree.Combine():
            left, right = _settled(number.left, world), _settled(number.right, world)
            if isinstance(left, tree.Constant) and isinstance(right, tree.Constant):
                return tree.Constant(_COMBINE[number.operator](left.value, right.value))
            return tree.Combine(left, number.operator, right)
        case tree.ChooseNumber():
            chosen = number.then if holds(number.test, world) else number.otherwise
            return _settled(chosen, world)
        case _:
            return number


def _paths(number: tree.Number) -> Iterator[str]:
    """Yields the facts in a formula without branches."""
    match number:
        case tree.FactNumber():
            yield number.fact
        case tree.Combine():
            yield from _paths(number.left)
            yield from _paths(number.right)
        case _:
            pass


def _representatives(
    comparisons: Iterable[tuple[str, float]], low: float, high: float, *, is_whole: bool
) -> list[float]:
    """Returns one value of a range for each way in which the comparisons can be answered."""
    tests = sorted(set(comparisons))
    constants = sorted({float(constant) for _, constant in tests} | {low, high})
    candidates = set(constants)
    for constant in constants:
        candidates |= {math.nextafter(constant, -math.inf), math.nextafter(constant, math.inf)}
        candidates |= {float(math.floor(constant)) + step for step in (-1, 0, 1, 2)}
    candidates |= {(left + right) / 2 for left, right in itertools.pairwise(constants)}
    by_answers: dict[tuple[bool, ...], float] = {}
    for candidate in sorted(candidates):
        if low <= candidate <= high and (not is_whole or candidate == int(candidate)):
            answers = tuple(_COMPARE[name](candidate, constant) for name, constant in tests)
            by_answers.setdefault(answers, int(candidate) if is_whole else candidate)
    return sorted(by_answers.values())


def _left(number: tree.FactNumber | tree.Computed, world: World) -> float | None:
    """Returns the number that is compared, or None where it does not exist."""
    if isinstance(number, tree.FactNumber):
        return world.value(number.fact)
    if number.id in world.completion:
        return world.completion[number.id]
    if not holds(number.valid_when, world):
        return None
    value = _settled(number.formula, world)
    assert isinstance(value, tree.Constant)
    return round(float(value.value), 9)


def _leaves(condition: Condition) -> Iterator[Condition]:
    """Yields all comparisons and presence tests behind a condition, those of guards too."""
    match condition:
        case tree.Compare(left=tree.Computed() as computed) | tree.Exists(computed):
            yield condition
            yield from _leaves(computed.valid_when)
        case tree.Named():
            yield from _leaves(condition.condition)
        case tree.Not():
            yield from _leaves(condition.operand)
        case tree.And() | tree.Or():
            for operand in condition.operands:
                yield from _leaves(operand)
        case tree.Choose():
            for part in (condition.test, condition.then, condition.otherwise):
                yield from _leaves(part)
        case _:
            yield condition


def _computed(condition: Condition) -> Iterator[tree.Computed]:
    for leaf in _leaves(condition):
        match leaf:
            case tree.Compare(left=tree.Computed() as computed):
                yield computed
            case _:
                pass


def _differs_by(index: int, answers: Mapping[tuple[float, ...], object]) -> bool:
    """Tells whether two completions that differ only in one unknown have different answers."""
    first: dict[tuple[float, ...], object] = {}
    for values, outcome in answers.items():
        rest = values[:index] + values[index + 1 :]
        if first.setdefault(rest, outcome) != outcome:
            return True
    return False
