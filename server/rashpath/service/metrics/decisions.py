"""Counts the decisions of one guideline: ids of its nodes and facts, and no value of any fact.

A decision leaves a few numbers in small tables, and is taken apart into ids only when somebody
looks: it costs the same whether or not one like it was counted before.
"""

from __future__ import annotations

from collections.abc import Iterator

from rashpath.guideline import DecisionGraph
from rashpath.readings.walk import Verdict
from rashpath.readings.walk.walked import VERDICT_CODES
from rashpath.service.metrics import catalogue
from rashpath.service.metrics.catalogue import Metric
from rashpath.v1 import guideline_pb2

_APPLIES = VERDICT_CODES[Verdict.APPLIES]
_UNDETERMINED = VERDICT_CODES[Verdict.UNDETERMINED]
_SLICE = 8
"""Recommendations that are counted together: at most 3 to the 8th different ones."""

_CHUNK = 12
"""Facts that are counted together, as bits: at most 2 to the 12th different ones."""

_MASK = (1 << _CHUNK) - 1


class DecisionCounts:
    """The decisions of one guideline.

    Args:
        graph: the guideline, which is not kept.
    """

    def __init__(self, graph: DecisionGraph) -> None:
        self._where = graph.guideline.id, graph.guideline.version
        self._ids = [node.id for node in graph.recommendations]
        self._facts = [fact.path for fact in graph.dictionary]
        urgencies = [(-node.urgency, place) for place, node in enumerate(graph.recommendations)]
        self._by_urgency = [(place, -urgency) for urgency, place in sorted(urgencies)]
        self._outcomes: dict[tuple[bool, int], int] = {}
        self._slices = [
            (slice(start, start + _SLICE), dict[bytes, int]())
            for start in range(0, len(self._ids), _SLICE)
        ]
        self._chunks: list[dict[int, int]] = [{} for _ in range(0, len(self._facts), _CHUNK)]

    def count(self, verdicts: bytes, asked: int, times: int = 1) -> None:
        """Counts equal decisions.

        Args:
            verdicts: their verdict codes.
            asked: the facts that they ask for, as bits.
            times: how many they are.
        """
        highest = 0
        for place, urgency in self._by_urgency:
            if verdicts[place] == _APPLIES:
                highest = urgency
                break
        # What is undetermined, be it a finding or a dose, asks for the facts that settle it.
        outcome = not asked and _UNDETERMINED not in verdicts, highest
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + times
        for part, counts in self._slices:
            seen = verdicts[part]
            counts[seen] = counts.get(seen, 0) + times
        for chunk in self._chunks:
            if not asked:
                break
            bits = asked & _MASK
            chunk[bits] = chunk.get(bits, 0) + times
            asked >>= _CHUNK

    def counted(self) -> Iterator[tuple[Metric, tuple[str, ...], int]]:
        """Yields what was counted, by metric and labels; the same labels may come several times."""
        where = self._where
        for (decided, number), times in self._outcomes.items():
            status = "DECIDED" if decided else "NEEDS_FACTS"
            urgency = guideline_pb2.Urgency.Name(guideline_pb2.Urgency.ValueType(number))
            labels = (*where, status, urgency.removeprefix("URGENCY_"))
            yield catalogue.DECISIONS, labels, times
        for part, counts in self._slices:
            for seen, times in counts.items():
                for id, verdict in zip(self._ids[part], seen, strict=True):
                    if verdict == _APPLIES:
                        yield catalogue.RECOMMENDATIONS, (*where, id, "APPLIES"), times
                    elif verdict == _UNDETERMINED:
                        yield catalogue.RECOMMENDATIONS, (*where, id, "UNDETERMINED"), times
        for index, chunk in enumerate(self._chunks):
            for bits, times in chunk.items():
                for place in range(_CHUNK):
                    if bits >> place & 1:
                        fact = self._facts[index * _CHUNK + place]
                        yield catalogue.MISSING_FACTS, (*where, fact), times
