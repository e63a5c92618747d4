"""Decides in process, with the methods and the errors of the client, for `--local`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from rashpath.client.errors import FieldFault, class_of
from rashpath.service.application import Application
from rashpath.service.errors import Refusal, reason_name
from rashpath.service.guidelines import GuidelinesError
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
    GetGuidelineRequest,
    GetGuidelineResponse,
    ListGuidelinesRequest,
    ListGuidelinesResponse,
    RenderDiagramRequest,
    RenderDiagramResponse,
)

if TYPE_CHECKING:
    from typing import Self

Q = TypeVar("Q")
R = TypeVar("R")


class LocalClient:
    """The service without its transport; every method answers and raises as the client's does.

    A fault of the service itself is not caught: there is no server whose log would tell more.

    Raises:
        CommandError: the guidelines that come with rashpath cannot be loaded.
    """

    def __init__(self) -> None:
        try:
            self._application = Application.load()
        except GuidelinesError as error:
            from rashpath.cli.errors import CommandError, ExitCode

            lines = [line for problem in error.problems for line in problem.splitlines()]
            raise CommandError(*lines, exit_code=ExitCode.OUR_FAULT) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Has nothing to close."""

    def evaluate(
        self,
        case: PatientCase,
        *,
        guideline: GuidelineSelector | None = None,
        view: View.ValueType = View.VIEW_BASIC,
        audience: Audience.ValueType = Audience.AUDIENCE_CLINICIAN,
        request_id: str = "",
    ) -> EvaluateResponse:
        """Decides one case; a request id is refused, since nothing is recorded."""
        request = EvaluateRequest(
            patient_case=case,
            guideline=guideline,
            view=view,
            audience=audience,
            request_id=request_id,
        )
        return answered(self._application.evaluate, request)

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
    ) -> ExplainPathResponse:
        """Tells how the decision of one case came about."""
        request = ExplainPathRequest(
            patient_case=case,
            guideline=guideline,
            why=why,
            why_not=why_not,
            what_if=[FactChange(fact=fact, value=value) for fact, value in (what_if or {}).items()],
            what_would_change=what_would_change,
            audience=audience,
        )
        return answered(self._application.explain_path, request)

    def batch_evaluate(self, requests: Iterable[EvaluateRequest]) -> BatchEvaluateResponse:
        """Decides many cases."""
        return answered(self._application.batch_evaluate, BatchEvaluateRequest(requests=requests))

    def list_guidelines(self) -> ListGuidelinesResponse:
        """Lists the guidelines that come with rashpath."""
        return answered(self._application.list_guidelines, ListGuidelinesRequest())

    def get_guideline(self, guideline: GuidelineSelector | None = None) -> GetGuidelineResponse:
        """Gives one guideline, whole."""
        request = GetGuidelineRequest(guideline=guideline)
        return answered(self._application.get_guideline, request)

    def render_diagram(self, request: RenderDiagramRequest) -> RenderDiagramResponse:
        """Draws a guideline."""
        return answered(self._application.render_diagram, request)

    def compare_guidelines(
        self, before: GuidelineSelector | None = None, after: GuidelineSelector | None = None
    ) -> CompareGuidelinesResponse:
        """Tells what two guidelines decide differently."""
        request = CompareGuidelinesRequest(before=before, after=after)
        return answered(self._application.compare_guidelines, request)


def answered(method: Callable[[Q], R], request: Q) -> R:
    """Returns what a method of the service answers.

    Raises:
        ClientError: the service refuses, as its class for the client.
    """
    try:
        return method(request)
    except Refusal as refusal:
        code, reason = refusal.code.name, reason_name(refusal.reason)
        fields = tuple(
            FieldFault(each.field, each.description, reason_name(each.reason))
            for each in refusal.fields
        )
        error = class_of(code, reason)(
            code, refusal.message, reason=reason, fields=fields, metadata=refusal.metadata
        )
    raise error
