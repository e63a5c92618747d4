"""A word: the truths of "it is this one" for all that something may be, two bits each.

A choice has a pair of bits for each value, a number for each region that conditions tell apart. A
known one has TRUE in its own pair and FALSE in the others; an unknown one has UNKNOWN in all. The
truth of "it is one of these" is the OR of their pairs: a shift or two, where a CASE would take
DuckDB five times as long. A last pair says whether it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rashpath.readings.cohort import truth
from rashpath.readings.cohort.truth import Value


@dataclass(frozen=True, slots=True)
class Word:
    """The form of the words of one fact or computed number.

    Args:
        count: how many things it may be, 2 to 31.
    """

    count: int

    @property
    def width(self) -> str:
        """The type of its column."""
        bits = 2 * self.count + 2
        return next(f"int{size}" for size in (8, 16, 32, 64) if bits < size)

    def known(self, index: int) -> Value:
        """Returns the word of a known one.

        Args:
            index: which one, from 0.
        """
        return self._constant(truth.TRUE << 2 * index | truth.TRUE << 2 * self.count)

    @property
    def unknown(self) -> Value:
        """The word of an unknown one."""
        return self._constant(sum(truth.UNKNOWN << 2 * index for index in range(self.count)))

    @property
    def faulty(self) -> Value:
        """The word of what is none of them: negative."""
        return self._constant(-1)

    def is_one_of(self, word: Value, indices: Iterable[int]) -> Value:
        """Returns the truth of "it is one of these"; not none, and not all of them."""
        return self._pair(truth.disjoin(word >> 2 * index if index else word for index in indices))

    def given(self, word: Value) -> Value:
        """Returns the truth of "it is given"; never unknown."""
        return self._pair(word >> 2 * self.count)

    def _pair(self, shifted: Value) -> Value:
        pair = shifted & truth.sized(truth.TRUE, self.width)
        return pair if self.width == "int8" else pair.cast("int8")

    def _constant(self, number: int) -> Value:
        return truth.sized(number, self.width)
