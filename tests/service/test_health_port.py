"""The port for health alone: what probes ask that can speak neither TLS nor show a token."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from rashpath.client import Client, ClientError
from rashpath.service.settings import SettingsError, load_settings
from rashpath.v1.facts_pb2 import PatientCase


def free_address() -> str:
    """Returns an address of the loopback that is free just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


def health_address(server: Any) -> str:
    """Returns where a server says that it answers health alone."""
    (found,) = [each["address"] for each in server.lines() if each["event"] == "health alone"]
    assert isinstance(found, str)
    return found


def test_it_answers_health_and_nothing_else_beside_tls(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """A server that takes only clients with a certificate still answers a plain probe; the plain
    port decides nothing and tells nobody which services there are."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    for name, blob in (
        ("certificate", issued.cert_chain_pems[0]),
        ("key", issued.private_key_pem),
        ("client_ca", ca.cert_pem),
    ):
        (tmp_path / name).write_bytes(blob.bytes())
    server = start_server(
        tls_certificate_file=tmp_path / "certificate",
        tls_key_file=tmp_path / "key",
        tls_client_ca_file=tmp_path / "client_ca",
        health_address="127.0.0.1:0",
    )
    address = health_address(server)
    with Client(address, retries=0) as probe:
        assert probe.healthy()
        assert probe.healthy("rashpath.v1.DecisionService")
        with pytest.raises(ClientError) as refused:
            probe.evaluate(PatientCase())
        assert refused.value.code == "UNIMPLEMENTED"
        with pytest.raises(ClientError) as refused:
            list(probe.decisions())
        assert refused.value.code == "UNIMPLEMENTED"
    with grpc.insecure_channel(address) as channel:
        reflect = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        )
        call = reflect(iter([b""]))
        assert call.code() is grpc.StatusCode.UNIMPLEMENTED
    assert server.stop() == 0


def test_it_turns_with_the_drain_and_closes_with_the_server(
    start_server: Callable[..., Any],
) -> None:
    """A load balancer that asks the plain port sees the lame duck as soon as one that asks the
    other, and a stopped server leaves neither open."""
    server = start_server(health_address="127.0.0.1:0", lame_duck_s=1.5)
    with Client(health_address(server), retries=0) as probe:
        assert probe.healthy()
        server.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 1
        while probe.healthy():
            assert time.monotonic() < end
        with server.client() as client:
            client.evaluate(PatientCase())
        assert server.process.wait(10) == 0
        assert not probe.healthy()


def test_workers_share_it(start_server: Callable[..., Any]) -> None:
    """With several workers the port is one, as that for calls is."""
    address = free_address()
    server = start_server(workers=2, health_address=address)
    for _ in range(6):  # each connection may reach another worker
        with Client(address, retries=0) as probe:
            assert probe.healthy()
    assert server.stop() == 0


def test_workers_need_a_fixed_port() -> None:
    """With port 0 each worker would answer on a port of its own that nobody knows."""
    with pytest.raises(SettingsError) as failure:
        load_settings({"workers": 2, "health_address": "127.0.0.1:0"}, {})
    assert failure.value.problems == (
        "`health_address` needs a port that is not 0 where there are workers",
    )


def test_a_port_in_use_stops_the_start(
    environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """A server whose probes could not reach it does not start, and says which address it is."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "rashpath.service"],
            env=environment(
                RASHPATH_ADDRESS="127.0.0.1:0",
                RASHPATH_HEALTH_ADDRESS=address,
                RASHPATH_AUDIT_URL=f"sqlite:///{tmp_path}/audit.db",
            ),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 2
    assert f"error: cannot listen on `{address}`" in done.stderr
