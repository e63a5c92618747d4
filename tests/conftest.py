"""What every suite uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import as_file, files

import pytest

from rashpath.guideline import DecisionGraph, load


@pytest.fixture(scope="session")
def graph() -> DecisionGraph:
    """The shipped guideline, loaded once."""
    content = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
    with as_file(content) as path:
        return load(path)


@pytest.fixture(scope="session", autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers that are told nothing else keep their ledger in a folder of this run."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before
