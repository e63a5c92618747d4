"""Checks that the demo cannot end well by accident, with programs that stand in for `rashpath`.

That it does end well with the real program is shown by `.ci/run`, which calls `make demo`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = """#!/bin/sh
folder=$(dirname "$0")
case "$1" in
serve)
    echo $$ >"$folder/pid"
    {serve}
    trap '{stop}' TERM
    while [ "$2" != --ready-file ]; do shift; done
    echo 127.0.0.1:1 >"$3"
    while :; do sleep 0.05; done ;;
*)
    echo "asked $1 of $RASHPATH_ADDRESS"
    {ask} ;;
esac
"""


@pytest.fixture
def demo(root: Path, tmp_path: Path):
    """Runs the demo with a program that serves, asks and stops as told."""

    def run(serve=":", ask="exit 0", stop="exit 0"):
        program = tmp_path / "rashpath"
        program.write_text(PROGRAM.format(serve=serve, ask=ask, stop=stop))
        program.chmod(0o755)
        return subprocess.run(
            ["sh", str(root / "docs/example/demo.sh")],
            env=os.environ
            | {
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "TMPDIR": str(tmp_path),
                "RASHPATH_ADDRESS": "elsewhere:1",
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def is_running(pid: int) -> bool:
    """Tells whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_demo_asks_the_server_that_it_started(demo):
    """The demo decides and explains by its own server, whatever address the reader has set."""
    done = demo()
    assert done.returncode == 0, done.stderr
    assert "asked evaluate of 127.0.0.1:1" in done.stdout
    assert "asked explain of 127.0.0.1:1" in done.stdout
    assert "elsewhere" not in done.stdout


@pytest.mark.parametrize(
    "fault",
    [
        {"serve": "echo no port >&2; exit 2"},
        {"ask": "exit 4"},
        {"stop": "exit 1"},
    ],
    ids=["server does not start", "question fails", "server does not stop well"],
)
def test_demo_fails_where_a_part_of_it_fails(demo, fault):
    """A server that does not start, answer or stop as it should makes the demo fail."""
    done = demo(**fault)
    assert done.returncode != 0
    assert "the demo failed; the server's log:" in done.stderr


def test_demo_shows_why_the_server_did_not_start(demo):
    """What the server said before it ended is shown."""
    assert "no port" in demo(serve="echo no port >&2; exit 2").stderr


@pytest.mark.parametrize("ask", ["exit 0", "exit 4"], ids=["success", "failure"])
def test_demo_leaves_nothing_behind(demo, tmp_path, ask):
    """After the demo there is no server and no temporary folder, failed or not."""
    demo(ask=ask)
    assert not is_running(int((tmp_path / "pid").read_text()))
    assert {"rashpath", "pid"} == {path.name for path in tmp_path.iterdir()}
