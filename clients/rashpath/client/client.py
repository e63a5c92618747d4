"""The client: one connection to a rashpath server, and a method for each of its methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from rashpath.client.asking import R
from rashpath.client.audit import AuditCalls
from rashpath.client.decisions import DecisionCalls
from rashpath.client.errors import ClientError, NotFound, Unavailable, error_of
from rashpath.client.retry import Retry
from rashpath.client.tls import Tls, is_loopback
from rashpath.v1.audit_service_pb2_grpc import AuditServiceStub
from rashpath.v1.decision_service_pb2_grpc import DecisionServiceStub
from rashpath.v1.guideline_service_pb2_grpc import GuidelineServiceStub

if TYPE_CHECKING:
    from typing import Self

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


A = TypeVar("A", covariant=True)


class Method(Protocol[A]):
    """A method of a generated stub."""

    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: tuple[tuple[str, str | bytes], ...] | None = None,
    ) -> A:
        """Sends one request and waits for its answer."""
        ...


class Client(DecisionCalls, AuditCalls):
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
        check: Method[Int32Value] = self._channel.unary_unary(
            _HEALTH_CHECK,
            request_serializer=StringValue.SerializeToString,
            response_deserializer=Int32Value.FromString,
        )
        try:
            return self._call(check, StringValue(value=service), timeout_s).value == _SERVING
        except (Unavailable, NotFound):
            return False

    def _ask(self, request: Message, answer: type[R], timeout_s: float | None) -> R:
        name = request.DESCRIPTOR.name.removesuffix("Request")
        stubs = (self._decision, self._guideline, self._audit)
        # buf holds the contract to it: a request is named as its method, and is of no other.
        (stub,) = (each for each in stubs if hasattr(each, name))
        method: Method[R] = getattr(stub, name)
        return self._call(method, request, timeout_s)

    def _call(self, method: Method[R], request: Message, timeout_s: float | None) -> R:
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
