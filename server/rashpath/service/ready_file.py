"""The file that tells others where a server listens."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write(path: Path, address: str) -> None:
    """Writes the address and a line end; a reader sees all of it or no file.

    Raises:
        OSError: the folder is not there or cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(f"{address}\n", encoding="utf-8")
    draft.replace(path)


def remove(path: Path) -> None:
    """Removes the file, if it is there."""
    with contextlib.suppress(OSError):
        path.unlink()
