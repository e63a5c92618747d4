"""What a client refuses to do, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rashpath.client import Client, Tls
from rashpath.client.tls import is_loopback


@pytest.mark.parametrize(
    "address",
    [
        "server.example:50051",
        "10.0.0.1:50051",
        "[2001:db8::1]:50051",
        "dns:///server.example:50051",
        "localhost.example:50051",
        "127.0.0.1.example:50051",
    ],
)
def test_a_token_does_not_travel_unencrypted(address: str) -> None:
    """Whoever listens on the way must not be able to act as the caller."""
    with pytest.raises(ValueError, match="unencrypted"):
        Client(address, token="t0ken")
    Client(address).close()
    Client(address, token="t0ken", tls=Tls()).close()


@pytest.mark.parametrize(
    "address",
    [
        "localhost:50051",
        "127.0.0.1:50051",
        "127.8.8.8:1",
        "[::1]:50051",
        "dns:///localhost:50051",
        "ipv4:127.0.0.1:50051",
        "ipv6:[::1]:50051",
        "unix:/run/rashpath.sock",
    ],
)
def test_on_one_machine_a_token_may_be_sent_in_the_clear(address: str) -> None:
    """Nothing leaves the machine."""
    assert is_loopback(address)
    Client(address, token="t0ken").close()


def test_senseless_numbers_are_refused() -> None:
    """No time, or fewer than no retries, is a mistake of the caller."""
    for timeout_s in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="timeout_s"):
            Client("localhost:1", timeout_s=timeout_s)
    with pytest.raises(ValueError, match="retries"):
        Client("localhost:1", retries=-1)


def test_a_client_certificate_needs_its_key() -> None:
    """Half an identity is none; and a key is never printed."""
    with pytest.raises(ValueError, match="together"):
        Tls(certificate=b"x")
    assert "secret" not in repr(Tls(certificate=b"x", key=b"secret"))


def test_no_server_is_no_health() -> None:
    """Asking for the health of what is not there is no error."""
    with Client("127.0.0.1:1", retries=0, timeout_s=2) as client:
        assert client.healthy() is False


def test_the_client_imports_nothing_of_engine_or_server() -> None:
    """A program that only asks a server pays neither for networkx nor for CEL."""
    code = "import sys, rashpath.client; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(done.stdout.split())
    foreign = {"networkx", "cel_expr_python", "pydantic", "structlog", "uvloop", "yaml"}
    ours = {"rashpath.facts", "rashpath.guideline", "rashpath.readings", "rashpath.service"}
    assert not loaded & (foreign | ours)
