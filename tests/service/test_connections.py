"""Connections: how many, how long, how quiet and how noisy they may be."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from rashpath.client import Client
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.http2 import (
    END_HEADERS,
    ENHANCE_YOUR_CALM,
    HEADERS,
    MAX_CONCURRENT_STREAMS,
    PING,
    SETTINGS,
    Raw,
    frame,
    header_block,
)
from tests.service.ledgers import EVALUATE


@pytest.fixture(scope="module")
def strict(start_server: Callable[..., Any]) -> Any:
    """A server with tight limits of connections."""
    return start_server(
        max_connections=8,
        max_connection_requests=5,
        max_connection_idle_s=0.5,
        max_connection_age_s=1.5,
        max_deadline_s=5,
    )


def test_a_silent_connection_is_ended(strict: Any) -> None:
    """Who connects and sends nothing does not hold a connection for long."""
    raw = Raw.open(strict.address)
    started = time.monotonic()
    ((_, words),) = raw.farewell()
    assert 0.3 < time.monotonic() - started < 5
    assert "idle" in words


def test_requests_on_one_connection_are_limited(strict: Any) -> None:
    """The server says how many requests it takes at a time on one connection."""
    raw = Raw.open(strict.address)
    kind, content = next(raw.frames())
    assert kind == SETTINGS
    settings = dict(struct.iter_unpack(">HI", content))
    assert settings[MAX_CONCURRENT_STREAMS] == 5
    raw.socket.close()


def test_connections_are_limited_and_come_free_again(strict: Any) -> None:
    """Beyond the limit a connection is closed at once; when others have ended, new ones are taken,
    and nobody had to restart anything."""
    raws = [Raw.open(strict.address) for _ in range(20)]
    taken = [next(raw.frames(), None) is not None for raw in raws]
    assert 1 <= sum(taken) <= 8
    assert not taken[-1]
    for raw in raws:
        raw.socket.close()
    with strict.client(retries=20, timeout_s=10) as client:
        assert client.evaluate(PatientCase()).decision_id


def test_an_old_connection_is_ended_and_no_call_is_lost(strict: Any) -> None:
    """A connection is told to end when it is old, however busy; a client that calls all the time
    moves to a new one, and none of its calls fails."""
    raw = Raw.open(strict.address)
    raw.send(frame(HEADERS, header_block(EVALUATE), END_HEADERS, 1))  # and so is not idle
    before = len(calls(strict))
    end = time.monotonic() + 3
    count = 0
    with strict.client(retries=3) as client:
        while time.monotonic() < end:
            client.evaluate(PatientCase())
            count += 1
            time.sleep(0.02)
    told = calls(strict)[before:]
    assert [each["code"] for each in told] == ["OK"] * count
    assert raw.farewell()[0] == (0, "max_age")


def test_a_flood_of_pings_ends_its_connection_alone(server: Any, client: Client) -> None:
    """Who pings without a pause is cut off with ENHANCE_YOUR_CALM; a good caller goes on."""
    raw = Raw.open(server.address)
    for _ in range(200):
        if not raw.send(frame(PING, b"\0" * 8)):
            break
    assert [code for code, _ in raw.farewell()] == [ENHANCE_YOUR_CALM]
    assert client.evaluate(PatientCase()).decision_id


def test_half_a_connection_is_not_kept(server: Any, client: Client) -> None:
    """Junk instead of HTTP/2 is closed, and the next caller is served."""
    host, _, port = server.address.rpartition(":")
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + b"\0" * 500, b"\0" * 1000):
        with socket.create_connection((host, int(port))) as stray:
            stray.settimeout(10)
            stray.sendall(junk)
            while stray.recv(4096):
                pass
    assert client.evaluate(PatientCase()).decision_id


def slow_line(address: str, delay_s: float) -> socket.socket:
    """Opens a port that leads to a server, over which every piece of data takes its time."""
    host, _, port = address.rpartition(":")
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                time.sleep(delay_s)
                target.sendall(data)

    def take() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((host, int(port)))
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=ends, daemon=True).start()

    threading.Thread(target=take, daemon=True).start()
    return listener


def test_a_server_is_reached_over_a_slow_line(server: Any) -> None:
    """A handshake may take longer than a moment: who is far away is served too."""
    with (
        slow_line(server.address, 0.15) as line,
        Client(f"127.0.0.1:{line.getsockname()[1]}", retries=0, timeout_s=20) as client,
    ):
        assert client.evaluate(PatientCase()).decision_id


def calls(server: Any) -> list[dict[str, Any]]:
    """Returns the lines of the log about decisions."""
    return [each for each in server.lines() if each.get("method") == "Evaluate"]
