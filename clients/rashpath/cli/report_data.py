"""Holds all that an audit report of one decision tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from rashpath.cli.words import short
from rashpath.v1 import decision_pb2, guideline_pb2
from rashpath.v1.audit_pb2 import AuditRecord, RecordedDecision
from rashpath.v1.audit_service_pb2 import (
    GetDecisionResponse,
    ReplayDecisionResponse,
    VerifyLedgerResponse,
)
from rashpath.v1.decision_pb2 import ExplainedRecommendation, GuidelineInfo, RecommendationResult
from rashpath.v1.decision_service_pb2 import EvaluateResponse, ExplainPathResponse
from rashpath.v1.guideline_pb2 import Guideline
from rashpath.v1.guideline_service_pb2 import GetGuidelineResponse, RenderDiagramResponse


@dataclass(frozen=True)
class ReportData:
    """What the ledger, the engine and the guideline say about one recorded decision.

    It has no slots, since what is derived from it is kept.

    Args:
        decision: the decision as the ledger shows it; without content where it was erased.
        explained: its facts explained under its guideline, in the report's audience; None where
            that cannot be had, as for an erased decision.
        diagram: its way as SVG; None likewise.
        guideline: the guideline that decided; None where it is not kept.
        verification: what a verification of the whole ledger found; None: none was made.
        replay: what a replay found; None: none was made.
        audience: ``clinician`` or ``patient``.
        made: when the report was made, with its time zone.
        made_by: program and version that made it.
        missing: what could not be had, one sentence each.
    """

    decision: GetDecisionResponse
    explained: ExplainPathResponse | None
    diagram: RenderDiagramResponse | None
    guideline: GetGuidelineResponse | None
    verification: VerifyLedgerResponse | None
    replay: ReplayDecisionResponse | None
    audience: str
    made: datetime
    made_by: str = "rashpath"
    missing: tuple[str, ...] = ()

    @property
    def recorded(self) -> RecordedDecision:
        """The decision with its record."""
        return self.decision.decision

    @property
    def record(self) -> AuditRecord:
        """The record, which holds nothing of the patient."""
        return self.decision.decision.record

    @property
    def for_patient(self) -> bool:
        """True where the words are the patient's, without doses and professional texts."""
        return self.audience == "patient"

    @property
    def sent(self) -> EvaluateResponse | None:
        """The answer as it was sent; None where it was erased."""
        return self.recorded.response if self.recorded.HasField("response") else None

    @property
    def sent_audience(self) -> str:
        """Whom the answer was sent to: ``clinician`` or ``patient``."""
        if self.recorded.request.audience == guideline_pb2.AUDIENCE_PATIENT:
            return "patient"
        return "clinician"

    @property
    def answer(self) -> EvaluateResponse | None:
        """The answer that the report shows: the one sent, unless another audience is to read it."""
        if self.sent is not None and self.sent_audience == self.audience:
            return self.sent
        return self.explained.decision if self.explained is not None else None

    @property
    def as_sent(self) -> bool:
        """True where the answer shown is the very one that was sent."""
        return self.answer is not None and self.answer is self.sent

    @cached_property
    def info(self) -> GuidelineInfo:
        """What names the guideline; from the record alone where nothing else is left."""
        if self.answer is not None and self.answer.HasField("guideline"):
            return self.answer.guideline
        if self.guideline is not None:
            return self.guideline.info
        record = self.record
        return GuidelineInfo(
            id=record.guideline_id,
            version=record.guideline_version,
            digest=record.guideline_digest,
            semantics_version=record.semantics_version,
        )

    @property
    def content(self) -> Guideline:
        """The guideline itself; empty where it is not kept."""
        return self.guideline.guideline if self.guideline is not None else Guideline()

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of all nodes by id."""
        return {
            node.id: (node.title.patient if self.for_patient else "") or node.title.clinician
            for node in self.content.nodes
        }

    @cached_property
    def strayed(self) -> tuple[str, ...]:
        """Nodes whose verdict in the explanation is not the recorded one, in recorded order.

        An explanation that strays is the present engine's, and must not pass for the record.
        """
        if self.explained is None or not self.recorded.walk:
            return ()
        told = {step.node: step.verdict for step in self.explained.decision.path}
        return tuple(
            each.node for each in self.recorded.walk if told.get(each.node) != each.verdict
        )

    def recommended(self, verdict: decision_pb2.Verdict.ValueType) -> list[RecommendationResult]:
        """Returns the recommendations of a verdict in the answer shown, most urgent first."""
        if self.answer is None:
            return []
        return [each for each in self.answer.recommendations if each.verdict == verdict]

    def explained_as(
        self, verdict: decision_pb2.Verdict.ValueType
    ) -> list[ExplainedRecommendation]:
        """Returns the explained recommendations of a verdict."""
        if self.explained is None:
            return []
        return [each for each in self.explained.recommendations if each.verdict == verdict]


def utc(moment: datetime) -> str:
    """Returns a moment as it is shown, to the second.

    >>> utc(datetime(2026, 11, 23, 16, 5, 9, tzinfo=UTC))
    '2026-11-23 16:05:09 UTC'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def counted(number: int, one: str, many: str = "") -> str:
    """Returns a number with its noun.

    >>> counted(1, "fact"), counted(2, "fact")
    ('1 fact', '2 facts')
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def urgency_class(urgency: guideline_pb2.Urgency.ValueType) -> str:
    """Returns the short name of an urgency, which is also its class in the style sheet."""
    return short(guideline_pb2.Urgency.Name(urgency), "URGENCY_")


def sources_text(sources: Iterable[str]) -> str:
    """Returns ids of sources for a line of text."""
    return " ".join(sources)
