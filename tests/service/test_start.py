"""Starting: where the server is found, and what it says when it cannot start."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from rashpath.client import Client
from rashpath.v1.facts_pb2 import PatientCase

OPEN = {"RASHPATH_INSECURE_I_UNDERSTAND": "true"}

Environment = Callable[..., dict[str, str]]


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a server that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "rashpath.service"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_server_says_where_it_listens(server: Any) -> None:
    """One line of the log and the ready file name the port that was found."""
    serving = [each for each in server.lines() if each["event"].startswith("rashpath serving on")]
    assert len(serving) == 1
    assert serving[0]["address"] == server.address
    assert serving[0]["pid"] == server.process.pid
    assert not server.address.endswith(":0")
    assert serving[0]["guidelines"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_server_on_the_port_fails_clearly(
    server: Any, environment: Environment, workers: str
) -> None:
    """Two servers never share a port by accident: requests would go to either."""
    done = start(environment(RASHPATH_ADDRESS=server.address, RASHPATH_WORKERS=workers))
    assert done.returncode == 2
    assert f"cannot listen on `{server.address}`: address already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"RASHPATH_WROKERS": "2"}, "did you mean `RASHPATH_WORKERS`?"),
        ({"RASHPATH_ADDRESS": "no-such-host.invalid:0"} | OPEN, "is not known"),
        ({"RASHPATH_ADDRESS": "192.0.2.1:0"} | OPEN, "cannot listen on `192.0.2.1:0`"),
        ({"RASHPATH_ADDRESS": "0.0.0.0:0"}, "`tls_certificate_file`"),
        ({"RASHPATH_ADDRESS": "[::]:0", "RASHPATH_WORKERS": "2"}, "`tls_client_ca_file`"),
        ({"RASHPATH_ADDRESS": "127.0.0.1:0", "RASHPATH_DEFAULT_GUIDELINE": "x"}, "not one of `"),
        ({"RASHPATH_ADDRESS": "127.0.0.1:0", "RASHPATH_READY_FILE": "/no/such/f"}, "no such file"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    environment: Environment, variables: dict[str, str], expected: str
) -> None:
    """Faulty settings end the start with code 2 and one line for each, without a traceback."""
    done = start(environment(**variables))
    assert done.returncode == 2
    assert expected in done.stderr.lower() or expected in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_folder_of_guidelines_is_refused(environment: Environment, tmp_path: Path) -> None:
    """A server that could decide nothing does not start."""
    done = start(environment(RASHPATH_ADDRESS="127.0.0.1:0", RASHPATH_GUIDELINE_DIR=str(tmp_path)))
    assert done.returncode == 2
    assert f"no guideline in `{tmp_path}`" in done.stderr


def test_the_ready_file_goes_when_the_server_stops(start_server: Callable[..., Any]) -> None:
    """A stale file would send callers to a port that another program may have."""
    server = start_server()
    ready = server.log.with_name("address")
    assert ready.read_text() == f"{server.address}\n"
    assert server.stop() == 0
    assert not ready.exists()


def test_a_server_opened_in_words_says_so(start_server: Callable[..., Any]) -> None:
    """Who tells a server to serve other machines in the open finds that in its log, and no
    reflection unless it was asked for."""
    server = start_server(address="0.0.0.0:0", insecure_i_understand=True)
    warnings = [each["event"] for each in server.lines() if each["level"] == "warning"]
    assert sum("in the open" in each for each in warnings) == 2
    address = server.address.replace("0.0.0.0", "127.0.0.1")
    method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as refusal:
        next(channel.stream_stream(method)(iter([b""]), timeout=5))
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert server.stop() == 0


def test_a_server_that_cannot_run_the_kernel_says_so_once_and_decides(
    environment: Environment, tmp_path: Path
) -> None:
    """As on a machine that Wasmtime does not know: slower, and told in one line of the log."""
    package = tmp_path / "path" / "wasmtime"
    package.mkdir(parents=True)
    text = "unsupported architecture for wasmtime: abacus"
    (package / "__init__.py").write_text(f"raise RuntimeError({text!r})\n")
    ready, log = tmp_path / "ready", tmp_path / "log"
    variables = environment(RASHPATH_ADDRESS="127.0.0.1:0", RASHPATH_READY_FILE=str(ready))
    variables |= {
        "PYTHONPATH": str(package.parent),
        "RASHPATH_AUDIT_URL": f"sqlite:///{tmp_path}/a.db",
    }
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "rashpath.service"], env=variables, stdout=stream, stderr=stream
        )
    try:
        until = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < until:
            time.sleep(0.05)
        with Client(ready.read_text().strip(), timeout_s=20) as client:
            answers = [client.evaluate(PatientCase()) for _ in range(3)]
    finally:
        server.terminate()
        code = server.wait(20)
    assert code == 0
    assert all(answer.questions for answer in answers)
    lines = [line for line in log.read_text().splitlines() if "wasmtime" in line]
    assert len(lines) == 1
    assert f"cannot be loaded: {text}" in lines[0]
    assert "is walked plainly, which is slower" in lines[0]
