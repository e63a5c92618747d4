"""How failed calls come back: as errors of their own kind, with all that was sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from rashpath.client import (
    Client,
    ClientError,
    DeadlineExceeded,
    InvalidCase,
    LedgerDamaged,
    NotFound,
    Overloaded,
    PermissionDenied,
    PreconditionFailed,
    RequestIdReused,
    ServerFault,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from rashpath.v1.decision_service_pb2 import EvaluateResponse
from rashpath.v1.facts_pb2 import PatientCase

Answer = Callable[[bytes, grpc.ServicerContext], bytes]
Serve = Callable[[Answer], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server whose Evaluate is one function, and returns its address."""
    servers = []

    def start(answer: Answer) -> str:
        server = grpc.server(ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "rashpath.v1.DecisionService", {"Evaluate": handler}
                ),
            )
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield start
    for server in servers:
        server.stop(None).wait()


def failing(code: grpc.StatusCode, *details: Any, message: str = "why") -> Answer:
    """Returns an Evaluate that fails with a rich status."""
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, message)
        return b""

    return answer


def info(reason: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    """Returns an ErrorInfo of the service."""
    return error_details_pb2.ErrorInfo(reason=reason, domain="rashpath", metadata=metadata)


def error_from(address: str, kind: type[ClientError] = ClientError) -> ClientError:
    """Returns the error that a call gets."""
    with Client(address, retries=0, timeout_s=5) as client, pytest.raises(kind) as failure:
        client.evaluate(PatientCase())
    assert type(failure.value) is kind
    return failure.value


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", InvalidCase),
        (grpc.StatusCode.NOT_FOUND, "GUIDELINE_NOT_FOUND", NotFound),
        (grpc.StatusCode.FAILED_PRECONDITION, "DIGEST_MISMATCH", PreconditionFailed),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", Overloaded),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "AUDIT_QUEUE_FULL", Overloaded),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE", TooLarge),
        (grpc.StatusCode.FAILED_PRECONDITION, "AUDIT_OFF", PreconditionFailed),
        (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", RequestIdReused),
        (grpc.StatusCode.DATA_LOSS, "LEDGER_DAMAGED", LedgerDamaged),
        (grpc.StatusCode.UNAVAILABLE, "DRAINING", Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", DeadlineExceeded),
        (grpc.StatusCode.INTERNAL, "INTERNAL", ServerFault),
        (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", Unauthenticated),
        (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", PermissionDenied),
        (grpc.StatusCode.UNAVAILABLE, "IDENTITY_UNAVAILABLE", Unavailable),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", Overloaded),
        (grpc.StatusCode.UNAUTHENTICATED, "", Unauthenticated),
        (grpc.StatusCode.ABORTED, "", ClientError),
    ],
)
def test_every_code_has_its_error(
    serve: Serve, code: grpc.StatusCode, reason: str, kind: type[ClientError]
) -> None:
    """What a caller does about a failure depends on its kind, not on its words."""
    error = error_from(serve(failing(code, info(reason))), kind)
    assert error.code == code.name
    assert error.reason == reason
    if reason:
        assert str(error) == error.message == "why"


def test_all_details_arrive(serve: Serve) -> None:
    """Fields in their order, facts for programs, and when to come back."""
    fields = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field="rash.trend", description="is odd", reason="VALUE_UNDEFINED"
            ),
            error_details_pb2.BadRequest.FieldViolation(field="view", description="is new"),
        ]
    )
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000))
    details = (info("INVALID_REQUEST", a="b"), fields, retry)
    error = error_from(serve(failing(grpc.StatusCode.INVALID_ARGUMENT, *details)), InvalidCase)
    assert [(each.field, each.description, each.reason) for each in error.fields] == [
        ("rash.trend", "is odd", "VALUE_UNDEFINED"),
        ("view", "is new", ""),
    ]
    assert error.retry_after_s == 1.5
    assert error.metadata == {"a": "b"}


