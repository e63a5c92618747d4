"""A real server confined as container, pod and systemd unit confine it.

Linux alone, and as root, since it takes a mount namespace: elsewhere it is skipped.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rashpath.client import Client
from rashpath.v1.facts_pb2 import PatientCase
from rashpath.v1.guideline_service_pb2 import RenderDiagramRequest

JAIL = Path(__file__).with_name("jail.sh")
MINE = 65532
MDWE = "import ctypes, os, sys; failed = ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); " + (
    "sys.exit(99) if failed else os.execv(sys.argv[1], sys.argv[1:])"
)
"""A program that has the kernel refuse memory both written and executed, from then on for all that
it starts, as MemoryDenyWriteExecute of systemd does (Linux 6.3 and newer)."""


def can_confine() -> bool:
    """Tells whether this machine lets us make a mount namespace and become another user."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None:
        return False
    command = ["unshare", "--mount", "mount", "--make-rprivate", "/"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_confine(), reason="needs Linux, root and mount namespaces")


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that the confined server owns, below one that all may enter."""
    outer = Path(tempfile.mkdtemp(prefix="rashpath-jail-"))
    outer.chmod(0o755)
    folder = outer / "state"
    folder.mkdir(mode=0o700)
    os.chown(folder, MINE, MINE)
    yield folder
    shutil.rmtree(outer)


def confined(state: Path, *program: str) -> list[str]:
    """Returns the command that runs a program in the jail."""
    prefix = str(Path(sys.base_prefix).resolve())
    return ["unshare", "--mount", "sh", str(JAIL), str(state), prefix, *program]


def environment(state: Path) -> dict[str, str]:
    """Returns what the image sets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RASHPATH_")}
    paths = {name: str(state) for name in ("HOME", "STATE_DIRECTORY", "TMPDIR")}
    return kept | paths | {"PYTHONDONTWRITEBYTECODE": "1", "RASHPATH_ADDRESS": "127.0.0.1:0"}


def test_the_jail_is_one(state: Path) -> None:
    """Inside, nothing but the one folder can be written, and the user is not root."""
    script = 'id -u; touch "$0/mine" && echo yes; touch /tmp/x /var/x "$HOME/../x" || echo no'
    done = subprocess.run(
        confined(state, "sh", "-c", script, str(state)),
        env=environment(state),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(MINE), "yes", "no"], done.stderr
    assert done.stderr.count("Read-only file system") == 3


def test_a_server_needs_no_more_than_its_state(state: Path) -> None:
    """As a user without rights, on a read-only root, it starts, is found healthy by its own probe,
    decides and records, draws, and drains on SIGTERM; its files are for itself alone."""
    ready = state / "ready"
    program = [sys.executable, "-m", "rashpath.service"]
    may_make_executable = True
    if ctypes.CDLL(None).prctl(66, 0, 0, 0, 0) >= 0:  # the kernel knows of it
        program = [sys.executable, "-c", MDWE, *program]
        may_make_executable = False
    log = state.with_name("log")
    with log.open("wb") as stream:
        server = subprocess.Popen(
            confined(state, *program),
            env=environment(state) | {"RASHPATH_READY_FILE": str(ready)},
            stdout=stream,
            stderr=stream,
        )
    try:
        waiting = [str(Path(sys.executable).with_name("rashpath")), "healthcheck", "--wait", "30"]
        script = 'until test -e "$0"; do sleep 0.1; done; exec "$@" --address "$(cat "$0")"'
        probe = subprocess.run(
            confined(state, "timeout", "30", "sh", "-c", script, str(ready), *waiting),
            env=environment(state),
            capture_output=True,
            text=True,
            check=False,
        )
        assert probe.returncode == 0, probe.stderr + log.read_text()
        with Client(ready.read_text().strip(), timeout_s=20) as client:
            decided = client.evaluate(PatientCase())
            assert client.render_diagram(RenderDiagramRequest()).ByteSize() > 1000
            assert [each.record.id for each in client.decisions()] == [decided.decision_id]
        assert os.stat(state / "audit.db").st_uid == MINE
        assert os.stat(state / "audit.db.signing-key.json").st_mode & 0o077 == 0
    finally:
        server.terminate()
        code = server.wait(20)
    assert code == 0, log.read_text()
    # The kernel that decides is interpreted there, and nothing falls back to the plain walk.
    assert ("the kernel is interpreted" in log.read_text()) is not may_make_executable
    assert "walked plainly" not in log.read_text()
