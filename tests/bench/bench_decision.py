"""Measures the decision in this process: the sub-guideline against the peers, and the whole one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rashpath.v1.decision_service_pb2 import BatchEvaluateRequest, EvaluateRequest
from tests.bench.contenders import (
    FROM_BYTES,
    HAND_WRITTEN,
    Contender,
    installed,
    rashpath,
)
from tests.bench.engines import batches, engines
from tests.bench.guidelines import shipped, sub
from tests.bench.machine import quietly
from tests.bench.points import Pace, Point
from tests.bench.sub_cases import FOLDER, Outcome, SubCase, sub_cases
from tests.bench.timing import Task, Timed, interleave, once
from tests.bench.whole_cases import KINDS, SEED, whole_cases

PEERS = "The sub-guideline in process, every fact known"
WHOLE = "The whole guideline in process"

IN_A_BATCH = "rashpath, engine compiled, a case of a batch"

EQUAL_OVER = 1000
"""Seeded cases over which all contenders must give the same outcome."""

_GOALS = {"every fact known": 25.0, "half unknown": 80.0}
_AHEAD = 5.0
_OF_HAND_WRITTEN = 3.0


class OutcomesDifferError(Exception):
    """Two contenders decide a case differently: then their times compare nothing."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A contender with its engine prepared and the cases in the form that it takes."""

    contender: Contender
    task: Task

    def outcomes(self) -> list[Outcome]:
        """Returns the outcome of every case."""
        return [self.contender.outcome(self.task.call(each)) for each in self.task.arguments]


def contenders(cases: tuple[SubCase, ...]) -> list[Ready]:
    """Returns everybody who is to decide the sub-guideline, ready to do so."""
    graph = sub()
    everybody = (
        *(rashpath(graph, engine) for engine in engines(graph)),
        rashpath(graph, engines(graph)[-1], read=True),
        *HAND_WRITTEN,
        *installed()[0],
    )
    return [_ready(contender, cases) for contender in everybody]


def require_same_outcomes(ready: list[Ready]) -> None:
    """Checks that all decide every case alike.

    Raises:
        OutcomesDifferError: naming the first who does not.
    """
    expected = ready[0].outcomes()
    for each in ready[1:]:
        if each.outcomes() != expected:
            raise OutcomesDifferError(
                f"`{each.contender.name}` and `{ready[0].contender.name}` decide differently"
            )


def peers(pace: Pace) -> Iterator[Point]:
    """Yields the time of a decision of the sub-guideline for each contender."""
    ready = contenders(sub_cases(sub(), EQUAL_OVER))
    require_same_outcomes(ready)
    in_a_batch = Task(batches(FOLDER), [_batch(sub_cases(sub(), EQUAL_OVER))])
    in_a_batch.call(in_a_batch.arguments[0])  # its words are made once
    taken = quietly(
        lambda: interleave(
            {each.contender.name: each.task for each in ready} | {IN_A_BATCH: in_a_batch},
            rounds=pace.rounds,
            slice_s=pace.slice_s,
        ),
        retakes=pace.retakes_now(),
    )
    timed = taken.value
    fastest_name = rashpath(sub(), engines(sub())[-1]).name
    ours = timed[fastest_name].us
    by_hand = timed[FROM_BYTES.name].us
    fastest_peer = min(timed[each.contender.name].us for each in ready if each.contender.peer)
    for each in ready:
        contender = each.contender
        mine = timed[contender.name]
        goal, met = "", None
        if contender.name == fastest_name:
            goal, met = judged(fastest_peer / ours, ours / by_hand)
        elif contender.peer:
            goal, met = "slower than rashpath", mine.us > ours
        yield Point(
            PEERS,
            contender.name,
            {
                "us": _short(mine.us),
                "spread": _spread(mine),
                "of rashpath": _short(mine.us / ours),
                "version": contender.version or "",
                "reads": contender.reads,
                "gives": contender.gives,
            },
            goal=goal,
            met=met,
            others=taken.others,
            tries=taken.tries,
        )
    each_us = timed[IN_A_BATCH].us / EQUAL_OVER
    yield Point(
        PEERS,
        IN_A_BATCH,
        {
            "us": _short(each_us),
            "of rashpath": _short(each_us / ours),
            "reads": "bytes of a batch",
            "gives": "whole answers, as bytes",
        },
        others=taken.others,
        tries=taken.tries,
    )


def _batch(cases: Iterable[SubCase]) -> bytes:
    requests = [EvaluateRequest(patient_case=case.message) for case in cases]
    return BatchEvaluateRequest(requests=requests).SerializeToString()


def judged(ahead: float, of_hand_written: float) -> tuple[str, bool]:
    """Returns the goal of a decision of the sub-guideline, each of its two parts judged by itself,
    and whether both are reached.

    Args:
        ahead: how many times as long as ours the decision of the fastest peer takes.
        of_hand_written: how many times as long as `if`/`elif` from the bytes ours takes.
    """
    parts = (
        (ahead >= _AHEAD, f"{_AHEAD:g} times faster than the fastest peer", ahead),
        (
            of_hand_written <= _OF_HAND_WRITTEN,
            f"within {_OF_HAND_WRITTEN:g} times of if/elif from the bytes",
            of_hand_written,
        ),
    )
    goal = "; ".join(
        f"{what} ({'yes' if holds else 'no'}: {times:.2f} times)" for holds, what, times in parts
    )
    return goal, all(holds for holds, _, _ in parts)


def whole(pace: Pace) -> Iterator[Point]:
    """Yields the time of a decision of the shipped guideline, by engine and what is known."""
    graph = shipped()
    found = engines(graph)
    cases = {
        (engine, kind): engine.arriving(whole_cases(graph, kind, pace.cases))
        for engine in found
        for kind in KINDS
    }
    tasks = {(each.name, kind): Task(each.decide, its) for (each, kind), its in cases.items()}
    answers = {(each.name, kind): Task(each.answer, its) for (each, kind), its in cases.items()}
    taken = quietly(
        lambda: interleave(tasks, rounds=pace.rounds, slice_s=pace.slice_s), retakes=pace.retakes
    )
    whole_answers = interleave(answers, rounds=3, slice_s=pace.slice_s)
    for (name, kind), timed in taken.value.items():
        engine = next(each for each in found if each.name == name)
        limit = _GOALS.get(kind) if engine is found[-1] else None
        new = engine.arriving(whole_cases(graph, kind, pace.unseen, SEED + 1))
        yield Point(
            WHOLE,
            f"engine {name}, {kind}",
            {
                "us": _short(timed.us),
                "spread": _spread(timed),
                "us, cases never seen": _short(once(Task(engine.decide, new))),
                "whole answer us": _short(whole_answers[name, kind].us),
                "answer, cases never seen": _short(once(Task(engine.answer, new))),
                "reads": engine.form,
            },
            goal="" if limit is None else f"under {limit:g} us",
            met=None if limit is None else timed.us < limit,
            others=taken.others,
            tries=taken.tries,
        )


def _ready(contender: Contender, cases: tuple[SubCase, ...]) -> Ready:
    arguments = [contender.prepare(case) for case in cases]
    return Ready(contender, Task(contender.decider(arguments[0]), arguments))


def _spread(timed: Timed) -> str:
    return f"{_short(timed.low):g} to {_short(timed.high):g}"


def _short(number: float) -> float:
    """Returns a number with three digits that count."""
    return float(f"{number:.3g}")
