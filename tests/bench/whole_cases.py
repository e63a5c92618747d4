"""Seeded cases of the shipped guideline: every fact known, half of them unknown, or nothing known.

Random facts alone contradict each other nearly always. So each case is one of the case files,
filled up from a second one, and by chance where neither knows a fact.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber
from rashpath.guideline import DecisionGraph
from rashpath.v1.facts_pb2 import PatientCase
from tests.conformance.expectations import case_files

SEED = 20250711

Facts = Mapping[str, int | float]

KINDS: tuple[str, ...] = ("every fact known", "half unknown", "nothing known")


def whole_cases(
    graph: DecisionGraph, kind: str, count: int, seed: int = SEED
) -> tuple[PatientCase, ...]:
    """Returns seeded case messages.

    Args:
        graph: the shipped guideline.
        kind: one of :data:`KINDS`.
        count: how many.
        seed: the same seed gives the same cases.
    """
    chance = random.Random(seed)
    paths = [fact.path for fact in graph.dictionary]
    keep: Callable[[], list[str]] = {
        "every fact known": lambda: paths,
        "half unknown": lambda: chance.sample(paths, len(paths) // 2),
        "nothing known": list,
    }[kind]
    files = [case.facts for case in case_files()]
    return tuple(
        message_of(_full(graph.dictionary, files, chance), keep(), graph.dictionary)
        for _ in range(count)
    )


def with_unknown(graph: DecisionGraph, unknown: int, count: int) -> tuple[PatientCase, ...]:
    """Returns seeded case messages in which so many facts are unknown.

    Args:
        graph: the shipped guideline.
        unknown: 0 to the number of its facts.
        count: how many.
    """
    chance = random.Random(SEED + unknown)
    paths = [fact.path for fact in graph.dictionary]
    files = [case.facts for case in case_files()]
    return tuple(
        message_of(
            _full(graph.dictionary, files, chance),
            chance.sample(paths, len(paths) - unknown),
            graph.dictionary,
        )
        for _ in range(count)
    )


def message_of(facts: Facts, paths: list[str], dictionary: Dictionary) -> PatientCase:
    """Returns a case message with some of the facts."""
    case = PatientCase()
    for path in paths:
        group, name = path.split(".")
        decimal = isinstance(dictionary[path].kind, DecimalNumber)
        setattr(getattr(case, group), name, float(facts[path]) if decimal else int(facts[path]))
    return case


def _full(dictionary: Dictionary, files: list[Facts], chance: random.Random) -> Facts:
    base, rest = chance.choice(files), chance.choice(files)
    case = {fact.path: _any_value(fact, chance) for fact in dictionary}
    return {**case, **rest, **base}


def _any_value(fact: Fact, chance: random.Random) -> int | float:
    match fact.kind:
        case Choice():
            return chance.choice([value.number for value in fact.kind.values])
        case WholeNumber():
            usual = fact.kind.plausible or fact.kind.hard
            return chance.randint(int(usual.minimum), int(usual.maximum))
        case DecimalNumber():
            usual = fact.kind.plausible or fact.kind.hard
            return round(chance.uniform(usual.minimum, usual.maximum), 1)
