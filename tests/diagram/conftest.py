"""Walks that the tests of the pictures draw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from rashpath.facts.check import given
from rashpath.facts.document import parse
from rashpath.facts.message import fill
from rashpath.guideline import DecisionGraph
from rashpath.readings.walk import Walk, walk
from rashpath.v1 import facts_pb2
from tests.conformance.expectations import DICTIONARY

EXAMPLE = Path(__file__).parents[2] / "docs" / "example" / "spreading.yaml"


@pytest.fixture(scope="session")
def spreading_facts() -> Mapping[str, int | float]:
    """The facts of the example that the documents use."""
    content = parse(EXAMPLE.read_bytes(), str(EXAMPLE)).value
    case = fill(facts_pb2.PatientCase, content, source=str(EXAMPLE))
    return given(case, DICTIONARY)


@pytest.fixture(scope="session")
def spreading(graph: DecisionGraph, spreading_facts: Mapping[str, int | float]) -> Walk:
    """The walk of the example."""
    return walk(graph, spreading_facts)
