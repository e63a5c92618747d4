"""Makes truths exact where Kleene's tables leave them open, and finds the facts that decide them.

It reads the guideline's decision diagrams as :mod:`rashpath.expression.decision_diagram` does, over
flat lists. What known levels leave of a diagram is a number, equal where the truth is equal in
every completion: 0 is false, 1 true. Where nothing is known of all that a diagram reads, what is
left of it was worked out when the guideline was loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, assert_never

from rashpath.expression.decision_diagram import FALSE, TRUE, Diagrams
from rashpath.expression.levels import (
    ChoiceLevel,
    ComputedLevel,
    GivenLevel,
    Level,
    NumberLevel,
    defeating_facts,
)
from rashpath.facts.dictionary import Choice, Dictionary, Fact
from rashpath.readings.compiled import emit
from rashpath.readings.compiled.pieces import Memo

Values = tuple[Any, ...]
_ONLY = (1, 2)
_BOTH = 3
"""Which values a diagram can still have: false is the first bit, true the second."""

Regions = list[int | None]
Computed = Sequence[tuple[float | None, int, int, tuple[Any, ...]]]
"""Of each computed number its value, the truth that it exists, the facts that its formula waits for
as bits, and its state."""


class Refiner:
    """The diagrams of a guideline, ready for many cases.

    Args:
        diagrams: the diagrams.
        dictionary: the facts.
        computed: ids of the computed numbers, in the order in which a case gives them.
    """

    def __init__(self, diagrams: Diagrams, dictionary: Dictionary, computed: Sequence[str]) -> None:
        levels = diagrams.levels
        self._order = {fact.path: fact.order for fact in dictionary}
        self._place = {id: index for index, id in enumerate(computed)}
        self._facts = (1 << len(dictionary)) - 1
        self.bits = [self._bit(level) for level in levels]
        self._computed_bits = [
            (self._bit(level), self._place[level.computed.id])
            for level in levels
            if isinstance(level, ComputedLevel)
        ]
        self._known_levels = self._known_function(levels, dictionary)
        self.nodes = [diagrams.node(diagram) for diagram in range(len(diagrams))]
        self.supports = [0, 0]
        self.numbers: dict[tuple[int, ...], int] = {}
        for level, branches in self.nodes[len(self.supports) :]:
            self.numbers[level, *branches] = len(self.supports)
            support = self.bits[level]
            for branch in branches:
                support |= self.supports[branch]
            self.supports.append(support)
        # What is left where nothing is known at all is the diagram itself.
        self.whole: Sequence[int] = range(len(self.nodes))
        self.bare: Sequence[int] = self.whole
        self.bare = self._with_nothing_given(levels)
        self._defeaters = [
            (index, sum(1 << self._order[path] for path in defeating_facts(level)))
            for index, level in enumerate(levels)
            if defeating_facts(level)
        ]
        facts = {path for level in levels for path in defeating_facts(level)}
        self._absent = self._absent_function([dictionary[path] for path in sorted(facts)])

    def refined(self, values: Values, computed: Computed) -> Refined:
        """Returns what the known facts of a case leave of the diagrams."""
        regions, known = self._known_levels(values, computed)
        return Refined(self, regions, known, partial(self._facts_of, computed))

    def open_ended(
        self, plain: Refined, values: Values, computed: Computed, free: Mapping[int, int]
    ) -> Refined:
        """Returns what the known facts leave of the diagrams where some levels are still open.

        Args:
            plain: what they leave where none is.
            values: the case.
            computed: its computed numbers.
            free: the levels that are open, each with the facts that it is to stand for, as bits;
                all other levels stand for none.
        """
        regions, known = self._known_levels(values, computed)
        for level in free:
            regions[level] = None
        stands_for = [(self.bits[level], facts) for level, facts in free.items()]
        facts = Memo(partial(_stood_for, stands_for)).__getitem__
        return Refined(self, regions, known, facts, (plain, self.bits_of(free)))

    def defeaters(self, values: Values) -> dict[int, int]:
        """Returns the levels that a fact not given yet can turn by its mere presence.

        Returns:
            For each such level the facts that can, as bits.
        """
        absent = self._absent(values)
        return {level: bits & absent for level, bits in self._defeaters if bits & absent}

    def bits_of(self, levels: Iterable[int]) -> int:
        """Returns levels as bits, as they stand in `supports`."""
        return sum(self.bits[level] for level in levels)

    def _with_nothing_given(self, levels: Sequence[Level]) -> Sequence[int]:
        """Returns what is left of each diagram in a case without any fact."""
        regions = [0 if isinstance(level, GivenLevel) else None for level in levels]
        known = self.bits_of(level for level, region in enumerate(regions) if region == 0)
        nothing = Refined(self, list(regions), known, lambda _: 0)
        bare = [nothing.reduce(diagram) for diagram in range(len(self.nodes))]
        self.numbers |= nothing.numbers
        self.supports += nothing.supports
        return bare

    def _facts_of(self, computed: Computed, support: int) -> int:
        facts = support & self._facts
        if facts != support:
            for bit, place in self._computed_bits:
                if support & bit:
                    facts |= computed[place][2]
        return facts

    def _absent_function(self, facts: Sequence[Fact]) -> Callable[[Values], int]:
        """Returns a function that tells which of some facts are not given, as bits."""
        parts = []
        for fact in facts:
            bit = 1 << fact.order
            value = f"values[{fact.order}]"
            if isinstance(fact.kind, Choice):
                parts.append(f"(0 if {value} else {bit})")
            else:
                parts.append(f"({bit} if {value} is None else 0)")
        body = " | ".join(parts) or "0"
        return emit.run("absent", f"def absent(values):\n    return {body}", {})

    def _bit(self, level: Level) -> int:
        """Returns the bit of a level; that of a fact's value is the bit of the fact."""
        facts = len(self._order)
        match level:
            case ChoiceLevel() | NumberLevel():
                return 1 << self._order[level.fact]
            case GivenLevel():
                return 1 << facts + self._order[level.fact]
            case ComputedLevel():
                return 1 << 2 * facts + self._place[level.computed.id]
            case _:
                assert_never(level)

    def _known_function(
        self, levels: Sequence[Level], dictionary: Dictionary
    ) -> Callable[[Values, Computed], tuple[Regions, int]]:
        """Returns a function that tells for each level the branch that is known, or None; and as
        bits the levels that are known because something is given.
        """
        constants: dict[str, object] = {}
        parts = []
        bits: dict[str, int] = {}
        for index, level in enumerate(levels):
            match level:
                case ChoiceLevel():
                    table: list[int | None] = [None] * (max(level.values) + 1)
                    for region, number in enumerate(level.values):
                        table[number] = region
                    constants[f"T{index}"] = tuple(table)
                    value = f"f{self._order[level.fact]}"
                    parts.append(f"T{index}[{value}]")
                    given = value
                case NumberLevel():
                    constants[f"P{index}"] = level.partition.region
                    value = f"f{self._order[level.fact]}"
                    parts.append(f"None if {value} is None else P{index}({value})")
                    given = f"{value} is not None"
                case ComputedLevel():
                    constants[f"P{index}"] = level.partition.region
                    value = f"computed[{self._place[level.computed.id]}][0]"
                    parts.append(f"None if {value} is None else P{index}({value})")
                    given = f"{value} is not None"
                case GivenLevel():
                    value = f"f{self._order[level.fact]}"
                    choice = isinstance(dictionary[level.fact].kind, Choice)
                    given = value if choice else f"{value} is not None"
                    parts.append(f"1 if {given} else 0")
                case _:
                    assert_never(level)
            bits[given] = bits.get(given, 0) | self.bits[index]
        unpack = ", ".join(f"f{index}" for index in range(len(dictionary)))
        known = " | ".join(f"({bit} if {given} else 0)" for given, bit in bits.items()) or "0"
        lines = [f"    {unpack}, = values", f"    return [{', '.join(parts)}], {known}"]
        return emit.run("known", "\n".join(["def known(values, computed):", *lines]), constants)


