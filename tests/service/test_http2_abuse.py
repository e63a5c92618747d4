"""Abuse below gRPC: whatever one connection sends, good callers are served meanwhile.

Each abuse is bounded in number, and goes to a server of the test's own on the loopback.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    RESET,
    SETTINGS,
    WINDOW,
    Raw,
    frame,
    header_block,
    message,
)
from tests.service.ledgers import EVALUATE

WATCH = "/grpc.health.v1.Health/Watch"
CALL = header_block(EVALUATE)
CASE = message(EvaluateRequest(patient_case=PatientCase()).SerializeToString())
CANCEL = b"\0\0\0\x08"

Abuse = Callable[[str], Iterator[None]]


def rapid_resets(address: str) -> Iterator[None]:
    """Calls that are taken back as soon as they are begun."""
    raw = Raw.open(address)
    for stream in range(1, 40_000, 2):
        if not raw.send(
            frame(HEADERS, CALL, END_HEADERS, stream) + frame(RESET, CANCEL, stream=stream)
        ):
            return
        yield


def resets_of_whole_calls(address: str) -> Iterator[None]:
    """Calls that are sent whole and taken back before their answer."""
    raw = Raw.open(address)
    for stream in range(1, 10_000, 2):
        call = frame(HEADERS, CALL, END_HEADERS, stream) + frame(DATA, CASE, END_STREAM, stream)
        if not raw.send(call + frame(RESET, CANCEL, stream=stream)):
            return
        yield


def slow_headers(address: str) -> Iterator[None]:
    """A hundred connections whose headers come byte by byte and never end."""
    raws = [Raw.open(address) for _ in range(100)]
    for raw in raws:
        raw.send(frame(HEADERS, CALL, 0, 1))
    for byte in header_block("/x" * 50):
        for raw in raws:
            raw.send(frame(CONTINUATION, bytes([byte]), 0, 1))
            yield


def endless_headers(address: str) -> Iterator[None]:
    """Continuations of headers without an end, 32 MB of them."""
    raw = Raw.open(address)
    raw.send(frame(HEADERS, CALL, 0, 1))
    piece = b"\0\x01x\x7f\x81\x7e" + b"v" * 16_256
    for _ in range(2000):
        if not raw.send(frame(CONTINUATION, piece[:16_384], 0, 1)):
            return
        yield


def huge_headers(address: str) -> Iterator[None]:
    """Calls each of whose headers is far above the limit."""
    raw = Raw.open(address)
    block = header_block(EVALUATE, padding="x" * 100_000)
    for stream in range(1, 100, 2):
        pieces = [block[at : at + 16_384] for at in range(0, len(block), 16_384)]
        sent = frame(HEADERS, pieces[0], 0, stream)
        for piece in pieces[1:-1]:
            sent += frame(CONTINUATION, piece, 0, stream)
        if not raw.send(sent + frame(CONTINUATION, pieces[-1], END_HEADERS, stream)):
            return
        yield


def giant_frames(address: str) -> Iterator[None]:
    """Frames of the largest length that can be written, which is never allowed."""
    for _ in range(20):
        raw = Raw.open(address)
        raw.send(frame(HEADERS, CALL, END_HEADERS, 1))
        raw.send(b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"\0" * (1 << 20))
        yield


def giant_messages(address: str) -> Iterator[None]:
    """Messages that say to be four gigabytes."""
    raw = Raw.open(address)
    for stream in range(1, 400, 2):
        content = b"\0\xff\xff\xff\xff" + b"x" * 1000
        if not raw.send(
            frame(HEADERS, CALL, END_HEADERS, stream) + frame(DATA, content, 0, stream)
        ):
            return
        yield


def floods_of_settings(address: str) -> Iterator[None]:
    """Settings that change all the time, each to be acknowledged, with nobody who reads that."""
    raw = Raw.open(address, timeout_s=1)
    many = frame(SETTINGS, b"\0\x04\0\0\xff\xff") * 100
    for _ in range(300):
        if not raw.send(many):
            return
        yield


def empty_data(address: str) -> Iterator[None]:
    """Data without anything in it, on a call that never ends."""
    raw = Raw.open(address)
    raw.send(frame(HEADERS, CALL, END_HEADERS, 1))
    for _ in range(300):
        if not raw.send(frame(DATA, b"", 0, 1) * 100):
            return
        yield


def broken_windows(address: str) -> Iterator[None]:
    """Windows that open by nothing, or by too much; data without a call; unknown frames."""
    for content in (b"\0\0\0\0", b"\x7f\xff\xff\xff"):
        raw = Raw.open(address)
        raw.send(frame(WINDOW, content) * 10)
        raw.send(frame(DATA, CASE, END_STREAM, 77))
        raw.send(frame(200, b"?" * 100) * 1000)
        yield


def idle_calls(address: str) -> Iterator[None]:
    """Two thousand calls that are begun and never ended, and as many beyond the limit."""
    raws = [Raw.open(address) for _ in range(20)]
    for stream in range(1, 400, 2):
        for raw in raws:
            raw.send(frame(HEADERS, CALL, END_HEADERS, stream))
        yield
    for _ in range(50):
        yield


def idle_watchers(address: str) -> Iterator[None]:
    """A thousand streams that watch the health, and as many beyond the limit."""
    block = header_block(WATCH)
    raws = [Raw.open(address) for _ in range(10)]
    for stream in range(1, 400, 2):
        for raw in raws:
            raw.send(
                frame(HEADERS, block, END_HEADERS, stream)
                + frame(DATA, message(b""), END_STREAM, stream)
            )
        yield


ABUSES: tuple[Abuse, ...] = (
    rapid_resets,
    resets_of_whole_calls,
    slow_headers,
    endless_headers,
    huge_headers,
    giant_frames,
    giant_messages,
    floods_of_settings,
    empty_data,
    broken_windows,
    idle_calls,
    idle_watchers,
)
SECONDS = 1.5


@pytest.fixture(scope="module")
def victim(start_server: Callable[..., Any]) -> Any:
    """A server for all abuses, one after the other."""
    return start_server(audit_mode="off", max_request_bytes=1 << 20)


def abuse_for_a_while(abuse: Abuse, address: str) -> None:
    """Runs an abuse to its end, or until its time is over; its connections close with it."""
    end = time.monotonic() + SECONDS
    with suppress(OSError):
        for _ in abuse(address):
            if time.monotonic() > end:
                return


def resident_mb(pid: int) -> float:
    """Returns the memory that a process occupies, in megabytes; 0 where it cannot be read."""
    path = Path(f"/proc/{pid}/statm")
    return int(path.read_text().split()[1]) * 4096 / 1e6 if path.exists() else 0.0


@pytest.mark.parametrize("abuse", ABUSES, ids=lambda each: str(each.__name__))
def test_good_callers_are_served_meanwhile(victim: Any, abuse: Abuse) -> None:
    """While one peer abuses the protocol each good call is answered within seconds, the memory
    stays where it was, and afterwards the server is as before."""
    with victim.client() as client:
        client.evaluate(PatientCase())
        before_mb = resident_mb(victim.process.pid)
        thread = threading.Thread(target=abuse_for_a_while, args=(abuse, victim.address))
        thread.start()
        slowest_s, goes_on = 0.0, True
        while goes_on:
            goes_on = thread.is_alive()
            started = time.monotonic()
            assert client.evaluate(PatientCase(), timeout_s=5).decision_id
            slowest_s = max(slowest_s, time.monotonic() - started)
            time.sleep(0.01)
        thread.join()
        assert slowest_s < 3
        assert client.healthy()
    assert resident_mb(victim.process.pid) - before_mb < 60
    assert victim.process.poll() is None
    assert not [each for each in victim.lines() if each["event"] == "unexpected fault"]
