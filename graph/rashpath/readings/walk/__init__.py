"""The walk: which nodes a case reaches, by which edges, and what is still open."""

from rashpath.readings.walk.dose import Dose, Withheld
from rashpath.readings.walk.questions import OpenQuestion
from rashpath.readings.walk.steps import EdgeStep, LeafUse, NodeStep, Outcome, Verdict
from rashpath.readings.walk.walk import ComputedValue, Walk, walk
from rashpath.readings.walk.walked import Walked

__all__ = [
    "ComputedValue",
    "Dose",
    "EdgeStep",
    "LeafUse",
    "NodeStep",
    "OpenQuestion",
    "Outcome",
    "Verdict",
    "Walk",
    "Walked",
    "Withheld",
    "walk",
]
