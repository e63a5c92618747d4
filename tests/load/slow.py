"""Hundreds of slow clients: some take no byte of their answers, others send theirs in drips."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from tests.load.book import Book
from tests.load.crowd import crowd
from tests.load.expected import book_of
from tests.load.journal import OK, Call, percentile
from tests.load.report import Progress, Report, silent
from tests.load.settling import settle
from tests.load.site import (
    config_of,
    keep_checkpoint,
    open_files,
    resident_mib,
    site,
    wait,
    workers,
)
from tests.service.http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    Raw,
    frame,
    header_block,
    message,
)
from tests.service.ledgers import EVALUATE

RATE = 40.0
MOST_SLOW = 300
_DRIP_S = 0.1
_NEXT_S = 0.06
"""Seconds between two clients that read nothing: what they ask must not be a burst."""

_LONG = 100_000
"""Bytes of a message that comes one by one, and never to its end."""

_REQUESTS = 5
"""Calls of a client that reads nothing: their answers are more than a window of 64 kB holds."""

_MORE_FILES = 16


def slow_clients(folder: Path, seconds: float, progress: Progress = silent) -> Report:
    """Measures good callers alone, beside slow clients, and alone again.

    Args:
        folder: for the ledger, logs and journals; made here.
        seconds: of load; a third without slow clients before them, a sixth after them.
        progress: told what goes on.
    """
    folder.mkdir(parents=True)
    book = book_of()
    slow = min(MOST_SLOW, round(seconds * 6))
    with site(folder / "site", {"workers": 2}) as place:
        server = place.start()
        pids = workers(server)
        with crowd(folder / "calls", server.address, book, rate=RATE) as callers:
            wait(callers.count)
            began = time.time()
            time.sleep(seconds / 3)
            kept = [keep_checkpoint(server.address)]
            before_mib, before_files = _largest(pids)
            alone = time.time()
            with _slow(server.address, book, slow) as sending:
                reached = time.time()
                progress(f"{slow} slow clients")
                time.sleep(seconds / 2)
                while_mib, while_files = _largest(pids)
                beside = time.time()
                alive = sending.is_alive()
            wait(lambda: _largest(pids)[1] <= before_files + _MORE_FILES, 60)
            after_mib, after_files = _largest(pids)
            time.sleep(seconds / 6)
            callers.end()
            ended = time.time()
            calls = callers.calls()
        kept.append(keep_checkpoint(server.address))
        code = server.stop()
        figures = settle(calls, book, config_of(place), checkpoints=kept, progress=progress)
    if code:
        figures.faults.append(f"the server ended with {code}")
    if not alive or while_files < before_files + slow // 3:
        figures.faults.append(f"the slow clients were not there: {while_files} files at most")
    if after_files > before_files + _MORE_FILES:
        figures.faults.append(f"{after_files - before_files} files more are open after they went")
    if figures.given_up:
        figures.faults.append("good callers were not answered")
    return Report(
        "slow clients",
        f"{slow} connections: a third reads nothing, a third sends messages and a third headers, "
        "a byte at a time",
        ended - began,
        figures,
        [
            f"latency of good callers before: {_latency(calls, began, alone)}; while: "
            f"{_latency(calls, reached, beside)}; after: {_latency(calls, beside, ended)}",
            f"largest worker before, while and after: {before_mib:.0f}, {while_mib:.0f} and "
            f"{after_mib:.0f} MiB; open files {before_files}, {while_files} and {after_files}",
            f"{figures.accepted - figures.decisions} decisions were recorded whose answers nobody "
            "took",
        ],
    )


@contextmanager
def _slow(address: str, book: Book, number: int) -> Iterator[threading.Thread]:
    """Has slow clients at a server for as long as the context lasts; yields what sends for them."""
    silent_ones = []
    for each in range(number // 3):
        silent_ones.append(_that_reads_nothing(address, book, each))
        time.sleep(_NEXT_S)
    dripping = [_that_drips_messages(address) for _ in range(number // 3)]
    slowest = [_that_drips_headers(address) for _ in range(number // 3)]
    over = threading.Event()
    sender = threading.Thread(target=_drip, args=(dripping, slowest, over))
    sender.start()
    try:
        yield sender
    finally:
        over.set()
        sender.join()
        for raw in (*silent_ones, *dripping, *slowest):
            raw.socket.close()


def _that_reads_nothing(address: str, book: Book, number: int) -> Raw:
    raw = Raw.open(address)
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sent = b""
    requests = [EvaluateRequest.FromString(page.request) for page in book.pages]
    full = [each for each in requests if each.view == View.VIEW_FULL]
    for stream in range(_REQUESTS):
        request = full[stream % len(full)]
        request.request_id = f"slow.{number}.{stream}"
        sent += frame(HEADERS, header_block(EVALUATE), END_HEADERS, 2 * stream + 1)
        content = message(request.SerializeToString())
        sent += frame(DATA, content, END_STREAM, 2 * stream + 1)
    raw.send(sent)
    return raw


def _that_drips_messages(address: str) -> Raw:
    raw = Raw.open(address)
    raw.send(frame(HEADERS, header_block(EVALUATE), END_HEADERS, 1))
    raw.send(frame(DATA, message(b"\0" * _LONG)[:5], 0, 1))
    return raw


def _that_drips_headers(address: str) -> Raw:
    raw = Raw.open(address)
    raw.send(frame(HEADERS, header_block("/x"), 0, 1))
    return raw


def _drip(dripping: Sequence[Raw], slowest: Sequence[Raw], over: threading.Event) -> None:
    """Sends a byte of each, again and again; one whom the server cuts off is gone."""
    block = header_block("/x", padding="x" * 12_000)
    for place in count():
        for raw in dripping:
            raw.send(frame(DATA, b"\0", 0, 1))
        for raw in slowest:
            raw.send(frame(CONTINUATION, block[place : place + 1], 0, 1))
        if over.wait(_DRIP_S):
            return


def _largest(pids: Sequence[int]) -> tuple[float, int]:
    """Returns the most memory and the most open files that a process of some has."""
    return max(map(resident_mib, pids)), max(map(open_files, pids))


def _latency(calls: Sequence[Call], start: float, end: float) -> str:
    taken = [
        call.latency_s * 1000
        for call in calls
        if start <= call.ended_s - call.latency_s
        and call.ended_s <= end
        and call.outcome == OK
        and call.kind != "health"
    ]
    return f"p50 {percentile(taken, 0.5):.0f} ms, p99 {percentile(taken, 0.99):.0f} ms"
