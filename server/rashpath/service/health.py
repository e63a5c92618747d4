"""The standard health service (grpc.health.v1), which a drain can end.

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


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # the package ships no types
    """Tells whether services take requests: SERVING until the drain, NOT_SERVING from then on.

    Args:
        services: full names; the empty name, for the server as a whole, is always known.
    """

    def __init__(self, services: frozenset[str]) -> None:
        self._services = services | {""}
        self._draining = asyncio.Event()
        self._closing = asyncio.Event()

    def drain(self) -> None:
        """Says NOT_SERVING from now on, to those who watch too."""
        self._draining.set()

    def close(self) -> None:
        """Ends every Watch."""
        self._draining.set()
        self._closing.set()

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name in the contract
        """Answers once."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return health_pb2.HealthCheckResponse(status=self._status())

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802 # the name that gRPC calls
        """Answers at once and at every change, until the server closes."""
        if request.service not in self._services:
            yield health_pb2.HealthCheckResponse(status=_UNKNOWN)
        else:
            first = self._status()
            yield health_pb2.HealthCheckResponse(status=first)
            await self._draining.wait()
            if first == _SERVING:
                yield health_pb2.HealthCheckResponse(status=_NOT_SERVING)
        await self._closing.wait()

    def _status(self) -> Any:
        return _NOT_SERVING if self._draining.is_set() else _SERVING
