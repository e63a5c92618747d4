"""Writes the sections of a wording: pieces of bytes, and runs of truths among what is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rashpath.readings.compiled.image import Sections

NO_PIECE: Final = (0, 0)
"""A piece without a byte, as `Writing.piece` returns it."""


class Writing(Sections):
    """The sections of one wording.

    Args:
        fields: the names of the fields of its head, in order.
        first_truth: where the truths begin in what is told of a case.
    """

    def __init__(self, fields: Iterable[str], first_truth: int) -> None:
        self.head = dict.fromkeys(fields, 0)
        super().__init__(self.head)
        self._first_truth = first_truth

    def piece(self, content: bytes) -> tuple[int, int]:
        """Places bytes, and returns where they stand and how many there are."""
        return self.place(content), len(content)

    def one(self, name: str, content: bytes) -> None:
        """Adds a piece as two fields of the head."""
        self.head[f"{name}_at"], self.head[f"{name}_size"] = self.piece(content)

    def pieces(self, name: str, contents: Iterable[bytes]) -> None:
        """Adds a section of pieces."""
        self.words(name, [word for content in contents for word in self.piece(content)])

    def run(self, part: slice) -> tuple[int, int]:
        """Returns a part of what is told as the place of its first truth, and their count."""
        return part.start - self._first_truth, part.stop - part.start

    def runs(self, name: str, parts: Iterable[slice]) -> None:
        """Adds a section of runs."""
        self.words(name, [word for part in parts for word in self.run(part)])

    def rows(self, name: str, rows: Iterable[Sequence[int]]) -> None:
        """Adds a section of rows of words."""
        self.words(name, [word for row in rows for word in row])
