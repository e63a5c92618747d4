"""Makes the dictionary that the contents of a guideline's records are packed with.

It is learned from the contents of made-up cases: some drawn by chance, changed fact by fact where
that contradicts them no more than before, and for each node and dose of the guideline a case near
them that reaches it. The chance is seeded with the guideline's digest. So the dictionary holds
words of the guideline as they occur in answers, and nothing of a patient.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import assert_never

import zstandard

from rashpath.audit.content import content_of
from rashpath.audit.packing import Dictionary
from rashpath.expression.evaluate import evaluate
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice, DecimalNumber, Fact, WholeNumber
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.coverage.witness import Case, Search
from rashpath.readings.engine import Engine
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase

BYTES = 192 << 10
"""Most bytes of a dictionary: with half as many, cases with unknown facts take twice the room."""

_BASES = 2
_STEPS = 300
_KEPT_EVERY = 10
_PARTS = (0.5, 0.75)
"""Shares of the facts that are known in cases with unknown ones."""

_SEGMENT = 2048
_WORD = 8


def dictionary_of(graph: DecisionGraph, engine: Engine) -> Dictionary:
    """Returns the dictionary of a guideline; takes a sixth of a second.

    Args:
        graph: the guideline.
        engine: decides the made-up cases.
    """
    contents: list[bytes | bytearray | memoryview] = list(_contents(graph, engine))
    try:
        words = zstandard.train_dictionary(BYTES, contents, k=_SEGMENT, d=_WORD).as_bytes()
    except zstandard.ZstdError:
        # A small guideline says too little to learn from: then what it says is the dictionary.
        words = b"".join(contents)[-BYTES:]
    return Dictionary(words)


def _contents(graph: DecisionGraph, engine: Engine) -> Iterator[bytes]:
    """Yields contents of the records of made-up cases."""
    chance = random.Random(graph.digest)

    def content(facts: Mapping[str, int | float], audience: Audience) -> Iterator[bytes]:
        case = _message(facts, graph)
        made = engine.decide(graph, case, audience=audience, full=False)
        if made is not None:
            yield content_of(EvaluateRequest(patient_case=case), made.answer, made.walked)

    cases = itertools.chain.from_iterable(_cases(graph, chance) for _ in range(_BASES))
    for number, facts in enumerate(cases):
        yield from content(facts, Audience.CLINICIAN)
        if number % 4 == 0:
            yield from content(facts, Audience.PATIENT)
        if number % 4 == 1:
            known = chance.sample(sorted(facts), int(len(facts) * chance.choice(_PARTS)))
            yield from content({path: facts[path] for path in known}, Audience.CLINICIAN)
    for audience in Audience:
        yield from content({}, audience)


def _cases(graph: DecisionGraph, chance: random.Random) -> Iterator[Case]:
    """Yields made-up cases with every fact known."""
    facts = list(graph.dictionary)
    case: Case = {fact.path: _any_value(fact, chance) for fact in facts}
    least = _contradictions(graph, case)
    for step in range(_STEPS):
        fact = chance.choice(facts)
        changed = {**case, fact.path: _any_value(fact, chance)}
        contradictions = _contradictions(graph, changed)
        if contradictions <= least:
            case, least = changed, contradictions
        if step % _KEPT_EVERY == 0:
            yield case
    search = Search(graph.reach.diagrams, graph.dictionary, case)
    for diagram in dict.fromkeys((*graph.reach.nodes.values(), *graph.reach.doses.values())):
        found = search.case(diagram)
        if found is not None:
            yield found


def _contradictions(graph: DecisionGraph, case: Case) -> int:
    return sum(evaluate(part.condition, case) is Truth.TRUE for part in graph.contradictions)


def _any_value(fact: Fact, chance: random.Random) -> int | float:
    match fact.kind:
        case Choice() as kind:
            return chance.choice([value.number for value in kind.values])
        case WholeNumber() as kind:
            usual = kind.plausible or kind.hard
            return chance.randint(int(usual.minimum), int(usual.maximum))
        case DecimalNumber() as kind:
            usual = kind.plausible or kind.hard
            return round(chance.uniform(usual.minimum, usual.maximum), 1)
        case _:
            assert_never(fact.kind)


def _message(facts: Mapping[str, int | float], graph: DecisionGraph) -> PatientCase:
    case = PatientCase()
    for path, value in facts.items():
        group, _, name = path.partition(".")
        decimal = isinstance(graph.dictionary[path].kind, DecimalNumber)
        setattr(getattr(case, group), name, float(value) if decimal else int(value))
    return case
