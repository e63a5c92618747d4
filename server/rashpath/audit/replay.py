"""Decides recorded facts again, under the recorded guideline, and compares.

Under the same semantics version the answer must come out byte for byte. Under another version the
recorded fields are compared, and what differs is the engine's difference, not tampering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from google.protobuf.message import Message

from rashpath.audit.content import walked_nodes
from rashpath.audit.errors import DecisionErasedError
from rashpath.audit.kept_guideline import KeptGuidelines
from rashpath.audit.reading import Reader
from rashpath.facts.check import given
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph, GuidelineError
from rashpath.guideline.model import SEMANTICS_VERSION
from rashpath.readings.answer import answer
from rashpath.readings.walk import Walk, Walked, walk
from rashpath.v1 import audit_pb2, guideline_pb2
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse

Decide = Callable[[DecisionGraph, EvaluateRequest], tuple[Walked, EvaluateResponse]]
"""Decides a request under a guideline: the walk, and the answer without its decision id."""

_MOST_DIFFERENCES = 50


def decide_plainly(graph: DecisionGraph, request: EvaluateRequest) -> tuple[Walk, EvaluateResponse]:
    """Decides a request with the readings as they are.

    Args:
        graph: the guideline.
        request: with its case.
    """
    walked = walk(graph, given(request.patient_case, graph.dictionary))
    patient = request.audience == guideline_pb2.AUDIENCE_PATIENT
    audience = Audience.PATIENT if patient else Audience.CLINICIAN
    return walked, answer(walked, audience=audience, full=request.view == View.VIEW_FULL)


class Replayer:
    """Replays the decisions of a ledger; each guideline is loaded once.

    Args:
        reader: reads the ledger.
        decide: decides.
        semantics_version: of this engine.
    """

    def __init__(
        self,
        reader: Reader,
        decide: Decide = decide_plainly,
        semantics_version: str = SEMANTICS_VERSION,
    ) -> None:
        self._reader = reader
        self._guidelines = KeptGuidelines(reader.store)
        self._decide = decide
        self._semantics_version = semantics_version

    def replay(self, decision_id: str) -> audit_pb2.ReplayResult:
        """Replays one decision.

        Raises:
            DecisionNotFoundError: it is not in the ledger.
            KeyUnknownError: the keyring does not hold its key.
            LedgerDamagedError: its content or its guideline is not what was recorded.
            StoreUnavailableError: the store cannot be read.
        """
        stored = self._reader.stored(decision_id)
        record = stored.record
        result = audit_pb2.ReplayResult(
            decision_id=decision_id,
            recorded_semantics_version=record.semantics_version,
            semantics_version=self._semantics_version,
        )
        try:
            content = stored.content(self._reader.seal)
        except DecisionErasedError:
            result.outcome = audit_pb2.REPLAY_OUTCOME_ERASED
            return result
        same_engine = record.semantics_version == self._semantics_version
        try:
            graph = self._guidelines.graph(record.guideline_digest)
        except GuidelineError:
            result.outcome = audit_pb2.REPLAY_OUTCOME_ENGINE_DIFFERS
            result.differences.append("this software cannot load the recorded guideline")
            return result
        if graph is None:
            result.outcome = audit_pb2.REPLAY_OUTCOME_GUIDELINE_MISSING
            return result
        if graph.digest != record.guideline_digest:
            same_engine = False
            result.differences.append("this software has another fact dictionary")
        request = content.request
        request.patient_case.CopyFrom(content.patient_case)
        walked, response = self._decide(graph, request)
        response.decision_id = decision_id
        nodes = audit_pb2.AuditEnvelope.FromString(walked_nodes(walked)).walk
        if same_engine:
            same = (
                response.SerializeToString(deterministic=True) == content.answer
                and nodes == content.walk
            )
        else:
            # The version and the digest are what is known to differ; it says nothing.
            response.guideline.CopyFrom(EvaluateResponse.FromString(content.answer).guideline)
            same = not any(self._differences(content, response, nodes))
        if not same:
            for place in self._differences(content, response, nodes):
                result.differences.append(f"`{place}` differs")
                if len(result.differences) == _MOST_DIFFERENCES:
                    break
            else:
                if not result.differences:
                    result.differences.append("the bytes differ, though no field does")
        result.outcome = _OUTCOMES[same_engine, same]
        return result

    def _differences(
        self,
        content: audit_pb2.AuditEnvelope,
        response: EvaluateResponse,
        nodes: object,
    ) -> Iterator[str]:
        yield from differences(EvaluateResponse.FromString(content.answer), response)
        if nodes != content.walk:
            yield "walk"


_OUTCOMES = {
    (True, True): audit_pb2.REPLAY_OUTCOME_IDENTICAL,
    (True, False): audit_pb2.REPLAY_OUTCOME_DIFFERENT,
    (False, True): audit_pb2.REPLAY_OUTCOME_SAME_FIELDS,
    (False, False): audit_pb2.REPLAY_OUTCOME_ENGINE_DIFFERS,
}


def differences(recorded: Message, now: Message, path: str = "") -> Iterator[str]:
    """Yields the paths of the fields in which two messages of one type differ, without values.

    Example:
        >>> from rashpath.v1.decision_service_pb2 import EvaluateResponse
        >>> list(differences(EvaluateResponse(status=1), EvaluateResponse(status=2)))
        ['status']
    """
    for field in recorded.DESCRIPTOR.fields:
        name = f"{path}.{field.name}" if path else field.name
        if field.is_repeated:
            olds, news = getattr(recorded, field.name), getattr(now, field.name)
            if len(olds) != len(news):
                yield name
            elif field.message_type is None:
                if list(olds) != list(news):
                    yield name
            else:
                for index, (old, new) in enumerate(zip(olds, news, strict=True)):
                    yield from differences(old, new, f"{name}[{index}]")
        elif field.message_type is not None:
            if recorded.HasField(field.name) != now.HasField(field.name):
                yield name
            elif recorded.HasField(field.name):
                yield from differences(
                    getattr(recorded, field.name), getattr(now, field.name), name
                )
        elif _shown(recorded, field.name) != _shown(now, field.name):
            yield name


def _shown(message: Message, name: str) -> object:
    value = getattr(message, name)
    field = message.DESCRIPTOR.fields_by_name[name]
    return (value, message.HasField(name)) if field.has_presence else value
