"""A private copy of a folder of guidelines: the bytes that were checked are those that serve.

While a reload is under way somebody may go on writing to the folder, and after a refused one it
holds what must not serve; a worker that is replaced then starts from the copy all the same.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Iterator
from pathlib import Path

_CONTENT = "rashpath.content"


def home(folder: Path | None) -> Path:
    """Returns the folder that is meant; None: that of the guidelines that come with rashpath."""
    if folder is not None:
        return folder
    # A namespace package of several places would have no one folder: rashpath's has one.
    content = importlib.resources.files(_CONTENT)
    (place,) = {entry.parent for entry in map(_path, content.iterdir())}
    return place


def content_digest(folder: Path | None) -> str:
    """Returns the SHA-256 of all guidelines of a folder, and of what lies beside them, in hex.

    Raises:
        OSError: a file cannot be read.
    """
    return _digest(_contents(home(folder)))


def copy_guidelines(folder: Path | None, to: Path) -> str:
    """Copies the guidelines of a folder, and what lies beside them, to an empty folder.

    Returns:
        The digest of what was copied, as :func:`content_digest` returns it.

    Raises:
        OSError: a file cannot be read or written.
    """
    contents = dict(_contents(home(folder)))
    for name, data in contents.items():
        path = to / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return _digest(iter(contents.items()))


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    paths = sorted((*folder.glob("*/*.yaml"), *folder.glob("*/*.release.json")))
    for path in paths:
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def _digest(contents: Iterator[tuple[str, bytes]]) -> str:
    whole = hashlib.sha256()
    for name, data in contents:
        for part in (name.encode(), data):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def _path(entry: object) -> Path:
    # A guideline is a file on disk: rashpath is never installed as a zip.
    return Path(str(entry))
