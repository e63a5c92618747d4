"""How the time of a proof grows with the graph: `python -m tests.bench.bench_proof [NODES ...]`.

The graphs are synthetic: lanes of four decisions, four recommendations and an end each, over facts
of their own (choices and numbers, some asked for by `has()`), neighbouring lanes sharing facts.
Times are of one core.
"""

from __future__ import annotations

import importlib.resources
import sys
import tempfile
from pathlib import Path
from time import process_time

import grpc_tools.protoc
from google.protobuf import descriptor_pb2, descriptor_pool

from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.proof import Proved, prove

SIZES = (30, 100, 300, 1000)
IN_A_LANE = 9
"""Nodes of a lane."""
_FACTS = 12
"""Facts that a lane reads."""
_STEP = 5
"""Facts by which the next lane is further on."""

_WORDS = "{{clinician: {0}, patient: {0}}}"


def synthetic(nodes: int) -> DecisionGraph:
    """Returns a graph of about so many nodes.

    Args:
        nodes: 20 or more.
    """
    lanes = max(1, (nodes - 3) // IN_A_LANE)
    facts = (lanes - 1) * _STEP + _FACTS
    _add_to_pool(nodes, facts)
    return load_bytes(_guideline(nodes, lanes).encode(), f"{nodes}.yaml")


def main() -> None:
    """Prints how long graphs of several sizes take to load and to prove."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    print("| nodes | edges | facts | load s | proof s | questions | proved |")
    print("|---|---|---|---|---|---|---|")
    for size in sizes:
        begun = process_time()
        graph = synthetic(size)
        loaded = process_time() - begun
        begun = process_time()
        proof = prove(graph)
        took = process_time() - begun
        proved = sum(isinstance(each.outcome, Proved) for each in proof.settled)
        questions = sum(each.questions for each in proof.settled)
        edges = sum(len(graph.out_of(node.id)) for node in graph.order)
        print(
            f"| {len(graph.order)} | {edges} | {len(graph.dictionary)} | {loaded:.1f} "
            f"| {took:.1f} | {questions} | {proved} of {len(proof.settled)} |",
            flush=True,
        )


def _add_to_pool(nodes: int, facts: int) -> None:
    lines = [
        'syntax = "proto3";',
        f"package rashpath.bench{nodes};",
        'import "rashpath/v1/options.proto";',
        "message Case { Group g = 1; }",
        "message Group {",
    ]
    for index in range(facts):
        words = f'{{clinician: "fact {index}", patient: "fact {index}"}}'
        common = f"label: {words} question: {words}"
        if _is_number(index):
            lines.append(
                f"optional double f{index} = {index + 1} [(rashpath.v1.fact) = "
                f'{{{common} unit: "1" hard_range: {{minimum: 0, maximum: 100}}}}];'
            )
        else:
            lines.append(f"Choice f{index} = {index + 1} [(rashpath.v1.fact) = {{{common}}}];")
    lines += ["}", "enum Choice {", "CHOICE_UNSPECIFIED = 0;"]
    for number, name in enumerate("ABC", 1):
        words = f'{{label: {{clinician: "{name}", patient: "{name}"}}}}'
        lines.append(f"CHOICE_{name} = {number} [(rashpath.v1.value) = {words}];")
    lines.append("}")
    with tempfile.TemporaryDirectory() as folder:
        source, compiled = Path(folder) / f"bench{nodes}.proto", Path(folder) / "compiled"
        source.write_text("\n".join(lines), encoding="utf-8")
        roots = (
            Path(__file__).parents[2] / "proto",
            folder,
            importlib.resources.files("grpc_tools") / "_proto",
        )
        words_of_protoc = ["protoc", *(f"-I{root}" for root in roots)]
        code = grpc_tools.protoc.main(
            [*words_of_protoc, f"--descriptor_set_out={compiled}", source.name]
        )
        assert code == 0
        for file in descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes()).file:
            descriptor_pool.Default().AddSerializedFile(file.SerializeToString())


def _is_number(fact: int) -> bool:
    return fact % 4 == 3


def _guideline(nodes: int, lanes: int) -> str:
    lines = [
        "id: synthetic",
        "version: 1.0.0",
        *(f"{key}: {_WORDS.format('x')}" for key in ("title", "question", "disclaimer")),
        "review_status: SUBMITTED",
        'last_updated: "2025-07-11"',
        f"case_type: rashpath.bench{nodes}.Case",
        "red_flag: danger",
        "references: [{number: 1, title: x, resolved: true}]",
        "statements: [{id: S1, section: x, text: x, citation: 1}]",
        f"definitions: [{{id: danger, when: g.f0 == A, text: {_WORDS.format('x')}}}]",
        "properties: [MONOTONE, TOTAL, DETERMINISTIC]",
        "lanes:",
        *(f"  - {{id: lane{lane}, title: {_WORDS.format('x')}}}" for lane in range(lanes)),
        "nodes:",
        f"  - {{id: start, title: {_WORDS.format('x')}, start: {{}}}}",
        f"  - {{id: fork, title: {_WORDS.format('x')}, all: {{}}}}",
    ]
    edges = ["edges:", "  - {from_node: start, to_node: fork}"]
    invariants = ["invariants:"]
    for lane in range(lanes):
        edges.append(f"  - {{from_node: fork, to_node: q{lane}_0}}")
        lines.append(f"  - {{id: done{lane}, title: {_WORDS.format('x')}, end: {{}}}}")
        for step in range(4):
            lines += [
                f"  - {{id: q{lane}_{step}, lane: lane{lane}, title: {_WORDS.format('x')}, "
                "decision: {}}",
                f"  - {{id: r{lane}_{step}, lane: lane{lane}, title: {_WORDS.format('x')}, "
                f"statements: [S1], recommendation: {{text: {_WORDS.format('x')}, "
                "urgency: ROUTINE, provenance: [ARTICLE]}}",
            ]
            further = f"q{lane}_{step + 1}" if step < 3 else f"done{lane}"
            condition = _condition(lane * _STEP + step * 3)
            edges += [
                f'  - {{from_node: q{lane}_{step}, to_node: {further}, when: "{condition}", '
                f"text: {_WORDS.format('y')}}}",
                f"  - {{from_node: q{lane}_{step}, to_node: r{lane}_{step}, otherwise: true, "
                f"text: {_WORDS.format('n')}}}",
            ]
        first = _condition(lane * _STEP)
        invariants.append(
            f"  - {{id: i{lane}, holds: \"!applies('r{lane}_0') || !({first})\", text: x}}"
        )
    return "\n".join([*lines, *edges, *invariants, ""])


def _condition(first: int) -> str:
    tests = [
        f"g.f{fact} > 50.0" if _is_number(fact) else f"g.f{fact} == {'ABC'[fact % 3]}"
        for fact in range(first, first + 3)
    ]
    return f"{tests[0]} || ({tests[1]} && !(has(g.f{first + 2}) && {tests[2]}))"


if __name__ == "__main__":
    main()
