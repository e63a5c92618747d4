"""The standard health service (grpc.health.v1), which a drain can end and the ledger can turn.

The servicer that ships with grpcio leaves Watch streams open for ever, and one open stream holds
the stop of the server for its whole grace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

RELOAD = "rashpath.reload"
"""A service of the health alone: NOT_SERVING while the last reload of the guidelines was refused.
The server as a whole stays SERVING, since the guidelines before go on serving."""


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # the package ships no types
    """Tells whether services take requests: SERVING until the drain, NOT_SERVING from then on.

    A service that decides or audits is NOT_SERVING too while the ledger cannot be written.

    Args:
        services: full names; the empty name, for the server as a whole, is always known.
        recorded: those of them that answer nothing while the ledger fails.
    """

    def __init__(self, services: frozenset[str], recorded: frozenset[str] = frozenset()) -> None:
        self._services = services | {"", RELOAD}
        self._recorded = recorded | {""}
        self._changed = asyncio.Event()
        self._ledger_fails = False
        self._reload_refused = False
        self._draining = False
        self._closing = False

    def ledger(self, *, fails: bool) -> None:
        """Says from now on whether the ledger can be written."""
        if self._ledger_fails != fails:
            self._ledger_fails = fails
            self._announce()

    def reload(self, *, refused: bool) -> None:
        """Says from now on whether the last reload of the guidelines was refused."""
        if self._reload_refused != refused:
            self._reload_refused = refused
            self._announce()

    def drain(self) -> None:
        """Says NOT_SERVING from now on, to those who watch too."""
        self._draining = True
        self._announce()

    def close(self) -> None:
        """Ends every Watch."""
        self._draining = self._closing = True
        self._announce()

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 # the name that gRPC calls
        """Answers once."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802 # the name that gRPC calls
        """Answers at once and at every change, until the server closes."""
        said = None
        while True:
            changed = self._changed
            now = self._status(request.service)
            if now != said:
                said = now
                yield health_pb2.HealthCheckResponse(status=now)
            if self._closing:
                return
            await changed.wait()

    def _status(self, service: str) -> Any:
        if service not in self._services:
            return _UNKNOWN
        fails = self._ledger_fails and service in self._recorded
        if service == RELOAD:
            fails = self._reload_refused
        return _NOT_SERVING if self._draining or fails else _SERVING

    def _announce(self) -> None:
        # Who waits holds the old event; it is set for good, and the next wait is for a new one.
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
