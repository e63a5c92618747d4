"""Every target of the fuzzing: what it is fed, from what, and within which time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from google.protobuf.descriptor import Descriptor

from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
    ExplainPathRequest,
)
from tests.fuzz import documents, guideline_files, papers, requests, wire
from tests.fuzz.corpus import corpus
from tests.fuzz.outcome import Outcome
from tests.guideline.small import TEXT

Feed = Callable[[bytes], Outcome]
Mutate = Callable[[bytes, Random], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is fed.

    Args:
        name: its name.
        feed: takes one input; raises nothing but for a fault.
        mutate: makes an input of another.
        seeds: the inputs to begin with.
        share: its share of the time, as a part of the sum of all shares.
        short: inputs of the short form, which every run of the tests has.
        seconds: processor time within which each input must end; an alarm ends it after nine to ten
            times that on the clock.
    """

    name: str
    feed: Feed
    mutate: Mutate
    seeds: Callable[[], tuple[bytes, ...]]
    share: float
    short: int
    seconds: float = 1.0


def _request(descriptor: Descriptor) -> Mutate:
    """Returns a mutation of requests: of their fields mostly, at times of their bytes."""

    def mutate(data: bytes, random: Random) -> bytes:
        for _ in range(random.choice((1, 1, 2, 3))):
            if random.random() < 0.6:
                data = wire.mutate(data, random, descriptor)
            else:
                data = wire.bytes_mutated(data, random)
        return data

    return mutate


def _raw(data: bytes, random: Random) -> bytes:
    """Returns bytes of no meaning, or a request changed at several bytes without regard to it."""
    if random.random() < 0.7:
        return random.randbytes(random.randrange(60))
    for _ in range(random.randint(2, 5)):
        data = wire.bytes_mutated(data, random)
    return data


def _document(data: bytes, random: Random) -> bytes:
    made = documents.mutated(data, random)
    return wire.bytes_mutated(made, random) if random.random() < 0.1 else made


def _kept(kind: str) -> Callable[[], tuple[bytes, ...]]:
    return lambda: corpus()[kind]


TARGETS = (
    Target(
        "evaluate",
        requests.evaluate,
        _request(EvaluateRequest.DESCRIPTOR),
        _kept("evaluate"),
        share=22,
        short=1500,
    ),
    Target(
        "evaluate, raw bytes",
        requests.evaluate,
        _raw,
        _kept("evaluate"),
        share=48,
        short=20_000,
    ),
    Target(
        "batch_evaluate",
        requests.batch_evaluate,
        _request(BatchEvaluateRequest.DESCRIPTOR),
        _kept("batch_evaluate"),
        share=5,
        short=300,
    ),
    Target(
        "explain_path",
        requests.explain_path,
        _request(ExplainPathRequest.DESCRIPTOR),
        _kept("explain_path"),
        share=7,
        short=40,
        seconds=10.0,
    ),
    Target(
        "case document",
        documents.case_document,
        _document,
        _kept("documents"),
        share=8,
        short=1000,
    ),
    Target(
        "nested document",
        documents.case_document,
        documents.nested,
        _kept("documents"),
        share=2,
        short=300,
    ),
    Target(
        "guideline file",
        guideline_files.guideline_file,
        _document,
        lambda: (TEXT.encode(),),
        share=4,
        short=100,
        seconds=10.0,
    ),
    Target(
        "token",
        papers.token,
        wire.bytes_mutated,
        lambda: (papers.right_token(),),
        share=2,
        short=2000,
    ),
    Target(
        "settings file",
        papers.settings_file,
        _document,
        _kept("settings"),
        share=2,
        short=500,
    ),
)
"""What is fuzzed, in the order of the report."""
