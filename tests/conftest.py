"""What every suite uses."""

from __future__ import annotations

from importlib.resources import as_file, files

import pytest

from rashpath.guideline import DecisionGraph, load


@pytest.fixture(scope="session")
def graph() -> DecisionGraph:
    """The shipped guideline, loaded once."""
    content = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
    with as_file(content) as path:
        return load(path)
