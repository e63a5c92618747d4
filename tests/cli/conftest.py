"""Runs the real program, and one real server for all tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("rashpath")
DATA = Path(__file__).with_name("data")

Run = Callable[..., subprocess.CompletedProcess[str]]


def clean_environment(**more: str) -> dict[str, str]:
    """Returns this process's environment without anything of rashpath's, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RASHPATH_")}
    return kept | more


def run_program(
    *arguments: str,
    text: str | bytes = "",
    server: str = "",
    timeout: float = 30,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    """Runs `rashpath` with arguments and returns how it ended.

    Args:
        arguments: the words behind the program's name.
        text: standard input.
        server: address given as `RASHPATH_ADDRESS`; empty: none.
        timeout: seconds.
        more: variables of the environment.
    """
    if server:
        more["RASHPATH_ADDRESS"] = server
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run(
        [str(PROGRAM), *arguments],
        input=data,
        capture_output=True,
        env=clean_environment(**more),
        timeout=timeout,
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")
    errors = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in output + errors
    return subprocess.CompletedProcess(done.args, done.returncode, output, errors)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server on a free port of the loopback interface."""
    folder = tmp_path_factory.mktemp("server")
    ready = folder / "ready"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                str(PROGRAM),
                "serve",
                "--address",
                "localhost:0",
                "--ready-file",
                str(ready),
            ],
            stdout=log,
            stderr=log,
            env=clean_environment(),
        )
        try:
            deadline = time.monotonic() + 30
            while not ready.exists():
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
            yield ready.read_text().strip()
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def run(server: str) -> Run:
    """Runs the program against the server of this session."""

    def ask(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        return run_program(*arguments, server=server, **more)  # type: ignore[arg-type] # the names fit

    return ask


@pytest.fixture(scope="session")
def alone() -> Run:
    """Runs the program without a server to ask."""
    return run_program


@pytest.fixture
def data() -> Path:
    """The folder of case files of these tests."""
    return DATA


@pytest.fixture(scope="session")
def program() -> Path:
    """The console script."""
    return PROGRAM


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of this process, without anything of rashpath's."""
    return clean_environment()
