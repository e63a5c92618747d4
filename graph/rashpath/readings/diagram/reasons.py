"""Says on an arrow what decided it: the fact values, or the facts that it still needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from rashpath.expression.evaluate import evaluate
from rashpath.expression.tree import Compare, Computed, FactNumber, Given, Leaf, OneOf
from rashpath.expression.truth import Truth
from rashpath.facts.wording import Audience
from rashpath.readings.walk import EdgeStep, Outcome, Walk
from rashpath.readings.walk.reasons import deciding
from rashpath.readings.walk.steps import leaf_use
from rashpath.readings.words import label, leaf_words

MOST = 2
"""Facts named on one arrow that was taken, one on any other; the explanation names them all."""


def because(walked: Walk, came: EdgeStep, audience: Audience, *, mask: bool) -> tuple[str, ...]:
    """Returns what decided an edge, at most :data:`MOST` facts and the count of the others.

    Args:
        walked: the walk.
        came: the edge with its outcome.
        audience: whose words to use.
        mask: leave values out; facts are then named only.
    """
    edge = came.edge
    if not edge.conditional:
        return ()
    leaves = deciding(edge.condition, walked.facts)
    match came.outcome:
        case Outcome.UNVISITED:
            return ()
        case Outcome.OPEN:
            if evaluate(edge.condition, walked.facts) is not Truth.UNKNOWN:
                return ()  # it is open only because its node is
            missing = [path for leaf in leaves for path in _unknown(walked, leaf)]
            return needs(walked, missing, audience)
        case Outcome.TAKEN | Outcome.REFUSED:
            words = [
                label(walked.graph, _name(leaf), audience)
                if mask
                else leaf_words(walked, leaf_use(leaf, walked.facts), audience)
                for leaf in leaves
            ]
            return _few(words, MOST if came.outcome is Outcome.TAKEN else 1)
        case _:
            assert_never(came.outcome)


def needs(walked: Walk, facts: Sequence[str], audience: Audience) -> tuple[str, ...]:
    """Says which facts something waits for: the first of them and the count of the others."""
    return _few([f"needs: {label(walked.graph, path, audience)}" for path in facts], 1)


def _few(lines: Sequence[str], most: int) -> tuple[str, ...]:
    once = list(dict.fromkeys(lines))
    if len(once) <= most:
        return tuple(once)
    return (*once[: most - 1], f"{once[most - 1]}, +{len(once) - most}\N{NO-BREAK SPACE}more")


def _name(leaf: Leaf) -> str:
    match leaf:
        case OneOf() | Given():
            return leaf.fact
        case Compare(FactNumber(path)):
            return path
        case Compare(Computed() as computed):
            return computed.id
        case _:
            raise AssertionError("a comparison is of a fact or a computed number")


def _unknown(walked: Walk, leaf: Leaf) -> tuple[str, ...]:
    name = _name(leaf)
    if name in walked.computed:
        return walked.computed[name].waits_for
    return () if name in walked.facts else (name,)
