"""The client: one connection to a rashpath server, and a method for each of its methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from rashpath.client.audit import AuditCalls, Method
from rashpath.client.errors import ClientError, NotFound, Unavailable, error_of
from rashpath.client.retry import Retry
from rashpath.client.tls import Tls, is_loopback
from rashpath.v1.audit_service_pb2_grpc import AuditServiceStub
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
from rashpath.v1.decision_service_pb2_grpc import DecisionServiceStub
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
from rashpath.v1.guideline_service_pb2_grpc import GuidelineServiceStub

if TYPE_CHECKING:
    from typing import Self

Q = TypeVar("Q", contravariant=True)
R = TypeVar("R", covariant=True)

_HEALTH_CHECK = "/grpc.health.v1.Health/Check"
_SERVING = 1

_OPTIONS: tuple[tuple[str, Any], ...] = (
    # A batch of a thousand answers is larger than grpc's 4 MiB.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # grpc waits a second before it looks for a lost server again: too long for our retries.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # Despite its name, the time that one attempt to connect gets: handshakes over a slow line too.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


class Client(AuditCalls):
    """A connection to a server. Use it in a `with` block, or close it; threads may share it.

    Args:
        address: `HOST:PORT` of the server. It is connected to at the first call.
        timeout_s: seconds that a call may take, retries included, more than 0.
        retries: further attempts where no server can be reached, 0 or more.
        tls: how to encrypt; None: plain text.
        token: sent with every call as `authorization: Bearer`; None: none.
        channel_options: options of the grpc channel, which win over our own.
        metadata: called before each call; what it returns goes along, such as the `traceparent` of
            the trace that the call belongs to. None: nothing more.

    Raises:
        ValueError: a number is out of its range, or the token would travel unencrypted to another
            machine.

    Example:
        >>> with Client("localhost:50051", timeout_s=0.5, retries=0) as client:
        ...     client.healthy()
        False
    """

    def __init__(
        self,
        address: str,
        *,
        timeout_s: float = 10.0,
        retries: int = 3,
        tls: Tls | None = None,
        token: str | None = None,
        channel_options: Sequence[tuple[str, Any]] = (),
        metadata: Callable[[], Iterable[tuple[str, str]]] | None = None,
    ) -> None:
        if not timeout_s > 0:
            raise ValueError("`timeout_s` must be more than 0")
        if retries < 0:
            raise ValueError("`retries` must be 0 or more")
        if token and tls is None and not is_loopback(address):
            raise ValueError(
                "the token would travel unencrypted to another machine; use `tls` with it"
            )
        options = dict([*_OPTIONS, *channel_options])
        if tls is None:
            self._channel = grpc.insecure_channel(address, list(options.items()))
        else:
            if tls.server_name:
                options["grpc.ssl_target_name_override"] = tls.server_name
            self._channel = grpc.secure_channel(address, tls.credentials(), list(options.items()))
        self._closed = False
        self._timeout_s = timeout_s
        self._retry = Retry(retries)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._more_metadata = metadata or tuple
        self._audit = AuditServiceStub(self._channel)
        self._decision = DecisionServiceStub(self._channel)
        self._guideline = GuidelineServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; calls in flight fail."""
        self._closed = True
        self._channel.close()

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
        return self._call(self._decision.Evaluate, request, timeout_s)

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
        return self._call(self._decision.ExplainPath, request, timeout_s)

    def batch_evaluate(
        self, requests: Iterable[EvaluateRequest], *, timeout_s: float | None = None
    ) -> BatchEvaluateResponse:
        """Decides many cases; a faulty one gets an error of its own and fails no other.

        Args:
            requests: the cases, at most as many as the server takes (1000 by default).
            timeout_s: seconds for this call; None: those of the client.
        """
        request = BatchEvaluateRequest(requests=requests)
        return self._call(self._decision.BatchEvaluate, request, timeout_s)

    def list_guidelines(self, *, timeout_s: float | None = None) -> ListGuidelinesResponse:
        """Lists the guidelines that the server serves, by id and version."""
        return self._call(self._guideline.ListGuidelines, ListGuidelinesRequest(), timeout_s)

    def get_guideline(
        self, guideline: GuidelineSelector | None = None, *, timeout_s: float | None = None
    ) -> GetGuidelineResponse:
        """Serves one guideline, whole.

        Args:
            guideline: which guideline; None: the server's default.
            timeout_s: seconds for this call; None: those of the client.
        """
        request = GetGuidelineRequest(guideline=guideline)
        return self._call(self._guideline.GetGuideline, request, timeout_s)

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
        return self._call(self._guideline.RenderDiagram, request, timeout_s)

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
        return self._call(self._guideline.CompareGuidelines, request, timeout_s)

    def healthy(self, service: str = "", *, timeout_s: float | None = None) -> bool:
        """Tells whether the server takes requests; False where none can be reached.

        Args:
            service: full name of a service, such as `rashpath.v1.DecisionService`; empty: all.
            timeout_s: seconds for this call; None: those of the client.

        Raises:
            ClientError: the server answered with something else, or not in time.
        """
        # HealthCheckRequest and -Response have one field each, of the number and type of these
        # two wrappers, so that the client needs no package for them.
        check: Callable[..., Int32Value] = self._channel.unary_unary(
            _HEALTH_CHECK,
            request_serializer=StringValue.SerializeToString,
            response_deserializer=Int32Value.FromString,
        )
        try:
            return self._call(check, StringValue(value=service), timeout_s).value == _SERVING
        except (Unavailable, NotFound):
            return False

    def _call(self, method: Method[Q, R], request: Q, timeout_s: float | None) -> R:
        def attempt(left_s: float) -> R:
            if self._closed:
                raise ClientError("CANCELLED", "the client is closed")
            try:
                metadata = (*self._metadata, *self._more_metadata())
                return method(request, timeout=left_s, metadata=metadata)
            except grpc.RpcError as failure:
                error: ClientError = error_of(failure)
            raise error

        return self._retry.run(attempt, timeout_s or self._timeout_s)
