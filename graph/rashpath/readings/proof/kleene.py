"""Kleene's tables in the solver's terms: a truth value is a pair (is true, is false)."""

from __future__ import annotations

from collections.abc import Iterable

from rashpath.readings.proof.solver import Term, conj, disj

Pair = tuple[Term, Term]
"""Where a condition is true, and where it is false; unknown where neither."""


def conjoin(pairs: Iterable[Pair]) -> Pair:
    """Returns AND of Kleene pairs."""
    listed = list(pairs)
    return conj(true for true, _ in listed), disj(false for _, false in listed)


def disjoin(pairs: Iterable[Pair]) -> Pair:
    """Returns OR of Kleene pairs."""
    listed = list(pairs)
    return disj(true for true, _ in listed), conj(false for _, false in listed)


def choose(test: Pair, then: Pair, otherwise: Pair) -> Pair:
    """Returns one of two Kleene pairs; with an unknown test, what both are."""
    return (
        disj(
            (
                conj((test[0], then[0])),
                conj((test[1], otherwise[0])),
                conj((then[0], otherwise[0])),
            )
        ),
        disj(
            (
                conj((test[0], then[1])),
                conj((test[1], otherwise[1])),
                conj((then[1], otherwise[1])),
            )
        ),
    )
