"""The guideline: one typed decision graph, loaded from a file and checked whole."""

from rashpath.guideline.errors import GuidelineError
from rashpath.guideline.load import load, load_bytes
from rashpath.guideline.model import DecisionGraph

__all__ = ["DecisionGraph", "GuidelineError", "load", "load_bytes"]
