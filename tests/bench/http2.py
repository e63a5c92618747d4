"""The little of HTTP/2 and gRPC that a load generator and a raw endpoint need, as fast as it goes.

Both sides set the size of the header table to 0. So a block of headers means the same whenever it
comes, and one that was decoded once, by the `hpack` package, is known by its bytes from then on.
"""

from __future__ import annotations

import struct
from typing import Final

import hpack

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20

HEAD = 9
"""Bytes before the payload of a frame."""

LARGEST_WINDOW: Final = 2**31 - 1
FIRST_WINDOW: Final = 65_535
LARGEST_FRAME: Final = 16_384
"""Bytes of a frame that every peer must take."""

_HEADER_TABLE_SIZE, _ENABLE_PUSH, _INITIAL_WINDOW_SIZE = 1, 2, 4
INITIAL_WINDOW_SIZE = _INITIAL_WINDOW_SIZE


class WireError(Exception):
    """The other side did what this small implementation does not know."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Returns one frame."""
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*, client: bool) -> bytes:
    """Returns the first frames of a side: no header table, windows as wide as they go."""
    values = {_HEADER_TABLE_SIZE: 0, _INITIAL_WINDOW_SIZE: LARGEST_WINDOW}
    if client:
        values[_ENABLE_PUSH] = 0
    payload = b"".join(struct.pack(">HI", key, value) for key, value in values.items())
    return frame(SETTINGS, 0, 0, payload) + window_update(LARGEST_WINDOW - FIRST_WINDOW)


def window_update(size: int, stream: int = 0) -> bytes:
    """Returns the frame that widens a window."""
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


def encode(headers: list[tuple[str, str]]) -> bytes:
    """Returns a block of headers that refers to no table of its connection."""
    encoder = hpack.Encoder()
    encoder.header_table_size = 0
    return bytes(encoder.encode(headers, huffman=False))


def decode(block: bytes) -> dict[str, str]:
    """Returns the headers of a block from a side without header table."""
    found = hpack.Decoder().decode(block)
    return {_text(name): _text(value) for name, value in found}


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def message(body: bytes) -> bytes:
    """Returns a gRPC message with its length before it, not compressed."""
    return b"\0" + len(body).to_bytes(4, "big") + body


class Request:
    """A unary request that is sent again and again; only the stream number changes.

    Args:
        method: full name, such as ``/rashpath.v1.DecisionService/Evaluate``.
        authority: host and port.
        body: the serialised message.
        timeout_s: the deadline that the call carries.
    """

    def __init__(self, method: str, authority: str, body: bytes, timeout_s: int = 30) -> None:
        block = encode(
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":path", method),
                (":authority", authority),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("grpc-timeout", f"{timeout_s}S"),
                ("user-agent", "rashpath-bench"),
            ]
        )
        head = frame(HEADERS, END_HEADERS, 0, block)
        self._head, self._block = head[:5], head[HEAD:]
        self.chunks: list[tuple[bytes, bytes]] = []
        data = message(body)
        self.size = len(data)
        for start in range(0, self.size, LARGEST_FRAME):
            part = data[start : start + LARGEST_FRAME]
            last = start + LARGEST_FRAME >= self.size
            whole = frame(DATA, END_STREAM if last else 0, 0, part)
            self.chunks.append((whole[:5], whole[HEAD:]))

    def headers(self, stream: int) -> bytes:
        """Returns the frame that opens a stream."""
        return b"".join((self._head, stream.to_bytes(4, "big"), self._block))

    def frames(self, stream: int) -> bytes:
        """Returns the whole request on a stream."""
        number = stream.to_bytes(4, "big")
        parts = [self._head, number, self._block]
        for head, data in self.chunks:
            parts += (head, number, data)
        return b"".join(parts)
