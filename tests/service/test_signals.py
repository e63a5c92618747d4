"""Signals that come more than once, and workers that end: the server goes its way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import grpc
import pytest

from rashpath.service.log import make_log
from rashpath.service.pipe import Asking
from rashpath.service.settings import load_settings
from rashpath.service.worker_process import WorkerProcess
from rashpath.service.workers import Workers
from tests.service.ledgers import EVALUATE, OWN_CHANNEL, database, requests
from tests.service.test_audit_faults import locked, soon
from tests.service.test_workers import serving

TAKEN_S = 1.0
"""Seconds for one call to get from a connected caller to a server that does nothing else."""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_storm_of_sigterm_cuts_no_call_off(
    start_server: Callable[..., Any], workers: int
) -> None:
    """Whoever sends SIGTERM many times, to the parent and to its workers, stops the server once: a
    call that waits for its record is answered, and the exit code is 0."""
    server = start_server(workers=workers)
    pids = [server.process.pid, *(serving(server, 2) if workers > 1 else ())]
    first, second = (each.SerializeToString() for each in requests(2))
    with grpc.insecure_channel(server.address, OWN_CHANNEL) as channel:
        method = channel.unary_unary(EVALUATE)
        method(first, timeout=20)
        with locked(database(server)):
            call = method.future(second, timeout=20)
            time.sleep(TAKEN_S)
            for _ in range(25):
                for pid in pids:
                    with suppress(ProcessLookupError):  # a worker without calls has ended
                        os.kill(pid, signal.SIGTERM)
                time.sleep(0.02)
        assert call.code() is grpc.StatusCode.OK
    assert server.stop() == 0


def test_sigint_after_sigterm_ends_the_server_at_once(start_server: Callable[..., Any]) -> None:
    """Whoever cannot wait for the drain presses Ctrl-C."""
    server = start_server(lame_duck_s=60)
    server.process.send_signal(signal.SIGTERM)
    soon(lambda: any(each["event"] == "draining" for each in server.lines()))
    assert server.stop(signal.SIGINT) == 128 + signal.SIGINT


@pytest.mark.parametrize(("served", "exit_code"), [(True, 0), (False, 1)])
def test_only_workers_that_never_served_make_a_server_give_up(served: bool, exit_code: int) -> None:
    """Workers that die young and have served are replaced for ever; five that cannot start are one
    fault, told by the exit code."""

    async def lose_five() -> int:
        workers = Workers(load_settings({"workers": 2}, {}), make_log("error"))
        workers._stop.set()  # nobody has to wait for the pauses
        for _ in range(4):
            await workers._pause(1.0, served=served)
        assert workers._exit_code == 0
        await workers._pause(1.0, served=served)
        return workers._exit_code

    assert asyncio.run(lose_five()) == exit_code


@pytest.mark.long
def test_workers_that_are_killed_young_do_not_end_the_server(
    start_server: Callable[..., Any],
) -> None:
    """Five workers that are lost within seconds of their start are replaced, each. The short form
    is the test before this one."""
    server = start_server(workers=2)
    for count in (2, 4):
        for pid in serving(server, count)[-2:]:
            os.kill(pid, signal.SIGKILL)
    os.kill(serving(server, 6)[-1], signal.SIGKILL)
    assert len(serving(server, 7)) == 7
    assert server.stop() == 0


def test_a_worker_that_ends_while_it_loads_is_no_fault_of_the_files(tmp_path: Any) -> None:
    """The pipe of a killed worker closes before the system tells that it has ended; its reload is
    then nobody's, not refused."""

    async def load() -> Any:
        program = "import os, time; os.close(1); time.sleep(60)"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdin is not None
        worker = WorkerProcess(process, Asking(process.stdout, process.stdin), tmp_path)
        listening = asyncio.create_task(worker.asking.listen())
        report = await worker.load(tmp_path)
        ended = worker.ended
        process.kill()
        await process.wait()
        await listening
        return report, ended

    assert asyncio.run(load()) == (None, False)
