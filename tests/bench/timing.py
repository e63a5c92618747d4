"""Times what runs in this process: medians of interleaved repeats, in processor time.

Processor time, not time on the clock: what else uses the machine then counts little. Every round
gives each contender one slice, in a new order, so that all share what changes with time.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any, TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Timed:
    """What one contender took.

    Args:
        us: microseconds of processor time a call, the median of the rounds.
        low: the least of the rounds.
        high: the most of the rounds.
        calls: calls in all rounds.
    """

    us: float
    low: float
    high: float
    calls: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be timed: a function, and the arguments it is called with in turn."""

    call: Callable[[Any], Any]
    arguments: Sequence[Any]


def once(task: Task) -> float:
    """Returns the microseconds of processor time a call, each argument being met just once."""
    gc.collect()
    return _pass(task, len(task.arguments))


def interleave(tasks: Mapping[Name, Task], *, rounds: int, slice_s: float) -> dict[Name, Timed]:
    """Times tasks against each other.

    Args:
        tasks: by name.
        rounds: repeats, 1 or more.
        slice_s: seconds of processor time that each has in a round: so many calls as fit, at least
            one. A round goes on with the arguments where the one before ended.

    Returns:
        By name, in the order of the tasks.
    """
    chance = random.Random(0)
    found: dict[Name, list[float]] = {name: [] for name in tasks}
    sizes = {name: _fitting(task, slice_s) for name, task in tasks.items()}
    for number in range(rounds):
        order = list(tasks)
        chance.shuffle(order)
        for name in order:
            gc.collect()
            found[name].append(_pass(tasks[name], sizes[name], number * sizes[name]))
    return {
        name: Timed(statistics.median(each), min(each), max(each), sizes[name] * rounds)
        for name, each in found.items()
    }


def _fitting(task: Task, slice_s: float) -> int:
    """Returns how many calls fit into a slice; warms the task up on the way."""
    count = 1
    while True:
        took = _pass(task, count) * count / 1e6
        if took >= slice_s / 4 or count >= 1_000_000:
            return max(1, min(1_000_000, int(count * slice_s / max(took, 1e-9))))
        count *= 4


def _pass(task: Task, count: int, first: int = 0) -> float:
    call, arguments = task.call, task.arguments
    start = first % len(arguments)
    ahead = [*arguments[start:], *arguments[:start]]
    whole, rest = divmod(count, len(ahead))
    tail = ahead[:rest]
    started = process_time()
    for _ in range(whole):
        for argument in ahead:
            call(argument)
    for argument in tail:
        call(argument)
    return (process_time() - started) / count * 1e6
