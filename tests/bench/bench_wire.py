"""Measures the service over gRPC, side by side with a null RPC in the same set-up."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from rashpath.v1.facts_pb2 import PatientCase
from tests.bench import servers
from tests.bench.driving import (
    BATCH,
    EVALUATE,
    apply,
    batch_bodies,
    evaluate_bodies,
    folder,
    known_bodies,
    load_of,
    middle,
    pids_of,
    take,
)
from tests.bench.generator import Load, Result
from tests.bench.guidelines import shipped, sub
from tests.bench.points import FREE, HELD, Pace, Point
from tests.bench.servers import GENERATOR_CORE, ONE_CORE
from tests.bench.sub_cases import FOLDER, sub_cases
from tests.bench.whole_cases import KINDS, whole_cases

UNARY = "Evaluate over gRPC, 64 in flight"
LATENCY = "Time of a call, 64 in flight"
BATCHES = "BatchEvaluate"
GENERATOR = "The load generator"

_BATCH = 1000
_QUICK_BATCH = 200
_MOST_P99 = 1.3


def headroom(pace: Pace) -> Iterator[Point]:
    """Yields how many calls the generator can do, at a raw endpoint that only echoes frames."""
    bodies = evaluate_bodies(whole_cases(shipped(), KINDS[0], 1))
    for size in (1000,) if pace.quick else (1000, 8000):
        with servers.module("tests.bench.endpoint", str(size), cores=ONE_CORE) as endpoint:
            load = load_of(pace, endpoint, EVALUATE, bodies)
            taken = take(pace, load, endpoint.pids)
        result = taken.value
        yield Point(
            GENERATOR,
            f"raw HTTP/2 endpoint, answers of {size} bytes",
            {
                "rate /s": round(result.rate),
                "generator's core": f"{result.own_cpu:.0%}",
                "at a full core /s": round(result.rate / result.own_cpu),
                "p99 ms": round(result.p99_ms, 2),
            },
            held=HELD,
            others=taken.others,
            tries=taken.tries,
        )


def unary(pace: Pace) -> Iterator[Point]:
    """Yields the rate of Evaluate for each guideline and kind of case, against the null RPC."""
    small = [case.message for case in sub_cases(sub(), pace.cases)]
    yield from _against_null(
        pace, "sub-guideline", evaluate_bodies(small), goal=0.95, guideline_dir=FOLDER
    )
    graph = shipped()
    goals = {"every fact known": 0.85, "half unknown": 0.70, "nothing known": None}
    for kind in KINDS[:2] if pace.quick else KINDS:
        bodies = evaluate_bodies(whole_cases(graph, kind, pace.cases))
        yield from _against_null(pace, f"whole guideline, {kind}", bodies, goal=goals[kind])
    bodies = known_bodies(pace)
    yield from _against_null(
        pace,
        "whole guideline, every fact known, durable audit on SQLite",
        bodies,
        goal=0.55,
        audit_mode="required",
    )
    if not pace.quick:
        yield from _against_null(
            pace,
            "whole guideline, every fact known, a log line a request",
            bodies,
            log_level="info",
        )
        yield from _against_null(
            pace, "whole guideline, every fact known, nothing held", bodies, held=False
        )


def batches(pace: Pace) -> Iterator[Point]:
    """Yields decisions a second and core in batches."""
    graph, off, on = shipped(), "off", "required"
    count = _QUICK_BATCH if pace.quick else _BATCH
    small = [case.message for case in sub_cases(sub(), count)]
    yield _batch(pace, "sub-guideline", small, goal=150_000, audit_mode=off, guideline_dir=FOLDER)
    known, half = (whole_cases(graph, kind, count) for kind in KINDS[:2])
    yield _batch(pace, f"whole guideline, {KINDS[0]}", known, goal=40_000, audit_mode=off)
    if not pace.quick:
        yield _batch(pace, f"whole guideline, {KINDS[1]}", half, audit_mode=off)
    yield _batch(
        pace, f"whole guideline, {KINDS[0]}, durable audit", known, goal=20_000, audit_mode=on
    )


def _against_null(
    pace: Pace,
    name: str,
    bodies: list[str],
    *,
    goal: float | None = None,
    held: bool = True,
    **settings: object,
) -> Iterator[Point]:
    """Measures a server and a null server in turn; both run all the time."""
    cores = ONE_CORE if held else ()
    with ExitStack() as stack:
        real = stack.enter_context(servers.rashpath(folder(stack), cores=cores, **settings))
        probe = load_of(pace, real, EVALUATE, bodies, held=held, seconds=pace.warm_up_s)
        size = round(apply(probe).response_bytes)
        empty = stack.enter_context(
            servers.module("tests.bench.null_server", str(size), cores=cores)
        )
        both = {"null": empty, "real": real}
        found: dict[str, list[Result]] = {"null": [], "real": []}
        others: list[float] = []
        tries = 1
        for _ in range(2 if pace.quick else 5):
            for key, server in both.items():
                load = load_of(pace, server, EVALUATE, bodies, held=held)
                taken = take(pace, load, pids_of(both))
                found[key].append(taken.value)
                others.append(taken.others)
                tries = max(tries, taken.tries)
    ratios = [
        mine.rate / theirs.rate for mine, theirs in zip(found["real"], found["null"], strict=True)
    ]
    ratio = statistics.median(ratios)
    mine, theirs = middle(found["real"]), middle(found["null"])
    p99 = statistics.median(
        each.p99_ms / null.p99_ms for each, null in zip(found["real"], found["null"], strict=True)
    )
    audited = settings.get("audit_mode", "off") != "off"
    where, most = HELD if held else FREE, max(others)
    yield Point(
        UNARY,
        name,
        {
            "rate /s": round(mine.rate),
            "null /s": round(theirs.rate),
            "of null": round(ratio, 3),
            "server CPU us": round(mine.cpu_us, 1),
            "null CPU us": round(theirs.cpu_us, 1),
            "of null by CPU": round(theirs.cpu_us / mine.cpu_us, 3),
            "bytes": size,
        },
        goal="" if goal is None else f"{goal} of null",
        met=None if goal is None else ratio >= goal,
        held=where,
        others=most,
        tries=tries,
    )
    yield Point(
        LATENCY,
        name,
        {
            "p50 ms": round(mine.p50_ms, 2),
            "p99 ms": round(mine.p99_ms, 2),
            "null p50 ms": round(theirs.p50_ms, 2),
            "null p99 ms": round(theirs.p99_ms, 2),
            "p99 of null": round(p99, 2),
        },
        goal="" if audited else f"p99 at most {_MOST_P99:g} of null",
        met=None if audited else p99 <= _MOST_P99,
        held=where,
        others=most,
        tries=tries,
    )


def _batch(
    pace: Pace,
    name: str,
    cases: Sequence[PatientCase],
    *,
    goal: int | None = None,
    **settings: object,
) -> Point:
    with ExitStack() as stack:
        server = stack.enter_context(servers.rashpath(folder(stack), cores=ONE_CORE, **settings))
        load = Load(
            server.address,
            BATCH,
            batch_bodies(cases),
            connections=2,
            in_flight=2,
            warm_up_s=pace.warm_up_s,
            seconds=max(2.0, pace.window_s),
            pids=list(server.pids),
            least=2,
            timeout_s=120,
            core=GENERATOR_CORE,
        )
        results: list[Result] = []
        others: list[float] = []
        for _ in range(1 if pace.quick else 3):
            taken = take(pace, load, server.pids)
            results.append(taken.value)
            others.append(taken.others)
    typical = middle(results)
    per_core = typical.calls * len(cases) / typical.server_cpu_s
    return Point(
        BATCHES,
        name,
        {
            "cases": len(cases),
            "decisions a second and core": round(per_core),
            "decisions /s": round(typical.rate * len(cases)),
            "CPU us a decision": round(1e6 / per_core, 1),
            "ms a batch": round(typical.p50_ms, 1),
            "bytes a decision": round(typical.response_bytes / len(cases)),
        },
        goal="" if goal is None else f"{goal:,} a second and core",
        met=None if goal is None else per_core >= goal,
        held=HELD,
        others=max(others),
    )
