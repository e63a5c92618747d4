"""Folders of guidelines that servers under test serve and reload."""

from __future__ import annotations

import importlib.resources
import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rashpath.guideline import load
from rashpath.guideline.release import release_path
from rashpath.readings.self_test import write_self_test

SHIPPED = "valacyclovir_spreading_rash"
SMALL = "small"
"""The toy guideline of the loader's tests: it loads in milliseconds, the other in a second."""

_SMALL_FILE = Path(__file__).resolve().parents[2] / "guideline" / "small.yaml"
_VERSION = re.compile(r"(?m)^version: .*$")


def shipped(name: str) -> bytes:
    """Returns a file of the shipped guideline."""
    content = importlib.resources.files("rashpath.content")
    return content.joinpath(f"{SHIPPED}/{name}").read_bytes()


def text_of(version: str, guideline: str = SMALL) -> str:
    """Returns a guideline under another version."""
    text = _SMALL_FILE.read_bytes() if guideline == SMALL else shipped("1.0.0.yaml")
    changed, count = _VERSION.subn(f"version: {version}", text.decode())
    assert count == 1
    return changed


def put(folder: Path, version: str, text: str | None = None, guideline: str = SMALL) -> Path:
    """Puts a version into a folder, in one step."""
    path = folder / guideline / f"{version}.yaml"
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text_of(version, guideline) if text is None else text, encoding="utf-8")
    draft.replace(path)
    return path


def put_wrong_self_test(folder: Path, version: str) -> Path:
    """Puts a version beside a release file with an answer that it does not give; returns that."""
    path = put(folder, version)
    case = folder / "case.yaml"
    case.write_text("rash: {trend: SPREADING}\n")
    write_self_test(load(path), path, [case])
    release = release_path(path)
    content = json.loads(release.read_text())
    content["self_test"][0]["answer"]["urgency"] = "EMERGENCY"
    release.write_text(json.dumps(content))
    return release


def wait(holds: Callable[[], Any], seconds: float = 30) -> Any:
    """Waits until something holds; returns what it then is, or what it is in the end."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def events(server: Any, event: str) -> list[dict[str, Any]]:
    """Returns the lines of a log that tell of an event."""
    return [line for line in server.lines() if line["event"] == event]


def reload(server: Any, event: str = "guidelines reloaded") -> dict[str, Any]:
    """Sends SIGHUP and returns the line that tells how that ended."""
    before = len(events(server, event))
    server.process.send_signal(signal.SIGHUP)
    found: list[dict[str, Any]] = wait(lambda: events(server, event)[before:])
    assert found, server.log.read_text()[-3000:]
    return found[0]


REFUSED = "guidelines refused; those before go on serving"
