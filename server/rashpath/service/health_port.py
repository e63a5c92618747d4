"""A port of its own for health alone: for probes that speak no TLS and have no token."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2_grpc

from rashpath.service import address as addresses
from rashpath.service.address import AddressError
from rashpath.service.channel_options import channel_options
from rashpath.service.health import Health
from rashpath.service.settings import Settings

_LARGEST_REQUEST = 1 << 10
"""Bytes; a check names one service."""


async def open_health_port(
    health: Health, address: str, settings: Settings, *, share_port: bool
) -> tuple[grpc.aio.Server, str]:
    """Begins to answer grpc.health.v1 in plain text on a port that answers nothing else.

    Args:
        health: what is told.
        address: `HOST:PORT`; port 0: any free one.
        settings: those of the server, whose limits of connections hold here too.
        share_port: whether other processes listen on the same port too.

    Returns:
        The server, to be stopped by the caller, and the bound address.

    Raises:
        AddressError: the address cannot be listened on.
    """
    if not share_port:
        addresses.require_free(address)
    limits = dict(channel_options(settings, share_port=share_port))
    limits["grpc.max_receive_message_length"] = _LARGEST_REQUEST
    server = grpc.aio.server(options=list(limits.items()))
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
