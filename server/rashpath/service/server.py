"""One server process: a `grpc.aio` server from its start to the end of its drain."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from rashpath.audit import Ledger
from rashpath.audit.outcome import Attempt
from rashpath.audit.packing import Dictionary
from rashpath.service import address as addresses
from rashpath.service.address import AddressError
from rashpath.service.application import Application, Limits
from rashpath.service.audit_start import open_audit
from rashpath.service.auditing import Auditing
from rashpath.service.calls import Calls
from rashpath.service.channel_options import channel_options
from rashpath.service.core_sharing import CoreSharing
from rashpath.service.exposure import tell_exposure
from rashpath.service.garbage import set_aside
from rashpath.service.gate import Gate
from rashpath.service.health import Health
from rashpath.service.health_port import open_health_port
from rashpath.service.identity.door import Door, open_door
from rashpath.service.last_signals import ignore_signals
from rashpath.service.log import Log, log_fault
from rashpath.service.methods import METHODS, RECORDED_SERVICES, SERVICES
from rashpath.service.metrics.levels import (
    LedgerLevels,
    gate_levels,
    guideline_levels,
    refusal_levels,
)
from rashpath.service.metrics.snapshot import Snapshot
from rashpath.service.metrics.tally import Tally
from rashpath.service.observer import Observer
from rashpath.service.peer_limit import PeerLimit
from rashpath.service.recorder import Recorder
from rashpath.service.refusals import Refusals
from rashpath.service.served import Served, load_served
from rashpath.service.settings import Settings
from rashpath.service.tls import Certificates, server_certificates
from rashpath.service.tracing import Tracing, open_tracing

_HEALTH = "grpc.health.v1.Health"
_CLOSING_S = 1.0
"""Seconds for what should take no time when a server stops."""

_LOOK_AT_LEDGER_S = 0.2
"""Seconds between looks at whether the ledger can be written."""

_LOOK_AT_FILES_S = 1.0
"""Seconds between looks at whether files of certificates, keys and roles have changed."""

_NO_DICTIONARIES: Mapping[str, Dictionary] = {}

_TRAVEL_S = 0.1
"""Seconds for the last bytes that were sent to arrive, before their connection is closed."""

_GATHER_S = 0.5
"""Seconds at most for taking in what grpc holds; with more coming all the time, some is lost."""


class Server:
    """A server of one application.

    Args:
        application: answers.
        settings: the settings.
        log: the log.
        share_port: whether other processes listen on the same port too.
        ledger: records every decision; None: nothing is recorded.
        dictionaries: what the contents of records are packed with, by digest of the guideline.
        tally: counts; None: nothing is counted.
        tracing: begins the trace of each call; None: spans are not made.
    """

    def __init__(
        self,
        application: Application,
        settings: Settings,
        log: Log,
        *,
        share_port: bool = False,
        ledger: Ledger | None = None,
        dictionaries: Mapping[str, Dictionary] = _NO_DICTIONARIES,
        tally: Tally | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._ledger = ledger
        self._recorder = None if ledger is None else Recorder(ledger, dictionaries)
        self._tally = tally
        self._observer = Observer(log, settings.log_level, tally, tracing)
        self._calls: Calls | None = None
        self._application = replace(application, report=self._report)
        self._settings = settings
        self._log = log
        self._share_port = share_port
        self._core_sharing = CoreSharing()
        self._gate = Gate(
            settings.concurrent_requests, settings.max_wait_s, self._core_sharing.give_way
        )
        self._door: Door | None = None
        self._certificates: Certificates | None = None
        self.refusals = Refusals()
        self._health = Health(SERVICES, RECORDED_SERVICES if ledger is not None else frozenset())
        self._watching: list[asyncio.Task[None]] = []
        self._server: grpc.aio.Server | None = None
        self._health_server: grpc.aio.Server | None = None
        self.address = settings.address

    async def start(self) -> None:
        """Begins to serve; `address` then has the bound port.

        Raises:
            AddressError: the address cannot be listened on.
            SettingsError: the files of certificates, keys or roles are faulty.
        """
        self._certificates = server_certificates(self._settings)
        host, _ = addresses.split(self._settings.address)
        if not self._share_port:
            addresses.require_free(self._settings.address)
        with self._core_sharing.of_new_threads():
            server = grpc.aio.server(
                options=channel_options(self._settings, share_port=self._share_port)
            )
        self._door = open_door(self._settings, self._log)
        self._calls = Calls(
            self._application,
            self._gate,
            self._settings,
            self._observer,
            self._recorder,
            self._door,
            self.refusals,
        )
        server.add_generic_rpc_handlers(self._calls.handlers())
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflected = self._settings.reflection
        if addresses.is_loopback(self._settings.address) if reflected is None else reflected:
            names = (*sorted(SERVICES), _HEALTH, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, server)
        try:
            if self._certificates is None:
                bound = server.add_insecure_port(self._settings.address)
            else:
                credentials = self._certificates.credentials()
                bound = server.add_secure_port(self._settings.address, credentials)
        except RuntimeError:
            bound = 0
        if not bound:
            raise AddressError(f"cannot listen on `{self._settings.address}`")
        ports = {bound}
        if self._settings.health_address:
            self._health_server, where = await open_health_port(
                self._health,
                self._settings.health_address,
                self._settings,
                share_port=self._share_port,
            )
            self._log.info("health alone", address=where)
            ports.add(addresses.split(where)[1])
        most = self._settings.max_connections_per_address
        limit = PeerLimit(ports, most, self._log) if most else None
        await server.start()
        self._server = server
        if limit is not None:
            self._watching.append(asyncio.create_task(limit.watch()))
        if self._certificates is not None or self._door is not None:
            self._watching.append(asyncio.create_task(self._look_at_files()))
        if self._ledger is not None:
            self._watching.append(asyncio.create_task(self._watch_ledger(self._ledger)))
        if self._tally is not None:
            self._watch_levels(self._tally)
        self.address = addresses.join(host, bound)

    async def drain(self) -> None:
        """Stops without losing a request that was accepted.

        Health says NOT_SERVING while requests are still taken for `lame_duck_s`. Then all that has
        come in is taken in, what comes later is refused with DRAINING, and what was taken in gets
        `drain_grace_s`; what has no answer by then is refused with DRAINING too. The connections
        are closed when the answers have left: to close one earlier can lose the end of an answer,
        since a client that is still sending makes the system reset the connection. A second call
        does nothing.
        """
        server, self._server = self._server, None
        if server is None:
            return
        for task in self._watching:
            task.cancel()
        self._health.drain()
        await asyncio.sleep(self._settings.lame_duck_s)
        await self._gate.gather(_GATHER_S)
        self._gate.drain()
        self._gate.resume()
        self._health.close()
        end = time.monotonic() + self._settings.drain_grace_s
        # `stop` may return before aborted handlers have ended: our own count says when.
        if not await _within(self._settings.drain_grace_s, self._gate.empty()):
            self._gate.close()
            await _within(_CLOSING_S, self._gate.empty())
        await _within(max(end - time.monotonic(), _CLOSING_S), self._gate.all_sent())
        await asyncio.sleep(_TRAVEL_S)
        # What still holds the server now are streams such as reflection.
        await server.stop(_CLOSING_S)
        if self._door is not None:
            self._door.close()
        if self._health_server is not None:
            await self._health_server.stop(0)
        self._core_sharing.end()

    def serve(self, served: Served) -> None:
        """Answers from other guidelines from now on; calls under way keep those they began with."""
        self._application = replace(
            self._application, guidelines=served.guidelines, engine=served.engine
        )
        if self._recorder is not None:
            self._recorder.dictionaries = served.dictionaries
        if self._calls is not None:
            self._calls.application = self._application
        self._health.reload(refused=False)

    def reload_refused(self) -> None:
        """Says in the health that older guidelines serve than were meant to."""
        self._health.reload(refused=True)

    def counted(self) -> Snapshot:
        """Returns what this process has counted; nothing where nothing is counted."""
        return Snapshot() if self._tally is None else self._tally.snapshot()

    def _watch_levels(self, tally: Tally) -> None:
        tally.watch(gate_levels(self._gate, self._settings.concurrent_requests))
        tally.watch(guideline_levels(lambda: self._application.guidelines))
        tally.watch(refusal_levels(self.refusals))
        if self._ledger is not None:
            levels = LedgerLevels(self._ledger)
            tally.keeps_ledger()
            tally.watch(levels.put)
            self._watching.append(asyncio.create_task(levels.watch()))

    async def _look_at_files(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AT_FILES_S)
            try:
                if self._certificates is not None:
                    self._certificates.look_at_files(self._log)
                if self._door is not None:
                    self._door.look_at_files()
            except Exception as error:  # to look no more would keep a revoked caller for good
                log_fault(self._log, "files", error)

    async def _watch_ledger(self, ledger: Ledger) -> None:
        failed = False
        while True:
            if failed != (not ledger.healthy):
                failed = not ledger.healthy
                self._health.ledger(fails=failed)
                if failed:
                    self._log.error("the ledger cannot be written; decisions are refused")
                else:
                    self._log.info("the ledger can be written again")
            await asyncio.sleep(_LOOK_AT_LEDGER_S)

    @property
    def in_flight(self) -> int:
        """Requests that have come in and have no answer yet."""
        return self._gate.in_flight

    def _report(self, incident: str, error: Exception) -> None:
        log_fault(self._log, incident, error)


async def run(
    settings: Settings,
    log: Log,
    *,
    folder: Path | None,
    share_port: bool = False,
    around: Callable[[Server], AbstractAsyncContextManager[None]] = lambda _: nullcontext(),
    stop: asyncio.Event | None = None,
) -> None:
    """Loads the guidelines and serves until a signal says to stop, then drains.

    Args:
        settings: the settings.
        log: the log.
        folder: whence guidelines are loaded, which may be a copy of what the settings say.
        share_port: whether other processes listen on the same port too.
        around: entered once the server serves, and left when its drain is over.
        stop: another way to say stop; None: signals only.

    Raises:
        GuidelinesError: the guidelines cannot be served.
        AddressError: an address cannot be listened on.
        SettingsError: the files of certificates, keys or roles are faulty, or an extra is missing.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, number, stop, log)
    started = time.perf_counter()
    served = load_served(settings, folder)
    application = Application(
        served.guidelines, limits=Limits(batch=settings.max_batch), engine=served.engine
    )
    tracing = open_tracing(settings)
    tally = None if settings.metrics_address is None else Tally(METHODS)
    ledger = open_audit(settings, log, _nobody if tally is None else tally.wrote)
    if ledger is not None:
        application = replace(application, recall=Auditing.of_ledger(ledger).recall)
    server = Server(
        application,
        settings,
        log,
        share_port=share_port,
        ledger=ledger,
        dictionaries=served.dictionaries,
        tally=tally,
        tracing=tracing,
    )
    try:
        await server.start()
    except BaseException:
        if ledger is not None:
            ledger.close(_CLOSING_S)
        raise
    set_aside()
    tell_exposure(settings, log)
    log.info(
        f"rashpath serving on {server.address} (pid {os.getpid()})",
        address=server.address,
        pid=os.getpid(),
        tls=settings.tls_certificate_file is not None,
        guidelines=list(served.guidelines.names()),
        start_ms=round((time.perf_counter() - started) * 1000),
    )
    try:
        async with around(server):
            try:
                await stop.wait()
                in_flight = server.in_flight
                log.info("draining", address=server.address, pid=os.getpid(), in_flight=in_flight)
            finally:
                await server.drain()
    finally:
        await server.drain()  # only where what goes on around it could not begin
        if ledger is not None and not ledger.close(settings.drain_grace_s + _CLOSING_S):
            log.warning("the ledger could not be closed in time")
        await asyncio.to_thread(tracing.close)
    log.info("stopped", address=server.address, pid=os.getpid())
    ignore_signals()


def run_loop(settings: Settings, main: Any) -> None:
    """Runs a coroutine to its end on the event loop that the settings name."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if settings.loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


def _on_signal(number: int, stop: asyncio.Event, log: Log) -> None:
    if stop.is_set() and number == signal.SIGTERM:
        return  # whoever sends it many times has said nothing new; calls in flight get their answer
    if stop.is_set():
        log.warning("stopping at once", pid=os.getpid())
        os._exit(128 + number)
    stop.set()


def _nobody(_: Attempt) -> None:
    """Counts nothing."""


async def _within(seconds: float, waiting: Any) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        return False
    return True
