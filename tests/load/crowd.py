"""Starts and stops callers, and tells what became of their calls."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.load.book import Book
from tests.load.caller import Orders
from tests.load.journal import Call, read_journals
from tests.service.conftest import clean_environment

ROOT = Path(__file__).resolve().parents[2]
_END_S = 60.0
"""Seconds beyond their patience that callers get to end."""


@dataclass(slots=True)
class Crowd:
    """Processes of callers.

    Args:
        folder: has their journals.
        processes: those that run.
        patience_s: theirs.
    """

    folder: Path
    processes: list[subprocess.Popen[str]]
    patience_s: float

    def calls(self) -> list[Call]:
        """Returns the calls that are over, by the time at which they ended."""
        return read_journals(sorted(self.folder.glob("*.journal")))

    def count(self) -> int:
        """Returns how many calls are over."""
        return sum(path.read_bytes().count(b"\n") for path in self.folder.glob("*.journal"))

    def end(self) -> None:
        """Lets every call come to its end, and no further one begin.

        Raises:
            RuntimeError: a process did not end well.
        """
        for each in self.processes:
            assert each.stdin is not None  # a pipe was asked for
            each.stdin.close()
        codes = [each.wait(self.patience_s + _END_S) for each in self.processes]
        self.processes.clear()
        if any(codes):
            raise RuntimeError(f"callers ended with {codes}")


@contextmanager
def crowd(
    folder: Path,
    target: str,
    book: Book,
    *,
    rate: float,
    seed: int = 1,
    processes: int = 1,
    threads: int = 6,
    patience_s: float = 120.0,
    timeout_s: float = 10.0,
    token: str = "",
    options: Sequence[tuple[str, Any]] = (),
) -> Iterator[Crowd]:
    """Runs callers; those that still run at the end are killed.

    Args:
        folder: for what they ask and for their journals; made here.
        target: address of the server.
        book: what is asked.
        rate: calls a second of all of them.
        seed: of what is asked when.
        processes: how many.
        threads: callers in each.
        patience_s: seconds after which a call is tried no more.
        timeout_s: of one attempt.
        token: sent along; empty: none.
        options: of their channels.
    """
    folder.mkdir()
    book.save(folder / "book.json")
    running: list[subprocess.Popen[str]] = []
    try:
        for number in range(processes):
            orders = Orders(
                name=f"{folder.name}.{number}",
                target=target,
                book=str(folder / "book.json"),
                journal=str(folder / f"{number}.journal"),
                seed=seed,
                threads=threads,
                rate=rate / processes,
                timeout_s=timeout_s,
                patience_s=patience_s,
                token=token,
                options=tuple(options),
            )
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.load.caller"],
                stdin=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=clean_environment(GRPC_VERBOSITY="NONE"),
            )
            running.append(process)
            assert process.stdin is not None  # a pipe was asked for
            process.stdin.write(orders.text())
            process.stdin.flush()
        yield Crowd(folder, list(running), patience_s)
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
            process.wait()
