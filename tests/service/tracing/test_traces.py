"""Traces: a call belongs to its caller's trace, in the log always, as spans where asked for."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from rashpath.client import Client, InvalidCase
from rashpath.service.tracing import trace_id_of
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.tracing.collecting import Collector, attributes, collecting

CANARY = "83.6193"
EVALUATE = "rashpath.v1.DecisionService/Evaluate"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector of traces."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(start_server: Callable[..., Any], collector: Collector) -> Any:
    """A server that sends its spans there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        return start_server(traces="otlp")


def header(trace_id: str, flags: str = "01") -> Callable[[], list[tuple[str, str]]]:
    """Returns what a caller sends along whose own span has the id 00...07."""
    return lambda: [("traceparent", f"00-{trace_id}-{7:016x}-{flags}")]


def line_of(server: Any, trace_id: str) -> dict[str, Any]:
    """Returns the line that a call left in the log."""
    return next(line for line in server.lines() if line.get("trace_id") == trace_id)


def test_a_call_is_a_span_of_its_callers_trace(traced: Any, collector: Collector) -> None:
    """Trace and parent are the caller's; what was decided and how it ended stand in the span, its
    steps below it; and the log names trace and decision together."""
    trace_id = f"{0xA1:032x}"
    with traced.client(metadata=header(trace_id)) as client:
        answer = client.evaluate(PatientCase())
    call, *steps = collector.wait(trace_id, 3)
    assert (call.name, call.kind) == (EVALUATE, Span.SPAN_KIND_SERVER)
    assert call.parent_span_id.hex() == f"{7:016x}"
    assert attributes(call) == {
        "rpc.system.name": "grpc",
        "rpc.method": EVALUATE,
        "rpc.response.status_code": "OK",
        "rashpath.decision_id": answer.decision_id,
        "rashpath.guideline": f"{answer.guideline.id}@{answer.guideline.version}",
    }
    assert [step.name for step in steps] == ["decide", "record"]
    assert {step.parent_span_id for step in steps} == {call.span_id}
    assert {each["service.name"] for each in collector.resources()} == {"rashpath"}
    line = line_of(traced, trace_id)
    assert line["decision_id"] == answer.decision_id


def test_a_refusal_is_told_with_its_reason(traced: Any, collector: Collector) -> None:
    """A caller's fault is not marked as an error of the server."""
    trace_id = f"{0xA2:032x}"
    with traced.client(metadata=header(trace_id)) as client, pytest.raises(InvalidCase):
        client.evaluate(PatientCase(patient={"weight_kg": 8361.93}))
    call = collector.wait(trace_id, 1)[0]
    assert attributes(call)["rpc.response.status_code"] == "INVALID_ARGUMENT"
    assert attributes(call)["rashpath.reason"] == "INVALID_REQUEST"
    assert call.status.code == Status.STATUS_CODE_UNSET


def test_what_the_caller_does_not_sample_is_only_logged(traced: Any, collector: Collector) -> None:
    """Whoever began the trace says whether it is kept."""
    unsampled, sampled = f"{0xA3:032x}", f"{0xA4:032x}"
    with traced.client(metadata=header(unsampled, "00")) as client:
        client.evaluate(PatientCase())
    with traced.client(metadata=header(sampled)) as client:
        client.evaluate(PatientCase())
    assert collector.wait(sampled, 3)
    assert collector.spans(unsampled) == []
    assert line_of(traced, unsampled)["code"] == "OK"


def test_a_call_without_a_trace_gets_one(traced: Any, collector: Collector) -> None:
    """Its id stands in the log, so that the one leads to the other."""
    with traced.client() as client:
        answer = client.evaluate(PatientCase())
    line = next(line for line in traced.lines() if line.get("decision_id") == answer.decision_id)
    call = collector.wait(line["trace_id"], 3)[0]
    assert call.parent_span_id == b""
    assert attributes(call)["rashpath.decision_id"] == answer.decision_id


def test_health_and_streams_are_left_alone(traced: Any, collector: Collector) -> None:
    """They answer as ever, and make no span, though their caller sends a trace."""
    trace_id = f"{0xA5:032x}"
    metadata = header(trace_id)()
    with grpc.insecure_channel(traced.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        serving = health_pb2.HealthCheckResponse.SERVING
        assert health.Check(request, metadata=metadata).status == serving
        watch = health.Watch(request, metadata=metadata)
        assert next(watch).status == serving
        watch.cancel()
        reflected = channel.stream_stream(REFLECT)(iter([b"\x3a\x00"]), metadata=metadata)
        assert b"rashpath.v1.DecisionService" in next(reflected)
    with traced.client(metadata=header(f"{0xA6:032x}")) as client:
        client.evaluate(PatientCase())
    assert collector.wait(f"{0xA6:032x}", 3)
    assert collector.spans(trace_id) == []


def test_no_value_of_a_patient_is_sent(traced: Any, collector: Collector) -> None:
    """A weight in a good case, in a batch and in a faulty what-if is in no span."""
    trace_id = f"{0xA7:032x}"
    good = PatientCase(patient={"weight_kg": float(CANARY)})
    with traced.client(metadata=header(trace_id)) as client:
        client.evaluate(good)
        client.batch_evaluate([EvaluateRequest(patient_case=good)])
        with pytest.raises(InvalidCase):
            client.explain_path(good, what_if={"patient.height_cm": f"{CANARY}x"})
    # Three calls, and the two steps of the first.
    assert len(collector.wait(trace_id, 5)) == 5
    assert CANARY not in str(collector.requests)


def test_a_collector_that_is_gone_holds_nothing_up(start_server: Callable[..., Any]) -> None:
    """Calls are answered as ever, and the server stops in a few seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        server = start_server(traces="otlp", audit_mode="off")
    with server.client() as client:
        for _ in range(20):
            client.evaluate(PatientCase())
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 8
    assert all("event" in line for line in server.lines())


def test_the_log_names_the_trace_without_any_spans(server: Any, client: Client) -> None:
    """A server that makes no spans still says which trace a call belongs to, if its caller does."""
    trace_id = f"{0xA8:032x}"
    with server.client(metadata=header(trace_id)) as own:
        answer = own.evaluate(PatientCase())
    assert line_of(server, trace_id)["decision_id"] == answer.decision_id
    other = client.evaluate(PatientCase())
    line = next(line for line in server.lines() if line.get("decision_id") == other.decision_id)
    assert "trace_id" not in line


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00",
        f"00-{0:032x}-{1:016x}-01",
        f"00-{1:032x}-{0:016x}-01",
        f"ff-{1:032x}-{1:016x}-01",
        f"00-{'A' * 32}-{1:016x}-01",
        f"00-{1:032x}-{1:016x}",
        f"00-{1:032x}-{1:016x}-01\nweight 83 kg",
        b"00-bytes",
    ],
)
def test_a_header_that_is_none_is_ignored(value: str | bytes) -> None:
    """The log takes in a trace's id, and no other text of a caller."""
    assert trace_id_of([("traceparent", value)]) is None


def test_without_the_extra_the_start_says_what_to_install(
    environment: Callable[..., dict[str, str]],
) -> None:
    """Traces that nobody can make are not left out in silence."""
    program = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        "from rashpath.service.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(
            RASHPATH_TRACES="otlp", RASHPATH_ADDRESS="127.0.0.1:0", RASHPATH_AUDIT_MODE="off"
        ),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "install `rashpath[otel]`" in done.stderr
