"""Asks the kernel: hands it cases in its memory, and takes from there what became of them."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator, Sequence
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from rashpath.readings.compiled.instance import QuickCall, Soundness, instance

if TYPE_CHECKING:
    import wasmtime

LONGEST_OPTIONS: Final = 256
"""Bytes of what a request of a batch asks for besides its case."""
MOST_AT_ONCE: Final = 64
"""Requests of a batch that are answered in one go."""
_PARTS: Final = 5
_WORDS_MISSING: Final = -2
_SPELLED: Final = struct.Struct("<2dI44s")
"""A number that is spelled for the kernel: its value, a limit, the size of its text, and that."""
_COUNT: Final = 8
"""Bytes of what tells how many there are."""
_LOW: Final = (1 << 64) - 1
_FULL: Final = 1
_NEEDS_WORDS: Final = 3
_WINDOW: Final = 1 << 16
"""Bytes of a batch that the kernel sees at once."""
_CASE: Final = 1 << 12
_GIVEN: Final = 1 << 14
_ANSWER: Final = 1 << 18
"""Bytes that are set aside at first."""


class Lacks(NamedTuple):
    """What the kernel needs to word a case; nothing: it does not word it.

    Args:
        sites: the sites whose words are missing.
        numbers: numbers to be spelled, each with a limit; NaN: none.
    """

    sites: Sequence[int]
    numbers: Sequence[tuple[float, float]]


class Asked(NamedTuple):
    """Requests of a batch that are to be answered in one go.

    Args:
        requests: bytes of a `BatchEvaluateRequest` from a request on.
        options: what the requests ask for besides their cases, in bytes; one that asks for
            something else is not answered.
        place: the place of the first one.
        first_id: the id of its answer, as a number; further ones count on.
        most: how many at most.
        into: the results are written there, as bytes of a `BatchEvaluateResponse`.
        walks: whether the way of each case is wanted too.
    """

    requests: bytes
    options: bytes
    place: int
    first_id: int
    most: int
    into: BytesIO
    walks: bool = False

    def after(self, done: int, used: int) -> Asked:
        """Returns what is left when so many are answered, which took so many bytes."""
        left = (self.place + done, self.first_id + done, self.most - done)
        return Asked(self.requests[used:], self.options, *left, self.into, self.walks)


class Many(NamedTuple):
    """Requests that were answered in one go.

    Args:
        done: how many.
        used: how many bytes they took.
        notes: of each the verdicts of the recommendations, a byte each, and the facts it asks for
            as bits, in words of 8 bytes.
        words: whether one more was decided, which needs words that the kernel does not have; `used`
            are its bytes too.
        told: of each what is told of it, where walks are wanted.
    """

    done: int
    used: int
    notes: bytes
    words: bool
    told: bytes


class _Report(ctypes.Structure):
    _fields_ = (
        ("done", ctypes.c_uint32),
        ("used", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("why", ctypes.c_uint32),
        ("id_low", ctypes.c_uint64),
        ("id_high", ctypes.c_uint64),
        ("next", ctypes.c_uint32),
    )


class Machine:
    """The kernel with the image of a guideline.

    Its methods are to be called by who holds `lock`.

    Args:
        image: the image.
        facts: how many facts a case has.
        telling: bytes of what is told of a case.
        note_size: bytes that are noted of each case of a batch.

    Attributes:
        lock: what one case needs of the kernel is not to be mixed with what another does.

    Raises:
        KernelError: the kernel cannot be run here, or there is no memory for the image. Every
            method raises it too where the kernel gives up; what that left half written is not gone
            by again: from then on every call raises it.
    """

    def __init__(self, image: bytes, facts: int, telling: int, note_size: int) -> None:
        self.lock = Lock()
        self._store, exports = instance()
        self._memory: wasmtime.Memory = exports["memory"]
        self._standing = Soundness()
        self._call = {
            name: QuickCall(self._store, exports[name], count, self._standing)
            for name, count in _FUNCTIONS.items()
        }
        self._decide = self._call["decide"]
        self._decide_case = [
            QuickCall(self._store, exports["decide_case"], 2, self._standing).preset(flag)
            for flag in (False, True)
        ]
        self._memory.write(self._store, image, self._room("room", len(image)))
        self._case_at = self._room("load")
        self._told_at = self._room("telling")
        self._telling = telling
        self._pack = struct.Struct(f"<{facts}d").pack_into
        self._facts = facts
        self._note_size = note_size
        self._options_at = self._room("options_room", LONGEST_OPTIONS)
        self._notes_at = self._room("notes_room", MOST_AT_ONCE)
        self._tellings_at = self._room("tellings_room", MOST_AT_ONCE, telling)
        self._report_at = self._room("report_told")
        self._make_room(case=_CASE, given=_GIVEN, answer=_ANSWER)

    def add_wording(self, wording: bytes) -> int:
        """Adds a wording, and returns its handle."""
        at = self._room("wording_room", len(wording))
        self._memory.write(self._store, wording, at)
        handle = self._room("add_wording", at)
        self._look()
        return handle

    def decide_case(self, case: bytes, *, with_defeaters: bool) -> bytes | None:
        """Reads a case message and decides it; see `decide`.

        Returns:
            None, too, where it is not as ordinary clients write it: what is not is for the protobuf
            library to read, and to be checked field by field.
        """
        size = len(case)
        if size > self._case_size:
            self._make_room(case=2 * size)
        self._written[:size] = case
        return None if self._decide_case[with_defeaters](size) else self._told.raw

    def take(self, values: Sequence[float]) -> None:
        """Takes the values of a case.

        Args:
            values: of each fact its number: of a choice that of its value, 0 where it is unknown;
                NaN where a number is unknown.
        """
        self._pack(self._case, 0, *values)

    def decide(self, *, with_defeaters: bool) -> bytes | None:
        """Decides the case that was read or taken last.

        Args:
            with_defeaters: whether to find what could withdraw the recommendations.

        Returns:
            What is told of it; None: it is left to the plain walk.
        """
        return None if self._decide(with_defeaters) else self._told.raw

    @property
    def told(self) -> bytes:
        """What is told of the case that was decided last."""
        return self._told.raw

    def answer(self, wording: int, index: int | None = None) -> bytes | Lacks:
        """Answers the case that was decided last, with what could withdraw its recommendations.

        Args:
            wording: handle of the wording.
            index: its place in a batch, of which `answer_many` decided it last.

        Returns:
            The answer but for its id; of a batch a `BatchEvaluateResponse` with one result; or what
            it lacks.
        """
        while True:
            if index is None:
                size = self._call["write_answer"](wording)
            else:
                size = self._call["write_result"](wording, index)
            if size >= 0:
                return ctypes.string_at(self._answer, size)
            if size == _WORDS_MISSING:
                return self._lacks()
            self._make_room(answer=2 * self._answer_size)

    def answer_many(self, wording: int, asked: Asked) -> Many:
        """Answers requests of a batch, up to the first one that is not for the kernel alone, up to
        `MOST_AT_ONCE`.

        Args:
            wording: handle of the wording.
            asked: the requests.
        """
        requests, options, id = asked.requests[:_WINDOW], asked.options, asked.first_id
        most = min(asked.most, MOST_AT_ONCE)
        if len(requests) > self._case_size:
            self._make_room(case=_WINDOW)
        self._written[: len(requests)] = requests
        ctypes.memmove(self._options, options, len(options))
        report = self._report
        report.id_low, report.id_high = id & _LOW, id >> 64
        done = self._call["answer_many"](
            wording, len(requests), asked.place, most, len(options), asked.walks
        )
        words = report.why == _NEEDS_WORDS
        asked.into.write(self._answers[: report.size])
        many = Many(
            done,
            report.next if words else report.used,
            ctypes.string_at(self._notes, done * self._note_size),
            words,
            ctypes.string_at(self._tellings, done * self._telling) if asked.walks else b"",
        )
        if not done and report.why == _FULL:
            # Only now: the memory, and the report in it, may move.
            self._make_room(answer=2 * self._answer_size)
        return many

    def keep(self, wording: int, site: int, parts: Sequence[bytes]) -> None:
        """Keeps the words of a site for the truths of the case that was decided last.

        Raises:
            KernelError: they are longer than all that may be kept.
        """
        parts = [*parts, *[b""] * (_PARTS - len(parts))]
        self._give(b"".join((struct.pack(f"<{_PARTS}I", *map(len, parts)), *parts)))
        if not self._call["keep"](wording, site):
            raise self._standing.ended("the words of one site are longer than all that may be kept")

    def spell(self, texts: Sequence[str]) -> None:
        """Spells the numbers of the case that was decided last; see `Lacks`."""
        left = iter(texts)
        for at, (value, limit, size, _) in self._spelled():
            if not size:
                text = next(left).encode()
                self._memory.write(self._store, _SPELLED.pack(value, limit, len(text), text), at)

    def _lacks(self) -> Lacks:
        count = self._call["missing_count"]()
        at = self._call["missing_sites"]()
        sites = struct.unpack(f"<{count}I", self._memory.read(self._store, at, at + 4 * count))
        numbers = [(value, limit) for _, (value, limit, size, _) in self._spelled() if not size]
        return Lacks(sites, numbers)

    def _spelled(self) -> Iterator[tuple[int, tuple[float, float, int, bytes]]]:
        """Yields where the numbers stand that are spelled for the case, and what is there."""
        at = self._call["spelled_told"]()
        count = int.from_bytes(self._memory.read(self._store, at, at + 4), "little")
        first = at + _COUNT
        for place in range(first, first + count * _SPELLED.size, _SPELLED.size):
            row = self._memory.read(self._store, place, place + _SPELLED.size)
            yield place, _SPELLED.unpack(row)

    def _give(self, given: bytes) -> None:
        if len(given) > self._given_size:
            self._make_room(given=2 * len(given))
        ctypes.memmove(self._given, given, len(given))

    def _make_room(self, *, case: int = 0, given: int = 0, answer: int = 0) -> None:
        if case:
            self._written_at, self._case_size = self._room("case_room", case), case
        if given:
            self._given_at, self._given_size = self._room("given_room", given), given
        if answer:
            self._answer_at, self._answer_size = self._room("answer_room", answer), answer
        self._look()

    def _look(self) -> None:
        # The memory may have moved when it grew.
        start = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        self._case = (ctypes.c_char * (8 * self._facts)).from_address(start + self._case_at)
        self._told = (ctypes.c_char * self._telling).from_address(start + self._told_at)
        written = (ctypes.c_ubyte * self._case_size).from_address(start + self._written_at)
        self._written = memoryview(written).cast("B")
        self._options = start + self._options_at
        self._notes = start + self._notes_at
        self._tellings = start + self._tellings_at
        self._report = _Report.from_address(start + self._report_at)
        self._given = start + self._given_at
        self._answer = start + self._answer_at
        answers = (ctypes.c_ubyte * self._answer_size).from_address(self._answer)
        self._answers = memoryview(answers).cast("B")

    def _room(self, function: str, *arguments: int) -> int:
        found = self._call[function](*arguments) & 0xFFFFFFFF
        if not found:
            raise self._standing.ended("the kernel has no memory for a guideline")
        return found


_FUNCTIONS: Final = {
    "room": 1,
    "load": 0,
    "telling": 0,
    "wording_room": 1,
    "add_wording": 1,
    "given_room": 1,
    "answer_room": 1,
    "case_room": 1,
    "options_room": 1,
    "notes_room": 1,
    "tellings_room": 2,
    "report_told": 0,
    "answer_many": 6,
    "decide": 1,
    "write_answer": 1,
    "write_result": 2,
    "missing_count": 0,
    "missing_sites": 0,
    "spelled_told": 0,
    "keep": 2,
}
"""The functions of the kernel, and how many numbers they take; they return one."""
