"""Measures what a suite of cases shows of a guideline: nodes, branches, leaves, thresholds, facts.

Coverage of leaves is masking MC/DC in three values: a leaf counts where one case has it true and
one has it false, in each its flip alone would turn its condition, and the condition differs between
the two. Where leaves are coupled (two comparisons of one fact cannot be flipped one without the
other), the other may change too as long as it is masked: it would not turn the condition. Pairs in
which no other leaf changes (unique cause) are counted beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rashpath.expression.text import condition_text
from rashpath.expression.tree import Compare
from rashpath.expression.truth import Truth
from rashpath.guideline.model import Decision, DecisionGraph, End, Finding, Recommendation
from rashpath.readings.coverage.conditions import Written
from rashpath.readings.coverage.functions import common_diagrams
from rashpath.readings.coverage.goals import (
    AtThreshold,
    BranchIs,
    Conditions,
    Goal,
    NodeIs,
    UnknownDecides,
    beside,
    in_range,
    pair,
)
from rashpath.readings.coverage.reasons import NOT_FOUND, OUT_OF_RANGE, Reasons
from rashpath.readings.coverage.suite import SuiteCase


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be covered.

    Args:
        kind: `node`, `branch`, `leaf`, `threshold` or `fact`.
        name: what it is called.
        covered: True if the cases show it.
        how: of a covered leaf `unique` (cause), `masking` or `open`, else empty.
        reason: why it is not covered; empty where it is.
        possible: False where it is proved that no case can show it.
    """

    kind: str
    name: str
    covered: bool
    how: str = ""
    reason: str = ""
    possible: bool = True


@dataclass(frozen=True, slots=True)
class Coverage:
    """What some cases show of a guideline.

    Args:
        cases: how many cases there are.
        items: everything that is to be covered.
    """

    cases: int
    items: tuple[Item, ...]

    def of(self, kind: str) -> tuple[Item, ...]:
        """Returns the items of a kind."""
        return tuple(item for item in self.items if item.kind == kind)

    @property
    def gaps(self) -> tuple[Item, ...]:
        """What some case could show and none does."""
        return tuple(item for item in self.items if not item.covered and item.possible)


KINDS = ("node", "branch", "leaf", "threshold", "fact")


def measure(graph: DecisionGraph, cases: Iterable[SuiteCase]) -> Coverage:
    """Measures what cases show of a guideline.

    Args:
        graph: the guideline.
        cases: the cases; what they expect is not looked at.

    Returns:
        The coverage, each gap with its reason.
    """
    conditions = Conditions(graph)
    shown: set[Goal] = set()
    vectors: dict[str, set[tuple[tuple[Truth, ...], Truth]]] = {}
    count = 0
    for case in cases:
        count += 1
        goals, readings = conditions.look(case.facts)
        shown |= goals
        for part, reading in readings:
            vectors.setdefault(part.name, set()).add((reading.truths, reading.outcome))
    reasons = Reasons(graph, common_diagrams(graph))
    items = [
        *_nodes(graph, shown, reasons),
        *_branches(graph, shown, reasons),
        *_leaves(conditions, shown, vectors, reasons),
        *_thresholds(conditions, shown, reasons),
        *_facts(graph, shown, reasons),
    ]
    return Coverage(count, tuple(items))


def _item(kind: str, name: str, covered: bool, reason: str, how: str = "") -> Item:
    if covered:
        return Item(kind, name, True, how)
    return Item(kind, name, False, "", reason, reason == NOT_FOUND)


def _nodes(graph: DecisionGraph, shown: set[Goal], reasons: Reasons) -> Iterator[Item]:
    for node in graph.order:
        # An end says that nothing is to be said: that it is reached is all there is to show.
        verdicts = ["APPLIES"] if isinstance(node, End) else ["APPLIES", "DOES_NOT_APPLY"]
        if isinstance(node, Recommendation | Finding):
            verdicts.append("UNDETERMINED")
        for verdict in verdicts:
            covered = NodeIs(node.id, verdict) in shown
            reason = "" if covered else reasons.node(node.id, verdict)
            yield _item("node", f"{node.id}: {verdict}", covered, reason)


def _branches(graph: DecisionGraph, shown: set[Goal], reasons: Reasons) -> Iterator[Item]:
    for node in graph.order:
        for edge in graph.out_of(node.id):
            outcomes = ["TAKEN"]
            if isinstance(node, Decision):
                outcomes += ["REFUSED", "OPEN"]
            for outcome in outcomes:
                covered = BranchIs(edge.tail, edge.head, outcome) in shown
                reason = (
                    ""
                    if covered
                    else reasons.branch(edge.tail, reasons.functions.of(edge.condition), outcome)
                )
                name = f"{edge.tail} -> {edge.head}: {outcome}"
                yield _item("branch", name, covered, reason)


def _leaves(
    conditions: Conditions,
    shown: set[Goal],
    vectors: dict[str, set[tuple[tuple[Truth, ...], Truth]]],
    reasons: Reasons,
) -> Iterator[Item]:
    for part in conditions.written:
        for index, leaf in enumerate(conditions.leaves[part.name]):
            how = pair(shown, part.name, index)
            if how == "known":
                unique = _unique(vectors.get(part.name, set()), index)
                how = "unique" if unique else "masking"
            reason = "" if how else reasons.leaf(part, index)
            name = f"{part.name}: `{condition_text(leaf)}` (leaf {index + 1})"
            yield _item("leaf", name, bool(how), reason, how)


def _unique(vectors: set[tuple[tuple[Truth, ...], Truth]], index: int) -> bool:
    """Tells whether two cases differ in one leaf alone and in the condition."""
    outcomes: dict[tuple[Truth, ...], set[tuple[Truth, Truth]]] = {}
    for truths, outcome in vectors:
        rest = truths[:index] + truths[index + 1 :]
        outcomes.setdefault(rest, set()).add((truths[index], outcome))
    return any(
        len({truth for truth, _ in group}) > 1 and len({outcome for _, outcome in group}) > 1
        for group in outcomes.values()
    )


def _thresholds(conditions: Conditions, shown: set[Goal], reasons: Reasons) -> Iterator[Item]:
    graph = conditions.graph
    for part in conditions.written:
        for index, leaf in enumerate(conditions.leaves[part.name]):
            if not isinstance(leaf, Compare):
                continue
            for side, value in zip((-1, 0, 1), beside(graph, leaf), strict=True):
                covered = AtThreshold(part.name, index, side) in shown
                word = ("below", "on", "above")[side + 1]
                reason = (
                    ""
                    if covered
                    else _no_threshold(conditions, part, index, leaf, side, value, reasons)
                )
                name = f"{part.name}: just {word} `{condition_text(leaf)}` (leaf {index + 1})"
                yield _item("threshold", name, covered, reason)


def _no_threshold(
    conditions: Conditions,
    part: Written,
    index: int,
    leaf: Compare,
    side: int,
    value: float,
    reasons: Reasons,
) -> str:
    if not in_range(conditions.graph, leaf, value):
        return OUT_OF_RANGE
    return reasons.at(part, index, leaf, value)


def _facts(graph: DecisionGraph, shown: set[Goal], reasons: Reasons) -> Iterator[Item]:
    waiting = {goal.fact for goal in shown if isinstance(goal, UnknownDecides)}
    decides = reasons.facts_that_decide()
    for fact in graph.dictionary:
        covered = fact.path in waiting
        reason = NOT_FOUND if fact.path in decides else "no verdict can wait for it"
        yield _item("fact", f"{fact.path} unknown", covered, reason)
