"""Traces: what a call has to do with the caller's own trace, and how long its steps took.

This module only knows the header of W3C Trace Context, so that every line of the log can name the
caller's trace. Spans are made and exported by :mod:`rashpath.service.otel`, where asked for.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rashpath.service.settings import Settings, SettingsError

TRACEPARENT = "traceparent"
_HEADER = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")

Metadata = Iterable[tuple[str, Any]]
"""What came along with a call, by lowercase keys."""


_NOTHING = nullcontext()


class Trace:
    """One call, not traced by this server.

    Args:
        id: the trace that the caller says it belongs to, 32 hexadecimal digits; None: none.
    """

    __slots__ = ("id",)

    def __init__(self, id: str | None = None) -> None:
        self.id = id

    def step(self, name: str) -> AbstractContextManager[None]:
        """Marks a step of the call for as long as the context lasts."""
        return _NOTHING

    def end(self, code: str, told: Mapping[str, Any]) -> None:
        """Ends it.

        Args:
            code: name of the status code.
            told: what the log says of the call.
        """


UNTRACED = Trace()
"""A call of which no trace is known."""


class Tracing:
    """Makes the trace of each call.

    Attributes:
        makes_spans: whether a trace must begin with its call; else it is only read for the log.
    """

    makes_spans = False

    def begin(self, service: str, method: str, metadata: Metadata) -> Trace:
        """Begins the trace of a call.

        Args:
            service: full name of the service.
            method: name of the method.
            metadata: what came along with the call.
        """
        return Trace(trace_id_of(metadata))

    def close(self) -> None:
        """Exports what is left; takes a few seconds at most."""


def open_tracing(settings: Settings) -> Tracing:
    """Returns the tracing that the settings ask for.

    Raises:
        SettingsError: it needs an extra that is not installed.
    """
    if settings.traces == "off":
        return Tracing()
    try:
        from rashpath.service.otel import OtelTracing
    except ModuleNotFoundError as error:
        raise SettingsError([f"`traces` needs `{error.name}`; install `rashpath[otel]`"]) from None
    return OtelTracing(f"{socket.gethostname()}:{os.getpid()}")


def trace_id_of(metadata: Metadata) -> str | None:
    """Returns the trace that a caller says its call belongs to, or None.

    Example:
        >>> trace_id_of([("traceparent", f"00-{'0' * 31}1-{'0' * 15}1-01")])
        '00000000000000000000000000000001'
    """
    for key, value in metadata:
        if key == TRACEPARENT and isinstance(value, str):
            found = _HEADER.fullmatch(value)
            if found is None or not int(found[1], 16) or not int(found[2], 16):
                return None
            return found[1]
    return None
