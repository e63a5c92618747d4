"""The same facts and guideline give the same bytes, whatever process, hash seed or order."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys

import yaml

from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.answer import answer
from rashpath.readings.explanation import explain
from rashpath.readings.walk import walk
from rashpath.v1 import guideline_pb2
from tests.conformance.expectations import case_files

_EVERY = 6  # every sixth case file: enough ways through the graph, and quick


def digest_of_answers(graph: DecisionGraph, seed: int) -> str:
    """Returns one digest over answers and explanations, the facts of each case shuffled."""
    shuffle = random.Random(seed)
    digest = hashlib.sha256(graph.digest.encode())
    for case in case_files()[::_EVERY]:
        facts = list(case.facts.items())
        shuffle.shuffle(facts)
        for message in (
            answer(walk(graph, dict(facts)), full=True),
            explain(graph, dict(facts), what_if={"rash.trend": 1}),
        ):
            digest.update(message.SerializeToString(deterministic=True))
    return digest.hexdigest()


def test_processes_hash_seeds_and_orders_give_the_same_bytes(graph: DecisionGraph) -> None:
    """Three processes with other hash seeds and shuffled facts answer byte for byte alike."""
    here = digest_of_answers(graph, 0)
    program = (
        "import sys; from tests.conformance.test_determinism import *; "
        "from importlib.resources import files; from rashpath.guideline import load; "
        "path = files('rashpath.content') / 'valacyclovir_spreading_rash' / '1.0.0.yaml'; "
        "print(digest_of_answers(load(path), int(sys.argv[1])))"
    )
    for seed in ("1", "2", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", program, seed],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == here


def test_the_order_of_keys_in_the_guideline_file_changes_nothing(graph: DecisionGraph) -> None:
    """The same guideline with every mapping written backwards has the same digest and answers."""

    def backwards(value: object) -> object:
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return [backwards(part) for part in value] if isinstance(value, list) else value

    from google.protobuf.json_format import MessageToDict

    plain = MessageToDict(graph.guideline, preserving_proto_field_name=True)
    text = yaml.safe_dump(backwards(plain), sort_keys=False, width=10_000)
    other = load_bytes(text.encode())
    assert isinstance(other.guideline, guideline_pb2.Guideline)
    assert other.digest == graph.digest
    assert digest_of_answers(other, 0) == digest_of_answers(graph, 0)
