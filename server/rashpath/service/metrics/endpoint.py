"""The port on which a Prometheus server reads the metrics, over HTTP, without any credentials.

It has a thread of its own, so that it answers while the event loop is busy; what it shows is
gathered by the event loop. The encoding, and the choice between its forms, is prometheus_client's.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from rashpath.service import address as addresses
from rashpath.service.address import AddressError
from rashpath.service.log import Log
from rashpath.service.metrics.catalogue import METRICS, Kind
from rashpath.service.metrics.snapshot import Snapshot

Gather = Callable[[], Awaitable[Snapshot]]
"""Gathers what all processes have counted; runs in the event loop."""

_GATHER_S = 5.0
"""Seconds to wait for the event loop; then the scrape fails, which Prometheus shows as down."""

_POLL_S = 0.1
"""Seconds between looks at whether to stop."""

_IDLE_S = 10.0
"""Seconds that a reader may leave a connection silent."""


@contextmanager
def metrics_endpoint(address: str, gather: Gather, log: Log) -> Iterator[str]:
    """Serves the metrics for as long as the context lasts; to be entered in the event loop.

    Args:
        address: HOST:PORT to listen on; port 0: any free one.
        gather: gathers them.
        log: is told where.

    Yields:
        The address that was bound.

    Raises:
        AddressError: the address cannot be listened on.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathering(gather, asyncio.get_running_loop()))
    host, port = addresses.split(address)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        server_class = type("_FamilyServer", (_Server,), {"address_family": family})
        server: WSGIServer = make_server(
            host, port, make_wsgi_app(registry), server_class, handler_class=_Handler
        )
    except (OSError, UnicodeError):
        raise AddressError(
            f"`metrics_address`: cannot listen on `{address}`; is the port in use?"
        ) from None
    bound = addresses.join(host, server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), daemon=True)
    thread.start()
    log.info(f"metrics on http://{bound}/metrics", metrics_address=bound)
    try:
        yield bound
    finally:
        server.shutdown()
        server.server_close()


def families(snapshot: Snapshot) -> Iterator[Family]:
    """Yields a snapshot as Prometheus knows metrics, in the order of the catalogue."""
    for metric in METRICS:
        if metric.kind is Kind.HISTOGRAM:
            histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, found in snapshot.buckets.get(metric.name, {}).items():
                bounds = [*map(str, metric.bounds), "+Inf"]
                sums = accumulate(found.counts)
                histogram.add_metric(
                    labels, list(zip(bounds, sums, strict=True)), sum_value=found.total
                )
            yield histogram
        else:
            family = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
            shown = family(metric.name, metric.help, labels=metric.labels)
            for labels, value in snapshot.numbers.get(metric.name, {}).items():
                shown.add_metric(labels, value)
            yield shown


class _Gathering(Collector):
    """Has the event loop gather, from the thread that answers."""

    def __init__(self, gather: Gather, loop: asyncio.AbstractEventLoop) -> None:
        self._gather = gather
        self._loop = loop

    def collect(self) -> Iterator[Family]:
        async def gather() -> Snapshot:
            return await self._gather()

        waiting = asyncio.run_coroutine_threadsafe(gather(), self._loop)
        try:
            snapshot = waiting.result(_GATHER_S)
        except TimeoutError:
            waiting.cancel()
            raise
        return families(snapshot)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = _IDLE_S

    def log_message(self, format: str, *args: Any) -> None:
        """Leaves no line: the log has one for each call, not for each scrape."""