class Refined:
    """What the known levels of one case leave of the diagrams.

    Args:
        refiner: the diagrams.
        regions: for each level the branch that is known, or None.
        known: the levels that are known because something is given, as their bits.
        facts: returns the facts that the levels of a support stand for, both as bits.
        like: what is left where fewer levels are open, and the levels that are open here only.
    """

    __slots__ = (
        "_ends",
        "_facts",
        "_known",
        "_reduced",
        "_refiner",
        "_regions",
        "_truths",
        "numbers",
        "reduce",
        "supports",
    )

    def __init__(
        self,
        refiner: Refiner,
        regions: Regions,
        known: int,
        facts: Callable[[int], int],
        like: tuple[Refined, int] | None = None,
    ) -> None:
        self._refiner = refiner
        self._regions = regions
        self._known = known
        self._facts = facts
        self._reduced = {FALSE: FALSE, TRUE: TRUE}
        self._truths: dict[int, int] = {}
        self._ends = refiner.bare if like is None else refiner.whole
        self.numbers: dict[tuple[int, ...], int] = {} if like is None else like[0].numbers
        """What is left in this case and was not there when the guideline was loaded: by level and
        by what follows on its branches."""
        self.supports: list[int] = [] if like is None else like[0].supports
        """Of these the levels that matter, as bits."""
        self.reduce: Callable[[int], int] = self._reducer(
            *((None, 0) if like is None else (like[0].reduce, like[1]))
        )
        """Returns what is left of a diagram, as a number."""

    def truth(self, diagram: int) -> int:
        """Returns the exact truth of a diagram; looks no further than to a way to either value."""
        known = self._truths.get(diagram)
        if known is None:
            known = self._truths[diagram] = self._truth(diagram)
        return known

    def _truth(self, diagram: int) -> int:
        reduced, nodes, regions = self._reduced, self._refiner.nodes, self._regions
        supports, known = self._refiner.supports, self._known
        found = 0
        seen = set()
        pending = [diagram]
        while pending:
            each = pending.pop()
            left = reduced.get(each)
            if left is None:
                if each in seen:
                    continue
                seen.add(each)
                level, branches = nodes[each]
                region = regions[level]
                if region is not None:
                    pending.append(branches[region])
                    continue
                if supports[each] & known:
                    pending += branches
                    continue
                left = self._ends[each]
            found |= _BOTH if left > TRUE else _ONLY[left]
            if found == _BOTH:
                return emit.UNKNOWN
        return emit.TRUE if found == _ONLY[TRUE] else emit.FALSE

    def exact(self, diagram: int) -> tuple[int, int]:
        """Returns the exact truth of a diagram, and the facts that still matter to it, as bits."""
        left = self.reduce(diagram)
        if left > TRUE:
            return emit.UNKNOWN, self._facts(self._support(left))
        return (emit.TRUE if left == TRUE else emit.FALSE), 0

    def _reducer(self, plain: Callable[[int], int] | None, free: int) -> Callable[[int], int]:
        # A closure: what it reads in every step are variables, not attributes.
        refiner = self._refiner
        nodes, reads, bits, there = refiner.nodes, refiner.supports, refiner.bits, refiner.numbers
        first = len(reads)
        reduced, regions, known, ends = self._reduced, self._regions, self._known, self._ends
        numbers, supports = self.numbers, self.supports

        def reduce(diagram: int) -> int:
            asked = diagram
            while True:
                left = reduced.get(diagram)
                if left is not None:
                    reduced[asked] = left
                    return left
                level, branches = nodes[diagram]
                region = regions[level]
                if region is None:
                    break
                diagram = branches[region]
            support = reads[diagram]
            if not support & known:
                left = ends[diagram]
            elif plain is not None and not support & free:
                left = plain(diagram)
            else:
                lefts: tuple[int, ...]
                if len(branches) == 2:
                    one, other = branches
                    low, high = reduced.get(one), reduced.get(other)
                    if low is None:
                        low = reduce(one)
                    if high is None:
                        high = reduce(other)
                    lefts, same = (low, high), low == high
                else:
                    lefts = tuple([reduce(branch) for branch in branches])
                    same = lefts.count(lefts[0]) == len(lefts)
                left = lefts[0]
                if not same:
                    key = (level, *lefts)
                    left = numbers.get(key) or there.get(key) or first + len(supports)
                    if left == first + len(supports):
                        support = bits[level]
                        for each in lefts:
                            support |= reads[each] if each < first else supports[each - first]
                        supports.append(support)
                        numbers[key] = left
            reduced[asked] = reduced[diagram] = left
            return left

        return reduce

    def _support(self, left: int) -> int:
        before = self._refiner.supports
        return before[left] if left < len(before) else self.supports[left - len(before)]


def _stood_for(bits: Sequence[tuple[int, int]], support: int) -> int:
    facts = 0
    for bit, stands_for in bits:
        if support & bit:
            facts |= stands_for
    return facts
