"""What grpc is told of the limits of connections."""

from __future__ import annotations

from rashpath.service.settings import Settings

_ROOM = 1 << 20
"""Bytes by which grpc takes more than our own limits, so that ours speak, with their details."""

_HANDSHAKE_S = 10.0
"""Seconds for a handshake; who takes longer holds a connection for nothing."""

_MOST_PENDING = 20_000
"""Calls that grpc holds before it hands them over. Beyond, it cancels calls at random, good ones
too and without a word; below, the gate refuses what is too much, with the time to come back."""

_PING_STRIKES = 3
"""Questions that come too soon after which a connection is cut off."""


def channel_options(settings: Settings, *, share_port: bool) -> list[tuple[str, int]]:
    """Returns the options of a `grpc.aio` server.

    Args:
        settings: the settings.
        share_port: whether other processes listen on the same port too.
    """
    largest = max(settings.max_request_bytes, settings.max_batch_bytes) + _ROOM
    return [
        ("grpc.so_reuseport", int(share_port)),
        ("grpc.max_receive_message_length", largest),
        ("grpc.max_send_message_length", -1),
        # Soft and hard limit alike: between them grpc refuses by chance.
        ("grpc.max_metadata_size", settings.max_header_bytes),
        ("grpc.absolute_max_metadata_size", settings.max_header_bytes),
        ("grpc.max_concurrent_streams", settings.max_connection_requests),
        ("grpc.server.max_pending_requests", _MOST_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", _MOST_PENDING),
        ("grpc.max_allowed_incoming_connections", settings.max_connections),
        ("grpc.server_handshake_timeout_ms", _ms(_HANDSHAKE_S)),
        ("grpc.max_connection_age_ms", _ms(settings.max_connection_age_s)),
        ("grpc.max_connection_age_grace_ms", _ms(settings.max_deadline_s)),
        ("grpc.max_connection_idle_ms", _ms(settings.max_connection_idle_s)),
        ("grpc.keepalive_time_ms", _ms(settings.keepalive_s)),
        ("grpc.keepalive_timeout_ms", _ms(settings.keepalive_timeout_s)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _ms(settings.min_ping_interval_s)),
        ("grpc.http2.max_ping_strikes", _PING_STRIKES),
    ]


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
