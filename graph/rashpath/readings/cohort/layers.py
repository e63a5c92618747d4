"""Puts columns that read each other into layers of SELECTs, so that each is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from rashpath.readings.cohort.truth import Value


@dataclass(frozen=True, slots=True)
class Term:
    """What a column is worked out from.

    Args:
        needs: names of the columns that it reads.
        build: gives the expression over a table that has those columns.
    """

    needs: frozenset[str]
    build: Callable[[ir.Table], Value]

    @staticmethod
    def column(name: str) -> Term:
        """Returns the term that is a column itself."""
        return Term(frozenset({name}), lambda table: table[name])

    @staticmethod
    def constant(value: Value) -> Term:
        """Returns the term that reads no column."""
        return Term(frozenset(), lambda _: value)


def combine(terms: Iterable[Term], join: Callable[[list[Value]], Value]) -> Term:
    """Returns a term over what other terms give."""
    parts = list(terms)
    needs = frozenset[str]().union(*(part.needs for part in parts))
    return Term(needs, lambda table: join([part.build(table) for part in parts]))


class Layers:
    """Columns over a table, some of which read others.

    Args:
        base: the table that all of them come from.
    """

    def __init__(self, base: ir.Table) -> None:
        self._base = base
        self._depths: dict[str, int] = dict.fromkeys(base.columns, 0)
        self._terms: dict[str, Term] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._depths

    def add(self, name: str, term: Term) -> Term:
        """Adds a column after those that it reads, and returns the term that is that column."""
        if name in self._depths:
            raise ValueError(f"there is a column `{name}` already")
        self._depths[name] = 1 + self._depth(term)
        self._terms[name] = term
        return Term.column(name)

    def select(self, outputs: Mapping[str, Term]) -> ir.Table:
        """Returns a table of some columns, in their order."""
        deepest = max(self._depth(term) for term in outputs.values())
        wanted: set[str] = set().union(*(term.needs for term in outputs.values()))
        kept: list[set[str]] = []
        for depth in range(deepest, 0, -1):
            kept.append(wanted)
            wanted = {
                need
                for name in wanted
                for need in (self._terms[name].needs if self._depths[name] == depth else {name})
            }
        table = self._base
        for depth, names in enumerate(reversed(kept), start=1):
            table = table.select(
                **{
                    name: self._terms[name].build(table)
                    if self._depths[name] == depth
                    else table[name]
                    for name in sorted(names)
                }
            )
        return table.select(**{name: term.build(table) for name, term in outputs.items()})

    def _depth(self, term: Term) -> int:
        return max((self._depths[need] for need in term.needs), default=0)
