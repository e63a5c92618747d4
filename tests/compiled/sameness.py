"""Compares the compiled walk of a case with the plain one, in all that either says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rashpath.audit.content import walked_nodes
from rashpath.facts.check import given
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.engine import CompiledEngine, GraphEngine, Made


@dataclass(frozen=True, slots=True)
class Said:
    """All that an engine says of a case, for one audience."""

    answer: bytes
    recorded: bytes
    applying: tuple[str, ...]
    undetermined: tuple[str, ...]
    asked: tuple[str, ...]
    verdict_codes: bytes
    asked_bits: int


def said(made: Made | None) -> Said:
    """Returns what an engine said."""
    assert made is not None
    walked = made.walked
    return Said(
        made.answer,
        walked_nodes(walked),
        walked.applying,
        walked.undetermined,
        walked.asked,
        walked.verdict_codes,
        walked.asked_bits,
    )


class Engines:
    """Both engines over one guideline.

    Args:
        graph: the guideline.
    """

    def __init__(self, graph: DecisionGraph) -> None:
        self.graph = graph
        self._compiled = CompiledEngine()
        self._plain = GraphEngine()

    def compiled(self, case: Message, audience: Audience, *, full: bool = False) -> Said:
        """Returns what the compiled engine says, of a message as of its bytes."""
        decided = said(self._compiled.decide(self.graph, case, audience=audience, full=full))
        if not full:
            data = case.SerializeToString()
            read = self._compiled.decide_bytes(self.graph, data, audience=audience, full=full)
            assert said(read) == decided
        return decided

    def plain(self, case: Message, audience: Audience, *, full: bool = False) -> Said:
        """Returns what the plain engine says."""
        return said(self._plain.decide(self.graph, case, audience=audience, full=full))

    def message(self, facts: Mapping[str, int | float]) -> Message:
        """Returns the case message that gives some facts and no others."""
        message = GetMessageClass(
            Default().FindMessageTypeByName(self.graph.dictionary.case_type)
        )()
        for path, value in facts.items():
            fact = self.graph.dictionary[path]
            setattr(getattr(message, fact.group), fact.name, value)
        assert given(message, self.graph.dictionary) == facts
        return message
