"""Measures the processes of the service: start, memory, and what a second worker adds."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench import servers
from tests.bench.driving import (
    EVALUATE,
    apply,
    evaluate_bodies,
    folder,
    known_bodies,
    load_of,
    middle,
    pids_of,
    take,
)
from tests.bench.generator import Load, Result
from tests.bench.guidelines import shipped
from tests.bench.machine import Watch, quietly
from tests.bench.points import FREE, Pace, Point
from tests.bench.whole_cases import KINDS, whole_cases

PROCESSES = "Processes"
WORKERS = "Two workers on two cores"

FLAT_MIB = 5
"""MiB by which the resident memory of a server may grow and still count as flat."""

MOST_DIFFERENT = 10_000
"""Different cases in one tenth of the requests over which memory is watched."""

_PARTS = 10


def processes(pace: Pace) -> Iterator[Point]:
    """Yields start, memory, and what a second worker adds."""
    yield _start(pace)
    yield _worker_memory(pace)
    if not pace.quick:
        yield _two_workers(pace)
    if pace.memory_calls:
        yield flat_memory(pace.memory_calls)


def _two_workers(pace: Pace) -> Point:
    """Measures one worker and two in turn; both servers run all the time, held to no core."""
    found: dict[int, list[Result]] = {1: [], 2: []}
    others: list[float] = []
    with ExitStack() as stack:
        running = {
            workers: stack.enter_context(servers.rashpath(folder(stack), workers=workers))
            for workers in found
        }
        for _ in range(5):
            for workers, server in running.items():
                load = Load(
                    server.address,
                    EVALUATE,
                    known_bodies(pace),
                    connections=32,
                    in_flight=128,
                    warm_up_s=pace.warm_up_s,
                    seconds=pace.window_s,
                    pids=list(server.pids),
                )
                taken = take(pace, load, pids_of(running))
                found[workers].append(taken.value)
                others.append(taken.others)
    one, two = (middle(found[workers]) for workers in (1, 2))
    ratio = two.calls_a_cpu_s / one.calls_a_cpu_s
    return Point(
        WORKERS,
        "two workers against one",
        {
            "1 worker /s": round(one.rate),
            "2 workers /s": round(two.rate),
            "rate": round(two.rate / one.rate, 2),
            "1 worker, calls a CPU s": round(one.calls_a_cpu_s),
            "2 workers, calls a CPU s": round(two.calls_a_cpu_s),
            "calls a CPU s": round(ratio, 2),
            "generator's cores": round(two.own_cpu, 2),
        },
        goal="2 x calls a CPU s at least 1.7",
        met=2 * ratio >= 1.7,
        others=max(others),
    )


def _worker_memory(pace: Pace) -> Point:
    with ExitStack() as stack:
        server = stack.enter_context(servers.rashpath(folder(stack)))
        idle = server.resident_mib()
        taken = take(pace, load_of(pace, server, EVALUATE, known_bodies(pace)), server.pids)
        loaded = server.resident_mib()
    return Point(
        PROCESSES,
        f"resident memory of a worker after a load (idle: {idle:.0f} MiB)",
        {"value": round(loaded), "unit": "MiB"},
        goal="under 150 MiB",
        met=loaded < 150,
        held=FREE,
        others=taken.others,
    )


def flat_memory(calls: int) -> Point:
    """Returns how the resident memory of a server grows over so many requests.

    Every tenth part of them has cases of its own, with all and with half of the facts known: what a
    server keeps by case would show as growth.

    Args:
        calls: 1,000 or more; the first tenth warms up and does not count.
    """
    part = calls // _PARTS
    sizes: list[float] = []
    with ExitStack() as stack:
        server = stack.enter_context(servers.rashpath(folder(stack)))
        watch = Watch(server.pids)
        for seed in range(_PARTS):
            each = min(part, MOST_DIFFERENT) // 2
            bodies = [
                body
                for kind in KINDS[:2]
                for body in evaluate_bodies(whole_cases(shipped(), kind, each, seed))
            ]
            load = Load(
                server.address, EVALUATE, bodies, warm_up_s=0, seconds=3600, least=part, most=part
            )
            apply(load)
            sizes.append(server.resident_mib())
        others = watch.others()
    growth = sizes[-1] - sizes[0]
    return Point(
        PROCESSES,
        f"growth of resident memory over {calls - part:,} requests",
        {"value": round(growth, 1), "unit": "MiB"},
        goal=f"flat: under {FLAT_MIB} MiB",
        met=growth < FLAT_MIB,
        others=others,
    )


def _start(pace: Pace) -> Point:
    seconds: list[float] = []

    def start() -> None:
        for _ in range(1 if pace.quick else 5):
            with ExitStack() as stack:
                seconds.append(stack.enter_context(servers.rashpath(folder(stack))).start_s)

    taken = quietly(start, retakes=pace.retakes_now())
    middle = statistics.median(seconds)
    return Point(
        PROCESSES,
        "start to SERVING",
        {"value": round(middle, 2), "unit": "s"},
        goal="under 2 s",
        met=middle < 2,
        others=taken.others,
        tries=taken.tries,
    )
