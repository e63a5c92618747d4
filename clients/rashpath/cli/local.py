"""Decides in process, with the methods and the errors of the client, for `--local`."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message

from rashpath.client.asking import R as Answer
from rashpath.client.decisions import DecisionCalls
from rashpath.client.errors import FieldFault, class_of
from rashpath.service.application import Application
from rashpath.service.errors import Refusal, reason_name
from rashpath.service.guidelines import GuidelinesError
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
    ExplainPathRequest,
)
from rashpath.v1.guideline_service_pb2 import (
    CompareGuidelinesRequest,
    GetGuidelineRequest,
    ListGuidelinesRequest,
    RenderDiagramRequest,
)

if TYPE_CHECKING:
    from typing import Self

Q = TypeVar("Q")
R = TypeVar("R")


class LocalClient(DecisionCalls):
    """The service without its transport; every method answers and raises as the client's does.

    A request id is refused, since nothing is recorded, and no call ends before it has its answer.
    A fault of the service itself is not caught: there is no server whose log would tell more.

    Raises:
        CommandError: the guidelines that come with rashpath cannot be loaded.
    """

    def __init__(self) -> None:
        try:
            application = Application.load()
        except GuidelinesError as error:
            from rashpath.cli.errors import CommandError, ExitCode

            lines = [line for problem in error.problems for line in problem.splitlines()]
            raise CommandError(*lines, exit_code=ExitCode.OUR_FAULT) from None
        self._methods: dict[type[Message], Callable[[Any], Any]] = {
            EvaluateRequest: application.evaluate,
            ExplainPathRequest: application.explain_path,
            BatchEvaluateRequest: application.batch_evaluate,
            ListGuidelinesRequest: application.list_guidelines,
            GetGuidelineRequest: application.get_guideline,
            RenderDiagramRequest: application.render_diagram,
            CompareGuidelinesRequest: application.compare_guidelines,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Has nothing to close."""

    def _ask(self, request: Message, answer: type[Answer], timeout_s: float | None) -> Answer:
        made: Answer = answered(self._methods[type(request)], request)
        return made


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
