"""What the tests of the proof share: the toy guidelines, and what proving them gives."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import grpc_tools.protoc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from rashpath.guideline import DecisionGraph, load, load_bytes
from rashpath.readings.proof import Proof, prove
from tests.guideline.small import NAME, TEXT

HERE = Path(__file__).parent
BICYCLE = HERE / "bicycle" / "bicycle.yaml"


@pytest.fixture(scope="session")
def small() -> DecisionGraph:
    """The toy guideline over the facts of a patient."""
    return load_bytes(TEXT.encode(), NAME)


@pytest.fixture(scope="session")
def bicycle(tmp_path_factory: pytest.TempPathFactory, root: Path) -> DecisionGraph:
    """A guideline of another subject, over facts that the engine has never seen."""
    compiled = tmp_path_factory.mktemp("bicycle") / "bicycle.binpb"
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    folders = [f"-I{folder}" for folder in (root / "proto", HERE / "bicycle", well_known)]
    words = ["protoc", *folders, f"--descriptor_set_out={compiled}", "bicycle.proto"]
    assert grpc_tools.protoc.main(words) == 0
    for file in descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes()).file:
        descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    return load(BICYCLE)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return HERE.parents[1]


@pytest.fixture(scope="session")
def shipped_proof(graph: DecisionGraph) -> Proof:
    """The proof of the shipped guideline, made once."""
    return prove(graph)
