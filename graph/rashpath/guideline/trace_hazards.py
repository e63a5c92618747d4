"""Traces each invariant, as the control of a hazard, to what it speaks of and to test cases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rashpath.guideline.trace_cases import CaseFile
from rashpath.guideline.trace_names import closure, names, names_within
from rashpath.v1.guideline_pb2 import Guideline

_TERM = re.compile(r"\b(applies|undetermined|dose_given)\(\s*['\"]([A-Za-z_0-9]+)['\"]\s*\)")


@dataclass(frozen=True, slots=True)
class Hazard:
    """What becomes of one invariant.

    Args:
        id: its id.
        control: the property that keeps the hazard away, in words.
        holds: the same as a condition.
        recommendations: those that it speaks of, in the order of the file.
        definitions: the definitions, numbers and computed numbers that it speaks of, likewise.
        rests_on: names that those rest on in turn, themselves included.
        statements: statements behind what it speaks of, in the order of the file.
        held_on: cases in which one of its recommendations is expected to apply, or to show a dose
            where it is doses that it speaks of.
        held_off: cases in which one of them is expected not to, or to keep its dose back.
    """

    id: str
    control: str
    holds: str
    recommendations: tuple[str, ...]
    definitions: tuple[str, ...]
    rests_on: frozenset[str]
    statements: tuple[str, ...]
    held_on: tuple[str, ...]
    held_off: tuple[str, ...]


def hazards(guideline: Guideline, cases: Sequence[CaseFile]) -> tuple[Hazard, ...]:
    """Returns what becomes of each invariant, in the order of the file.

    Args:
        guideline: a guideline that was loaded.
        cases: case files; empty: none are looked at.
    """
    within = names_within(guideline)
    found = []
    for invariant in guideline.invariants:
        terms = _TERM.findall(invariant.holds)
        spoken = {id for _, id in terms}
        dosed = {id for term, id in terms if term == "dose_given"}
        applying = spoken - dosed
        own = names(_TERM.sub("", invariant.holds))
        rests_on = frozenset(closure(own, within))
        found.append(
            Hazard(
                invariant.id,
                invariant.text,
                invariant.holds,
                tuple(node.id for node in guideline.nodes if node.id in spoken),
                tuple(id for id in _named(guideline) if id in own),
                rests_on,
                tuple(_statements(guideline, spoken | rests_on)),
                tuple(case.name for case in cases if case.on & applying or case.dosed & dosed),
                tuple(case.name for case in cases if case.off & applying or case.withheld & dosed),
            )
        )
    return tuple(found)


def speaks_of(hazard: Hazard, recommendations: frozenset[str], named: frozenset[str]) -> bool:
    """Tells whether an invariant speaks of some recommendation, or rests on some definition."""
    return bool(recommendations & set(hazard.recommendations) or named & hazard.rests_on)


def _named(guideline: Guideline) -> Iterator[str]:
    yield from (each.id for each in guideline.numbers)
    yield from (each.id for each in guideline.computed_numbers)
    yield from (each.id for each in guideline.definitions)


def _statements(guideline: Guideline, ids: set[str] | frozenset[str]) -> Iterator[str]:
    """Yields the statements that nodes, definitions and numbers of these ids cite."""
    cited: set[str] = set()
    for group in (
        guideline.numbers,
        guideline.computed_numbers,
        guideline.definitions,
        guideline.nodes,
    ):
        for each in group:
            if each.id in ids:
                cited.update(each.statements)
    yield from (each.id for each in guideline.statements if each.id in cited)
