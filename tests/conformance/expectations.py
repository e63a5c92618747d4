"""Reads case files and compares what they expect with an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rashpath.facts.check import given
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.document import parse
from rashpath.facts.message import fill
from rashpath.v1 import decision_pb2, decision_service_pb2, facts_pb2, guideline_pb2

CASES = Path(__file__).parent.parent / "cases"
DICTIONARY = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case file: its name, the patient's facts, and what is expected of any reading."""

    name: str
    case: facts_pb2.PatientCase
    facts: Mapping[str, int | float]
    expect: Mapping[str, Any]


@cache
def case_files() -> tuple[CaseFile, ...]:
    """Returns all case files, by name."""
    found = []
    for path in sorted(CASES.rglob("*.yaml")):
        content: Any = parse(path.read_bytes(), str(path)).value
        case = fill(facts_pb2.PatientCase, content.get("facts") or {}, source=str(path))
        name = str(path.relative_to(CASES).with_suffix(""))
        found.append(CaseFile(name, case, given(case, DICTIONARY), content["expect"]))
    return tuple(found)


def mismatches(
    expect: Mapping[str, Any], answer: decision_service_pb2.EvaluateResponse
) -> list[str]:
    """Returns where a full answer is not what a case expects, in words; empty where it is."""
    return [f"{name}: {text}" for name, text in _mismatches(expect, answer)]


def _mismatches(
    expect: Mapping[str, Any], answer: decision_service_pb2.EvaluateResponse
) -> Iterator[tuple[str, str]]:
    results = {result.id: result for result in answer.recommendations}
    verdicts = {id: _short(decision_pb2.Verdict, r.verdict) for id, r in results.items()}
    applying = {id for id, verdict in verdicts.items() if verdict == "APPLIES"}
    asked = [question.fact for question in answer.questions]
    for key, wanted in expect.items():
        match key:
            case "status":
                yield from _same(key, _short(decision_pb2.DecisionStatus, answer.status), wanted)
            case "urgency":
                yield from _same(key, _short(guideline_pb2.Urgency, answer.urgency), wanted)
            case "urgency_not_excluded":
                got = _short(guideline_pb2.Urgency, answer.urgency_not_excluded)
                yield from _same(key, got, wanted)
            case "applies" | "does_not_apply" | "undetermined":
                for id in wanted:
                    yield from _same(f"{key} {id}", verdicts.get(id), key.upper())
            case "applies_exactly":
                yield from _same(key, sorted(applying), sorted(wanted))
            case "decisive":
                for id, facts in wanted.items():
                    yield from _same(
                        f"{key} {id}", sorted(results[id].decisive_facts), sorted(facts)
                    )
            case "questions":
                yield from _among(key, asked, wanted)
            case "first_question":
                yield from _same(key, asked[:1], [wanted])
            case "no_questions":
                yield from _same(key, asked == [], wanted)
            case "findings":
                values = {finding.id: finding.value for finding in answer.findings}
                for id, value in wanted.items():
                    yield from _same(f"{key} {id}", values.get(id), value)
            case "regimen":
                for id, fields in wanted.items():
                    for field, value in fields.items():
                        regimen = results[id].regimen
                        shown = getattr(regimen, field) if regimen.HasField(field) else None
                        yield from _same(f"{key} {id} {field}", shown, value)
            case "withheld_because":
                for id, reasons in wanted.items():
                    yield from _among(f"{key} {id}", results[id].regimen.withheld_because, reasons)
            case "contradictions":
                got_ids = sorted(part.id for part in answer.contradictions)
                yield from _same(key, got_ids, sorted(wanted))
            case "warnings":
                yield from _among(key, [part.id for part in answer.warnings], wanted)
            case "not_covered":
                yield from _among(key, [part.id for part in answer.not_covered], wanted)
            case "evidence_flags":
                for id, flags in wanted.items():
                    got_flags = [
                        _short(guideline_pb2.EvidenceFlag, flag)
                        for flag in results[id].evidence_flags
                    ]
                    yield from _among(f"{key} {id}", got_flags, flags)
            case "defeaters":
                for id, facts in wanted.items():
                    yield from _among(f"{key} {id}", results[id].defeaters, facts)
            case _:
                yield key, "is not an expectation that the suite knows"


def _same(key: str, got: object, wanted: object) -> Iterator[tuple[str, str]]:
    if got != wanted:
        yield key, f"got {got}, wanted {wanted}"


def _among(key: str, got: object, wanted: object) -> Iterator[tuple[str, str]]:
    missing = [part for part in wanted if part not in list(got)]  # type: ignore[attr-defined, call-overload] # both are sequences of names
    if missing:
        yield key, f"lacks {missing}, got {list(got)}"  # type: ignore[call-overload] # as above


def _short(enum: Any, number: int) -> str:
    name: str = enum.Name(number)
    prefix = enum.Name(0).removesuffix("UNSPECIFIED")
    return name.removeprefix(prefix)
