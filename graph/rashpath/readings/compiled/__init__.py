"""The compiled walk: the same decisions as the plain one, by functions generated from the graph."""

from rashpath.readings.compiled.answer import Answers
from rashpath.readings.compiled.decision import CompiledGraph, Decision, NotCompiledError

__all__ = ["Answers", "CompiledGraph", "Decision", "NotCompiledError"]
