"""A load generator for unary gRPC calls: one process, some connections, so many calls in flight.

It is closed: the next call goes out when one has come back. It reads the grpc-status of every call
and takes the time of each. As a process of its own (`python -m tests.bench.generator`) it reads a
:class:`Load` as JSON on stdin and writes a :class:`Result` as JSON on stdout.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import statistics
import struct
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter, process_time

from tests.bench import http2
from tests.bench.http2 import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEAD,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Request,
    WireError,
)
from tests.bench.machine import cpu_seconds

OK = "0"
RESET = "reset"
"""Told in place of a grpc-status where the stream was reset."""

_WIDEN_AT = 1 << 30
_LARGEST_STREAM = 2**31 - 10_000
_TAKE = 1 << 18
_LONGEST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send, how fast, and for how long.

    Args:
        address: host and port.
        method: full name of a unary method.
        bodies: serialised requests in hexadecimal, sent in turn.
        connections: 1 or more; SO_REUSEPORT spreads connections, not calls.
        in_flight: calls under way at a time, over all connections.
        warm_up_s: seconds before the measured window.
        seconds: seconds of the measured window.
        least: calls before which the window does not end.
        most: calls after which the window ends early; 0: none.
        pids: processes of the server, whose processor time in the window is told.
        core: the core to run on; None: any.
        timeout_s: the deadline that each call carries.
    """

    address: str
    method: str
    bodies: list[str]
    connections: int = 8
    in_flight: int = 64
    warm_up_s: float = 0.5
    seconds: float = 2.0
    least: int = 1
    most: int = 0
    pids: list[int] = field(default_factory=list)
    core: int | None = None
    timeout_s: int = 30


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a load.

    Args:
        calls: calls that were answered within the window.
        seconds: length of the window.
        rate: calls a second.
        statuses: calls by grpc-status, warm-up included.
        p50_ms: median of the time from the sending of a call to its status.
        p99_ms: of a hundred calls, one takes longer.
        server_cpu_s: processor time of the server's processes in the window.
        own_cpu: share of one core that the generator used in the window.
        response_bytes: mean length of an answer's message.
    """

    calls: int
    seconds: float
    rate: float
    statuses: dict[str, int]
    p50_ms: float
    p99_ms: float
    server_cpu_s: float
    own_cpu: float
    response_bytes: float

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's processor time a call."""
        return self.server_cpu_s / self.calls * 1e6

    @property
    def calls_a_cpu_s(self) -> float:
        """Calls by second of the server's processor time."""
        return self.calls / self.server_cpu_s

    @property
    def failed(self) -> int:
        """Calls that did not come back with OK."""
        return sum(count for status, count in self.statuses.items() if status != OK)


