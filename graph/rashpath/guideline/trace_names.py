"""Finds which definitions and numbers a condition rests on, by the names in its text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rashpath.v1.guideline_pb2 import Guideline

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def names(condition: str) -> set[str]:
    """Returns the names in a condition, those of groups and facts too."""
    return set(_NAME.findall(condition))


def names_within(guideline: Guideline) -> dict[str, set[str]]:
    """Returns the names in each definition and each computed number, by its id."""
    within = {each.id: names(each.when) for each in guideline.definitions}
    for each in guideline.computed_numbers:
        within[each.id] = names(f"{each.formula} {each.valid_when}")
    return within


def closure(found: set[str], within: Mapping[str, set[str]]) -> set[str]:
    """Returns names with all that the definitions among them rest on."""
    known: set[str] = set()
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        if name not in known:
            known.add(name)
            waiting.extend(within.get(name, ()))
    return known
