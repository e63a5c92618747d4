"""Giving way to grpc's thread of events: where it is alone with the loop, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from rashpath.service.core_sharing import CoreSharing
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.conftest import Start

if sys.platform != "linux":
    pytest.skip("such schedules are Linux's", allow_module_level=True)

CALLERS = 48
SECONDS = 1.5


class Away:
    """A clock by which each giving way takes as long as is said."""

    def __init__(self) -> None:
        self.now = 100.0
        self.takes_s = 0.0

    def __call__(self) -> float:
        self.now += self.takes_s
        return self.now


def batched(thread: int) -> bool:
    """Tells whether a thread interrupts nobody."""
    policy = os.sched_getscheduler(thread)
    assert policy in (os.SCHED_BATCH, os.SCHED_OTHER)
    return policy == os.SCHED_BATCH


@contextmanager
def sharing(clock: Away, policy: int = os.SCHED_OTHER) -> Iterator[tuple[CoreSharing, int]]:
    """Gives a sharing and the thread it knows, which had a schedule before."""
    made, over = CoreSharing(clock), threading.Event()
    thread = threading.Thread(target=over.wait)
    try:
        with made.of_new_threads():
            thread.start()
            assert thread.native_id is not None
            os.sched_setscheduler(thread.native_id, policy, os.sched_param(0))
        yield made, thread.native_id
    finally:
        over.set()
        thread.join()


def test_it_gives_way_until_it_is_away_for_long_and_then_tries_again_later_and_later() -> None:
    clock = Away()

    def pause_after(away_s: float) -> float:
        clock.takes_s = away_s
        shared.give_way()
        assert not batched(thread)
        clock.takes_s, began = 0.001, clock.now
        while not batched(thread):
            shared.give_way()
        return round(clock.now - began, 1)

    with sharing(clock) as (shared, thread):
        for _ in range(1000):
            shared.give_way()
            assert batched(thread)
        pauses = [pause_after(0.004) for _ in range(9)]
        assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]
        clock.now += 2
        assert pause_after(0.004) == 0.1


def test_the_thread_is_left_as_it_was() -> None:
    with sharing(Away()) as (shared, thread):
        assert batched(thread)
        shared.end()
        assert not batched(thread)
        shared.give_way()
        assert not batched(thread)


@pytest.mark.parametrize("policy", [os.SCHED_IDLE, os.SCHED_BATCH])
def test_a_schedule_that_somebody_gave_stays(policy: int) -> None:
    clock = Away()
    with sharing(clock, policy) as (shared, thread):
        clock.takes_s = 0.004
        shared.give_way()
        assert os.sched_getscheduler(thread) == policy
        shared.end()
        assert os.sched_getscheduler(thread) == policy


def test_a_thread_that_has_ended_is_no_matter() -> None:
    clock = Away()
    with sharing(clock) as (shared, thread):
        assert batched(thread)
    clock.takes_s = 0.004
    shared.give_way()
    clock.takes_s = 1.0
    shared.give_way()
    shared.give_way()
    shared.end()


def policies(pid: int) -> dict[int, int]:
    """Returns the schedule of each thread of a process."""
    threads = [int(each.name) for each in Path(f"/proc/{pid}/task").iterdir()]
    return {thread: os.sched_getscheduler(thread) for thread in threads}


def test_a_server_gives_way_to_one_thread_but_not_to_a_busy_process(start_server: Start) -> None:
    server = start_server(audit_mode="off")
    pid = server.process.pid
    (poller,) = [each for each, policy in policies(pid).items() if policy == os.SCHED_BATCH]
    assert poller != pid
    core = min(os.sched_getaffinity(0))
    for thread in policies(pid):
        os.sched_setaffinity(thread, {core})
    spin = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    busy = subprocess.Popen([sys.executable, "-c", spin])
    seen = []
    try:
        end = time.monotonic() + SECONDS
        with server.client(timeout_s=60) as client, ThreadPoolExecutor(CALLERS) as callers:

            def call() -> None:
                while time.monotonic() < end:
                    client.evaluate(PatientCase())

            calls = [callers.submit(call) for _ in range(CALLERS)]
            while time.monotonic() < end:
                time.sleep(0.01)
                seen.append(policies(pid)[poller])
            for each in calls:
                each.result()
    finally:
        busy.kill()
        busy.wait()
    assert seen.count(os.SCHED_OTHER) > 0.5 * len(seen)
    assert server.stop() == 0
