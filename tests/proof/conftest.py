"""What the tests of the proof share."""

from __future__ import annotations

from pathlib import Path

import pytest

from rashpath.guideline import DecisionGraph
from rashpath.readings.proof import Proof, prove

HERE = Path(__file__).parent
BICYCLE = HERE / "bicycle" / "bicycle.yaml"


@pytest.fixture(scope="session")
def shipped_proof(graph: DecisionGraph) -> Proof:
    """The proof of the shipped guideline, made once."""
    return prove(graph)
