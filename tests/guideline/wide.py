"""A guideline whose exact reading grows with two to the power of its size: the worst case.

One recommendation is reached from many decisions, each of which asks for two facts; each fact is
asked for together with several others, drawn by lot. Whatever the order of the facts, a diagram
that is to say when it is reached must remember nearly all of the first ones until it has seen the
others.
"""

from __future__ import annotations

import random

from rashpath.facts.dictionary import Choice, Dictionary, Fact
from rashpath.v1.facts_pb2 import PatientCase

WANTED = "wanted"
"""Id of the recommendation that all decisions lead to."""

MOST_PAIRS = 25

_FURTHER = 3
"""Further facts that each one is asked for together with, at most."""

_X = "{clinician: x, patient: x}"


def wide(pairs: int) -> bytes:
    """Returns the file of such a guideline.

    Args:
        pairs: half of the facts, 2 to 25.
    """
    firsts, seconds = _facts(pairs)
    lines = [
        "id: wide",
        "version: 1.0.0",
        *(f"{key}: {_X}" for key in ("title", "question", "disclaimer")),
        "review_status: SUBMITTED",
        'last_updated: "2025-07-11"',
        "case_type: rashpath.v1.PatientCase",
        "red_flag: danger",
        "references: [{number: 1, title: x, resolved: true}]",
        "statements: [{id: S1, section: x, text: x, citation: 1}]",
        f"definitions: [{{id: danger, when: {_test(firsts[0])}, text: {_X}}}]",
        "properties: [DETERMINISTIC]",
        f"lanes: [{{id: lane, title: {_X}}}]",
        "nodes:",
        f"  - {{id: start, title: {_X}, start: {{}}}}",
        f"  - {{id: fork, title: {_X}, all: {{}}}}",
        f"  - {{id: {WANTED}, lane: lane, title: {_X}, statements: [S1], recommendation: "
        f"{{text: {_X}, urgency: ROUTINE, provenance: [ARTICLE]}}}}",
        f"  - {{id: done, lane: lane, title: {_X}, end: {{}}}}",
    ]
    edges = ["edges:", "  - {from_node: start, to_node: fork}"]
    for index, (first, second) in enumerate(_asked_together(firsts, seconds)):
        lines.append(f"  - {{id: q{index}, lane: lane, title: {_X}, decision: {{}}}}")
        edges += [
            f"  - {{from_node: fork, to_node: q{index}}}",
            f'  - {{from_node: q{index}, to_node: {WANTED}, when: "{_test(first)} && '
            f'{_test(second)}", text: {_X}}}',
            f"  - {{from_node: q{index}, to_node: done, otherwise: true, text: {_X}}}",
        ]
    return "\n".join([*lines, *edges, ""]).encode()


def facts_of(pairs: int) -> tuple[str, ...]:
    """Returns the paths of the facts that such a guideline reads, in the order of the facts."""
    firsts, seconds = _facts(pairs)
    return tuple(fact.path for fact in (*firsts, *seconds))


def _facts(pairs: int) -> tuple[list[Fact], list[Fact]]:
    choices = [
        fact for fact in Dictionary.of(PatientCase.DESCRIPTOR) if isinstance(fact.kind, Choice)
    ]
    assert 2 <= pairs <= MOST_PAIRS <= len(choices) // 2
    # The first is read twice, by the definition of danger too, and would otherwise come last.
    return choices[:pairs], choices[pairs : 2 * pairs]


def _asked_together(firsts: list[Fact], seconds: list[Fact]) -> list[tuple[Fact, Fact]]:
    """Returns which facts are asked for together: each first with its second, then by lot."""
    lot = random.Random(len(firsts))
    found = dict.fromkeys(zip(firsts, seconds, strict=True))
    for _ in range(_FURTHER):
        mixed = [*firsts, *seconds]
        lot.shuffle(mixed)
        for one, other in zip(mixed[::2], mixed[1::2], strict=True):
            if (one, other) not in found and (other, one) not in found:
                found[one, other] = None
    return list(found)


def _test(fact: Fact) -> str:
    assert isinstance(fact.kind, Choice)
    return f"{fact.path} == {fact.kind.values[0].short}"
