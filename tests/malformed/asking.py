"""Asks each peer in a process of its own, so that one that dies or hangs is seen to."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from tests.malformed.decision import Peer, Told, ask_peer

PATIENCE_S = 30.0
"""Seconds after which a peer counts as hung; the first case includes loading it."""

_SPAWN = multiprocessing.get_context("spawn")


def ask(peer: Peer, texts: Iterable[str]) -> list[Told]:
    """Returns what a peer tells of each case.

    Args:
        peer: an installed one.
        texts: the cases, each a JSON text with the facts side by side.
    """
    told: list[Told] = []
    process, ours = _start(peer)
    try:
        for text in texts:
            try:
                ours.send(text)
                if not ours.poll(PATIENCE_S):
                    raise TimeoutError
                told.append(ours.recv())
            except (EOFError, OSError):
                told.append(Told(crashed=True))
                _end(process, ours)
                process, ours = _start(peer)
    finally:
        _end(process, ours)
    return told


def _start(peer: Peer) -> tuple[SpawnProcess, Connection]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_answer, args=(peer.name, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _answer(name: str, theirs: Connection) -> None:
    # CLIPS prints what it finds wrong with an argument: pages of it, and none names a slot.
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    while True:
        try:
            text = theirs.recv()
        except EOFError:
            return
        theirs.send(ask_peer(name, text))


def _end(process: SpawnProcess, ours: Connection) -> None:
    ours.close()
    process.kill()
    process.join()
