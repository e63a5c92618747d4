"""A guideline whose exact reading grows with two to the power of its size: the worst case.

One recommendation is reached from many decisions, each of which asks for two facts that stand far
apart in the order of the facts. A diagram that is to say when it is reached must remember all the
first facts until it has seen the second ones.
"""

from __future__ import annotations

from rashpath.facts.dictionary import Choice, Dictionary, Fact
from rashpath.v1.facts_pb2 import PatientCase

WANTED = "wanted"
"""Id of the recommendation that all decisions lead to."""

MOST_PAIRS = 25

_X = "{clinician: x, patient: x}"


def wide(pairs: int) -> bytes:
    """Returns the file of such a guideline.

    Args:
        pairs: decisions, 2 to 25.
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
    for index, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
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


def _test(fact: Fact) -> str:
    assert isinstance(fact.kind, Choice)
    return f"{fact.path} == {fact.kind.values[0].short}"
