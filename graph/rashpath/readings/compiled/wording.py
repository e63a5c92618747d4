"""Writes the wording of a guideline for one audience: all that the kernel joins to answers.

`answer.c` declares the same layout: `Wording`, `Conclusion` and `Shown`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from rashpath.facts.wording import Audience, Wording
from rashpath.guideline.model import Finding, NamedComputed, Recommendation
from rashpath.readings.beside import caution, computed_result, contradiction, not_covered, question
from rashpath.readings.compiled.decision import CompiledGraph
from rashpath.readings.compiled.image import NONE
from rashpath.readings.compiled.number_wording import add_number_words
from rashpath.readings.compiled.pieces import part_of, serialized, tag_of, texts, varint
from rashpath.readings.compiled.program import findings_of
from rashpath.readings.compiled.regimens import Regimens
from rashpath.readings.compiled.writing import Writing
from rashpath.readings.walk import ComputedValue, OpenQuestion
from rashpath.readings.walk.questions import dose_id
from rashpath.v1 import decision_pb2, decision_service_pb2, guideline_pb2

_Batch = decision_service_pb2.BatchEvaluateRequest
_Request = decision_service_pb2.EvaluateRequest
_Results = decision_service_pb2.BatchEvaluateResponse
_Result = decision_service_pb2.BatchEvaluateResult
_Response = decision_service_pb2.EvaluateResponse
_Recommended = decision_pb2.RecommendationResult
_NO_URGENCY: Final = guideline_pb2.URGENCY_UNSPECIFIED
_DEFEATERS: Final = tag_of(_Recommended, "defeaters")
_DECISIVE: Final = tag_of(_Recommended, "decisive_facts")
_FOUND_DECISIVE: Final = tag_of(decision_pb2.FindingResult, "decisive_facts")
_SETTLES: Final = tag_of(decision_pb2.Question, "settles")
_VALUE: Final = varint(
    decision_pb2.ComputedResult.DESCRIPTOR.fields_by_name["value"].number << 3 | 1
)

_INDEX: Final = varint(_Result.DESCRIPTOR.fields_by_name["index"].number << 3)

ID_LETTERS: Final = 26
"""Letters of the id of a decision."""

TO_KEEP: Final = 8 << 20
"""Bytes for words that depend on truths; when they are full, they begin anew."""


def wording(compiled: CompiledGraph, audience: Audience) -> bytes:
    """Returns the wording of a guideline for an audience."""
    return _Writer(compiled, audience).whole()


class _Writer:
    def __init__(self, compiled: CompiledGraph, audience: Audience) -> None:
        self._graph = compiled.graph
        self._audience = audience
        self._places = compiled.places
        self._dosed = compiled.program.dosed
        self._regimens = Regimens(compiled, audience)
        self._writing = Writing(_HEAD, compiled.places.recommendations.start)

    def whole(self) -> bytes:
        graph, audience, places = self._graph, self._audience, self._places
        writing = self._writing
        facts = [fact.path for fact in graph.dictionary]
        urgencies = [int(node.urgency) for node in graph.recommendations]
        most = max(urgencies, default=0) + 1
        longest = max(
            part.stop - part.start
            for part in (
                *(places.findings, *places.conditions, *places.steps, *places.computed),
                *(*places.waiting, *chain.from_iterable(places.against)),
            )
        )
        writing.head |= {
            "to_keep": TO_KEEP,
            "longest": longest + 1,
            "clinician": int(audience is Audience.CLINICIAN),
            "urgencies": most,
        }
        writing.one("guideline", serialized(_Response(guideline=graph.info(audience))))
        disclaimer = Wording.of(graph.guideline.disclaimer).to(audience)
        writing.one("disclaimer", serialized(_Response(disclaimer=disclaimer)))
        for field in ("recommendation", "finding", "question"):
            writing.one(f"{field}_tag", tag_of(_Response, f"{field}s"))
        writing.one("computed_tag", tag_of(_Response, "computed"))
        writing.one("value_tag", _VALUE)
        grades = range(most)
        writing.pieces(
            "status",
            (_status(bool(d), high, may) for d in (0, 1) for high in grades for may in grades),
        )
        writing.pieces(
            "sign", (_sign(bool(danger), grade) for danger in (0, 1) for grade in grades)
        )
        writing.words("urgency", urgencies)
        order = sorted(range(len(urgencies)), key=lambda place: -urgencies[place])
        writing.words("by_urgency", order)
        writing.words("dose", (self._dose(place) for place in range(len(urgencies))))
        writing.runs("condition", places.conditions)
        for name, tag in (("defeater", _DEFEATERS), ("decisive", _DECISIVE)):
            writing.pieces(name, (texts(tag, (path,)) for path in facts))
        writing.pieces("found", (texts(_FOUND_DECISIVE, (path,)) for path in facts))
        questions = [self._question(path) for path in facts]
        writing.pieces("first", (first for first, _ in questions))
        writing.pieces("last", (last for _, last in questions))
        writing.head["findings"] = len(graph.findings)
        writing.runs("finding", self._findings())
        conclusions = list(self._conclusions())
        writing.head["conclusions"] = len(conclusions)
        writing.rows("conclusion", conclusions)
        beside = (
            [
                serialized(_Response(contradictions=[contradiction(part, audience)]))
                for part in graph.contradictions
            ],
            [serialized(_Response(warnings=[caution(part, audience)])) for part in graph.cautions],
            [
                serialized(_Response(not_covered=[not_covered(part, audience)]))
                for part in graph.not_covered
            ],
        )
        names = (
            ("contradictions", "contradiction"),
            ("cautions", "caution"),
            ("uncovered", "not_covered"),
        )
        for (run, name), its, pieces in zip(names, places.beside, beside, strict=True):
            writing.head[f"{run}_first"], writing.head[f"{run}_count"] = writing.run(its)
            writing.pieces(name, pieces)
        writing.head["steps"] = len(places.steps)
        writing.runs("step", places.steps)
        writing.head["numbers"] = len(graph.computed)
        writing.rows("number", self._numbers())
        add_number_words(writing, graph, audience)
        self._regimens.add(writing)
        writing.head["requests_tag"] = tag_of(_Batch, "requests")[0]
        writing.head["case_tag"] = tag_of(_Request, "patient_case")[0]
        writing.one("result_tag", tag_of(_Results, "results"))
        writing.one("index_tag", _INDEX)
        writing.one("response_tag", tag_of(_Result, "response"))
        writing.one("id_tag", tag_of(_Response, "decision_id") + bytes((ID_LETTERS,)))
        return writing.whole()

    def _dose(self, place: int) -> int:
        found = [at for at, (index, _) in enumerate(self._dosed) if index == place]
        return found[0] if found else NONE

    def _question(self, path: str) -> tuple[bytes, bytes]:
        said = question(self._graph, OpenQuestion(path, (), False, _NO_URGENCY), self._audience)
        return part_of(said, 1, 2), part_of(said, 6, 99)

    def _findings(self) -> Iterator[slice]:
        first = self._places.findings.start
        for nodes in self._graph.findings.values():
            yield slice(first, first + len(nodes))
            first += len(nodes)

    def _conclusions(self) -> Iterator[Sequence[int]]:
        """Yields recommendations and findings in topological order, as `Conclusion`."""
        graph = self._graph
        first = self._writing.run(self._places.findings)[0]
        finding_places = {node.id: first + at for at, node in enumerate(findings_of(graph))}
        named: dict[str, int] = {}
        recommended = count = 0
        for node in graph.order:
            if isinstance(node, Recommendation):
                truth, name, urgency = recommended, node.id, int(node.urgency)
                dose = self._dose(recommended)
                recommended += 1
            elif isinstance(node, Finding):
                truth, name, urgency, dose = finding_places[node.id], node.finding, 0, NONE
            else:
                continue
            yield (
                *(truth, int(isinstance(node, Recommendation)), named.get(name, NONE)),
                *(urgency, dose),
                *self._writing.piece(texts(_SETTLES, (name,))),
                *self._writing.piece(texts(_SETTLES, (dose_id(name),))),
            )
            named[name] = count
            count += 1

    def _numbers(self) -> Iterator[Sequence[int]]:
        for named, its in zip(self._graph.computed.values(), self._places.computed, strict=True):
            first, last = self._frame(named)
            run = self._writing.run(its)
            yield (*run, *self._writing.piece(first), *self._writing.piece(last))

    def _frame(self, named: NamedComputed) -> tuple[bytes, bytes]:
        said = computed_result(named, ComputedValue(0.0, False, ()), self._audience)
        return part_of(said, 1, 2), part_of(said, 4, 99)


def _status(decided: bool, highest: int, possible: int) -> bytes:
    status = (
        decision_pb2.DECISION_STATUS_DECIDED
        if decided
        else decision_pb2.DECISION_STATUS_NEEDS_FACTS
    )
    grade = guideline_pb2.Urgency.ValueType
    return serialized(
        _Response(status=status, urgency=grade(highest), urgency_not_excluded=grade(possible))
    )


def _sign(red_flag: bool, number: int) -> bytes:
    urgency = guideline_pb2.Urgency.ValueType(number)
    return serialized(decision_pb2.Question(red_flag=red_flag, urgency=urgency))


def _named(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{part}" for name in names for part in ("at", "size"))


def _counted(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{part}" for name in names for part in ("first", "count"))


_HEAD: Final = (
    *("size", "to_keep", "longest", "clinician"),
    *_named("guideline", "disclaimer", "recommendation_tag", "finding_tag", "question_tag"),
    *_named("computed_tag", "value_tag"),
    *("urgencies", "status", "sign", "urgency", "by_urgency", "dose", "condition"),
    *("defeater", "decisive", "found", "first", "last", "findings", "finding"),
    *("conclusions", "conclusion"),
    *_counted("contradictions", "cautions", "uncovered"),
    *("contradiction", "caution", "not_covered", "steps", "step", "numbers", "number"),
    *("plausible", "plausible_value", "requests_tag", "case_tag"),
    *_named("result_tag", "index_tag", "response_tag", "id_tag"),
    *("fact_number", "computed_number", "choice", "label"),
    *_named("comma", "warning_tag", "warning_text_tag"),
    *("codes", "because", "gates", "gate", "regimen"),
    *_named("regimen_tag", "mg_tag", "withheld_tag", "formula_tag", "unknown", "kg", "mg", "shown"),
)
"""The fields of `Wording`, in order."""
