"""Runs the real program, and one real server for all tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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


@contextmanager
def serving(folder: Path, **settings: object) -> Iterator[str]:
    """Runs a real server on a free port of the loopback interface; yields its address.

    Args:
        folder: gets its log, and its ledger unless the settings say otherwise.
        settings: by name.
    """
    ready = folder / "ready"
    given = {
        "address": "localhost:0",
        "ready_file": ready,
        "audit_url": f"sqlite:///{folder}/audit.db",
        **settings,
    }
    variables = {f"RASHPATH_{name.upper()}": str(value) for name, value in given.items()}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(PROGRAM), "serve"],
            stdout=log,
            stderr=log,
            env=clean_environment(**variables),
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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server for all tests of the command line."""
    with serving(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[str]]:
    """Runs further servers, in a folder and with settings."""
    return serving


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
