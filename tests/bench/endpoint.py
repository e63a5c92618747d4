"""A raw HTTP/2 endpoint that answers every call alike, to see how much the generator can do.

`python -m tests.bench.endpoint BYTES` prints its port and serves until it is killed. It reads
nothing but frames and says OK to all: whatever the generator reaches here is more than a gRPC
server in Python could ask of it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

from tests.bench import http2
from tests.bench.http2 import ACK, DATA, END_HEADERS, END_STREAM, HEAD, HEADERS, PING, SETTINGS


class Endpoint(asyncio.Protocol):
    """One connection.

    Args:
        answer: the message of every answer.
    """

    def __init__(self, answer: bytes) -> None:
        head = http2.encode([(":status", "200"), ("content-type", "application/grpc")])
        self._headers = http2.frame(HEADERS, END_HEADERS, 0, head)
        data = http2.message(answer)
        self._data = [
            http2.frame(DATA, 0, 0, data[start : start + http2.LARGEST_FRAME])
            for start in range(0, len(data), http2.LARGEST_FRAME)
        ]
        last = http2.encode([("grpc-status", "0")])
        self._trailers = http2.frame(HEADERS, END_HEADERS | END_STREAM, 0, last)
        self._inbox = bytearray()
        self._greeted = False
        self._unreported = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins with its own settings."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none of it
        self._transport.write(http2.settings(client=False))

    def data_received(self, data: bytes) -> None:
        """Answers every call that has come in whole."""
        inbox = self._inbox
        inbox += data
        if not self._greeted:
            if len(inbox) < len(http2.PREFACE):
                return
            del inbox[: len(http2.PREFACE)]
            self._greeted = True
        place = 0
        out: list[bytes] = []
        while place + HEAD <= len(inbox):
            length = inbox[place] << 16 | inbox[place + 1] << 8 | inbox[place + 2]
            after = place + HEAD + length
            if after > len(inbox):
                break
            kind, flags = inbox[place + 3], inbox[place + 4]
            if kind == DATA:
                self._unreported += length
                if flags & END_STREAM:
                    number = bytes(inbox[place + 5 : place + HEAD])
                    for whole in (self._headers, *self._data, self._trailers):
                        out += (whole[:5], number, whole[HEAD:])
            elif kind == SETTINGS and not flags & ACK:
                out.append(http2.frame(SETTINGS, ACK, 0, b""))
            elif kind == PING and not flags & ACK:
                out.append(http2.frame(PING, ACK, 0, bytes(inbox[place + HEAD : after])))
            place = after
        del inbox[:place]
        if self._unreported > 1 << 30:
            out.append(http2.window_update(self._unreported))
            self._unreported = 0
        if out:
            self._transport.write(b"".join(out))


async def serve(answer: bytes) -> None:
    """Serves until it is killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Endpoint(answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(bytes(int(sys.argv[1]))))
