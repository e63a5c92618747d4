"""Decisions of real cases, ready to be recorded."""

from __future__ import annotations

import secrets
from functools import cache

from rashpath.audit.content import Question
from rashpath.audit.dictionary import dictionary_of
from rashpath.audit.envelope import Seal, Sealed
from rashpath.audit.packing import Dictionary
from rashpath.audit.record import Decided, Entry, assemble
from rashpath.audit.replay import decide_plainly
from rashpath.audit.sortable_id import now_us, sortable_id
from rashpath.guideline import DecisionGraph
from rashpath.readings.engine import engine_of
from rashpath.readings.walk import Walk
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse
from rashpath.v1.facts_pb2 import PatientCase
from tests.conformance.expectations import case_files

ENGINE = "0.1.0"


def some_cases(count: int = 12) -> list[PatientCase]:
    """Returns cases that differ in many ways, spread over all case files."""
    files = case_files()
    return [files[number * len(files) // count].case for number in range(count)]


def sealed(made: Entry) -> Sealed:
    """Returns the sealed content of a decision's record."""
    assert made.sealed is not None
    return made.sealed


@cache
def _decide(graph: DecisionGraph, request: bytes) -> tuple[Walk, EvaluateResponse]:
    return decide_plainly(graph, EvaluateRequest.FromString(request))


def decided(
    graph: DecisionGraph,
    request: EvaluateRequest,
    caller: str = "",
    decision_id: str = "",
) -> Decided:
    """Returns the decision of a request, as the service would make it."""
    asked = EvaluateRequest()
    asked.CopyFrom(request)
    asked.request_id = ""
    walked, response = _decide(graph, asked.SerializeToString(deterministic=True))
    answer = EvaluateResponse()
    answer.CopyFrom(response)
    answer.decision_id = decision_id or sortable_id(now_us())
    return Decided(
        question=Question.of(request),
        caller=caller,
        walk=walked,
        answer=answer.SerializeToString(),
        decision_id=answer.decision_id,
        engine_version=ENGINE,
    )


def entry(
    graph: DecisionGraph,
    seal: Seal,
    case: PatientCase | None = None,
    *,
    request_id: str = "",
    caller: str = "",
    time_us: int | None = None,
    packed: bool = True,
) -> Entry:
    """Returns the record of the decision of a case; None: a random one of the case files.

    It is packed with the guideline's dictionary, as a server does it, or else without one.
    """
    if case is None:
        case = secrets.choice(some_cases())
    request = EvaluateRequest(patient_case=case, request_id=request_id)
    made = decided(graph, request, caller)
    words = dictionary(graph) if packed else None
    return assemble(made, seal, now_us() if time_us is None else time_us, words)


@cache
def dictionary(graph: DecisionGraph) -> Dictionary:
    """Returns the dictionary that a server would pack contents with."""
    return dictionary_of(graph, engine_of("compiled"))
