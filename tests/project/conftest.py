"""What the tests of the repository itself share."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def list_files(folder: Path, ignored: list[str]) -> list[Path]:
    """Returns the files below a folder that no pattern of `.gitignore` names; needs no git."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        name = f"{path.name}/" if path.is_dir() else path.name
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in ignored):
            continue
        found += list_files(path, ignored) if path.is_dir() else [path]
    return found


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def files(root: Path) -> list[Path]:
    """Every file of the repository."""
    return list_files(root, [".git", ".git/", *(root / ".gitignore").read_text().split()])


@pytest.fixture(scope="session")
def python_files(files: list[Path]) -> list[Path]:
    """Every Python file that a person wrote."""
    return [path for path in files if path.suffix == ".py" and "_pb2" not in path.name]
