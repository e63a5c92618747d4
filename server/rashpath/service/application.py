"""The service without its transport: from request message to response message.

The gRPC server and the command line's `--local` both call this one class. Every method raises
:class:`~rashpath.service.errors.Refusal` where it gives no answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rashpath.readings.engine import CompiledEngine, Engine
from rashpath.service import (
    batch_evaluate,
    compare_guidelines,
    get_guideline,
    list_guidelines,
    render_diagram,
)
from rashpath.service.decision_id import DecisionIds
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import Decision, decide, refuse_request_id
from rashpath.service.explain_path import Subject, subject_of
from rashpath.service.explain_path import explain_path as explain_subject
from rashpath.service.guidelines import Guidelines, load_guidelines
from rashpath.service.quick import Quick
from rashpath.service.recall import Recall, Recalled, nothing_recorded
from rashpath.service.render_diagram import Drawing
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
    ExplainPathResponse,
)
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import (
    CompareGuidelinesRequest,
    CompareGuidelinesResponse,
    GetGuidelineRequest,
    GetGuidelineResponse,
    ListGuidelinesRequest,
    ListGuidelinesResponse,
    RenderDiagramRequest,
    RenderDiagramResponse,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for.

    Args:
        batch: cases in one BatchEvaluate, 1 or more.
    """

    batch: int = 1000


def _unreported(incident: str, error: Exception) -> None:
    """Reports a fault to nobody: the caller only gets its incident id."""


@dataclass(frozen=True, slots=True)
class Application:
    """Answers requests from loaded guidelines.

    Args:
        guidelines: what decides.
        ids: gives the ids of answers.
        limits: what one request may ask for.
        report: told of every unexpected exception with its incident id; must log no value.
        recall: returns a recorded decision; refuses where none is recorded.
        engine: walks the cases.
        quick: decides requests from their bytes.

    Example:
        >>> application = Application(load_guidelines())
        >>> answer = application.evaluate(EvaluateRequest(patient_case={}))
        >>> len(answer.decision_id)
        26
    """

    guidelines: Guidelines
    ids: DecisionIds = field(default_factory=DecisionIds)
    limits: Limits = Limits()
    report: Callable[[str, Exception], None] = _unreported
    recall: Recall = nothing_recorded
    engine: Engine = field(default_factory=CompiledEngine)
    quick: Quick = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Makes ready what is decided from bytes."""
        object.__setattr__(self, "quick", Quick(self.engine, self.guidelines, self.ids))

    @classmethod
    def load(cls, folder: Path | None = None, default_guideline: str = "") -> Application:
        """Returns an application over the guidelines of a folder; None: those of rashpath.

        Raises:
            GuidelinesError: they cannot be served.
        """
        return cls(load_guidelines(folder, default_guideline))

    def evaluate(self, request: EvaluateRequest) -> EvaluateResponse:
        """Decides one case, recording nothing."""
        refuse_request_id(request)
        return EvaluateResponse.FromString(self.decide(request).answer)

    def decide(self, request: EvaluateRequest, data: bytes = b"") -> Decision:
        """Decides one case; who calls this records the decision before it is answered.

        Args:
            request: the request.
            data: its bytes, if they are at hand: it is quicker to decide from them.
        """
        # What a request asks for is kept by its bytes, and no request id comes twice.
        quick = self.quick.decide(data) if data and not request.request_id else None
        return quick or decide(self.engine, self.guidelines, self.ids, request)

    def explain_path(self, request: ExplainPathRequest) -> ExplainPathResponse:
        """Tells how the decision of one case came about."""
        return self.explain(self.subject(request), request)

    def subject(self, request: ExplainPathRequest, recall: Recall | None = None) -> Subject:
        """Returns what is to be explained; reads the ledger for a recorded decision.

        Args:
            request: what is asked.
            recall: returns the recorded decision; None: the application's own.
        """
        return subject_of(self.guidelines, request, recall or self.recall)

    def explain(self, subject: Subject, request: ExplainPathRequest) -> ExplainPathResponse:
        """Tells how the decision of a subject came about."""
        return explain_subject(subject, self.ids, request)

    def batch_evaluate(self, request: BatchEvaluateRequest) -> BatchEvaluateResponse:
        """Decides many cases, in one go, recording nothing."""
        self.check_batch(request)
        return BatchEvaluateResponse(
            results=batch_evaluate.results(request, self.evaluate, self.fault)
        )

    def check_batch(self, request: BatchEvaluateRequest) -> None:
        """Checks a batch as a whole, before any case is decided."""
        batch_evaluate.check_batch(request, self.limits.batch)

    def list_guidelines(self, request: ListGuidelinesRequest) -> ListGuidelinesResponse:
        """Lists the guidelines that are served."""
        return list_guidelines.list_guidelines(self.guidelines, request)

    def get_guideline(self, request: GetGuidelineRequest) -> GetGuidelineResponse:
        """Serves one guideline, whole."""
        return get_guideline.get_guideline(self.guidelines, request)

    def render_diagram(self, request: RenderDiagramRequest) -> RenderDiagramResponse:
        """Draws a guideline, alone or with the way of a case or of a recorded decision."""
        recalled = None
        if request.WhichOneof("overlay") == "decision_id":
            recalled = self.recall(request.decision_id)
        return self.drawing(request, recalled)()

    def drawing(self, request: RenderDiagramRequest, recalled: Recalled | None) -> Drawing:
        """Settles what a picture shows; what it returns draws it, in any thread."""
        return render_diagram.render_diagram(self.guidelines, request, recalled)

    def compare_guidelines(self, request: CompareGuidelinesRequest) -> CompareGuidelinesResponse:
        """Tells what two guidelines decide differently; takes seconds where much differs."""
        return compare_guidelines.compare_guidelines(self.guidelines, request)

    def fault(self, error: Exception) -> Refusal:
        """Reports an unexpected exception and returns the refusal that stands for it."""
        incident = secrets.token_hex(6)
        self.report(incident, error)
        return Refusal(
            ErrorReason.ERROR_REASON_INTERNAL,
            f"the service failed and decided nothing; incident {incident}",
            metadata={"incident": incident},
        )
