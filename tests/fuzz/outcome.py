"""What a fuzzed input may come to: refused with a reason, or answered; all else is a fault."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from types import FrameType


class Outcome(Enum):
    """The two ways in which an input may end."""

    REFUSED = "refused"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Fault:
    """An input that ended in neither way.

    Args:
        target: what was fed.
        data: the input.
        what: what happened.
    """

    target: str
    data: bytes
    what: str

    def __str__(self) -> str:
        return f"FAULT {self.target}: {self.what}\n  hex: {self.data.hex()}"


class FaultError(AssertionError):
    """A target saw something that must never be, such as a silent answer."""


class HangError(BaseException):
    """The time of an input is over; no handler of the code under test may catch it."""


@contextmanager
def alarmed() -> Iterator[None]:
    """Makes :func:`signal.setitimer` raise :class:`HangError` in the code under test."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
