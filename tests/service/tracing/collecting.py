"""A collector of traces that keeps what it gets: OTLP over gRPC, as a real one takes it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps the requests that come in."""

    def __init__(self) -> None:
        self.requests: list[trace_service_pb2.ExportTraceServiceRequest] = []
        self._lock = threading.Lock()
        self.address = ""

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 # the name that gRPC calls
        with self._lock:
            self.requests.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()

    def spans(self, trace_id: str | None = None) -> list[Span]:
        """Returns the spans so far, of one trace or all, in the order in which they began."""
        with self._lock:
            found = [
                span
                for request in self.requests
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
                if trace_id in (None, span.trace_id.hex())
            ]
        return sorted(found, key=lambda span: span.start_time_unix_nano)

    def wait(self, trace_id: str, count: int, seconds: float = 10) -> list[Span]:
        """Waits for so many spans of a trace; returns what there is then."""
        end = time.monotonic() + seconds
        while len(self.spans(trace_id)) < count and time.monotonic() < end:
            time.sleep(0.02)
        return self.spans(trace_id)

    def resources(self) -> list[dict[str, str]]:
        """Returns who says that it sent the spans."""
        return [
            {each.key: each.value.string_value for each in resource.resource.attributes}
            for request in self.requests
            for resource in request.resource_spans
        ]


def attributes(span: Span) -> dict[str, Any]:
    """Returns the attributes of a span."""
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value")))
        for each in span.attributes
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    """Runs a collector on a free port."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    collector.address = f"http://127.0.0.1:{port}"
    try:
        yield collector
    finally:
        server.stop(None)
