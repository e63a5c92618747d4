"""Cuts the range of a number into the regions that the conditions can tell apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from rashpath.expression.evaluate import COMPARE
from rashpath.expression.tree import Operator


@dataclass(frozen=True, slots=True)
class Partition:
    """The regions of one number: within a region every comparison has one answer.

    Args:
        thresholds: the constants that the number is compared with, ascending.
        regions: region of each slot; slot ``2 i`` lies below threshold ``i`` (and above the one
            before), slot ``2 i + 1`` is threshold ``i`` itself, the last slot lies above all.
            A slot outside the number's range has the region -1.
        samples: for each region, a value in each of its slots.
    """

    thresholds: tuple[float, ...]
    regions: tuple[int, ...]
    samples: tuple[tuple[float, ...], ...]

    def region(self, value: float) -> int:
        """Returns the region of a value within the number's range."""
        slot = bisect_left(self.thresholds, value)
        on_threshold = slot < len(self.thresholds) and self.thresholds[slot] == value
        region = self.regions[2 * slot + on_threshold]
        if region < 0:
            raise ValueError("a value outside its range reached the partition")
        return region

    @staticmethod
    def of(
        comparisons: Iterable[tuple[Operator, float]],
        minimum: float,
        maximum: float,
        *,
        whole: bool,
    ) -> Partition:
        """Returns the coarsest partition that tells all comparisons apart.

        Args:
            comparisons: how the number is compared, with which constants.
            minimum: smallest value, included.
            maximum: largest value, included.
            whole: True if only whole numbers occur.
        """
        tests = sorted(set(comparisons))
        thresholds = tuple(sorted({constant for _, constant in tests}))
        regions: list[int] = []
        samples: list[list[float]] = []
        numbers: dict[tuple[bool, ...], int] = {}
        for slot in range(2 * len(thresholds) + 1):
            sample = _sample(thresholds, slot, minimum, maximum, whole=whole)
            if sample is None:
                regions.append(-1)
                continue
            answers = tuple(COMPARE[operator](sample, constant) for operator, constant in tests)
            region = numbers.setdefault(answers, len(numbers))
            if region == len(samples):
                samples.append([])
            samples[region].append(sample)
            regions.append(region)
        return Partition(thresholds, tuple(regions), tuple(tuple(group) for group in samples))


def _sample(
    thresholds: tuple[float, ...], slot: int, minimum: float, maximum: float, *, whole: bool
) -> float | None:
    """Returns a value of a slot within the range, or None if there is none."""
    index, on_threshold = divmod(slot, 2)
    if on_threshold:
        value = thresholds[index]
        fits = minimum <= value <= maximum and (not whole or value == int(value))
        return value if fits else None
    below = thresholds[index - 1] if index > 0 else None
    above = thresholds[index] if index < len(thresholds) else None
    if below is not None and below >= maximum:
        return None
    if above is not None and above <= minimum:
        return None
    if whole:
        low = minimum if below is None or below < minimum else int(below // 1) + 1
        sample = int(-(-low // 1))
        return sample if sample <= maximum and (above is None or sample < above) else None
    if below is None or below < minimum:
        return minimum
    if above is None or above > maximum:
        return maximum
    return (below + above) / 2
