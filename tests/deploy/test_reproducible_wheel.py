"""The wheel is the same, byte for byte, wherever, whenever and by whomever it is built."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

SOURCES = ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "graph", "server", "clients")


def copy(root: Path, folder: Path) -> Path:
    """Copies what a wheel is built from."""
    folder.mkdir(parents=True)
    for name in SOURCES:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


def test_two_builds_give_the_same_bytes(root, build_wheel, tmp_path) -> None:
    """Another folder, other times and modes of the files, another language and time zone, traces
    of an earlier run: nothing of it gets into the wheel."""
    dated = dict(os.environ) | {"SOURCE_DATE_EPOCH": "1700000000"}
    one = build_wheel(copy(root, tmp_path / "one"), tmp_path / "first", **dated)

    other = copy(root, tmp_path / "elsewhere" / "a longer path")
    traces = other / "graph" / "rashpath" / "facts" / "__pycache__"
    traces.mkdir()
    (traces / "show.cpython-311.pyc").write_bytes(b"left over")
    for path in sorted(other.rglob("*")):
        os.utime(path, (1_234_567_890, 1_234_567_890))
        path.chmod(0o700 if path.is_dir() else 0o600)
    foreign = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    two = build_wheel(other, tmp_path / "second", **(dated | foreign))

    assert one.name == two.name
    digests = [hashlib.sha256(each.read_bytes()).hexdigest() for each in (one, two)]
    assert digests[0] == digests[1]
