"""Seeded cases of the sub-guideline with every fact known, as messages and as plain values.

Most peers know no unknown: so that all decide the same, every fact is given to all of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from rashpath.facts.dictionary import Choice
from rashpath.guideline import DecisionGraph, load
from rashpath.v1.facts_pb2 import PatientCase

FOLDER = Path(__file__).parent / "sub_guideline"
"""The guidelines folder of a server that serves the sub-guideline alone."""

SEED = 20250711

LANES = ("therapy", "immune", "resistance", "foscarnet")

Outcome = tuple[str, str, str, str]
"""Ids of the nodes at which the four lanes end."""

Plain = dict[str, bool | int | float | str]
"""Facts by the last part of their path; a finding as a boolean, a choice by its short name."""

FACTS = (
    "patient.age_years",
    "patient.sex",
    "patient.pregnancy",
    "rash.trend",
    "infection.virus",
    "infection.lesion_pcr",
    "infection.acyclovir_susceptibility",
    "infection.earlier_resistant_isolate",
    "therapy.drug",
    "therapy.dose_mg",
    "therapy.doses_per_day",
    "therapy.days_on_therapy",
    "therapy.adherence",
    "therapy.appropriate_therapy_failed",
    "therapy.breakthrough_on_prophylaxis",
    "therapy.prolonged_or_repeated_courses",
    "immune.hiv",
    "immune.organ_transplant",
    "immune.stem_cell_transplant",
    "immune.immunosuppressive_medication",
    "immune.haematological_malignancy",
    "immune.other_immunodeficiency",
    "immune.unexplained_weight_loss",
    "immune.lymphadenopathy",
    "reaction.new_exanthem",
    "reaction.facial_oedema",
    "reaction.skin_detachment",
    "renal.serum_creatinine_mg_dl",
    "renal.stable",
    "renal.dialysis",
    "foscarnet.hypersensitivity",
    "foscarnet.failed_or_not_tolerated",
)
"""The facts that the sub-guideline reads."""

_COMMON = 0.8
"""Share of the usual value of facts that would otherwise end most lanes early."""

_USUAL = {
    "patient.pregnancy": "NOT_PREGNANT",
    "renal.dialysis": "NO_DIALYSIS",
    "infection.virus": "HSV",
}
_SELDOM_PRESENT = 0.15
_OFTEN_PRESENT = {"renal.stable"}


@dataclass(frozen=True, slots=True)
class SubCase:
    """One case: the message that rashpath reads, and the plain values that the peers read."""

    message: PatientCase
    plain: Plain


def sub_guideline() -> DecisionGraph:
    """Returns the loaded sub-guideline."""
    return load(FOLDER / "resistant_rash" / "1.0.0.yaml")


def sub_cases(graph: DecisionGraph, count: int, seed: int = SEED) -> tuple[SubCase, ...]:
    """Returns seeded cases with every fact of the sub-guideline known.

    Args:
        graph: the sub-guideline.
        count: how many.
        seed: the same seed gives the same cases.
    """
    chance = random.Random(seed)
    return tuple(_case(graph, chance) for _ in range(count))


def _case(graph: DecisionGraph, chance: random.Random) -> SubCase:
    message, plain = PatientCase(), Plain()
    for path in FACTS:
        group, name = path.split(".")
        kind = graph.dictionary[path].kind
        if not isinstance(kind, Choice):
            number = _number(name, chance)
            setattr(getattr(message, group), name, number)
            plain[name] = number
            continue
        short = [value.short for value in kind.values]
        if short == ["PRESENT", "ABSENT"]:
            likely = _COMMON if path in _OFTEN_PRESENT else _SELDOM_PRESENT
            chosen = "PRESENT" if chance.random() < likely else "ABSENT"
            plain[name] = chosen == "PRESENT"
        else:
            usual = _USUAL.get(path)
            chosen = chance.choice(short)
            if usual is not None and chance.random() < _COMMON:
                chosen = usual
            plain[name] = chosen
        number = next(value.number for value in kind.values if value.short == chosen)
        setattr(getattr(message, group), name, number)
    return SubCase(message, plain)


def _number(name: str, chance: random.Random) -> int | float:
    match name:
        case "age_years":
            return chance.randint(10, 90)
        case "dose_mg":
            return chance.choice((250.0, 400.0, 500.0, 800.0, 1000.0))
        case "doses_per_day":
            return chance.randint(1, 5)
        case "days_on_therapy":
            return chance.randint(0, 21)
        case "serum_creatinine_mg_dl":
            return round(chance.uniform(0.4, 5.0), 2)
        case _:
            raise AssertionError(f"`{name}` has no distribution")
