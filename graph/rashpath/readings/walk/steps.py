"""The steps of a walk: nodes with their verdicts, edges with what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NoReturn, assert_never

from rashpath.expression.evaluate import MISSING, Facts, evaluate, number
from rashpath.expression.text import number_text
from rashpath.expression.tree import (
    Compare,
    Given,
    Leaf,
    OneOf,
)
from rashpath.expression.truth import Truth
from rashpath.guideline.model import Edge, Node


class Verdict(Enum):
    """What holds for a node over all completions of the unknown facts."""

    APPLIES = "APPLIES"
    DOES_NOT_APPLY = "DOES_NOT_APPLY"
    UNDETERMINED = "UNDETERMINED"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict of three is not a boolean; compare it with `is`")

    @staticmethod
    def of(truth: Truth) -> Verdict:
        """Returns the verdict that an exact truth value means."""
        match truth:
            case Truth.TRUE:
                return Verdict.APPLIES
            case Truth.FALSE:
                return Verdict.DOES_NOT_APPLY
            case Truth.UNKNOWN:
                return Verdict.UNDETERMINED
            case _:
                assert_never(truth)


class Outcome(Enum):
    """What became of an edge over all completions of the unknown facts.

    REFUSED: its node is or may be reached, but the edge is taken in no completion. UNVISITED: its
    node is not reached.
    """

    TAKEN = "TAKEN"
    REFUSED = "REFUSED"
    OPEN = "OPEN"
    UNVISITED = "UNVISITED"


@dataclass(frozen=True, slots=True)
class LeafUse:
    """One comparison with its truth and the values it used; None is unknown.

    Values are by path of a fact or id of a computed number; of a choice, the value's number.
    """

    leaf: Leaf
    truth: Truth
    values: tuple[tuple[str, int | float | None], ...]


@dataclass(frozen=True, slots=True)
class EdgeStep:
    """One edge and what became of it."""

    edge: Edge
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class NodeStep:
    """One node and its verdict.

    Args:
        node: the node.
        verdict: exact, over all completions.
        decisive: where undetermined, the unknown facts that matter, in the order of the facts.
        not_refined: True where the verdict is undetermined only for want of an exact reading.
        edges: its outgoing edges, in the order of the file.
    """

    node: Node
    verdict: Verdict
    decisive: tuple[str, ...]
    not_refined: bool
    edges: tuple[EdgeStep, ...]


def leaf_use(leaf: Leaf, facts: Facts) -> LeafUse:
    """Returns one comparison with its truth and the values it used."""
    match leaf:
        case OneOf() | Given():
            name, value = leaf.fact, facts.get(leaf.fact, MISSING)
        case Compare():
            name = number_text(leaf.left)
            value = number(leaf.left, facts)
        case _:
            assert_never(leaf)
    used = None if value is MISSING else value
    return LeafUse(leaf, evaluate(leaf, facts), ((name, used),))
