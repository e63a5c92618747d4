"""A port of its own for health alone: for probes that speak neither TLS nor know a token."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2_grpc

from rashpath.service import address as addresses
from rashpath.service.address import AddressError
from rashpath.service.health import Health

_LARGEST_REQUEST = 1 << 10
"""Bytes; a check names one service."""


async def open_health_port(
    health: Health, address: str, *, share_port: bool
) -> tuple[grpc.aio.Server, str]:
    """Begins to answer grpc.health.v1 in plain text on a port that answers nothing else.

    Args:
        health: what is told.
        address: `HOST:PORT`; port 0: any free one.
        share_port: whether other processes listen on the same port too.

    Returns:
        The server, to be stopped by the caller, and the bound address.

    Raises:
        AddressError: the address cannot be listened on.
    """
    if not share_port:
        addresses.require_free(address)
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", int(share_port)),
            ("grpc.max_receive_message_length", _LARGEST_REQUEST),
        ]
    )
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError:
        bound = 0
    if not bound:
        raise AddressError(f"cannot listen on `{address}`")
    await server.start()
    host, _ = addresses.split(address)
    return server, addresses.join(host, bound)
