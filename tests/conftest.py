"""What every suite uses."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import grpc_tools.protoc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from rashpath.guideline import DecisionGraph, load, load_bytes
from tests.guideline.small import NAME, TEXT

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def graph() -> DecisionGraph:
    """The shipped guideline, loaded once."""
    content = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
    with as_file(content) as path:
        return load(path)


@pytest.fixture(scope="session")
def small() -> DecisionGraph:
    """The toy guideline over the facts of a patient."""
    return load_bytes(TEXT.encode(), NAME)


@pytest.fixture(scope="session")
def bicycle(tmp_path_factory: pytest.TempPathFactory, root: Path) -> DecisionGraph:
    """A guideline of another subject, over facts that the engine has never seen."""
    compiled = tmp_path_factory.mktemp("bicycle") / "bicycle.binpb"
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    folders = [f"-I{folder}" for folder in (root / "proto", HERE / "proof" / "bicycle", well_known)]
    words = ["protoc", *folders, f"--descriptor_set_out={compiled}", "bicycle.proto"]
    assert grpc_tools.protoc.main(words) == 0
    for file in descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes()).file:
        descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    return load(HERE / "proof" / "bicycle" / "bicycle.yaml")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return HERE.parent


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


MEASURED = {
    "tests/bench/test_generator.py",
    "tests/bench/test_machine.py",
    "tests/load/test_scenarios.py",
    "tests/service/test_audit_faults.py",
    "tests/service/test_drain.py",
    "tests/service/test_limits.py",
    "tests/service/metrics/test_tally.py",
    "tests/service/reload/test_reload.py",
    "tests/service/reload/test_workers.py",
    "tests/service/test_workers.py",
}
"""Files whose tests measure time or load: no two of these tests are ever under way together."""


class ByFile(LoadFileScheduling):  # type: ignore[misc] # pytest-xdist ships no types
    """Gives each file to one process, which then sets up once what its tests share."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "measured" if file in MEASURED else file


@pytest.hookimpl(optionalhook=True)  # there is none without pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Says how the tests are spread over the processes of `make test`."""
    return ByFile(config, log)
