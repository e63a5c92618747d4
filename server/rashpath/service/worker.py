"""The program of one worker: settings come on stdin, and its end of file means stop."""

from __future__ import annotations

import asyncio
import os
import sys

from rashpath.facts.errors import RashpathError
from rashpath.service.main import begin, report
from rashpath.service.settings import Settings
from rashpath.service.workers import READY


def main() -> int:
    """Serves until told to stop; returns the exit code."""
    settings = Settings.model_validate_json(sys.stdin.buffer.readline())
    log = begin(settings).bind(worker=os.getpid())
    from rashpath.service.server import run, run_loop

    async def serve() -> None:
        stop = asyncio.Event()
        watching = await _watch_parent(stop)
        try:
            await run(settings, log, share_port=True, ready=_tell_ready, stop=stop)
        finally:
            watching.close()

    try:
        run_loop(settings, serve())
    except RashpathError as error:
        return report(error)
    return 0


def _tell_ready(_: str) -> None:
    os.write(sys.stdout.fileno(), READY)


async def _watch_parent(stop: asyncio.Event) -> asyncio.BaseTransport:
    class Parent(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(Parent, sys.stdin.buffer)
    return transport


if __name__ == "__main__":
    sys.exit(main())
