"""Several server processes that share one port, and the parent that keeps them.

The parent makes no grpc object and answers no call: it reserves the port, starts each worker as a
fresh interpreter, replaces one that dies, and passes a stop on. It has all of them reload the
guidelines together, and adds up what they have counted. A worker ends when the pipe from its parent
closes, so that none outlives a parent that was killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

from rashpath.service import address, ready_file
from rashpath.service.fleet import Fleet
from rashpath.service.last_signals import ignore_signals
from rashpath.service.log import Log
from rashpath.service.metrics.endpoint import metrics_endpoint
from rashpath.service.reload.hangup import on_hangup
from rashpath.service.reload.reloading import Reloading
from rashpath.service.settings import Settings
from rashpath.service.worker_process import WorkerProcess

_STEADY_S = 10.0
"""A worker that dies younger is replaced after a pause."""

_ENDED_AS_TOLD = (0, -signal.SIGTERM, -signal.SIGINT)
"""Exit codes after a stop: a drain, or the signal met a worker that did not serve yet."""

_MOST_FAILED_STARTS = 5
"""Deaths of workers before they served, one after the other, after which the server gives up."""

_LONGEST_PAUSE_S = 5.0


class Workers:
    """The workers of one server.

    Args:
        settings: with `workers` of 2 or more.
        log: the log.
    """

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._running: set[WorkerProcess] = set()
        self._serving: dict[WorkerProcess, None] = {}
        self._folder = settings.guideline_dir
        self._reloading = Reloading(
            settings.guideline_dir,
            lambda: tuple(self._serving),
            log,
            accepted=self._accept,
            in_use=lambda: {each.folder for each in self._running if each not in self._serving},
        )
        self._fleet = Fleet(lambda: tuple(self._serving), self._reloading.put)
        self._stop = asyncio.Event()
        self._one_serves = asyncio.Event()
        self._all_serve = asyncio.Event()
        self._quick_deaths = 0
        self._failed_starts = 0
        self._unready = settings.workers
        self._exit_code = 0

    async def run(self) -> int:
        """Serves until a signal says to stop.

        Returns:
            0 after a stop in which every worker ended with 0; 1 if a worker failed in it, or if
            workers kept dying as they started; the exit code of the first worker if it ended
            before it served, having told why.

        Raises:
            AddressError: an address cannot be listened on.
            OSError: the ready file cannot be written.
        """
        with ExitStack() as stack:
            await self._prepare(stack)
            return await self._run()

    async def _prepare(self, stack: ExitStack) -> None:
        stack.callback(self._reloading.close)
        try:
            self._folder = await asyncio.to_thread(self._reloading.copy)
        except OSError as error:
            self._log.warning(
                "no private copy of the guidelines; a worker that is replaced reads them anew",
                reason=error.strerror,
            )
        if self._settings.metrics_address is not None:
            stack.enter_context(
                metrics_endpoint(self._settings.metrics_address, self._fleet.gather, self._log)
            )
            stack.callback(asyncio.create_task(self._fleet.keep_asking()).cancel)
        on_hangup(self._reloading.ask)
        stack.callback(asyncio.create_task(self._reload()).cancel)

    async def _reload(self) -> None:
        await self._all_serve.wait()
        await self._reloading.run(self._settings.reload_watch_s)

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        where, sockets = address.reserve(self._settings.address)
        shared = self._settings.model_copy(update={"address": where, "ready_file": None})
        try:
            # One worker first: a fault in the guidelines or the TLS files is then told once.
            keepers = [asyncio.create_task(self._keep(shared))]
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._one_serves.wait()),
                    asyncio.ensure_future(self._stop.wait()),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            for _ in range(self._settings.workers - 1):
                keepers.append(asyncio.create_task(self._keep(shared)))
            await asyncio.gather(*keepers)
        finally:
            for worker in self._running:
                worker.send(signal.SIGKILL)
            if self._settings.ready_file is not None:
                ready_file.remove(self._settings.ready_file)
            for each in sockets:
                each.close()
        ignore_signals()
        return self._exit_code

    async def _keep(self, settings: Settings) -> None:
        served = False
        while not self._stop.is_set():
            folder = self._folder
            worker = await WorkerProcess.start(settings, folder)
            self._running.add(worker)
            if self._stop.is_set():
                worker.send(signal.SIGTERM)
            serves = await worker.ready()
            if serves:
                self._one_serves.set()
                if not served:
                    served = True
                    self._count_ready(settings.address)
                await self._attend(worker)
            code = await worker.process.wait()
            self._running.discard(worker)
            self._fleet.ended(worker, told=worker.told or self._stop.is_set())
            if self._stop.is_set():
                self._exit_code = self._exit_code or int(code not in _ENDED_AS_TOLD)
                return
            if worker.told:
                self._log.info("a worker makes way for another", pid=worker.process.pid)
                continue
            self._log.error("a worker ended", pid=worker.process.pid, exit_code=code)
            if not self._one_serves.is_set():
                self._give_up(code if code > 0 else 1)
                return
            await self._pause(time.monotonic() - worker.started_s, served=serves)

    async def _attend(self, worker: WorkerProcess) -> None:
        """Counts a worker among those that serve, for as long as it does."""
        self._serving[worker] = None
        listening = asyncio.create_task(worker.asking.listen())
        try:
            if worker.folder != self._folder:
                # A reload overtook its start.
                worker.replace()
            elif self._reloading.refused:
                await worker.keep()
            await listening
        finally:
            listening.cancel()
            del self._serving[worker]

    def _accept(self, folder: Path) -> None:
        self._folder = folder

    def _count_ready(self, where: str) -> None:
        self._unready -= 1
        if self._unready:
            return
        self._all_serve.set()
        pid = os.getpid()
        count = self._settings.workers
        self._log.info(
            f"rashpath serving on {where} (pid {pid}, {count} workers)",
            address=where,
            pid=pid,
            workers=count,
        )
        if self._settings.ready_file is not None:
            ready_file.write(self._settings.ready_file, where)

    async def _pause(self, lived_s: float, *, served: bool) -> None:
        """Waits before a worker is replaced, the longer the more have died young.

        Only workers that never served make the server give up: while they can serve, the others
        and the next one answer more callers than a server that has ended.
        """
        if lived_s >= _STEADY_S:
            self._quick_deaths = self._failed_starts = 0
            return
        self._quick_deaths += 1
        self._failed_starts = 0 if served else self._failed_starts + 1
        if self._failed_starts >= _MOST_FAILED_STARTS:
            self._log.error("workers cannot start; giving up", deaths=self._failed_starts)
            self._give_up(1)
            return
        pause = min(0.1 * 2 ** min(self._quick_deaths, 10), _LONGEST_PAUSE_S)
        try:
            async with asyncio.timeout(pause):
                await self._stop.wait()
        except TimeoutError:
            return

    def _on_signal(self, number: int) -> None:
        if self._stop.is_set() and number == signal.SIGTERM:
            return  # whoever sends it many times has said nothing new
        if self._stop.is_set():
            for worker in self._running:
                worker.send(signal.SIGKILL)
            self._log.warning("stopping at once", pid=os.getpid())
            os._exit(128 + number)
        self._begin_stop()

    def _give_up(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self._begin_stop()

    def _begin_stop(self) -> None:
        self._stop.set()
        for worker in self._running:
            worker.send(signal.SIGTERM)
