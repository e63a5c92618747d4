"""Stopping: no request that was accepted is lost, and nothing holds the stop up."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from rashpath.client.errors import error_of
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
)
from rashpath.v1.facts_pb2 import PatientCase

EVALUATE = "/rashpath.v1.DecisionService/Evaluate"
BATCH = "/rashpath.v1.DecisionService/BatchEvaluate"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
UNLIMITED = [("grpc.max_receive_message_length", -1)]

Work = Callable[[float], BatchEvaluateRequest]

ONE = EvaluateRequest(patient_case=PatientCase())


def test_a_drain_under_load_loses_no_accepted_call(
    start_server: Callable[..., Any], work_for: Work
) -> None:
    """While four callers send without a pause and a batch is under way, SIGTERM ends the server:
    all that it answered has arrived, all else was refused as unavailable, and it exits with 0."""
    server = start_server(drain_grace_s=20)
    codes: Counter[str] = Counter()
    lock = threading.Lock()

    def send() -> None:
        with grpc.insecure_channel(server.address) as channel:
            method = channel.unary_unary(EVALUATE)
            ended = False
            while not ended:
                calls = [method.future(ONE.SerializeToString(), timeout=20) for _ in range(4)]
                for call in calls:
                    with lock:
                        codes[call.code().name] += 1
                    ended = ended or call.code() is not grpc.StatusCode.OK

    with grpc.insecure_channel(server.address, UNLIMITED) as channel:
        callers = [threading.Thread(target=send) for _ in range(4)]
        for caller in callers:
            caller.start()
        time.sleep(0.3)
        work = work_for(1)
        batch = channel.unary_unary(BATCH).future(work.SerializeToString(), timeout=30)
        time.sleep(0.1)
        assert server.stop() == 0
        for caller in callers:
            caller.join(20)
            assert not caller.is_alive()
        assert batch.code() is grpc.StatusCode.OK
        assert len(BatchEvaluateResponse.FromString(batch.result()).results) == len(work.requests)

    assert set(codes) == {"OK", "UNAVAILABLE"}
    calls = [each for each in server.lines() if each.get("method") == "Evaluate"]
    assert Counter(each["code"] for each in calls)["OK"] == codes["OK"]
    assert {each["code"] for each in calls} <= {"OK", "UNAVAILABLE"}


def test_open_streams_do_not_hold_the_stop(start_server: Callable[..., Any]) -> None:
    """Watchers of the health are told NOT_SERVING and let go; a forgotten reflection stream is
    cut; the stop takes a fraction of the grace."""
    server = start_server(drain_grace_s=60)
    with grpc.insecure_channel(server.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        other = stub.Watch(health_pb2.HealthCheckRequest(service="no.such.Service"))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert next(other).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        forever = threading.Event()
        reflect = channel.stream_stream(REFLECT)(iter(forever.wait, None))
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 6
        seen = [each.status for each in watch]
        assert seen == [health_pb2.HealthCheckResponse.NOT_SERVING]
        reflect.cancel()
        forever.set()


def test_health_turns_before_requests_are_refused(start_server: Callable[..., Any]) -> None:
    """In its lame-duck time a server says NOT_SERVING but still answers who comes."""
    server = start_server(lame_duck_s=1.5)
    with server.client() as client:
        assert client.healthy()
        server.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 1
        while client.healthy():
            assert time.monotonic() < end
        client.evaluate(PatientCase())
        assert server.process.wait(10) == 0
        assert not client.healthy()


def test_what_outlives_the_grace_is_refused_as_draining(
    start_server: Callable[..., Any], work_for: Work
) -> None:
    """A batch that would take longer than the grace is told so, and can be sent elsewhere."""
    server = start_server(drain_grace_s=0.2)
    data = work_for(4).SerializeToString()
    with grpc.insecure_channel(server.address, UNLIMITED) as channel:
        batch = channel.unary_unary(BATCH).future(data, timeout=30)
        time.sleep(0.5)
        assert server.stop() == 0
        error = error_of(batch.exception())
    assert (error.code, error.reason) == ("UNAVAILABLE", "DRAINING")
    assert error.retry_after_s


def test_a_second_signal_ends_the_server_at_once(start_server: Callable[..., Any]) -> None:
    """Whoever cannot wait presses Ctrl-C again."""
    server = start_server(lame_duck_s=60)
    server.process.send_signal(signal.SIGINT)
    end = time.monotonic() + 5
    while not any(each["event"] == "draining" for each in server.lines()):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert server.stop(signal.SIGINT) == 128 + signal.SIGINT
