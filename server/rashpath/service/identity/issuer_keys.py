"""Where the keys of a token issuer come from: a file, or a URL that is asked now and then.

No call waits for a URL. A thread asks; calls see the newest set that came, or none.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

from rashpath.service.address import is_loopback
from rashpath.service.identity.key_set import LARGEST, KeySet, KeySetError, read_key_set
from rashpath.service.log import Log
from rashpath.service.settings import SettingsError

_LONGEST_FETCH_S = 10.0
_CHUNK = 16 << 10
_LEAST_PAUSE_S = 10.0
"""Seconds between two questions at the least, whatever tokens come in."""

_FIRST_RETRY_S = 1.0


class IssuerKeys(Protocol):
    """The keys of an issuer, as they are known now."""

    def current(self) -> KeySet | None:
        """Returns the keys; None: none are known, which says nothing about any token."""
        ...

    def renew(self) -> bool:
        """Asks for newer keys; False if there cannot be any."""
        ...


class KeyFile:
    """Keys in a file, read at the start and whenever the server is told that it changed.

    Raises:
        SettingsError: it holds no keys.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = self._read()

    def current(self) -> KeySet | None:
        """Returns the keys."""
        return self._keys

    def renew(self) -> bool:
        """Returns False: the file is watched."""
        return False

    def reload(self) -> None:
        """Reads the file again; where it is faulty, the keys stay as they were.

        Raises:
            SettingsError: it holds no keys.
        """
        self._keys = self._read()

    def _read(self) -> KeySet:
        try:
            return read_key_set(self._path.read_bytes())
        except (OSError, KeySetError) as error:
            text = str(error) if isinstance(error, KeySetError) else "cannot be read"
            raise SettingsError([f"the key set `{self._path}` {text}"]) from None


class KeyUrl:
    """Keys behind a URL, asked for in a thread.

    Args:
        url: https, or http to this machine.
        refresh_s: seconds between two questions.
        max_age_s: seconds for which keys are used after the last answer.
        log: told where no keys come.
        clock_s: a monotonic clock in seconds.
        changed: called in the thread when other keys have come.
    """

    def __init__(
        self,
        url: str,
        refresh_s: float,
        max_age_s: float,
        log: Log,
        *,
        clock_s: Callable[[], float] = time.monotonic,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._refresh_s = refresh_s
        self._max_age_s = max_age_s
        self._log = log
        self._clock_s = clock_s
        self._changed = changed
        self._state: tuple[KeySet, float] | None = None
        self._data = b""
        self._asked_s = float("-inf")
        self._asking = False
        self._wanted = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="issuer-keys", daemon=True)
        self._thread.start()

    def current(self) -> KeySet | None:
        """Returns the newest keys that came; None if none came, or not for too long."""
        state = self._state
        if state is None or self._clock_s() - state[1] > self._max_age_s:
            return None
        return state[0]

    def renew(self) -> bool:
        """Asks for newer keys, unless that was done a moment ago."""
        if self._asking:
            return True
        if self._clock_s() - self._asked_s < _LEAST_PAUSE_S:
            return False
        self._wanted.set()
        return True

    def close(self) -> None:
        """Ends the thread; does not wait for an answer that is under way."""
        self._closed = True
        self._wanted.set()

    def _run(self) -> None:
        failures = 0
        while not self._closed:
            self._wanted.clear()
            self._asking = True
            self._asked_s = self._clock_s()
            try:
                failures = 0 if self._ask() else failures + 1
            finally:
                self._asking = False
            pause = self._refresh_s
            if failures:
                pause = min(pause, _FIRST_RETRY_S * 2 ** min(failures - 1, 6))
            self._wanted.wait(pause)

    def _ask(self) -> bool:
        try:
            data = _fetch(self._url)
            keys = read_key_set(data)
        except Exception as error:  # a thread that ends would leave the server without new keys
            text = str(error) if isinstance(error, (KeySetError, _FetchError)) else "no answer"
            self._log.error("the keys of the token issuer cannot be had", problem=text)
            return False
        other = data != self._data
        self._data = data
        self._state = (keys, self._clock_s())
        if other:
            self._log.info("keys of the token issuer have come", keys=len(keys.keys))
            self._changed()
        return True


class _FetchError(Exception):
    """A URL that gives no keys, and why, without its text."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _fetch(url: str) -> bytes:
    """Returns what lies behind a URL, within limits of time and size; follows no redirect."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_this_machine(url):
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    end = time.monotonic() + _LONGEST_FETCH_S
    try:
        with opener.open(url, timeout=_LONGEST_FETCH_S) as answer:
            return _read_within(answer, end)
    except urllib.error.HTTPError as error:
        raise _FetchError(f"status {error.code}") from None


def _read_within(answer: IO[bytes], end_s: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := answer.read1(_CHUNK):  # type: ignore[attr-defined] # an HTTPResponse has it
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise _FetchError(f"more than {LARGEST} bytes")
        if time.monotonic() > end_s:
            raise _FetchError(f"not done within {_LONGEST_FETCH_S:g} s")
    return b"".join(parts)


def is_this_machine(url: str) -> bool:
    """Tells whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    return is_loopback(f"{host}:0")
