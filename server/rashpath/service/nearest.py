"""The name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_COMPARED = 64


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Returns the known name that is most like the given one, or None if none is.

    Example:
        >>> nearest("wrokers", ["address", "workers"])
        'workers'
    """
    found = difflib.get_close_matches(name[:_LONGEST_COMPARED], list(known), n=1)
    return found[0] if found else None
