"""The inputs that fuzzing starts from: few, small, and kept as text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent / "corpus"


@cache
def corpus() -> Mapping[str, tuple[bytes, ...]]:
    """Returns the kept inputs by kind: the folder's `*.hex`, and its documents as they stand.

    A line of `KIND.hex` is one input in hexadecimal digits; what follows `#` says what it is. Each
    file in a folder `KIND/` is one input.
    """
    found: dict[str, tuple[bytes, ...]] = {}
    for path in sorted(HERE.glob("*.hex")):
        lines = [line.partition("#")[0] for line in path.read_text("ascii").splitlines()]
        found[path.stem] = tuple(bytes.fromhex(line) for line in lines if line.strip())
    for folder in sorted(path for path in HERE.iterdir() if path.is_dir()):
        texts = tuple(path.read_bytes() for path in sorted(folder.iterdir()))
        found[folder.name] = texts
    return found
