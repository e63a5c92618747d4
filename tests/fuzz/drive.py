"""Feeds a target for a while, keeps its counts, and keeps what it can grow from."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from tests.fuzz.outcome import Fault, HangError, Outcome, alarmed
from tests.fuzz.targets import Target

_MOST_FAULTS = 20
_POOL = 400
_LARGEST_KEPT = 20_000
"""Bytes of an input from which others are made."""


@dataclass(slots=True)
class Count:
    """What came of one target.

    Args:
        target: its name.
        refused: inputs that were refused with a reason.
        answered: inputs that were answered.
        slowest_s: processor time of the slowest input, in seconds.
        seconds: time that it took altogether, making the inputs included.
        faults: the first faults.
    """

    target: str
    refused: int = 0
    answered: int = 0
    slowest_s: float = 0.0
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        """How many inputs were fed."""
        return self.refused + self.answered + len(self.faults)


def feed(target: Target, data: bytes, count: Count) -> Outcome | None:
    """Feeds one input and counts what came of it; None: a fault. Needs an alarm."""
    what = ""
    outcome = None
    started = time.thread_time()
    try:
        outcome = target.feed(data)
    except HangError:
        what = f"still at work after {9 * target.seconds:g} s or more"
    except (Exception, SystemExit) as error:  # whatever it is, it is what we look for
        what = f"{type(error).__name__}: {error}"
    took = time.thread_time() - started
    count.slowest_s = max(count.slowest_s, took)
    if outcome is not None and took > target.seconds:
        what = f"took {took:.1f} s of processor time, more than {target.seconds:g}"
    if what:
        count.faults.append(Fault(target.name, data, what[:500]))
        return None
    if outcome is Outcome.ANSWERED:
        count.answered += 1
    else:
        count.refused += 1
    return outcome


def run(target: Target, seconds: float, seed: int, most: int | None = None) -> Count:
    """Feeds a target its seeds, and then mutants of them.

    Args:
        target: what is fed.
        seconds: how long, making the inputs included; the seeds are fed in any case.
        seed: the same seed makes the same inputs in the same order.
        most: stop after so many inputs; None: only by time.
    """
    random = Random(f"{seed} {target.name}")
    count = Count(target.name)
    pool = list(target.seeds())
    kept = len(pool)
    started = time.monotonic()
    with alarmed():
        for data in pool:
            signal.setitimer(signal.ITIMER_REAL, 10 * target.seconds)
            feed(target, data, count)
        alarm = -math.inf
        while len(count.faults) < _MOST_FAULTS and (most is None or count.inputs < most):
            now = time.monotonic()
            if now - started >= seconds:
                break
            if now - alarm >= target.seconds:  # not for every input: that costs more than many do
                signal.setitimer(signal.ITIMER_REAL, 10 * target.seconds)
                alarm = now
            data = target.mutate(random.choice(pool), random)
            outcome = feed(target, data, count)
            # What is answered is near the border of what is not: it is grown further.
            if outcome is Outcome.ANSWERED and len(data) <= _LARGEST_KEPT and random.random() < 0.1:
                if len(pool) < _POOL:
                    pool.append(data)
                elif random.random() < 0.5:
                    pool[random.randrange(kept, _POOL)] = data
    count.seconds = time.monotonic() - started
    return count


def table(counts: Iterable[Count]) -> str:
    """Returns the counts as a table in Markdown."""
    lines = [
        "| target | inputs | refused | answered | faults | slowest |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    every = list(counts)
    for each in every:
        lines.append(
            f"| {each.target} | {each.inputs:,} | {each.refused:,} | {each.answered:,} "
            f"| {len(each.faults)} | {each.slowest_s * 1000:.0f} ms |"
        )
    total = sum(each.inputs for each in every)
    refused = sum(each.refused for each in every)
    answered = sum(each.answered for each in every)
    faults = sum(len(each.faults) for each in every)
    lines.append(f"| together | {total:,} | {refused:,} | {answered:,} | {faults} | |")
    return "\n".join(lines)
