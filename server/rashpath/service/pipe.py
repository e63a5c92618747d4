"""The pipes between a parent and its workers: a JSON object a line, questions down, answers up.

A question has a number and a name; its answer has the number. Whoever asks waits no longer than it
says, and learns at once if the worker has ended.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rashpath.facts.errors import RashpathError

LONGEST_LINE = 64 << 20
"""Bytes of a line; the counts of a worker take some tens of thousands."""

Plain = dict[str, Any]
Answer = Callable[[Plain], Awaitable[Plain]]
"""Answers a question; both are JSON objects."""


class NoAnswerError(RashpathError):
    """A worker has ended, or did not answer in time."""


class EndedError(NoAnswerError):
    """There is no answer, and there will be none: the worker has ended, or is about to."""


class Asking:
    """The parent's end.

    Args:
        reader: what the worker says.
        writer: what the worker hears.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Plain]] = {}
        self._ended = False

    async def listen(self) -> None:
        """Takes answers until the worker ends."""
        try:
            while line := await self._reader.readline():
                answer = json.loads(line)
                waiting = self._waiting.pop(answer["number"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        finally:
            self._ended = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(EndedError("the worker has ended"))

    async def ask(self, name: str, seconds: float, **more: Any) -> Plain:
        """Asks the worker.

        Args:
            name: what to do.
            seconds: to wait.
            more: what it needs to know.

        Raises:
            NoAnswerError: it has ended, cannot do that, or did not answer in time.
        """
        if self._ended:
            raise EndedError("the worker has ended")
        number = next(self._numbers)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(_line({"number": number, "name": name, **more}))
        try:
            async with asyncio.timeout(seconds):
                answer: Plain = await waiting
        except TimeoutError:
            raise NoAnswerError(f"the worker did not answer within {seconds:g} s") from None
        finally:
            self._waiting.pop(number, None)
        if "failed" in answer:
            raise NoAnswerError(f"the worker failed: {answer['failed']}")
        return answer


class Answering:
    """The worker's end.

    Args:
        reader: what the parent asks.
        writer: what the parent hears.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.WriteTransport) -> None:
        self._reader = reader
        self._writer = writer
        self._answers: Mapping[str, Answer] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, ready: bytes, answers: Mapping[str, Answer]) -> None:
        """Tells the parent that this worker serves, and answers from now on.

        Args:
            ready: the line that says so.
            answers: by the name of the question.
        """
        self._answers = answers
        self._writer.write(ready)

    async def listen(self) -> None:
        """Answers until the parent ends or closes the pipe."""
        while line := await self._reader.readline():
            task = asyncio.create_task(self._answer(json.loads(line)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, question: Plain) -> None:
        try:
            answer = await self._answers[question["name"]](question)
        except Exception as error:  # the parent must hear of any fault, and waits for an answer
            answer = {"failed": type(error).__name__}
        self._writer.write(_line({**answer, "number": question["number"]}))


def _line(plain: Plain) -> bytes:
    return json.dumps(plain, separators=(",", ":")).encode() + b"\n"
