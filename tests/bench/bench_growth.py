"""Measures how decisions and loading grow: with the graph, with what is unknown, and at worst.

The synthetic graphs are those of the proof's benchmark. The worst case is a guideline made so that
its diagrams double with every two facts, up to the bound of the exact reading and beyond.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rashpath.expression.decision_diagram import DEFAULT_LIMIT
from rashpath.facts.dictionary import Choice
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.engine import engine_of
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.bench_proof import synthetic
from tests.bench.engines import Engine, engines
from tests.bench.guidelines import shipped
from tests.bench.machine import quietly
from tests.bench.points import Pace, Point
from tests.bench.timing import Task, interleave
from tests.bench.whole_cases import with_unknown
from tests.guideline.wide import WANTED, wide

SIZES = "Growth with the graph (synthetic graphs)"
UNKNOWNS = "Growth with what is unknown (the whole guideline)"
BOUND = "At the bound of the exact reading"

_LINEAR = 3.0
"""How much more time a node may take in the largest graph than in the one of 100 nodes."""

_REFERENCE = 100
_CASES = 20


def growth(pace: Pace) -> Iterator[Point]:
    """Yields all points of growth."""
    yield from by_size(pace)
    yield from by_unknown(pace)
    if not pace.quick:
        yield from at_the_bound(pace)


def by_size(pace: Pace) -> Iterator[Point]:
    """Yields the time to load and to decide for graphs of several sizes."""
    a_node: dict[int, float] = {}
    for size in pace.sizes:
        graph, load_s = _timed(partial(synthetic, size))
        _, prepare_s = _timed(partial(engine_of("compiled").prepare, graph))
        engine = engines(graph)[-1]
        known = engine.arriving(_random_cases(graph, 1.0))
        half = engine.arriving(_random_cases(graph, 0.5))
        empty = engine.arriving([_case_class(graph)()])
        tasks = {
            "known": Task(engine.decide, known),
            "half": Task(engine.decide, half),
            "empty": Task(engine.decide, empty),
        }
        taken = quietly(
            partial(interleave, tasks, rounds=3, slice_s=pace.slice_s),
            retakes=pace.retakes_now(),
        )
        us = {name: timed.us for name, timed in taken.value.items()}
        count = len(graph.order)
        a_node[size] = us["half"] / count
        reference = a_node.get(_REFERENCE)
        largest = size == max(pace.sizes) and size > _REFERENCE and reference is not None
        yield Point(
            SIZES,
            f"{size} nodes",
            {
                "nodes": count,
                "facts": len(graph.dictionary),
                "load s": round(load_s + prepare_s, 2),
                "load ms a node": round((load_s + prepare_s) / count * 1e3, 2),
                "every fact known us": round(us["known"], 1),
                "half unknown us": round(us["half"], 1),
                "nothing known us": round(us["empty"], 1),
                "half unknown, us a node": round(a_node[size], 2),
            },
            goal=f"time a node at most {_LINEAR:g} times that of {_REFERENCE} nodes"
            if largest
            else "",
            met=None if not largest or reference is None else a_node[size] <= _LINEAR * reference,
            others=taken.others,
            tries=taken.tries,
        )


def by_unknown(pace: Pace) -> Iterator[Point]:
    """Yields the time of a decision by how many of the facts are unknown."""
    graph = shipped()
    facts = len(graph.dictionary)
    found = engines(graph)
    counts = (0, 30, facts) if pace.quick else (*range(0, facts, 10), facts)
    tasks = {
        f"{engine.name} {count}": Task(
            engine.decide, engine.arriving(with_unknown(graph, count, 100))
        )
        for count in counts
        for engine in found
    }
    taken = quietly(
        lambda: interleave(tasks, rounds=3, slice_s=pace.slice_s), retakes=pace.retakes_now()
    )
    for count in counts:
        yield Point(
            UNKNOWNS,
            f"{count} of {facts} facts unknown",
            {"unknown": count}
            | {
                f"engine {engine.name} us": round(taken.value[f"{engine.name} {count}"].us, 1)
                for engine in found
            },
            others=taken.others,
            tries=taken.tries,
        )


def at_the_bound(pace: Pace) -> Iterator[Point]:
    """Yields what the worst case costs below the bound and beyond it."""
    for pairs in (8, 12, 14, 16, 18, 24):
        taken = quietly(partial(_worst, pairs), retakes=pace.retakes_now())
        load_s, empty_s, one_s, fits = taken.value
        yield Point(
            BOUND,
            f"{2 * pairs} facts that all matter to one node",
            {
                "load s": round(load_s, 2),
                "exact": "yes" if fits else f"no: over {DEFAULT_LIMIT:,} nodes, not_refined",
                "nothing known ms": round(empty_s * 1e3, 1),
                "one fact known ms, the slowest": round(one_s * 1e3, 1),
            },
            others=taken.others,
            tries=taken.tries,
        )


def _worst(pairs: int) -> tuple[float, float, float, bool]:
    """Returns the seconds to load, to decide with nothing known and with one fact known, and
    whether the exact reading fits."""
    graph, load_s = _timed(lambda: load_bytes(wide(pairs), "wide.yaml"))
    engine = engines(graph)[-1]
    given = _random_cases(graph, 1.0)[0]
    seconds = [_seconds(engine, PatientCase())]
    for group, facts in given.ListFields():
        for fact, value in facts.ListFields():
            one = PatientCase()
            setattr(getattr(one, group.name), fact.name, value)
            seconds.append(_seconds(engine, one))
    return load_s, seconds[0], max(seconds[1:]), WANTED in graph.reach.nodes


def _seconds(engine: Engine, case: Message) -> float:
    arrived = engine.arrives(case)
    return min(_timed(lambda: engine.decide(arrived))[1] for _ in range(2))


def _random_cases(graph: DecisionGraph, share: float) -> list[Any]:
    chance = random.Random(len(graph.order))
    make = _case_class(graph)
    cases = []
    for _ in range(_CASES):
        case = make()
        for fact in graph.dictionary:
            if chance.random() >= share:
                continue
            group, name = fact.path.split(".")
            kind = fact.kind
            value: int | float = (
                chance.choice([each.number for each in kind.values])
                if isinstance(kind, Choice)
                else round(chance.uniform(kind.hard.minimum, kind.hard.maximum))
            )
            setattr(getattr(case, group), name, value)
        cases.append(case)
    return cases


def _case_class(graph: DecisionGraph) -> type[Message]:
    pool = descriptor_pool.Default()
    return GetMessageClass(pool.FindMessageTypeByName(graph.guideline.case_type))


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    made = work()
    return made, time.process_time() - began
