"""The line for turns: fair, in bursts, and nobody in it is held up by who gave up or failed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest

from rashpath.service.errors import Refusal
from rashpath.service.gate import Gate
from rashpath.v1.errors_pb2 import ErrorReason

T = TypeVar("T")
LATE = ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED
DRAINING = ErrorReason.ERROR_REASON_DRAINING


def run(work: Callable[[Gate], Coroutine[Any, Any, T]]) -> T:
    """Runs something with a gate where others are under way, so that nobody is served at once."""

    async def main() -> T:
        gate = Gate(1000)
        gate.expect()
        gate.expect()
        return await work(gate)

    return asyncio.run(main())


def within(seconds: float) -> float:
    """Returns a deadline, by the loop's clock."""
    return asyncio.get_running_loop().time() + seconds


async def outcome(made: Awaitable[object]) -> object:
    """Returns what came of a task, or the reason of its refusal, or its exception."""
    try:
        return await made
    except Refusal as refusal:
        return refusal.reason
    except Exception as error:
        return error


def test_who_came_together_is_done_together_in_order() -> None:
    """Twenty short tasks are done one right after the other: the loop goes round between none of
    them, and who came first is first."""

    async def work(gate: Gate) -> tuple[list[int], set[int]]:
        done: list[int] = []
        rounds = 0
        seen: set[int] = set()

        def task(number: int) -> None:
            done.append(number)
            seen.add(rounds)

        made = [gate.work(within(10), lambda number=number: task(number)) for number in range(20)]  # type: ignore[misc] # a default binds the number
        while not all(asyncio.ensure_future(each).done() for each in made):
            rounds += 1
            await asyncio.sleep(0)
        return done, seen

    done, seen = run(work)
    assert done == list(range(20))
    assert len(seen) == 1


def test_the_loop_looks_after_two_milliseconds_of_work() -> None:
    """With work for a long time in line, the loop goes round after each two milliseconds of it or
    one task, so that health is answered meanwhile."""

    async def work(gate: Gate) -> list[int]:
        since_round = [0]

        def task() -> None:
            time.sleep(0.0011)
            since_round[-1] += 1

        made = [asyncio.ensure_future(gate.work(within(10), task)) for _ in range(20)]
        while not all(each.done() for each in made):
            await asyncio.sleep(0)
            since_round.append(0)
        return since_round

    since_round = run(work)
    assert sum(since_round) == 20
    assert max(since_round) <= 2


def test_who_is_alone_is_served_at_once() -> None:
    """Where no other call is under way nobody waits for a round of the loop."""

    async def alone() -> bool:
        gate = Gate(10)
        gate.expect()
        return asyncio.ensure_future(gate.work(within(1), lambda: 1)).done()

    assert asyncio.run(alone())
    assert not run(lambda gate: at_once(gate))


async def at_once(gate: Gate) -> bool:
    """Tells whether a task is done as soon as it is asked for."""
    made = asyncio.ensure_future(gate.work(within(1), lambda: 1))
    done = made.done()
    await made
    return done


def test_work_without_a_turn_counts_too() -> None:
    """After two milliseconds of it nobody is served before the loop has looked at its sockets."""

    async def main() -> list[bool]:
        gate, served = Gate(1000), []
        for worked_s in (0.0, 0.0015, 0.0015):
            gate.worked(worked_s)
            made = asyncio.ensure_future(gate.work(within(5), lambda: None))
            served.append(made.done())
            await made
        return served

    assert asyncio.run(main()) == [True, True, False]


def test_a_deadline_ends_the_wait_in_line() -> None:
    """Who stands behind long work is told at its deadline, not when its turn would have come, and
    its task is not done."""

    async def work(gate: Gate) -> tuple[object, float, int]:
        done: list[int] = []
        started = time.perf_counter()
        before = [gate.work(within(10), lambda: time.sleep(0.01)) for _ in range(100)]
        late = await outcome(gate.work(within(0.05), lambda: done.append(1)))
        seconds = time.perf_counter() - started
        for each in before:
            asyncio.ensure_future(each).cancel()
        return late, seconds, len(done)

    late, seconds, done = run(work)
    assert late == LATE
    assert 0.04 < seconds < 0.5
    assert done == 0


def test_what_nobody_waits_for_is_not_done() -> None:
    """A caller who hangs up while in line costs no decision."""

    async def work(gate: Gate) -> list[str]:
        done: list[str] = []
        gone = asyncio.ensure_future(gate.work(within(10), lambda: done.append("gone")))
        left = gate.work(within(10), lambda: done.append("left"))
        gone.cancel()
        await left
        return done

    assert run(work) == ["left"]


@pytest.mark.parametrize("fault", [ValueError("x"), StopIteration(3), KeyError("y")])
def test_a_fault_is_its_own_callers_alone(fault: Exception) -> None:
    """A task that fails fails for who asked for it; the others in the burst are answered."""

    async def work(gate: Gate) -> tuple[object, object, object]:
        def fail() -> None:
            raise fault

        made = [gate.work(within(10), task) for task in (lambda: 1, fail, lambda: 2)]
        first, failed, last = [await outcome(each) for each in made]
        return first, failed, last

    first, failed, last = run(work)
    assert (first, last) == (1, 2)
    assert isinstance(failed, Exception)
    assert fault in (failed, failed.__cause__)


@pytest.mark.parametrize("rounds", range(14))
def test_a_turn_that_is_given_up_holds_up_nobody(rounds: int) -> None:
    """A caller may hang up before, when, or after its turn is granted: the next one gets theirs."""

    async def work(gate: Gate) -> object:
        async def one() -> None:
            async with gate.turn(within(10)):
                await asyncio.sleep(0)

        waiting = asyncio.create_task(one())
        for _ in range(rounds):
            await asyncio.sleep(0)
        behind = asyncio.ensure_future(gate.work(within(10), lambda: "served"))
        waiting.cancel()
        return await asyncio.wait_for(behind, 5)

    assert run(work) == "served"


def test_deadlines_go_on_while_no_turns_are_given() -> None:
    """While a stopping server gathers what grpc holds, who cannot wait is told; the others are
    served when turns are given again."""

    async def work(gate: Gate) -> tuple[list[object], list[object]]:
        gathering = asyncio.create_task(gate.gather(1))
        await asyncio.sleep(0)
        hasty = asyncio.ensure_future(outcome(gate.work(within(0.01), lambda: "hasty")))
        patient = asyncio.ensure_future(outcome(gate.work(within(10), lambda: "patient")))
        await gathering
        await asyncio.sleep(0)
        before = [each.result() if each.done() else None for each in (hasty, patient)]
        gate.resume()
        return before, [await hasty, await patient]

    before, after = run(work)
    assert before == [LATE, None]
    assert after == [LATE, "patient"]


def test_a_closed_gate_refuses_who_is_in_line() -> None:
    """When the grace of a drain is over, who still waits is told to go elsewhere."""

    async def work(gate: Gate) -> list[object]:
        made = [asyncio.ensure_future(outcome(gate.work(within(10), lambda: 1))) for _ in range(3)]
        await asyncio.sleep(0)
        gate.close()
        return [await each for each in made]

    assert run(work) == [DRAINING] * 3
