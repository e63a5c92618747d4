"""The compiled walk: the same decisions as the plain one, by functions generated from the graph."""

from rashpath.readings.compiled.answer import Answers
from rashpath.readings.compiled.decision import CompiledGraph, Decision, NotCompiledError
from rashpath.readings.compiled.machine import LONGEST_OPTIONS, MOST_AT_ONCE, Many

__all__ = [
    "LONGEST_OPTIONS",
    "MOST_AT_ONCE",
    "Answers",
    "CompiledGraph",
    "Decision",
    "Many",
    "NotCompiledError",
]
