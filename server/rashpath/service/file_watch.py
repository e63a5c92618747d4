"""Notices that files were replaced or rewritten, by looking at them now and then.

Orchestrators replace mounted secrets by swapping a link, which file events miss; a look does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_State = tuple[int, int, int, int] | None


class FileWatch:
    """Files that are looked at.

    Args:
        paths: the files, as they are when the watch begins.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._seen: dict[Path, _State] = {path: _state(path) for path in paths}

    def add(self, path: Path) -> None:
        """Watches one more file, as it is now."""
        self._seen[path] = _state(path)

    def changed(self) -> set[Path]:
        """Returns the files that changed since the last look; one that is gone is no change."""
        changed = set()
        for path, seen in self._seen.items():
            now = _state(path)
            if now is not None and now != seen:
                self._seen[path] = now
                changed.add(path)
        return changed


def _state(path: Path) -> _State:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
