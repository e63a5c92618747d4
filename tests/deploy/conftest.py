"""What the tests of deployment share: where the files lie, and environments to install into."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def deploy(root: Path) -> Path:
    """The folder of what a server is run with."""
    return root / "server" / "deploy"


@pytest.fixture(scope="session")
def build_wheel() -> Callable[[Path, Path], Path]:
    """Builds the wheel of some sources into a folder, without network; returns the file."""

    def build(sources: Path, folder: Path, **variables: str) -> Path:
        offline = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
        command = [sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", str(folder)]
        subprocess.run([*command, str(sources)], check=True, env=variables or None, timeout=120)
        (wheel,) = folder.glob("rashpath-*.whl")
        return wheel

    return build
