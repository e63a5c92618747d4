"""Decides in process what servers under load must answer.

It decides by the plain walk, the servers by the compiled one: each comparison is of two engines.
"""

from __future__ import annotations

import random
from functools import cache

from rashpath.audit.replay import decide_plainly
from rashpath.facts.check import given
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.explanation import explain
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.guideline_pb2 import Audience as WireAudience
from tests.bench.whole_cases import whole_cases
from tests.conformance.expectations import case_files
from tests.load.book import WHY, Book, Page, answer_digest, explanation_digest
from tests.service.reload.folders import SHIPPED, shipped, text_of

BOTH = ("1.0.0", "1.0.1")
"""Versions of the shipped guideline that a reload changes between; only their names differ."""


@cache
def book_of(versions: tuple[str, ...] = ("1.0.0",), pages: int = 24, seed: int = 1) -> Book:
    """Returns a book of seeded cases: two in three are case files, the others random ones of which
    half is unknown.

    Args:
        versions: of the shipped guideline that may decide.
        pages: how many cases, 3 or more.
        seed: the same seed gives the same cases.
    """
    chance = random.Random(seed)
    graphs = [load_bytes(_text(each), f"{each}.yaml") for each in versions]
    filled = whole_cases(graphs[0], "half unknown", pages // 3, seed)
    cases = [*filled, *(each.case for each in chance.sample(case_files(), pages - len(filled)))]
    requests = [
        EvaluateRequest(
            patient_case=case,
            view=chance.choice((View.VIEW_BASIC, View.VIEW_BASIC, View.VIEW_FULL)),
            audience=chance.choice(
                (WireAudience.AUDIENCE_CLINICIAN, WireAudience.AUDIENCE_PATIENT)
            ),
        )
        for case in cases
    ]
    return Book(tuple(_page(graphs, request) for request in requests))


def _page(graphs: list[DecisionGraph], request: EvaluateRequest) -> Page:
    answers, explained = {}, {}
    for graph in graphs:
        _, answer = decide_plainly(graph, request)
        answers[graph.digest] = answer_digest(answer)
        facts = given(request.patient_case, graph.dictionary)
        told = explain(graph, facts, why=WHY, audience=Audience.CLINICIAN)
        explained[graph.digest] = explanation_digest(told)
    return Page(request.SerializeToString(deterministic=True), answers, explained)


def _text(version: str) -> bytes:
    """Returns the shipped guideline as it is shipped, or under another version."""
    if version == BOTH[0]:
        return shipped(f"{version}.yaml")
    return text_of(version, SHIPPED).encode()
