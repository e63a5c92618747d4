"""Malformed cases of the sub-guideline: one sound case, and what can go wrong with one fact of it.

Each is one JSON text, flat as the peers read it, and in groups as rashpath reads it; beside it
stands what was meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from tests.bench.sub_cases import FACTS, Plain
from tests.malformed.table import KINDS, Row

SOUND: Plain = {
    "age_years": 45,
    "sex": "FEMALE",
    "pregnancy": "NOT_PREGNANT",
    "trend": "SPREADING",
    "virus": "HSV",
    "lesion_pcr": "PCR_POSITIVE",
    "acyclovir_susceptibility": "SUSCEPTIBILITY_NOT_TESTED",
    "earlier_resistant_isolate": False,
    "drug": "VALACYCLOVIR",
    "dose_mg": 1000.0,
    "doses_per_day": 3,
    "days_on_therapy": 10,
    "adherence": "GOOD",
    "appropriate_therapy_failed": False,
    "breakthrough_on_prophylaxis": False,
    "prolonged_or_repeated_courses": False,
    "hiv": "HIV_NEGATIVE",
    "organ_transplant": True,
    "stem_cell_transplant": False,
    "immunosuppressive_medication": False,
    "haematological_malignancy": False,
    "other_immunodeficiency": False,
    "unexplained_weight_loss": False,
    "lymphadenopathy": False,
    "new_exanthem": False,
    "facial_oedema": False,
    "skin_detachment": False,
    "serum_creatinine_mg_dl": 0.9,
    "stable": True,
    "dialysis": "NO_DIALYSIS",
    "hypersensitivity": False,
    "failed_or_not_tolerated": False,
}
"""Resistance is suspected and the reduced dose of foscarnet fits; for a man the full one would.

(140 - 45) / (72 x 0.9) x 0.85 = 1.25 mL/min/kg.
"""

GROUP = {path.split(".")[1]: path.split(".")[0] for path in FACTS}
"""The group of each fact, in the order of the facts."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """One malformed case.

    Args:
        number: from 1, in the order of the table.
        kind: what kind of slip it is.
        fact: the fact that it is about, without its group.
        entries: keys and JSON texts of values that stand in place of the fact; empty: nothing does.
        meant: the sound case that was meant, or that the case would be with the fact given.
        note: what was meant, where it does not show.
        detectable: False where the value could be true of another patient, so that no reader of
            this one case can know that it is wrong.
    """

    number: int
    kind: str
    fact: str
    entries: tuple[tuple[str, str], ...]
    meant: Plain = field(hash=False)
    note: str
    detectable: bool

    @property
    def path(self) -> str:
        """The fact with its group."""
        return f"{GROUP[self.fact]}.{self.fact}"

    @property
    def shown(self) -> str:
        """What is given, as it stands in the JSON text; ``-`` for nothing."""
        return ", ".join(f"{json.dumps(key)}: {value}" for key, value in self.entries) or "-"

    @property
    def flat(self) -> str:
        """The JSON text with the facts side by side."""
        return _object(_written(self, self.meant))

    @property
    def grouped(self) -> str:
        """The JSON text with the facts in their groups, as rashpath reads a case."""
        groups = dict.fromkeys(GROUP.values(), "")
        for group in groups:
            facts = {name: value for name, value in self.meant.items() if GROUP[name] == group}
            groups[group] = _object(_written(self, facts))
        return _object(groups.items())


def grouped(facts: Plain) -> str:
    """Returns the JSON text of a sound case with the facts in their groups."""
    groups: dict[str, Plain] = {}
    for name, value in facts.items():
        groups.setdefault(GROUP[name], {})[name] = value
    return json.dumps(groups)


@cache
def malformed_cases() -> tuple[Malformed, ...]:
    """Returns all malformed cases, in the order of the table."""
    rows = [(kind, row) for kind, rows in KINDS.items() for row in rows]
    return tuple(_case(number, kind, row) for number, (kind, row) in enumerate(rows, 1))


def _case(number: int, kind: str, row: Row) -> Malformed:
    meant = SOUND | ({row.fact: row.meant} if row.meant is not None else {}) | row.also
    entries = tuple((key or row.fact, text) for key, text in row.entries)
    return Malformed(number, kind, row.fact, entries, meant, row.note, row.detectable)


def _written(case: Malformed, facts: Plain) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if name == case.fact:
            yield from case.entries
        else:
            yield name, json.dumps(value)


def _object(members: Iterable[tuple[str, str]]) -> str:
    pairs = (f"{json.dumps(key)}: {text}" for key, text in members)
    return "{" + ", ".join(pairs) + "}"
