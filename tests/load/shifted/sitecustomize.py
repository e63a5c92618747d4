"""Shifts the wall clock of a server by the seconds that stand in a file, which may change.

Python runs this at its start where this folder is on PYTHONPATH. What rashpath and PyJWT read of
the wall clock is shifted: `time.time`, `time.time_ns`, and `datetime.now` of PyJWT. grpc turns its
deadlines into seconds by the system's own clock and by `time.time`, which on a real machine jump
together; the system's cannot be shifted here, so grpc keeps the true one of both.
"""

from __future__ import annotations

import datetime
import importlib
import os
import time
import types
from typing import Any

_FILE = os.environ["SHIFTED_CLOCK_FILE"]
_LOOK_S = 0.02

_true = types.SimpleNamespace(**vars(time))
_seen = {"at": -1.0, "shift_ns": 0}


def _shift_ns() -> int:
    now = _true.monotonic()
    if now - _seen["at"] > _LOOK_S:
        try:
            with open(_FILE, encoding="ascii") as file:
                _seen["shift_ns"] = int(float(file.read()) * 1e9)
        except (OSError, ValueError):
            pass  # it is being written: the shift before holds
        _seen["at"] = now
    return int(_seen["shift_ns"])


class _Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        """Returns the shifted time of a time zone."""
        return datetime.datetime.fromtimestamp(time.time(), tz)


# grpc reads this when it is imported; the server sets it too, but only later.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
vars(importlib.import_module("grpc._cython.cygrpc"))["time"] = _true
vars(importlib.import_module("jwt.api_jwt"))["datetime"] = _Shifted
time.time = lambda: float(_true.time()) + _shift_ns() / 1e9
time.time_ns = lambda: int(_true.time_ns()) + _shift_ns()
