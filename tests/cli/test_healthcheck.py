"""The probe: 0 where a server serves, 4 where it does not, and it starts without the engine."""

from __future__ import annotations

import time

import pytest

from rashpath.cli.healthcheck import where_to_ask


def test_a_server_that_serves_is_told_by_0_and_silence(alone, server):
    """A probe needs the exit code alone; nothing fills a log every few seconds."""
    done = alone("healthcheck", "--address", server)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_probe_asks_the_server_of_its_own_environment(alone, server):
    """Inside a container it needs no option; the port for health alone goes first."""
    assert alone("healthcheck", RASHPATH_ADDRESS=server).returncode == 0
    both = {"RASHPATH_HEALTH_ADDRESS": "127.0.0.1:1", "RASHPATH_ADDRESS": server}
    assert alone("healthcheck", **both).returncode == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--address", "127.0.0.1:1"], "no server serves at `127.0.0.1:1`"),
        (["--service", "no.such.Service"], "no server serves `no.such.Service` at"),
    ],
    ids=["no server", "no such service"],
)
def test_what_does_not_serve_is_told_by_4(alone, server, arguments, words):
    """Nobody there, or a service that the server does not know: the probe fails and says why."""
    done = alone("healthcheck", *arguments, RASHPATH_ADDRESS=server)
    assert done.returncode == 4
    assert done.stdout == ""
    assert words in done.stderr


def test_one_service_can_be_asked_for(alone, server):
    """A service by its full name is told apart from the server as a whole."""
    done = alone("healthcheck", "--service", "rashpath.v1.DecisionService", "--address", server)
    assert done.returncode == 0


def test_the_probe_waits_as_long_as_it_is_told(alone):
    """A script that has started a server can wait for it, and gives up in the end."""
    started = time.monotonic()
    done = alone("healthcheck", "--address", "127.0.0.1:1", "--wait", "1.5")
    assert done.returncode == 4
    assert time.monotonic() - started >= 1.5


@pytest.mark.parametrize(
    "arguments",
    [["--timeout", "0"], ["--wait", "-1"], ["--server-name", "x"], ["--ca-file", "nowhere.pem"]],
    ids=" ".join,
)
def test_a_probe_that_is_told_nonsense_ends_with_2(alone, arguments):
    """A probe that is written wrongly must not look like a server that is down."""
    done = alone("healthcheck", *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr or arguments[1] in done.stderr


def test_the_probe_loads_no_engine(alone, server):
    """It runs every few seconds on every machine: networkx and CEL stay out of it."""
    done = alone("healthcheck", "--address", server, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "grpc" in imported
    assert {"networkx", "cel_expr_python", "sqlalchemy", "rashpath.guideline"} & imported == set()


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, "localhost:50051"),
        ({"RASHPATH_ADDRESS": "0.0.0.0:7"}, "127.0.0.1:7"),
        ({"RASHPATH_ADDRESS": "[::]:7", "RASHPATH_HEALTH_ADDRESS": ""}, "[::1]:7"),
        ({"RASHPATH_ADDRESS": "a.example:7", "RASHPATH_HEALTH_ADDRESS": "[::]:8"}, "[::1]:8"),
    ],
)
def test_where_all_interfaces_are_listened_on_this_machine_is_asked(
    monkeypatch, environment, asked
):
    """`0.0.0.0` is where to listen, not whom to ask."""
    for name in ("RASHPATH_ADDRESS", "RASHPATH_HEALTH_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert asked == where_to_ask(None)
    assert where_to_ask("b.example:9") == "b.example:9"
