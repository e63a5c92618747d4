"""The service without its transport: from request message to response message.

The gRPC server and the command line's `--local` both call this one class. Every method raises
:class:`~rashpath.service.errors.Refusal` where it gives no answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rashpath.service import batch_evaluate, evaluate, explain_path, get_guideline, list_guidelines
from rashpath.service.decision_id import DecisionIds
from rashpath.service.errors import Refusal
from rashpath.service.guidelines import Guidelines, load_guidelines
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    BatchEvaluateResult,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
    ExplainPathResponse,
)
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import (
    GetGuidelineRequest,
    GetGuidelineResponse,
    ListGuidelinesRequest,
    ListGuidelinesResponse,
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

    @classmethod
    def load(cls, folder: Path | None = None, default_guideline: str = "") -> Application:
        """Returns an application over the guidelines of a folder; None: those of rashpath.

        Raises:
            GuidelinesError: they cannot be served.
        """
        return cls(load_guidelines(folder, default_guideline))

    def evaluate(self, request: EvaluateRequest) -> EvaluateResponse:
        """Decides one case."""
        return evaluate.evaluate(self.guidelines, self.ids, request)

    def explain_path(self, request: ExplainPathRequest) -> ExplainPathResponse:
        """Tells how the decision of one case came about."""
        return explain_path.explain_path(self.guidelines, self.ids, request)

    def batch_evaluate(self, request: BatchEvaluateRequest) -> BatchEvaluateResponse:
        """Decides many cases, in one go."""
        return BatchEvaluateResponse(results=self.batch_results(request))

    def batch_results(self, request: BatchEvaluateRequest) -> Iterator[BatchEvaluateResult]:
        """Checks a batch at once and decides its cases one by one, as the iterator is advanced."""
        batch_evaluate.check_batch(request, self.limits.batch)
        return batch_evaluate.results(request, self.evaluate, self.fault)

    def list_guidelines(self, request: ListGuidelinesRequest) -> ListGuidelinesResponse:
        """Lists the guidelines that are served."""
        return list_guidelines.list_guidelines(self.guidelines, request)

    def get_guideline(self, request: GetGuidelineRequest) -> GetGuidelineResponse:
        """Serves one guideline, whole."""
        return get_guideline.get_guideline(self.guidelines, request)

    def fault(self, error: Exception) -> Refusal:
        """Reports an unexpected exception and returns the refusal that stands for it."""
        incident = secrets.token_hex(6)
        self.report(incident, error)
        return Refusal(
            ErrorReason.ERROR_REASON_INTERNAL,
            f"the service failed and decided nothing; incident {incident}",
            metadata={"incident": incident},
        )
