"""AuditService: shows, verifies and replays what was recorded.

Every method reads or writes the store and may take long: the server runs them in threads. The
command line's `--store` calls the same class on a store or a copy of it, without a server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from rashpath.audit.checkpoint import create_checkpoint
from rashpath.audit.erase import submit_erasure
from rashpath.audit.errors import StoreError
from rashpath.audit.kept_guideline import KeptGuidelines
from rashpath.audit.ledger import Ledger
from rashpath.audit.opening import OpenStore
from rashpath.audit.outcome import Recorded
from rashpath.audit.reading import DEFAULT_PAGE, LARGEST_PAGE, Filters
from rashpath.audit.record import LONGEST_REASON
from rashpath.audit.replay import Replayer
from rashpath.audit.sortable_id import now_us
from rashpath.audit.verify import verify
from rashpath.facts.wording import Audience
from rashpath.guideline import GuidelineError
from rashpath.service.errors import FieldFault, Refusal, invalid
from rashpath.service.recall import Recalled
from rashpath.service.request import check_envelope
from rashpath.service.store_errors import refusal_of
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
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import GetGuidelineRequest, GetGuidelineResponse

_ERASURE_S = 30.0
"""Seconds that an erasure waits for its commit."""


@dataclass(frozen=True, slots=True)
class Auditing:
    """Answers an auditor from one ledger.

    Args:
        opened: the ledger, opened for reading.
        replayer: replays its decisions.
        kept: its guidelines.
        ledger: the same, open for writing; None: nothing can be erased or checkpointed.
    """

    opened: OpenStore
    replayer: Replayer
    kept: KeptGuidelines
    ledger: Ledger | None = None

    @classmethod
    def of_store(cls, opened: OpenStore) -> Auditing:
        """Returns the auditing of a store that is only read."""
        return cls(opened, Replayer(opened.reader), KeptGuidelines(opened.store))

    @classmethod
    def of_ledger(cls, ledger: Ledger) -> Auditing:
        """Returns the auditing of a ledger that is being written."""
        opened = OpenStore(ledger.store, ledger.reader, ledger.key.trusted)
        return cls(opened, Replayer(opened.reader), KeptGuidelines(opened.store), ledger)

    def get_decision(self, request: GetDecisionRequest) -> GetDecisionResponse:
        """Shows one recorded decision."""
        check_envelope(request)
        try:
            return GetDecisionResponse(decision=self.opened.reader.decision(request.decision_id))
        except StoreError as error:
            raise refusal_of(error) from None

    def list_decisions(self, request: ListDecisionsRequest) -> ListDecisionsResponse:
        """Lists recorded decisions, the newest first."""
        check_envelope(request)
        size = request.page_size or DEFAULT_PAGE
        if not 1 <= size <= LARGEST_PAGE:
            text = f"`page_size` is outside 1 to {LARGEST_PAGE}"
            raise invalid((FieldFault("page_size", text, ErrorReason.ERROR_REASON_OUT_OF_RANGE),))
        filters = Filters(
            since_us=request.since.ToMicroseconds() if request.HasField("since") else None,
            until_us=request.until.ToMicroseconds() if request.HasField("until") else None,
            guideline_id=request.guideline_id,
            recommendation=request.recommendation,
        )
        try:
            page = self.opened.reader.page(filters, size, request.page_token)
        except StoreError as error:
            raise refusal_of(error) from None
        return ListDecisionsResponse(decisions=page.decisions, next_page_token=page.next_token)

    def verify_ledger(
        self, request: VerifyLedgerRequest, progress: Callable[[int], None] = lambda _: None
    ) -> VerifyLedgerResponse:
        """Verifies the whole ledger, and against a checkpoint kept elsewhere."""
        check_envelope(request)
        checkpoint = request.checkpoint if request.HasField("checkpoint") else None
        try:
            return verify(
                self.opened.store,
                self.opened.trusted,
                self.opened.reader.seal,
                checkpoint,
                progress,
            )
        except StoreError as error:
            raise refusal_of(error) from None

    def replay_decision(self, request: ReplayDecisionRequest) -> ReplayDecisionResponse:
        """Decides recorded facts again under the recorded guideline, and compares."""
        check_envelope(request)
        try:
            return ReplayDecisionResponse(result=self.replayer.replay(request.decision_id))
        except StoreError as error:
            raise refusal_of(error) from None

    def create_checkpoint(self, request: CreateCheckpointRequest) -> CreateCheckpointResponse:
        """Makes a checkpoint to be kept elsewhere."""
        check_envelope(request)
        ledger = self._writable()
        try:
            checkpoint = create_checkpoint(ledger.store, ledger.key, now_us())
        except StoreError as error:
            raise refusal_of(error) from None
        return CreateCheckpointResponse(checkpoint=checkpoint)

    def erase_decision(
        self, request: EraseDecisionRequest, caller: str = ""
    ) -> EraseDecisionResponse:
        """Erases the content of one decision for good, and records that."""
        check_envelope(request)
        if not request.reason or len(request.reason) > LONGEST_REASON:
            text = f"`reason` needs 1 to {LONGEST_REASON} characters"
            raise invalid((FieldFault("reason", text, ErrorReason.ERROR_REASON_OUT_OF_RANGE),))
        ledger = self._writable()
        try:
            written = submit_erasure(
                ledger, request.decision_id, request.reason, caller, version("rashpath")
            )
            (outcome,) = written.result(_ERASURE_S)
        except StoreError as error:
            raise refusal_of(error) from None
        assert isinstance(outcome, Recorded)
        return EraseDecisionResponse(record_id=outcome.decision_id)

    def get_guideline(self, request: GetGuidelineRequest) -> GetGuidelineResponse:
        """Serves a guideline that the ledger keeps, by its digest.

        Raises:
            Refusal: none is kept of this digest, or not under this id and version; the ledger
                cannot be read.
        """
        check_envelope(request)
        kept = self.kept_guideline(request)
        if kept is None:
            reason = ErrorReason.ERROR_REASON_GUIDELINE_NOT_FOUND
            text = "the ledger keeps no guideline of this digest, or this software cannot load it"
            raise Refusal(reason, text, (FieldFault("guideline.digest", text, reason),))
        return kept

    def kept_guideline(self, request: GetGuidelineRequest) -> GetGuidelineResponse | None:
        """Returns the kept guideline whose digest is asked for; None where there is none.

        Raises:
            Refusal: the ledger cannot be read.
        """
        selector = request.guideline
        try:
            graph = self.kept.graph(selector.digest)
        except StoreError as error:
            raise refusal_of(error) from None
        except GuidelineError:
            return None
        if graph is None or graph.digest != selector.digest:
            return None
        info = graph.info(Audience.CLINICIAN)
        if selector.id not in ("", info.id) or selector.version not in ("", info.version):
            return None
        return GetGuidelineResponse(info=info, guideline=graph.guideline)

    def recall(self, decision_id: str) -> Recalled:
        """Returns a recorded decision with its content and its guideline.

        Raises:
            Refusal: it is not recorded, was erased, or its guideline cannot be loaded.
        """
        try:
            decision = self.opened.reader.decision(decision_id)
            if decision.erased:
                reason = ErrorReason.ERROR_REASON_DECISION_ERASED
                text = f"the content of decision `{decision_id}` was erased"
                raise Refusal(reason, text, (FieldFault("decision_id", text, reason),))
            graph = self.kept.graph(decision.record.guideline_digest)
        except StoreError as error:
            raise refusal_of(error) from None
        except GuidelineError:
            graph = None
        if graph is None:
            raise Refusal(
                ErrorReason.ERROR_REASON_LEDGER_DAMAGED,
                "the recorded guideline is not kept, or this software cannot load it",
            )
        return Recalled(graph, decision)

    def _writable(self) -> Ledger:
        if self.ledger is None:
            raise Refusal(
                ErrorReason.ERROR_REASON_AUDIT_OFF, "this store is only read; ask the server"
            )
        return self.ledger
