"""The program of one worker: settings come on stdin, and its end of file means stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rashpath.facts.errors import RashpathError
from rashpath.service.main import begin, report
from rashpath.service.pipe import LONGEST_LINE, Answer, Answering, Plain
from rashpath.service.settings import Settings
from rashpath.service.worker_process import READY

if TYPE_CHECKING:
    from rashpath.service.server import Server


def main() -> int:
    """Serves until told to stop; returns the exit code."""
    # The pipe is kept apart: what any library prints must not reach the parent as an answer.
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settings = Settings.model_validate_json(sys.stdin.buffer.readline())
    place = json.loads(sys.stdin.buffer.readline())
    folder = None if place is None else Path(place)
    # A reload is asked of the parent, which asks its workers.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    log = begin(settings).bind(worker=os.getpid())
    from rashpath.service.server import run, run_loop

    async def serve() -> None:
        stop = asyncio.Event()
        answering = await _to_parent(told)
        listening = asyncio.create_task(answering.listen())
        # Nothing more is asked once the parent has ended.
        listening.add_done_callback(lambda _: stop.set())

        @asynccontextmanager
        async def around(server: Server) -> AsyncIterator[None]:
            answering.begin(READY, _answers(server, settings))
            yield

        await run(settings, log, folder=folder, share_port=True, around=around, stop=stop)
        listening.cancel()

    try:
        run_loop(settings, serve())
    except RashpathError as error:
        return report(error)
    return 0


def _answers(server: Server, settings: Settings) -> dict[str, Answer]:
    from rashpath.service.reload.local import LocalReload

    local = LocalReload(server, settings)

    async def count(_: Plain) -> Plain:
        return {"counted": server.counted().plain()}

    async def load(question: Plain) -> Plain:
        report = await local.load(Path(question["folder"]))
        return {"guidelines": report.guidelines, "problems": report.problems}

    async def swap(_: Plain) -> Plain:
        return {"swapped": await local.swap()}

    async def keep(_: Plain) -> Plain:
        await local.keep()
        return {}

    return {"count": count, "load": load, "swap": swap, "keep": keep}


async def _to_parent(told: BinaryIO) -> Answering:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    protocol = asyncio.StreamReaderProtocol(reader)
    await loop.connect_read_pipe(lambda: protocol, sys.stdin.buffer)
    writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, told)
    return Answering(reader, writer)


if __name__ == "__main__":
    sys.exit(main())
