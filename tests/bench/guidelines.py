"""The guidelines that are measured, each loaded once."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

from rashpath.guideline import DecisionGraph, load
from tests.bench.sub_cases import sub_guideline


@cache
def shipped() -> DecisionGraph:
    """Returns the guideline that comes with rashpath."""
    content = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
    with as_file(content) as path:
        return load(path)


@cache
def sub() -> DecisionGraph:
    """Returns the sub-guideline of the comparison."""
    return sub_guideline()
