"""The client's methods for callers: decisions, why they are so, and what decides them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rashpath.client.asking import Asks
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathRequest,
    ExplainPathResponse,
    FactChange,
    GuidelineSelector,
)
from rashpath.v1.facts_pb2 import PatientCase
from rashpath.v1.guideline_pb2 import Audience
from rashpath.v1.guideline_service_pb2 import (
    CompareGuidelinesRequest,
    CompareGuidelinesResponse,
    ListGuidelinesRequest,
    ListGuidelinesResponse,
    RenderDiagramRequest,
    RenderDiagramResponse,
)


class DecisionCalls(Asks):
    """What a caller asks of the service."""

    def evaluate(
        self,
        case: PatientCase,
        *,
        guideline: GuidelineSelector | None = None,
        view: View.ValueType = View.VIEW_BASIC,
        audience: Audience.ValueType = Audience.AUDIENCE_CLINICIAN,
        request_id: str = "",
        timeout_s: float | None = None,
    ) -> EvaluateResponse:
        """Decides one case.

        Args:
            case: the facts that are known.
            guideline: which guideline; None: the server's default.
            view: how much of the answer is wanted.
            audience: whom the texts are for.
            request_id: makes the request safe to repeat: the same id with the same case and pin
                gets the recorded answer, with another one RequestIdReused. At most 128 characters,
                the caller's own, no patient data; empty: none.
            timeout_s: seconds for this call; None: those of the client.

        Raises:
            ClientError: one of its children, as every method here: InvalidCase (a faulty field),
                NotFound, PreconditionFailed (another digest, no ledger for a request id), TooLarge,
                Overloaded, Unavailable, DeadlineExceeded, ServerFault.
        """
        request = EvaluateRequest(
            patient_case=case,
            guideline=guideline,
            view=view,
            audience=audience,
            request_id=request_id,
        )
        return self._ask(request, EvaluateResponse, timeout_s)

    def explain_path(
        self,
        case: PatientCase,
        *,
        guideline: GuidelineSelector | None = None,
        why: Iterable[str] = (),
        why_not: Iterable[str] = (),
        what_if: Mapping[str, str] | None = None,
        what_would_change: Iterable[str] = (),
        audience: Audience.ValueType = Audience.AUDIENCE_CLINICIAN,
        timeout_s: float | None = None,
    ) -> ExplainPathResponse:
        """Tells how the decision of one case came about.

        Args:
            case: the facts that are known.
            guideline: which guideline; None: the server's default.
            why: ids of recommendations to explain why they apply.
            why_not: ids of recommendations to explain why they do not. With both empty, every
                recommendation is explained.
            what_if: facts to change for a comparison, by path, each value as a case file would
                have it; an empty value makes the fact unknown.
            what_would_change: ids of recommendations to tell what would turn their verdict.
            audience: whom the texts are for.
            timeout_s: seconds for this call; None: those of the client.
        """
        changes = [FactChange(fact=fact, value=value) for fact, value in (what_if or {}).items()]
        request = ExplainPathRequest(
            patient_case=case,
            guideline=guideline,
            why=why,
            why_not=why_not,
            what_if=changes,
            what_would_change=what_would_change,
            audience=audience,
        )
        return self._ask(request, ExplainPathResponse, timeout_s)

    def batch_evaluate(
        self, requests: Iterable[EvaluateRequest], *, timeout_s: float | None = None
    ) -> BatchEvaluateResponse:
        """Decides many cases; a faulty one gets an error of its own and fails no other.

        Args:
            requests: the cases, at most as many as the server takes (1000 by default).
            timeout_s: seconds for this call; None: those of the client.
        """
        request = BatchEvaluateRequest(requests=requests)
        return self._ask(request, BatchEvaluateResponse, timeout_s)

    def list_guidelines(self, *, timeout_s: float | None = None) -> ListGuidelinesResponse:
        """Lists the guidelines that the server serves, by id and version."""
        return self._ask(ListGuidelinesRequest(), ListGuidelinesResponse, timeout_s)

    def render_diagram(
        self, request: RenderDiagramRequest, *, timeout_s: float | None = None
    ) -> RenderDiagramResponse:
        """Draws a guideline, alone or with the way of a case or of a recorded decision.

        Args:
            request: what to draw, and how.
            timeout_s: seconds for this call; None: those of the client.

        Raises:
            ClientError: as for :meth:`evaluate`.
        """
        return self._ask(request, RenderDiagramResponse, timeout_s)

    def compare_guidelines(
        self,
        before: GuidelineSelector | None = None,
        after: GuidelineSelector | None = None,
        *,
        timeout_s: float | None = None,
    ) -> CompareGuidelinesResponse:
        """Tells what two guidelines decide differently, over all cases; may take some seconds.

        Args:
            before: the first guideline; None: the server's default.
            after: the second one; None: the server's default.
            timeout_s: seconds for this call; None: those of the client.

        Raises:
            ClientError: as for :meth:`evaluate`.
        """
        request = CompareGuidelinesRequest(before=before, after=after)
        return self._ask(request, CompareGuidelinesResponse, timeout_s)