def test_a_reason_of_another_domain_is_not_ours(serve: Serve) -> None:
    """A proxy in between may send details too; its reasons are not from our catalogue."""
    foreign = error_details_pb2.ErrorInfo(reason="OVERLOADED", domain="proxy.example")
    error = error_from(serve(failing(grpc.StatusCode.UNAVAILABLE, foreign)), Unavailable)
    assert error.reason == "UNREACHABLE"


def test_broken_details_do_not_hide_the_error(serve: Serve) -> None:
    """Details that cannot be read leave code and message."""

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "not here")
        return b""

    error = error_from(serve(answer), NotFound)
    assert (error.message, error.fields) == ("not here", ())


def test_an_unreachable_server_is_unavailable() -> None:
    """Where nobody listens, the error says so in words."""
    error = error_from("127.0.0.1:1", Unavailable)
    assert (error.code, error.reason) == ("UNAVAILABLE", "UNREACHABLE")
    assert error.message == "no server could be reached"


def test_an_answer_that_is_none_is_a_fault_of_the_server(serve: Serve) -> None:
    """Bytes that are no EvaluateResponse do not come back as an empty decision."""
    assert error_from(serve(lambda _, __: b"\xff\xff"), ServerFault).code == "INTERNAL"


def test_a_message_above_the_limit_is_too_large(serve: Serve) -> None:
    """grpc's own limits come back as the same kind of error as the service's."""
    huge = EvaluateResponse(disclaimer="x" * 100_000).SerializeToString()
    options = [("grpc.max_receive_message_length", 1000)]
    with (
        Client(serve(lambda _, __: huge), retries=0, channel_options=options) as client,
        pytest.raises(TooLarge) as failure,
    ):
        client.evaluate(PatientCase())
    assert failure.value.reason == "TOO_LARGE"


def test_a_method_that_is_not_there_is_told(serve: Serve) -> None:
    """An older server is recognised."""
    address = serve(lambda _, __: b"")
    with Client(address, retries=0) as client, pytest.raises(ServerFault, match="older"):
        client.list_guidelines()


def test_large_answers_are_taken(serve: Serve) -> None:
    """A batch may be larger than the four megabytes that grpc takes by default."""
    huge = EvaluateResponse(disclaimer="x" * 6_000_000).SerializeToString()
    with Client(serve(lambda _, __: huge), retries=0) as client:
        assert len(client.evaluate(PatientCase()).disclaimer) == 6_000_000


def test_the_timeout_is_kept(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline travels with the call, and the call ends with it."""
    given: list[float] = []
    seen: list[float] = []

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        seen.append(context.time_remaining())
        ended.wait(2)
        return b""

    ended = threading.Event()
    with Client(serve(answer), retries=0) as client:
        send = client._decision.Evaluate

        def watched(request, timeout, metadata):
            given.append(timeout)
            return send(request, timeout=timeout, metadata=metadata)

        monkeypatch.setattr(client._decision, "Evaluate", watched)
        with pytest.raises(DeadlineExceeded):
            client.evaluate(PatientCase(), timeout_s=0.3)
    ended.set()
    assert 0 < given[0] <= 0.3
    # The wire carries whole milliseconds, so the server's end is compared in those.
    assert 0 < int(seen[0] * 1000) <= 300


def test_the_token_is_sent_with_every_call(serve: Serve) -> None:
    """As `authorization: Bearer`; without a token, there is no such header."""
    seen = []

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        seen.append(dict(context.invocation_metadata()).get("authorization"))
        return b""

    address = serve(answer)
    for token in ("t0ken", None):
        with Client(address, retries=0, token=token) as client:
            client.evaluate(PatientCase())
    assert seen == ["Bearer t0ken", None]


def test_a_closed_client_says_so(serve: Serve) -> None:
    """A call after the end of the `with` block is an error that names the cause."""
    client = Client(serve(lambda _, __: b""), retries=2)
    client.close()
    with pytest.raises(ClientError, match="closed"):
        client.evaluate(PatientCase())
