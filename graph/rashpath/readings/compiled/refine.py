"""Makes truths exact where Kleene's tables leave them open, and finds the facts that decide them.

It reads the guideline's decision diagrams as :class:`~rashpath.expression.decision_diagram` does,
over flat lists, and keeps facts as bits of an integer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        self.nodes = [diagrams.node(diagram) for diagram in range(len(diagrams))]
        self._order = {fact.path: fact.order for fact in dictionary}
        self._place = {id: index for index, id in enumerate(computed)}
        self._regions = self._region_function(levels, dictionary)
        self._facts = [self._fact_bits(level) for level in levels]
        self._computed_levels = [
            (index, self._place[level.computed.id])
            for index, level in enumerate(levels)
            if isinstance(level, ComputedLevel)
        ]
        self._defeaters = [
            (index, sum(1 << self._order[path] for path in defeating_facts(level)))
            for index, level in enumerate(levels)
            if defeating_facts(level)
        ]
        facts = {path for level in levels for path in defeating_facts(level)}
        self._absent = self._absent_function([dictionary[path] for path in sorted(facts)])

    def regions(self, values: Values, computed: Computed) -> Regions:
        """Returns for each level the branch that is known, or None."""
        return self._regions(values, computed)

    def level_facts(self, computed: Computed) -> list[int]:
        """Returns for each level the unknown facts that it stands for, as bits."""
        facts = self._facts.copy()
        for level, place in self._computed_levels:
            facts[level] = computed[place][2]
        return facts

    def defeaters(self, values: Values) -> dict[int, int]:
        """Returns the levels that a fact not given yet can turn by its mere presence.

        Returns:
            For each such level the facts that can, as bits.
        """
        absent = self._absent(values)
        return {level: bits & absent for level, bits in self._defeaters if bits & absent}

    def support(self, diagram: int) -> int:
        """Returns the levels that a diagram reads in any case, as bits; for use at load."""
        found, pending, seen = 0, [diagram], {FALSE, TRUE}
        while pending:
            level, branches = self.nodes[pending.pop()]
            found |= 1 << level
            fresh = set(branches) - seen
            seen |= fresh
            pending += fresh
        return found

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

    def _fact_bits(self, level: Level) -> int:
        match level:
            case ChoiceLevel() | NumberLevel():
                return 1 << self._order[level.fact]
            case ComputedLevel() | GivenLevel():
                return 0
            case _:
                assert_never(level)

    def _region_function(
        self, levels: Sequence[Level], dictionary: Dictionary
    ) -> Callable[[Values, Computed], Regions]:
        constants: dict[str, object] = {}
        parts = []
        for index, level in enumerate(levels):
            match level:
                case ChoiceLevel():
                    table: list[int | None] = [None] * (max(level.values) + 1)
                    for region, number in enumerate(level.values):
                        table[number] = region
                    constants[f"T{index}"] = tuple(table)
                    parts.append(f"T{index}[f{self._order[level.fact]}]")
                case NumberLevel():
                    constants[f"P{index}"] = level.partition.region
                    value = f"f{self._order[level.fact]}"
                    parts.append(f"None if {value} is None else P{index}({value})")
                case ComputedLevel():
                    constants[f"P{index}"] = level.partition.region
                    value = f"computed[{self._place[level.computed.id]}][0]"
                    parts.append(f"None if {value} is None else P{index}({value})")
                case GivenLevel():
                    value = f"f{self._order[level.fact]}"
                    if isinstance(dictionary[level.fact].kind, Choice):
                        parts.append(f"1 if {value} else 0")
                    else:
                        parts.append(f"0 if {value} is None else 1")
                case _:
                    assert_never(level)
        unpack = ", ".join(f"f{index}" for index in range(len(dictionary)))
        lines = [f"    {unpack}, = values", f"    return [{', '.join(parts)}]"]
        return emit.run("regions", "\n".join(["def regions(values, computed):", *lines]), constants)


class Refined:
    """What the known levels of one case leave of the diagrams.

    Args:
        nodes: for each diagram its level and branches.
        regions: for each level the branch that is known, or None.
        facts: for each level the facts that it stands for, as bits.
    """

    def __init__(
        self,
        nodes: Sequence[tuple[int, tuple[int, ...]]],
        regions: Regions,
        facts: Sequence[int],
    ) -> None:
        self._nodes = nodes
        self._regions = regions
        self._facts_of = facts
        self._reduced = {FALSE: FALSE, TRUE: TRUE}
        self._unique: dict[tuple[int, ...], int] = {}
        self._facts = [0, 0]
        self._truths: dict[int, int] = {}

    def truth(self, diagram: int) -> int:
        """Returns the exact truth of a diagram; looks no further than to a way to either value."""
        known = self._truths.get(diagram)
        if known is None:
            known = self._truths[diagram] = self._truth(diagram)
        return known

    def _truth(self, diagram: int) -> int:
        reduced, nodes, regions = self._reduced, self._nodes, self._regions
        found = 0
        seen = set()
        pending = [diagram]
        while pending:
            each = pending.pop()
            left = reduced.get(each)
            if left is not None:
                found |= _BOTH if left > TRUE else _ONLY[left]
                if found == _BOTH:
                    return emit.UNKNOWN
            elif each not in seen:
                seen.add(each)
                level, branches = nodes[each]
                region = regions[level]
                if region is None:
                    pending += branches
                else:
                    pending.append(branches[region])
        return emit.TRUE if found == _ONLY[TRUE] else emit.FALSE

    def exact(self, diagram: int) -> tuple[int, int]:
        """Returns the exact truth of a diagram, and the facts that still matter to it, as bits."""
        left = self.reduce(diagram)
        truth = emit.UNKNOWN if left > TRUE else emit.TRUE if left == TRUE else emit.FALSE
        return truth, self._facts[left]

    def reduce(self, diagram: int) -> int:
        """Returns what is left of a diagram: 0, 1, or a number that equal remainders share."""
        reduced, nodes, regions = self._reduced, self._nodes, self._regions
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
        reduce = self.reduce
        if len(branches) == 2:
            one, other = branches
            low, high = reduced.get(one), reduced.get(other)
            if low is None:
                low = reduce(one)
            if high is None:
                high = reduce(other)
            left = low if low == high else self._node(level, (level, low, high))
        else:
            lefts = [reduce(branch) for branch in branches]
            same = lefts.count(lefts[0]) == len(lefts)
            left = lefts[0] if same else self._node(level, (level, *lefts))
        reduced[asked] = reduced[diagram] = left
        return left

    def _node(self, level: int, key: tuple[int, ...]) -> int:
        left = self._unique.get(key)
        if left is None:
            found = self._facts
            facts = self._facts_of[level]
            for branch in key[1:]:
                facts |= found[branch]
            left = self._unique[key] = len(found)
            found.append(facts)
        return left
