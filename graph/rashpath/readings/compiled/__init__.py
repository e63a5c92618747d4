"""The compiled walk: the same decisions as the plain one, by a kernel in WebAssembly."""

from rashpath.readings.compiled.answer import Answered, Answers
from rashpath.readings.compiled.decision import CompiledGraph, Decision, NotCompiledError
from rashpath.readings.compiled.machine import LONGEST_OPTIONS, MOST_AT_ONCE, Asked

__all__ = [
    "LONGEST_OPTIONS",
    "MOST_AT_ONCE",
    "Answered",
    "Answers",
    "Asked",
    "CompiledGraph",
    "Decision",
    "NotCompiledError",
]
