"""Answers from a compiled decision, joined from bytes that the plain answer made.

Whatever depends on a few states only is made once by :mod:`rashpath.readings.answer` and kept; the
rest is made by it each time. So the bytes are those of the plain answer, in every case.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from rashpath.facts.dictionary import Choice
from rashpath.facts.wording import Audience, Wording
from rashpath.guideline.model import (
    Finding,
    NamedComputed,
    Recommendation,
)
from rashpath.readings.answer import finding, path, recommendation
from rashpath.readings.beside import (
    caution,
    computed_result,
    contradiction,
    implausible,
    not_covered,
    question,
)
from rashpath.readings.compiled.decision import CompiledGraph, Decision, places
from rashpath.readings.compiled.lower import TRUE, UNKNOWN
from rashpath.readings.compiled.pieces import Kept, Memo, part_of, serialized, tag_of, texts, varint
from rashpath.readings.compiled.program import Stretch, findings_of
from rashpath.readings.compiled.steps import step_of, steps_of
from rashpath.readings.regimen import regimen, withheld_words
from rashpath.readings.walk import (
    ComputedValue,
    Dose,
    OpenQuestion,
    Walk,
    Withheld,
)
from rashpath.readings.walk.questions import dose_id
from rashpath.readings.walk.walk import computed_value
from rashpath.v1 import decision_pb2, decision_service_pb2, guideline_pb2

_NO_URGENCY = guideline_pb2.URGENCY_UNSPECIFIED

_Response = decision_service_pb2.EvaluateResponse
_Recommended = decision_pb2.RecommendationResult
_RECOMMENDATIONS = tag_of(_Response, "recommendations")
_FINDINGS = tag_of(_Response, "findings")
_QUESTIONS = tag_of(_Response, "questions")
_COMPUTED = tag_of(_Response, "computed")
_DEFEATERS = tag_of(_Recommended, "defeaters")
_DECISIVE = tag_of(_Recommended, "decisive_facts")
_REGIMEN = tag_of(_Recommended, "regimen")
_FOUND_DECISIVE = tag_of(decision_pb2.FindingResult, "decisive_facts")
_SETTLES = tag_of(decision_pb2.Question, "settles")
_VALUE = bytes((decision_pb2.ComputedResult.DESCRIPTOR.fields_by_name["value"].number << 3 | 1,))
_DOUBLE = struct.Struct("<d")


class Answers:
    """Answers of one guideline to one audience, in the basic view.

    Args:
        compiled: the guideline.
        audience: whose words to use.
    """

    def __init__(self, compiled: CompiledGraph, audience: Audience) -> None:
        self._compiled = compiled
        self._audience = audience
        graph = self._graph = compiled.graph
        self._clinician = audience is Audience.CLINICIAN
        self._empty = Walk(graph, {}, (), {}, {}, (), (), {}, {})
        self._guideline = serialized(_Response(guideline=graph.info(audience)))
        self._disclaimer = serialized(
            _Response(disclaimer=Wording.of(graph.guideline.disclaimer).to(audience))
        )
        self._question_frames = [self._question_frame(fact.path) for fact in graph.dictionary]
        self._computed_frames = [self._computed_frame(each) for each in graph.computed.values()]
        self._plausible = [
            (fact, fact.kind.plausible.minimum, fact.kind.plausible.maximum)
            for fact in graph.dictionary
            if not isinstance(fact.kind, Choice) and fact.kind.plausible is not None
        ]
        self._contradictions = [
            serialized(_Response(contradictions=[contradiction(part, audience)]))
            for part in graph.contradictions
        ]
        self._cautions = [
            serialized(_Response(warnings=[caution(part, audience)])) for part in graph.cautions
        ]
        self._not_covered = [
            serialized(_Response(not_covered=[not_covered(part, audience)]))
            for part in graph.not_covered
        ]
        self._urgencies = [node.urgency for node in graph.recommendations]
        self._by_urgency = sorted(
            range(len(self._urgencies)), key=lambda index: -self._urgencies[index]
        )
        self._findings = tuple(self._finding_groups())
        self._conclusions = tuple(self._conclusions_in_order())
        self._paths = [Memo(partial(self._path, stretch)) for stretch in compiled.program.stretches]
        self._heads = Memo(self._head)
        self._status = Memo(self._status_bytes)
        self._signs = Memo(_sign)
        self._places = Memo[int, tuple[int, ...]](lambda bits: tuple(places(bits)))
        self._decisive, self._defeaters, self._found_decisive = (
            self._names_of(tag) for tag in (_DECISIVE, _DEFEATERS, _FOUND_DECISIVE)
        )
        self._frames = Kept[tuple[int, int, bytes], tuple[bytes, ...]]()
        self._whole = Kept[tuple[int, int, bytes, int, int], bytes]()
        self._waiting = Kept[tuple[str, bytes], bytes]()
        self._withheld = Kept[tuple[Any, ...], str]()

    def _names_of(self, tag: bytes) -> Memo[int, bytes]:
        return Memo(lambda bits: texts(tag, self._compiled.paths(bits)))

    def answer(self, decision: Decision) -> bytes:
        """Returns the `EvaluateResponse` of a decision, its decision id left empty."""
        doses = decision.doses
        verdicts = decision.recommendations
        shown = [index for index in self._by_urgency if verdicts[index] == TRUE]
        applies = len(shown)
        shown += [index for index in self._by_urgency if verdicts[index] == UNKNOWN]
        urgencies = self._urgencies
        highest = urgencies[shown[0]] if applies else 0
        possible = max(highest, urgencies[shown[applies]]) if len(shown) > applies else highest
        open_doses = any(dose.waits_for for index, dose in doses.items() if verdicts[index] == TRUE)
        decided = not open_doses and len(shown) == applies and UNKNOWN not in decision.findings
        parts = [self._guideline, self._status[decided, highest, possible]]
        parts += self._recommendations(decision, shown, doses)
        parts += self._found(decision)
        if not decided:
            parts += self._questions(decision, doses)
        told = decision.told
        contradictions, cautions, uncovered = self._compiled.places.beside
        parts += _where(told[contradictions], self._contradictions)
        parts += self._implausible(decision)
        parts += _where(told[cautions], self._cautions)
        parts += _where(told[uncovered], self._not_covered)
        for memo, truths in zip(self._paths, decision.stretches, strict=True):
            parts.append(memo[truths])
        parts.append(self._disclaimer)
        if self._clinician:
            parts += self._computed(decision)
        return b"".join(parts)

    def _status_bytes(self, key: tuple[bool, int, int]) -> bytes:
        decided, urgency, possible = key
        status = (
            decision_pb2.DECISION_STATUS_DECIDED
            if decided
            else decision_pb2.DECISION_STATUS_NEEDS_FACTS
        )
        of = guideline_pb2.Urgency.ValueType
        return serialized(
            _Response(status=status, urgency=of(urgency), urgency_not_excluded=of(possible))
        )

    # Recommendations

    def _recommendations(
        self, decision: Decision, shown: list[int], doses: Mapping[int, Dose]
    ) -> list[bytes]:
        parts: list[bytes] = []
        defeaters = decision.defeaters
        verdicts, decisive, told = decision.recommendations, decision.decisive, decision.told
        conditions = self._compiled.places.conditions
        for index in shown:
            given = doses.get(index) if self._clinician else None
            key = (
                index,
                verdicts[index],
                told[conditions[index]],
                defeaters[index],
                decisive[index],
            )
            whole = self._whole.get(key) if given is None else None
            if whole is None:
                dose = b"" if given is None else self._given(decision, index, given)
                body = b"".join(self._body(decision, key, dose))
                whole = b"".join((_RECOMMENDATIONS, varint(len(body)), body))
                if given is None:
                    self._whole[key] = whole
            parts.append(whole)
        return parts

    def _body(
        self,
        decision: Decision,
        key: tuple[int, int, bytes, int, int],
        dose: bytes,
    ) -> Iterator[bytes]:
        index, _, _, defeaters, decisive = key
        frame = self._frames.get(key[:3])
        if frame is None:
            frame = self._frames[key[:3]] = self._frame(decision, index)
        head, defeasible, gives, given, tail = frame
        yield head
        yield self._defeaters[defeaters]
        yield defeasible
        yield self._decisive[decisive]
        yield gives
        yield dose or given
        yield tail

    def _frame(self, decision: Decision, index: int) -> tuple[bytes, ...]:
        """Returns all of a recommendation but defeaters, decisive facts and dose, in stretches."""
        step = step_of(self._graph.recommendations[index], decision.recommendations[index])
        said = recommendation(self._light(decision), step, self._audience)
        return (
            part_of(said, 1, 10),
            part_of(said, 12, 12),
            part_of(said, 14, 15),
            part_of(said, 16, 16),
            part_of(said, 17, 99),
        )

    def _given(self, decision: Decision, index: int, dose: Dose) -> bytes:
        node = self._graph.recommendations[index]
        assert node.regimen is not None
        walked = self._light(decision, {node.id: dose})
        say = partial(self._withheld_words, decision, walked)
        body = serialized(regimen(walked, node.id, node.regimen, self._audience, say))
        return b"".join((_REGIMEN, varint(len(body)), body))

    def _withheld_words(self, decision: Decision, walked: Walk, withheld: Withheld) -> str:
        part = withheld.definition
        key: tuple[Any, ...] | None
        if part is None or withheld.missing:
            key = ("" if part is None else part.id, withheld.because)
        else:
            key = self._compiled.choices_of(part, decision.values)
        if key is None:
            return withheld_words(walked, withheld, self._audience)
        words = self._withheld.get(key)
        if words is None:
            words = self._withheld[key] = withheld_words(walked, withheld, self._audience)
        return words

    def _light(self, decision: Decision, doses: dict[str, Dose] | None = None) -> Walk:
        """Returns a plain walk that knows facts, doses and computed numbers, and no steps."""
        graph = self._graph
        facts = self._compiled.facts(decision.values)
        return Walk(
            graph=graph,
            facts=facts,
            steps=(),
            by_id={},
            doses=doses or {},
            questions=(),
            contradictions=(),
            computed=Memo(lambda id: computed_value(graph, id, facts)),
            defeaters={},
        )

    def _path(self, stretch: Stretch, truths: bytes) -> bytes:
        steps = tuple(steps_of(self._graph, stretch, truths))
        walked = replace(self._empty, steps=steps)
        return serialized(_Response(path=path(walked, full=False)))

    def _conclusions_in_order(self) -> Iterator[tuple[bool, int, bytes, bytes, int]]:
        """Yields recommendations and findings in topological order: whether it is one of the
        former, its place, the bytes of its name and of its dose's, and its urgency.
        """
        graph = self._graph
        finding_places = {node.id: index for index, node in enumerate(findings_of(graph))}
        recommended = 0
        for node in graph.order:
            if isinstance(node, Recommendation):
                name, dose_name = texts(_SETTLES, [node.id]), texts(_SETTLES, [dose_id(node.id)])
                yield True, recommended, name, dose_name, node.urgency
                recommended += 1
            elif isinstance(node, Finding):
                yield False, finding_places[node.id], texts(_SETTLES, [node.finding]), b"", 0

    # Findings

    def _finding_groups(self) -> Iterator[tuple[str, slice]]:
        first = 0
        for id, nodes in self._graph.findings.items():
            yield id, slice(first, first + len(nodes))
            first += len(nodes)

    def _found(self, decision: Decision) -> Iterator[bytes]:
        decisive = decision.finding_decisive
        for id, nodes in self._findings:
            truths = decision.findings[nodes]
            if TRUE in truths or UNKNOWN in truths:
                head = self._heads[id, truths]
                bits = 0
                for each in decisive[nodes]:
                    bits |= each
                tail = self._found_decisive[bits]
                yield b"".join((_FINDINGS, varint(len(head) + len(tail)), head, tail))

    def _head(self, key: tuple[str, bytes]) -> bytes:
        """Returns a finding but for its decisive facts."""
        id, truths = key
        nodes = self._graph.findings[id]
        walked = replace(
            self._empty,
            by_id={
                node.id: step_of(node, truth) for node, truth in zip(nodes, truths, strict=True)
            },
        )
        return serialized(finding(walked, id, self._audience))

    # Questions

    def _question_frame(self, fact: str) -> tuple[bytes, bytes]:
        said = question(self._graph, OpenQuestion(fact, (), False, _NO_URGENCY), self._audience)
        return part_of(said, 1, 2), part_of(said, 6, 99)

    def _questions(self, decision: Decision, doses: Mapping[int, Dose]) -> list[bytes]:
        settles: dict[int, dict[bytes, None]] = {}
        urgencies: dict[int, int] = {}
        decisive, finding_decisive = decision.decisive, decision.finding_decisive
        for is_recommendation, index, name, dose_name, urgency in self._conclusions:
            if not is_recommendation:
                for fact in self._places[finding_decisive[index]]:
                    settles.setdefault(fact, {})[name] = None
                continue
            for fact in self._places[decisive[index]]:
                settles.setdefault(fact, {})[name] = None
                urgencies[fact] = max(urgencies.get(fact, 0), urgency)
            if index in doses and decision.recommendations[index] == TRUE:
                for path in doses[index].waits_for:
                    fact = self._graph.dictionary[path].order
                    settles.setdefault(fact, {})[dose_name] = None
                    urgencies[fact] = max(urgencies.get(fact, 0), urgency)
        danger = decision.danger
        asked = [
            (not danger >> fact & 1, -urgencies.get(fact, 0), -len(names), fact)
            for fact, names in settles.items()
        ]
        parts: list[bytes] = []
        for calm, urgency, _, fact in sorted(asked):
            first, last = self._question_frames[fact]
            body = b"".join((first, *settles[fact], self._signs[not calm, -urgency], last))
            parts += (_QUESTIONS, varint(len(body)), body)
        return parts

    # Beside

    def _implausible(self, decision: Decision) -> Iterator[bytes]:
        for fact, low, high in self._plausible:
            value = decision.values[fact.order]
            if value is not None and not low <= value <= high:
                warning = implausible(fact, value, self._audience)
                yield serialized(_Response(warnings=[] if warning is None else [warning]))

    def _computed(self, decision: Decision) -> Iterator[bytes]:
        told = decision.told
        for (id, first, last), value, its in zip(
            self._computed_frames,
            self._compiled.numbers(told),
            self._compiled.places.computed,
            strict=True,
        ):
            state = told[its]
            # The first of its truths is that it exists.
            if value == value and state[0] == TRUE:  # noqa: PLR0124  # NaN: it has no value
                body = b"".join((first, _VALUE, _DOUBLE.pack(value), last))
                yield b"".join((_COMPUTED, varint(len(body)), body))
                continue
            waiting = self._waiting.get((id, state))
            if waiting is None:
                facts = self._compiled.facts(decision.values)
                said = computed_value(self._graph, id, facts)
                named = self._graph.computed[id]
                waiting = serialized(
                    _Response(computed=[computed_result(named, said, self._audience)])
                )
                self._waiting[id, state] = waiting
            yield waiting

    def _computed_frame(self, named: NamedComputed) -> tuple[str, bytes, bytes]:
        said = computed_result(named, ComputedValue(0.0, False, ()), self._audience)
        return named.number.id, part_of(said, 1, 2), part_of(said, 4, 99)


def _sign(key: tuple[bool, int]) -> bytes:
    red_flag, number = key
    urgency = guideline_pb2.Urgency.ValueType(number)
    return serialized(decision_pb2.Question(red_flag=red_flag, urgency=urgency))


def _where(truths: bytes, parts: list[bytes]) -> list[bytes]:
    if TRUE not in truths:
        return []
    return [part for truth, part in zip(truths, parts, strict=True) if truth == TRUE]
