"""Whoever else uses the machine while a point is taken is seen."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.bench.machine import DISTURBED_CORES, Taken, Watch, cpu_seconds, quietly
from tests.bench.timing import Task, interleave

BUSY = "while True: pass"


@pytest.fixture
def busy():
    """A process that uses all it gets of a core."""
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    yield process.pid
    process.kill()
    process.wait()


def test_what_others_use_is_told(busy):
    """A busy process counts as another's where it is not said to be ours."""
    strange, known = Watch(), Watch([busy])
    began, used = time.monotonic(), cpu_seconds(busy)
    time.sleep(1.0)
    share = (cpu_seconds(busy) - used) / (time.monotonic() - began)
    assert share > 0.05
    assert strange.others() - known.others() == pytest.approx(share, abs=0.1)


def test_own_work_is_no_disturbance():
    """What this process and the children it waits for use is not another's."""
    watch, began = Watch(), time.monotonic()
    subprocess.run([sys.executable, "-c", "sum(range(20_000_000))"], check=True)
    assert 0.05 < watch.ours() <= time.monotonic() - began + 0.05


def test_a_disturbed_point_is_taken_again():
    """The quietest take counts, with how often it was tried."""
    shares = iter([0.9, 0.5, 0.7])

    class Disturbed(Watch):
        def others(self):
            return next(shares)

    values = iter("abc")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.bench.machine.Watch", Disturbed)
        taken = quietly(lambda: next(values), retakes=2)
    assert taken == Taken("b", 0.5, 3)
    assert taken.disturbed


def test_a_quiet_point_is_taken_once():
    """Nothing is taken again without need."""

    class Quiet(Watch):
        def others(self):
            return DISTURBED_CORES

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.bench.machine.Watch", Quiet)
        taken = quietly(lambda: "a", retakes=2)
    assert taken == Taken("a", DISTURBED_CORES, 1)
    assert not taken.disturbed


def test_times_of_interleaved_tasks():
    """What does three times the work takes about three times as long."""
    tasks = {
        "once": Task(lambda count: sum(range(count)), [20_000]),
        "three times": Task(lambda count: sum(range(count)), [60_000]),
    }
    timed = interleave(tasks, rounds=5, slice_s=0.02)
    assert 2.0 < timed["three times"].us / timed["once"].us < 4.5
    assert all(each.low <= each.us <= each.high for each in timed.values())
