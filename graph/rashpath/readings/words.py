"""Says facts, comparisons and numbers in words."""

from __future__ import annotations

from typing import assert_never

from rashpath.expression.tree import Compare, Computed, FactNumber, Given, OneOf, Operator
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice, Fact
from rashpath.facts.show import number_text, show, unit_name
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph, NamedComputed
from rashpath.readings.walk.steps import LeafUse
from rashpath.readings.walk.walk import Walk

_OPPOSITE = {
    Operator.LESS: Operator.GREATER_OR_EQUAL,
    Operator.LESS_OR_EQUAL: Operator.GREATER,
    Operator.EQUAL: Operator.NOT_EQUAL,
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.GREATER_OR_EQUAL: Operator.LESS,
    Operator.GREATER: Operator.LESS_OR_EQUAL,
}
_DIGITS = 3
_MOST_DIGITS = 17


def label(graph: DecisionGraph, path: str, audience: Audience) -> str:
    """Returns the name of a fact or computed number in words."""
    if path in graph.computed:
        return graph.computed[path].label.to(audience)
    return graph.dictionary[path].label.to(audience)


def fact_words(fact: Fact, value: float | None, audience: Audience) -> str:
    """Says a fact with its value, such as ``rash trend: spreading``.

    Patients are told no milligrams, not even those that they take.
    """
    name = fact.label.to(audience)
    if value is None:
        return f"{name}: not known"
    dosed = not isinstance(fact.kind, Choice) and fact.kind.unit.startswith("mg")
    if audience is Audience.PATIENT and dosed:
        return f"{name}: as you told us"
    return f"{name}: {show(fact, value, audience)}"


def leaf_words(walked: Walk, use: LeafUse, audience: Audience) -> str:
    """Says a comparison with the value that it used, such as ``days on therapy: 10 days``."""
    graph, leaf = walked.graph, use.leaf
    match leaf:
        case Given():
            state = "given" if use.truth is Truth.TRUE else "not given"
            return f"{label(graph, leaf.fact, audience)}: {state}"
        case OneOf():
            return fact_words(graph.dictionary[leaf.fact], use.values[0][1], audience)
        case Compare(FactNumber(path)):
            return fact_words(graph.dictionary[path], use.values[0][1], audience)
        case Compare(Computed() as computed):
            return _computed_words(walked, computed, leaf, use.values[0][1], audience)
        case _:
            raise AssertionError("a comparison is of a fact or a computed number")


def needs_words(walked: Walk, use: LeafUse, audience: Audience) -> str:
    """Says what a comparison would have to be instead, such as ``7 days or more``."""
    graph, leaf = walked.graph, use.leaf
    wanted = use.truth is not Truth.TRUE
    match leaf:
        case Given():
            return "given" if wanted else "not given"
        case OneOf():
            kind = graph.dictionary[leaf.fact].kind
            assert isinstance(kind, Choice)
            words = [
                value.label.to(audience)
                for value in kind.values
                if (value.number in leaf.values) is wanted
            ]
            return " or ".join(words)
        case Compare() if audience is Audience.PATIENT:
            return "another value"
        case Compare():
            operator = leaf.operator if wanted else _OPPOSITE[leaf.operator]
            return _threshold(graph, leaf, operator)
        case _:
            assert_never(leaf)


def number_words(value: float, limit: float | None = None) -> str:
    """Returns a number with three significant digits, whole ones without a point.

    More digits where fewer would hide on which side of a limit it lies.

    >>> number_words(83.9646), number_words(1.4004, 1.4)
    ('84', '1.4004')
    """
    for digits in range(_DIGITS, _MOST_DIGITS):
        rounded = float(f"{value:.{digits}g}")
        if limit is None or _side(rounded, limit) == _side(value, limit):
            break
    return number_text(rounded)


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def floor_mg(mg: float) -> str:
    """Returns milligrams rounded down to 1 mg, as doses are shown."""
    return str(int(mg))


def _threshold(graph: DecisionGraph, leaf: Compare, operator: Operator) -> str:
    match leaf.left:
        case FactNumber(path):
            kind = graph.dictionary[path].kind
            assert not isinstance(kind, Choice)
            unit = kind.unit
        case Computed():
            unit = graph.computed[leaf.left.id].unit
        case _:
            assert_never(leaf.left)
    limit = leaf.right.value
    amount = f"{number_text(limit)} {unit_name(unit, limit)}".rstrip()
    match operator:
        case Operator.LESS:
            return f"less than {amount}"
        case Operator.LESS_OR_EQUAL:
            return f"{amount} or less"
        case Operator.EQUAL:
            return amount
        case Operator.NOT_EQUAL:
            return f"not {amount}"
        case Operator.GREATER_OR_EQUAL:
            return f"{amount} or more"
        case Operator.GREATER:
            return f"more than {amount}"
        case _:
            assert_never(operator)


def _computed_words(
    walked: Walk, computed: Computed, leaf: Compare, value: int | float | None, audience: Audience
) -> str:
    named = walked.graph.computed[computed.id]
    name = named.label.to(audience)
    state = walked.computed[computed.id]
    if state.absent:
        return f"{name}: none, {named.invalid_text.to(audience)}"
    if value is None:
        missing = ", ".join(label(walked.graph, path, audience) for path in state.waits_for)
        return f"{name}: not known (waits for {missing})"
    return computed_words(named, value, leaf.right.value, audience)


def computed_words(named: NamedComputed, value: float, limit: float, audience: Audience) -> str:
    """Says a computed number with its value.

    Args:
        named: the number.
        value: its value.
        limit: what it is compared with.
        audience: whose words to use; patients are told no value.
    """
    name = named.label.to(audience)
    if audience is Audience.PATIENT:
        return f"{name}: worked out from what you told us"
    return f"{name}: {number_words(value, limit)} {unit_name(named.unit, value)}".rstrip()
