"""Bare HTTP/2 connections, for what no client of gRPC would send."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
MAX_CONCURRENT_STREAMS = 3
ENHANCE_YOUR_CALM = 11


@dataclass(slots=True)
class Raw:
    """A bare HTTP/2 connection."""

    socket: socket.socket
    left: bytes = field(default=b"")

    @classmethod
    def open(cls, address: str, timeout_s: float = 10) -> Raw:
        """Connects and says the preface with empty settings."""
        host, _, port = address.rpartition(":")
        raw = cls(socket.create_connection((host, int(port))))
        raw.socket.settimeout(timeout_s)
        raw.send(PREFACE + frame(SETTINGS))
        return raw

    def send(self, data: bytes) -> bool:
        """Sends bytes; False if the server has gone, or takes no more."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yields kind and content of each frame until the server closes or says nothing."""
        while True:
            while len(self.left) >= 9:
                size = int.from_bytes(self.left[:3], "big")
                if len(self.left) < 9 + size:
                    break
                kind, content = self.left[3], self.left[9 : 9 + size]
                self.left = self.left[9 + size :]
                yield kind, content
            try:
                data = self.socket.recv(1 << 16)
            except OSError:
                return
            if not data:
                return
            self.left += data

    def farewell(self) -> list[tuple[int, str]]:
        """Waits for the end; returns code and words of each frame that told it, and closes."""
        told = [content for kind, content in self.frames() if kind == GOAWAY]
        self.socket.close()
        return [(int.from_bytes(each[4:8], "big"), each[8:].decode()) for each in told]


def frame(kind: int, content: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    """Returns a frame."""
    return (
        len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content
    )


def header_block(path: str, **more: str) -> bytes:
    """Returns the headers of a call, each written out."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    } | more
    return b"".join(
        b"\0" + _text(name.encode()) + _text(value.encode()) for name, value in headers.items()
    )


def message(content: bytes) -> bytes:
    """Returns a message as gRPC frames it."""
    return b"\0" + len(content).to_bytes(4, "big") + content


def _text(value: bytes) -> bytes:
    """Returns a text of HPACK, its length in a 7-bit prefix."""
    size = len(value)
    if size < 127:
        return bytes([size]) + value
    rest = size - 127
    prefix = [127]
    while rest > 127:
        prefix.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*prefix, rest]) + value
