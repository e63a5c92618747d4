"""Connections of one address: how many it may hold, and that others go on."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from rashpath.client import Client
from rashpath.client.tls import Tls
from rashpath.service import peer_limit
from rashpath.service.log import make_log
from rashpath.service.peer_limit import LOOK_S, PeerLimit, counted_as
from rashpath.service.settings import SettingsError
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.http2 import PREFACE, SETTINGS, Raw, frame

MOST = 3
ENDED = "connections beyond `max_connections_per_address` were ended"
LOOKED_S = 3 * LOOK_S
"""Seconds after which the server has looked, on a busy machine too."""


@pytest.fixture
def strict(start_server: Callable[..., Any]) -> Any:
    """A server of which one address may hold three connections."""
    return start_server(max_connections_per_address=MOST)


@contextmanager
def held(address: str, source: str, count: int) -> Iterator[list[Raw]]:
    """Connects that often from an address of the loopback, and waits for the server's look."""
    host, _, port = address.rpartition(":")
    raws = []
    try:
        for _ in range(count):
            raw = Raw(socket.create_connection((host, int(port)), 10, (source, 0)))
            raw.send(PREFACE + frame(SETTINGS))
            assert next(raw.frames())[0] == SETTINGS
            raws.append(raw)
        time.sleep(LOOKED_S)
        yield raws
    finally:
        for raw in raws:
            raw.socket.close()


def alive(raw: Raw) -> bool:
    """Tells whether the server has not ended a connection."""
    raw.socket.settimeout(0.05)
    try:
        while raw.socket.recv(1 << 16):
            pass
    except TimeoutError:
        return True
    except OSError:
        return False
    return False


def soon(holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def ended(server: Any) -> list[tuple[str, int]]:
    """Returns address and number of connections of each line that tells of some."""
    lines = [each for each in server.lines() if each["event"] == ENDED]
    assert all(each["level"] == "warning" for each in lines)
    return [(each["address"], each["connections"]) for each in lines]


def test_one_address_cannot_hold_them_all(strict: Any) -> None:
    """The oldest connections of an address stay, those beyond are ended, and it is told; others
    keep theirs, and a place that comes free is free."""
    with held(strict.address, "127.0.0.2", MOST) as first, strict.client() as client:
        assert client.evaluate(PatientCase()).decision_id
        with (
            held(strict.address, "127.0.0.3", MOST) as others,
            held(strict.address, "127.0.0.2", 5) as more,
        ):
            soon(lambda: not any(alive(raw) for raw in more))
            assert [alive(raw) for raw in first] == [True] * MOST
            assert [alive(raw) for raw in others] == [True] * MOST
        first[0].socket.close()
        with held(strict.address, "127.0.0.2", 1) as again:
            assert [alive(raw) for raw in (*again, *first[1:])] == [True] * MOST
        assert client.evaluate(PatientCase()).decision_id
    told = ended(strict)
    assert {address for address, _ in told} == {"127.0.0.2"}
    assert sum(count for _, count in told) == 5


def test_encrypted_connections_are_counted_too(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """Who is in the middle of a handshake, or past it, holds a connection like any other."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    (tmp_path / "s.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    (tmp_path / "s.key").write_bytes(issued.private_key_pem.bytes())
    server = start_server(
        address="localhost:0",
        tls_certificate_file=tmp_path / "s.pem",
        tls_key_file=tmp_path / "s.key",
        max_connections_per_address=MOST,
    )
    port = int(server.address.rpartition(":")[2])
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    context.set_alpn_protocols(["h2"])
    family = socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)[0][0]
    host, source = ("::1", "::1") if family == socket.AF_INET6 else ("127.0.0.1", "127.0.0.2")
    plain = [socket.create_connection((host, port), 10, (source, 0)) for _ in range(2)]
    shaken = [
        context.wrap_socket(
            socket.create_connection((host, port), 10, (source, 0)), server_hostname="localhost"
        )
        for _ in range(4)
    ]
    soon(lambda: sum(count for _, count in ended(server)) == 3)
    for each in (*plain, *shaken):
        each.close()
    with Client(server.address, tls=Tls(authority.cert_pem.bytes()), retries=5) as client:
        assert client.evaluate(PatientCase()).decision_id


def test_without_the_setting_nobody_is_counted(server: Any) -> None:
    """Behind a proxy all connections come from one address: by default there is no limit."""
    with held(server.address, "127.0.0.2", 3 * MOST) as raws:
        assert [alive(raw) for raw in raws] == [True] * 3 * MOST


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
    ],
)
def test_what_counts_as_one_address(host: str, counted: str) -> None:
    """Of IPv6 the network that one customer gets; an IPv4 address however it is written."""
    assert counted_as(host) == counted


def test_open_files_that_are_no_connections_are_left_alone() -> None:
    """Files, pipes, listening sockets and connections to other places are never shut down."""
    with (
        socket.create_server(("127.0.0.1", 0)) as ours,
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_connection(other.getsockname()) as outgoing,
        other.accept()[0] as incoming,
    ):
        pairs = [socket.socketpair() for _ in range(3)]
        callers = [socket.create_connection(ours.getsockname()) for _ in range(3)]
        taken = [ours.accept()[0] for _ in range(3)]
        limit = PeerLimit({ours.getsockname()[1]}, 1, make_log("error"))
        assert limit.look() == {"127.0.0.1": 2}
        assert limit.look() == {}
        assert [each.recv(1) for each in callers[1:]] == [b"", b""]
        taken[0].sendall(b"x")
        incoming.sendall(b"y")
        pairs[0][0].sendall(b"z")
        assert (callers[0].recv(1), outgoing.recv(1), pairs[0][1].recv(1)) == (b"x", b"y", b"z")
        for each in (*callers, *taken, *(end for pair in pairs for end in pair)):
            each.close()


def test_a_system_that_hides_open_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that cannot be kept is not one that is silently not there."""
    monkeypatch.setattr(peer_limit, "_OPEN_FILES", os.devnull)
    with pytest.raises(SettingsError, match="`max_connections_per_address` needs"):
        PeerLimit({1}, 1, make_log("error"))