class Connection:
    """One connection and its streams.

    Args:
        address: host and port.
        requests: sent in turn.
        first: index of the request that goes out first.
    """

    def __init__(self, address: str, requests: Sequence[Request], first: int = 0) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.received = 0
        self.bodies: dict[int, bytearray] | None = None
        self._requests = requests
        self._next = first
        self._stream = 1
        self._started: dict[int, float] = {}
        self._inbox = bytearray()
        self._outbox: list[bytes] = [http2.PREFACE + http2.settings(client=True)]
        self._waiting: list[tuple[int, Request, int]] = []
        self._window = http2.FIRST_WINDOW
        self._stream_window = http2.FIRST_WINDOW
        self._widened: dict[int, int] = {}
        self._unreported = 0
        self._known: dict[bytes, str | None] = {}
        self._ready = False
        self._flush()
        while not self._ready:
            self.take()

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self._started)

    def send(self, count: int) -> None:
        """Sends so many calls."""
        for _ in range(count):
            request = self._requests[self._next]
            self._next = (self._next + 1) % len(self._requests)
            stream = self._stream
            self._stream += 2
            if stream > _LARGEST_STREAM:
                raise WireError("the stream numbers of a connection are used up")
            self._started[stream] = perf_counter()
            if not self._waiting and request.size <= min(self._window, self._stream_window):
                self._window -= request.size
                self._outbox.append(request.frames(stream))
            else:
                self._outbox.append(request.headers(stream))
                self._waiting.append((stream, request, 0))
        self._send_waiting()
        self._flush()

    def take(self) -> int:
        """Takes in what has come; returns how many calls have ended."""
        received = self.socket.recv(_TAKE)
        if not received:
            raise WireError("the server closed the connection")
        inbox = self._inbox
        inbox += received
        place, ended, end = 0, 0, len(inbox)
        while place + HEAD <= end:
            length = inbox[place] << 16 | inbox[place + 1] << 8 | inbox[place + 2]
            after = place + HEAD + length
            if after > end:
                break
            kind, flags = inbox[place + 3], inbox[place + 4]
            if kind == DATA:
                self._unreported += length
                self.received += length
                if self.bodies is not None:
                    stream = int.from_bytes(inbox[place + 5 : place + HEAD], "big")
                    self.bodies.setdefault(stream, bytearray()).extend(inbox[place + HEAD : after])
            elif kind == HEADERS:
                if flags & END_STREAM:
                    stream = int.from_bytes(inbox[place + 5 : place + HEAD], "big")
                    self._end(stream, self._status(bytes(inbox[place + HEAD : after]), flags))
                    ended += 1
            else:
                ended += self._other(kind, flags, bytes(inbox[place + 5 : after]))
            place = after
        del inbox[:place]
        if self._unreported > _WIDEN_AT:
            self._outbox.append(http2.window_update(self._unreported))
            self._unreported = 0
        self._send_waiting()
        self._flush()
        return ended

    def _end(self, stream: int, status: str) -> None:
        self.latencies.append(perf_counter() - self._started.pop(stream))
        self.statuses[status] += 1
        self._widened.pop(stream, None)

    def _status(self, block: bytes, flags: int) -> str:
        status = self._known.get(block)
        if status is None:
            if not flags & END_HEADERS or flags & (PADDED | PRIORITY):
                raise WireError("headers in a form that this generator does not read")
            status = http2.decode(block).get("grpc-status", "missing")
            self._known[block] = status
        return status

    def _other(self, kind: int, flags: int, rest: bytes) -> int:
        stream, payload = int.from_bytes(rest[:4], "big"), rest[4:]
        if kind == SETTINGS:
            if flags & ACK:
                self._ready = True
                return 0
            for start in range(0, len(payload), 6):
                key, value = struct.unpack(">HI", payload[start : start + 6])
                if key == http2.INITIAL_WINDOW_SIZE:
                    self._stream_window = value
            self._outbox.append(http2.frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self._outbox.append(http2.frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            size = int.from_bytes(payload, "big")
            if stream:
                self._widened[stream] = self._widened.get(stream, 0) + size
            else:
                self._window += size
        elif kind == RST_STREAM:
            if stream in self._started:
                self._end(stream, RESET)
                return 1
        elif kind == GOAWAY:
            raise WireError("the server is going away")
        return 0

    def _send_waiting(self) -> None:
        """Sends what waits for a window: whole frames, in order."""
        while self._waiting:
            stream, request, index = self._waiting[0]
            sent = sum(len(data) for _, data in request.chunks[:index])
            head, data = request.chunks[index]
            room = self._stream_window + self._widened.get(stream, 0) - sent
            if len(data) > min(self._window, room):
                return
            self._window -= len(data)
            self._outbox.append(b"".join((head, stream.to_bytes(4, "big"), data)))
            if index + 1 == len(request.chunks):
                self._waiting.pop(0)
            else:
                self._waiting[0] = (stream, request, index + 1)

    def _flush(self) -> None:
        if self._outbox:
            self.socket.sendall(b"".join(self._outbox))
            self._outbox.clear()


def generate(load: Load) -> Result:
    """Sends a load and returns what came of it.

    Raises:
        WireError: the server closed a connection or spoke in an unknown way.
        OSError: there is no server.
    """
    if load.core is not None:
        os.sched_setaffinity(0, {load.core})
    requests = [
        Request(load.method, load.address, bytes.fromhex(body), load.timeout_s)
        for body in load.bodies
    ]
    connections = [
        Connection(load.address, requests, index * 7 % len(requests))
        for index in range(load.connections)
    ]
    selector = selectors.DefaultSelector()
    for index, connection in enumerate(connections):
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        share = load.in_flight // load.connections
        connection.send(share + (index < load.in_flight % load.connections))
    try:
        _run(selector, perf_counter() + load.warm_up_s)
        for connection in connections:
            connection.latencies.clear()
            connection.received = 0
        began, own, server = perf_counter(), process_time(), _cpu(load.pids)
        _run(selector, began + load.seconds, load.least, load.most)
        seconds = perf_counter() - began
        own_cpu, server_cpu = process_time() - own, _cpu(load.pids) - server
    finally:
        for connection in connections:
            connection.socket.close()
        selector.close()
    latencies = sorted(taken for connection in connections for taken in connection.latencies)
    calls = len(latencies)
    if not calls:
        raise WireError("no call was answered within the window")
    statuses: Counter[str] = Counter()
    for connection in connections:
        statuses.update(connection.statuses)
    return Result(
        calls=calls,
        seconds=seconds,
        rate=calls / seconds,
        statuses=dict(statuses),
        p50_ms=statistics.median(latencies) * 1e3,
        p99_ms=latencies[min(calls - 1, calls * 99 // 100)] * 1e3,
        server_cpu_s=server_cpu,
        own_cpu=own_cpu / seconds,
        response_bytes=sum(each.received for each in connections) / calls - 5,
    )


def _run(selector: selectors.BaseSelector, end: float, least: int = 0, most: int = 0) -> None:
    ended = 0
    while (perf_counter() < end or ended < least) and (not most or ended < most):
        for key, _ in selector.select(max(0.0, end - perf_counter()) or _LONGEST_WAIT_S):
            connection: Connection = key.data
            done = connection.take()
            if done:
                ended += done
                connection.send(done)


def _cpu(pids: Sequence[int]) -> float:
    return sum(cpu_seconds(pid) for pid in pids)


def main() -> None:
    """Reads a load from stdin and writes its result to stdout, both as JSON."""
    result = generate(Load(**json.load(sys.stdin)))
    json.dump(asdict(result), sys.stdout)


if __name__ == "__main__":
    main()
