"""Assembles the record of a decision and its content, ready to be chained and written.

Whatever is hashed is stored as the very bytes that were hashed: a message is serialised once. The
record holds nothing from which a patient's data could be told; that is all in the content.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache

from rashpath.audit.envelope import Seal, Sealed
from rashpath.facts.check import given
from rashpath.facts.dictionary import Dictionary
from rashpath.guideline import DecisionGraph
from rashpath.guideline.model import SEMANTICS_VERSION
from rashpath.readings.answer import OUTCOMES, VERDICTS
from rashpath.readings.walk import NodeStep, Walked
from rashpath.v1 import audit_pb2
from rashpath.v1.decision_pb2 import EdgeOutcome
from rashpath.v1.decision_pb2 import Verdict as VerdictMessage
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse

ANONYMOUS = "anonymous"
"""The caller where the server authenticated none."""

LONGEST_REASON = 500
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was made and is to be recorded before it is answered.

    Args:
        request: as it came, with its case.
        caller: who asked, as the server authenticated them; empty: `anonymous`.
        walk: the walk that decided.
        answer: the `EvaluateResponse` in the very bytes that will be sent, decision id included.
        decision_id: its id.
        engine_version: version of the software.
    """

    request: EvaluateRequest
    caller: str
    walk: Walked
    answer: bytes
    decision_id: str
    engine_version: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that waits for its place in a chain.

    Args:
        id: id of the decision or event.
        kind: what it is a record of.
        time_us: when it was assembled, microseconds since 1970, UTC.
        caller: who asked.
        request_hash: keyed hash of the caller's request id; empty where there is none.
        guideline_id: id of the guideline; empty for an erasure.
        subject: for an erasure, the decision that is erased; else empty.
        head: the bytes of the `AuditRecord` but for its place in a chain.
        sealed: the content; None for an erasure.
        request: the request, to tell a repeated one from another; None for an erasure.
        graph: the guideline, to be kept; None for an erasure.
    """

    id: str
    kind: audit_pb2.RecordKind.ValueType
    time_us: int
    caller: str
    request_hash: bytes
    guideline_id: str
    subject: str
    head: bytes
    sealed: Sealed | None
    request: EvaluateRequest | None
    graph: DecisionGraph | None


def assemble(decided: Decided, seal: Seal, time_us: int) -> Entry:
    """Returns the record of a decision with its sealed content.

    Args:
        decided: the decision.
        seal: seals the content.
        time_us: now, microseconds since 1970, UTC.
    """
    graph, request = decided.walk.graph, decided.request
    caller = decided.caller or ANONYMOUS
    sealed = seal.seal(decided.decision_id, _content(decided), decided.walk.applying)
    record = audit_pb2.AuditRecord(
        id=decided.decision_id,
        kind=audit_pb2.RECORD_KIND_DECISION,
        caller=caller,
        request_hash=seal.request_hash(caller, request.request_id),
        guideline_id=graph.guideline.id,
        guideline_version=graph.guideline.version,
        guideline_digest=graph.digest,
        engine_version=decided.engine_version,
        semantics_version=SEMANTICS_VERSION,
        envelope_commitment=sealed.commitment,
        ciphertext_digest=sealed.digest,
    )
    record.time.FromMicroseconds(time_us)
    return Entry(
        id=record.id,
        kind=record.kind,
        time_us=time_us,
        caller=caller,
        request_hash=record.request_hash,
        guideline_id=record.guideline_id,
        subject="",
        head=record.SerializeToString(deterministic=True),
        sealed=sealed,
        request=request,
        graph=graph,
    )


def assemble_erasure(
    id: str, subject: str, reason: str, caller: str, engine_version: str, time_us: int
) -> Entry:
    """Returns the record of the erasure of a decision's content.

    Args:
        id: id of the erasure.
        subject: id of the decision.
        reason: why, in the caller's words, without patient data; cut at 500 characters.
        caller: who asked for it; empty: `anonymous`.
        engine_version: version of the software.
        time_us: now, microseconds since 1970, UTC.
    """
    record = audit_pb2.AuditRecord(
        id=id,
        kind=audit_pb2.RECORD_KIND_ERASURE,
        caller=caller or ANONYMOUS,
        engine_version=engine_version,
        semantics_version=SEMANTICS_VERSION,
        subject=subject,
        reason=reason[:LONGEST_REASON],
    )
    record.time.FromMicroseconds(time_us)
    return Entry(
        id=id,
        kind=record.kind,
        time_us=time_us,
        caller=record.caller,
        request_hash=b"",
        guideline_id="",
        subject=subject,
        head=record.SerializeToString(deterministic=True),
        sealed=None,
        request=None,
        graph=None,
    )


def same_question(given_now: EvaluateRequest, recorded: audit_pb2.AuditEnvelope) -> bool:
    """Tells whether a request asks what a recorded one asked: the same case and the same pin.

    View and audience do not count: a repeated request gets the recorded answer as it was sent.
    """
    dictionary = Dictionary.of(given_now.patient_case.DESCRIPTOR)
    return given_now.guideline == recorded.request.guideline and given(
        given_now.patient_case, dictionary
    ) == given(recorded.patient_case, dictionary)


def answer_digest(answer: bytes, decision_id: str) -> bytes:
    """Returns SHA-256 of an answer with its decision id cleared.

    Args:
        answer: bytes of an `EvaluateResponse`.
        decision_id: its decision id.
    """
    first = EvaluateResponse(decision_id=decision_id).SerializeToString()
    if answer.startswith(first):
        # The id is the first field; what follows is the answer without it.
        return hashlib.sha256(answer[len(first) :]).digest()
    bare = EvaluateResponse.FromString(answer)
    bare.ClearField("decision_id")
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).digest()


def walked_nodes(walk: Walked) -> bytes:
    """Returns the walk as the `walk` field of an `AuditEnvelope`, in bytes."""
    return walk.joined(_walked)


def _content(decided: Decided) -> bytes:
    """Returns the bytes of the `AuditEnvelope`; the salt comes first."""
    request = decided.request
    first = audit_pb2.AuditEnvelope(
        salt=secrets.token_bytes(_SALT_BYTES),
        patient_case=request.patient_case,
        request=EvaluateRequest(
            guideline=request.guideline if request.HasField("guideline") else None,
            view=request.view,
            audience=request.audience,
            request_id=request.request_id,
        ),
        answer=decided.answer,
        answer_digest=answer_digest(decided.answer, decided.decision_id),
    )
    # A message may be joined from the bytes of its fields; those of the walk are few and recur.
    return first.SerializeToString(deterministic=True) + walked_nodes(decided.walk)


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
