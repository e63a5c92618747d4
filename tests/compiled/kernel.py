"""The kernel with diagrams, truths, numbers and sets of a test's choosing."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rashpath.expression.decision_diagram import TRUE, Diagrams
from rashpath.facts.dictionary import Choice, Dictionary
from rashpath.readings.compiled.image import DoseTable, Told, image
from rashpath.readings.compiled.layers import fact_words
from rashpath.readings.compiled.lower import TRUE_SLOT, UNKNOWN, Lowering
from rashpath.readings.compiled.machine import Machine

UNKNOWN_SLOT = UNKNOWN


@dataclass(frozen=True, slots=True)
class Found:
    """What the kernel tells of a case.

    Args:
        exact: truths of the diagrams that were asked about.
        decisive: of each the paths of the facts that still matter.
        defeaters: of each the paths of the facts not given that could turn it.
        quick: truths of the diagrams whose truth alone was asked for.
        truths: of the slots of truths.
        numbers: of the slots of numbers; NaN: none.
        sets: of the slots of sets the paths in them.
    """

    exact: list[int]
    decisive: list[set[str]]
    defeaters: list[set[str]]
    quick: list[int]
    truths: list[int]
    numbers: list[float]
    sets: list[set[str]]


class Kernel:
    """The kernel over an image that was written for a test.

    Each diagram stands behind a truth that Kleene's tables leave unknown, as if it was that of a
    recommendation; each set is what a dose waits for.

    Args:
        lowering: what was lowered.
        dictionary: its facts.
        diagrams: the diagrams; None: no level and none.
        asked: diagrams to be made exact, with what decides and what could turn them.
        quick: diagrams whose truth is made exact.
        truths: slots of truths to tell.
        numbers: slots of numbers to tell.
        sets: slots of sets to tell.
    """

    def __init__(
        self,
        lowering: Lowering,
        dictionary: Dictionary,
        diagrams: Diagrams | None = None,
        *,
        asked: Sequence[int] = (),
        quick: Sequence[int] = (),
        truths: Sequence[int] = (),
        numbers: Sequence[int] = (),
        sets: Sequence[int] = (),
    ) -> None:
        self._dictionary = dictionary
        self._counts = (len(asked), len(quick), len(truths))
        self._numbers, self._sets = len(numbers), len(sets)
        self._words = fact_words(dictionary)
        weight = len(lowering.numbers)
        lowering.numbers.append(1.0)
        told = Told(
            truths=[*[UNKNOWN_SLOT] * len(asked), TRUE_SLOT, *[UNKNOWN_SLOT] * len(quick), *truths],
            conclusions=len(asked),
            asking=len(asked),
            decisive=len(asked) + 1,
            diagrams=[*asked, TRUE, *quick],
            numbers=numbers,
        )
        doses = [
            DoseTable(len(asked), weight, TRUE, range(0), range(0), waits=slot) for slot in sets
        ]
        written = image(lowering, dictionary, diagrams or Diagrams(()), told, doses)
        self._shape = struct.Struct(
            f"<{self._words * (1 + len(asked) + 1 + len(sets) + len(asked))}Q"
            f"{len(numbers) + len(dictionary)}d"
            f"{len(told.truths) + len(doses)}B"
        )
        self._machine = Machine(written, len(dictionary), self._shape.size, note_size=8)

    def told(
        self, facts: Mapping[str, float] | bytes, *, with_defeaters: bool = True
    ) -> Found | None:
        """Returns what it tells of a case, or of a case in bytes; None: it is left to others."""
        with self._machine.lock:
            if isinstance(facts, bytes):
                told = self._machine.decide_case(facts, with_defeaters=with_defeaters)
            else:
                self._machine.take(
                    [
                        facts.get(fact.path, 0 if isinstance(fact.kind, Choice) else math.nan)
                        for fact in self._dictionary
                    ]
                )
                told = self._machine.decide(with_defeaters=with_defeaters)
        if told is None:
            return None
        all_told = self._shape.unpack(told)
        asked, quick, truths = self._counts
        count = 2 * asked + self._sets + 2
        sets = [self._paths(all_told, self._words * place) for place in range(count)]
        numbers = all_told[self._words * count :]
        rest = numbers[self._numbers + len(self._dictionary) :]
        first = asked + 1
        return Found(
            exact=list(rest[:asked]),
            decisive=sets[1 : 1 + asked],
            defeaters=sets[2 + asked + self._sets :],
            quick=list(rest[first : first + quick]),
            truths=list(rest[first + quick : first + quick + truths]),
            numbers=list(numbers[: self._numbers]),
            sets=sets[2 + asked : 2 + asked + self._sets],
        )

    def _paths(self, words: Sequence[int], first: int) -> set[str]:
        bits = sum(words[first + place] << 64 * place for place in range(self._words))
        return {fact.path for fact in self._dictionary if bits >> fact.order & 1}
