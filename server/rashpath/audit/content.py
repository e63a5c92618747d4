"""The content of a decision's record: facts, request, answer and walk, as one message in bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rashpath.facts.check import given
from rashpath.facts.dictionary import Dictionary
from rashpath.guideline import DecisionGraph
from rashpath.readings.answer import OUTCOMES, VERDICTS
from rashpath.readings.compiled.pieces import tag_of, texts, varint
from rashpath.readings.walk import NodeStep, Verdict, Walked
from rashpath.readings.walk.walked import VERDICT_CODES
from rashpath.v1 import audit_pb2
from rashpath.v1.decision_pb2 import EdgeOutcome, View
from rashpath.v1.decision_pb2 import Verdict as VerdictMessage
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.guideline_pb2 import Audience

_CASE = tag_of(audit_pb2.AuditEnvelope, "patient_case")
_ANSWER = tag_of(audit_pb2.AuditEnvelope, "answer")
_RECOMMENDATIONS = tag_of(audit_pb2.AuditEnvelope, "recommendations")


class Question(NamedTuple):
    """What was asked, as a record keeps it.

    Args:
        case: the `PatientCase` in bytes, serialised deterministically.
        asked: how the request was made, as the `request` field of an `AuditEnvelope`, in bytes.
        request: the request, if it has a request id: to tell a repeated one from another.
    """

    case: bytes
    asked: bytes
    request: EvaluateRequest | None

    @classmethod
    def of(cls, request: EvaluateRequest) -> Question:
        """Returns what a request asks."""
        case = request.patient_case.SerializeToString(deterministic=True)
        return cls(case, _asked(request), request if request.request_id else None)


def content_of(request: EvaluateRequest, answer: bytes, walk: Walked) -> bytes:
    """Returns the `AuditEnvelope` of a decision in bytes.

    Args:
        request: as it came, with its case.
        answer: the `EvaluateResponse` in the very bytes that will be sent.
        walk: the walk that decided.
    """
    return content_from(Question.of(request), answer, walk)


def content_from(question: Question, answer: bytes | memoryview, walk: Walked) -> bytes:
    """Returns the `AuditEnvelope` of a decision in bytes; see `content_of`."""
    # A message may be joined from the bytes of its fields; those of the walk are few and recur.
    case, asked, _ = question
    return b"".join(
        (
            _CASE,
            varint(len(case)),
            case,
            asked,
            _ANSWER,
            varint(len(answer)),
            answer,
            walked_nodes(walk),
            _recommended(walk.graph, walk.verdict_codes),
        )
    )


def walked_nodes(walk: Walked) -> bytes:
    """Returns the walk as the `walk` field of an `AuditEnvelope`, in bytes."""
    return walk.joined(_walked)


def same_question(given_now: EvaluateRequest, recorded: audit_pb2.AuditEnvelope) -> bool:
    """Tells whether a request asks what a recorded one asked: the same case and the same pin.

    View and audience do not count: a repeated request gets the recorded answer as it was sent.
    """
    dictionary = Dictionary.of(given_now.patient_case.DESCRIPTOR)
    return given_now.guideline == recorded.request.guideline and given(
        given_now.patient_case, dictionary
    ) == given(recorded.patient_case, dictionary)


def _asked(request: EvaluateRequest) -> bytes:
    """Returns how a request was made as the `request` field of an `AuditEnvelope`, in bytes."""
    if not request.request_id and not request.HasField("guideline"):
        return _asked_plainly(request.view, request.audience)
    asked = EvaluateRequest(
        guideline=request.guideline if request.HasField("guideline") else None,
        view=request.view,
        audience=request.audience,
        request_id=request.request_id,
    )
    return audit_pb2.AuditEnvelope(request=asked).SerializeToString(deterministic=True)


@lru_cache(maxsize=64)
def _asked_plainly(view: View.ValueType, audience: Audience.ValueType) -> bytes:
    asked = EvaluateRequest(view=view, audience=audience)
    return audit_pb2.AuditEnvelope(request=asked).SerializeToString(deterministic=True)


@lru_cache(maxsize=4096)
def _recommended(graph: DecisionGraph, verdict_codes: bytes) -> bytes:
    applies = VERDICT_CODES[Verdict.APPLIES]
    codes = zip(graph.recommendations, verdict_codes, strict=True)
    return texts(_RECOMMENDATIONS, [node.id for node, code in codes if code == applies])


def _walked(step: NodeStep) -> bytes:
    return _walked_bytes(
        step.node.id,
        VERDICTS[step.verdict],
        tuple(OUTCOMES[edge.outcome] for edge in step.edges),
    )


@lru_cache(maxsize=4096)
def _walked_bytes(
    node: str, verdict: VerdictMessage.ValueType, outcomes: tuple[EdgeOutcome.ValueType, ...]
) -> bytes:
    walked = audit_pb2.WalkedNode(node=node, verdict=verdict, outcomes=outcomes)
    return audit_pb2.AuditEnvelope(walk=[walked]).SerializeToString(deterministic=True)
