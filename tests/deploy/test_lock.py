"""The lock: every runtime dependency in the version that is tested here, with its hashes."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)


def read(path: Path) -> dict[str, tuple[str, int]]:
    """Returns version and number of hashes by name; every line must be understood."""
    text = path.read_text()
    rest = ENTRY.sub("", text)
    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []
    return {
        canonicalize_name(each["name"]): (each["version"], each["hashes"].count("sha256:"))
        for each in ENTRY.finditer(text)
    }


def constraints(root: Path) -> dict[str, str]:
    """Returns the versions that are tested together, by name."""
    lines = (root / ".ci" / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if "==" in line]
    return {canonicalize_name(name): version for name, version in pairs}


def needed(names: list[str]) -> set[str]:
    """Returns the names of all distributions that some need on this machine, extras apart."""
    found: set[str] = set()
    open_ones = [(name, "") for name in names]
    seen = set(open_ones)
    while open_ones:
        name, extra = open_ones.pop()
        for text in requires(name) or []:
            each = Requirement(text)
            if each.marker is not None and not each.marker.evaluate({"extra": extra}):
                continue
            found.add(canonicalize_name(each.name))
            # What is asked for with an extra needs what that extra adds, too.
            wanted = {(canonicalize_name(each.name), other) for other in ("", *each.extras)}
            open_ones += sorted(wanted - seen)
            seen |= wanted
    return found


@pytest.fixture(scope="module")
def runtime(deploy: Path) -> dict[str, tuple[str, int]]:
    """The lock of a server."""
    return read(deploy / "lock" / "runtime.txt")


def test_all_that_a_server_needs_is_locked(runtime) -> None:
    """Whoever adds a dependency locks it too (`make lock`): else a container cannot be built."""
    missing = needed(["rashpath"]) - set(runtime)
    assert missing == set(), "run `make lock`"


def test_nothing_of_the_development_is_locked(runtime) -> None:
    """A server has no test tool, no compiler of protobuf and no solver in it."""
    assert {"pytest", "hypothesis", "grpcio-tools", "z3-solver", "ruff", "pip"} & set(
        runtime
    ) == set()


@pytest.mark.parametrize("lock", ["runtime.txt", "build.txt"])
def test_the_locked_versions_are_the_tested_ones(root: Path, deploy: Path, lock: str) -> None:
    """A server runs with the versions that the tests ran with, and every one has hashes."""
    tested = constraints(root)
    locked = read(deploy / "lock" / lock)
    assert len(locked) >= 5
    differing = {
        name: (version, tested[name])
        for name, (version, _) in locked.items()
        if name in tested and tested[name] != version
    }
    assert differing == {}, "run `make lock`"
    assert set(locked) - set(tested) <= {"colorama", "tzdata"}  # needed on Windows alone


def test_the_lock_serves_several_platforms(runtime) -> None:
    """What is compiled has hashes of the wheels of many systems, not of this machine's alone."""
    for name in ("grpcio", "protobuf", "cryptography", "uvloop", "psycopg-binary", "pydantic-core"):
        assert runtime[name][1] >= 5, name


def test_an_entry_without_hash_is_seen(tmp_path: Path) -> None:
    """The reading above can fail: it takes no entry that lacks its hashes."""
    (tmp_path / "lock").write_text("grpcio==1.85.1\n")
    with pytest.raises(AssertionError):
        read(tmp_path / "lock")
