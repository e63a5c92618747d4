"""The client's methods for auditors: what was recorded, whether it stands, how it came about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from rashpath.client.asking import Asks
from rashpath.v1.audit_pb2 import Checkpoint, RecordedDecision
from rashpath.v1.audit_service_pb2 import (
    CreateCheckpointRequest,
    CreateCheckpointResponse,
    EraseDecisionRequest,
    EraseDecisionResponse,
    GetDecisionRequest,
    GetDecisionResponse,
    ListDecisionsRequest,
    ListDecisionsResponse,
    ReplayDecisionRequest,
    ReplayDecisionResponse,
    VerifyLedgerRequest,
    VerifyLedgerResponse,
)
from rashpath.v1.decision_service_pb2 import ExplainPathRequest, ExplainPathResponse, FactChange
from rashpath.v1.guideline_pb2 import Audience
from rashpath.v1.guideline_service_pb2 import (
    DiagramDetail,
    DiagramFormat,
    RenderDiagramRequest,
    RenderDiagramResponse,
)

PAGE = 500
"""Decisions that are asked for at a time where all are wanted."""


class AuditCalls(Asks):
    """What a client asks of the audit ledger; every method raises ClientError as `evaluate` does.

    Besides: PreconditionFailed where the server keeps no ledger or lacks a key, NotFound for a
    decision that is not recorded, LedgerDamaged where what is stored is not what was recorded.
    """

    def get_decision(
        self, decision_id: str, *, timeout_s: float | None = None
    ) -> GetDecisionResponse:
        """Shows one recorded decision, with its content where that was not erased.

        Args:
            decision_id: id of the decision, as its answer gave it.
            timeout_s: seconds for this call, as in all methods here; None: those of the client.
        """
        request = GetDecisionRequest(decision_id=decision_id)
        return self._ask(request, GetDecisionResponse, timeout_s)

    def list_decisions(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        guideline: str = "",
        recommendation: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout_s: float | None = None,
    ) -> ListDecisionsResponse:
        """Lists one page of recorded decisions without their content, the newest first.

        Args:
            since: only those recorded then or later, with its time zone; None: any.
            until: only those recorded before, with its time zone; None: any.
            guideline: only those by the guideline of this id; empty: any.
            recommendation: only those in which this recommendation applied; empty: any. A page may
                then be short, even empty, though more follow.
            page_size: most decisions on the page, 1 to 1000; 0: 50.
            page_token: where the page starts, as the page before said; empty: at the newest.
            timeout_s: seconds for this call; None: those of the client.

        Raises:
            ValueError: a time has no time zone.
        """
        request = ListDecisionsRequest(
            guideline_id=guideline,
            recommendation=recommendation,
            page_size=page_size,
            page_token=page_token,
        )
        if since is not None:
            request.since.FromDatetime(in_utc(since))
        if until is not None:
            request.until.FromDatetime(in_utc(until))
        return self._ask(request, ListDecisionsResponse, timeout_s)

    def decisions(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        guideline: str = "",
        recommendation: str = "",
        page_size: int = PAGE,
        timeout_s: float | None = None,
    ) -> Iterator[RecordedDecision]:
        """Yields recorded decisions without their content, the newest first, page by page.

        Args:
            since: as in :meth:`list_decisions`.
            until: as in :meth:`list_decisions`.
            guideline: as in :meth:`list_decisions`.
            recommendation: as in :meth:`list_decisions`.
            page_size: decisions asked for at a time, 1 to 1000.
            timeout_s: seconds for each page; None: those of the client.
        """
        token = ""
        while True:
            page = self.list_decisions(
                since=since,
                until=until,
                guideline=guideline,
                recommendation=recommendation,
                page_size=page_size,
                page_token=token,
                timeout_s=timeout_s,
            )
            yield from page.decisions
            token = page.next_page_token
            if not token:
                return

    def verify_ledger(
        self, checkpoint: Checkpoint | None = None, *, timeout_s: float | None = None
    ) -> VerifyLedgerResponse:
        """Verifies the whole ledger, which takes time with its size.

        Args:
            checkpoint: one that was kept elsewhere; None: the ledger alone.
            timeout_s: seconds for this call; None: those of the client.
        """
        request = VerifyLedgerRequest(checkpoint=checkpoint)
        return self._ask(request, VerifyLedgerResponse, timeout_s)

    def replay_decision(
        self, decision_id: str, *, timeout_s: float | None = None
    ) -> ReplayDecisionResponse:
        """Has recorded facts decided again under the recorded guideline, and compared."""
        request = ReplayDecisionRequest(decision_id=decision_id)
        return self._ask(request, ReplayDecisionResponse, timeout_s)

    def create_checkpoint(self, *, timeout_s: float | None = None) -> CreateCheckpointResponse:
        """Has a checkpoint made, to be kept where nobody who can write to the ledger can."""
        return self._ask(CreateCheckpointRequest(), CreateCheckpointResponse, timeout_s)

    def erase_decision(
        self, decision_id: str, reason: str, *, timeout_s: float | None = None
    ) -> EraseDecisionResponse:
        """Has the content of a decision erased for good; its record stays.

        Args:
            decision_id: id of the decision.
            reason: why, 1 to 500 characters without patient data; it is recorded.
            timeout_s: seconds for this call; None: those of the client.
        """
        request = EraseDecisionRequest(decision_id=decision_id, reason=reason)
        return self._ask(request, EraseDecisionResponse, timeout_s)

    def explain_decision(
        self,
        decision_id: str,
        *,
        why: Iterable[str] = (),
        why_not: Iterable[str] = (),
        what_if: Mapping[str, str] | None = None,
        what_would_change: Iterable[str] = (),
        audience: Audience.ValueType = Audience.AUDIENCE_CLINICIAN,
        timeout_s: float | None = None,
    ) -> ExplainPathResponse:
        """Tells how a recorded decision came about, from its recorded facts and guideline.

        Args:
            decision_id: id of the decision.
            why: as in `explain_path`.
            why_not: as in `explain_path`.
            what_if: as in `explain_path`.
            what_would_change: as in `explain_path`.
            audience: whom the texts are for.
            timeout_s: seconds for this call; None: those of the client.
        """
        request = ExplainPathRequest(
            decision_id=decision_id,
            why=why,
            why_not=why_not,
            what_if=[FactChange(fact=fact, value=value) for fact, value in (what_if or {}).items()],
            what_would_change=what_would_change,
            audience=audience,
        )
        return self._ask(request, ExplainPathResponse, timeout_s)

    def render_decision(
        self,
        decision_id: str,
        *,
        format: DiagramFormat.ValueType = DiagramFormat.DIAGRAM_FORMAT_SVG,
        detail: DiagramDetail.ValueType = DiagramDetail.DIAGRAM_DETAIL_FULL,
        audience: Audience.ValueType = Audience.AUDIENCE_CLINICIAN,
        mask_facts: bool = False,
        dots_per_inch: int = 0,
        timeout_s: float | None = None,
    ) -> RenderDiagramResponse:
        """Draws the way of a recorded decision through its recorded guideline.

        Args:
            decision_id: id of the decision.
            format: file format.
            detail: how much of the graph is drawn.
            audience: whom the texts are for.
            mask_facts: whether the values of facts are left out.
            dots_per_inch: of a PNG printed on A3, 36 to 300; 0: 150.
            timeout_s: seconds for this call; None: those of the client.
        """
        request = RenderDiagramRequest(
            decision_id=decision_id,
            format=format,
            detail=detail,
            audience=audience,
            mask_facts=mask_facts,
            dots_per_inch=dots_per_inch,
        )
        return self._ask(request, RenderDiagramResponse, timeout_s)


def in_utc(moment: datetime) -> datetime:
    """Returns a moment in UTC.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time needs its time zone")
    return moment.astimezone(UTC)
