"""Makes a span of each call with OpenTelemetry (extra `rashpath[otel]`), and exports it by OTLP.

Where to, what to sample and further attributes are set by OpenTelemetry's own variables
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES`). Spans have ids,
codes, counts and reasons; no value of a fact and no text of a caller. Health and reflection make
none: they do not come this way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from rashpath.service.tracing import Metadata, Trace, Tracing

_CONTEXT_KEYS = frozenset({"traceparent", "tracestate"})
_TOLD = frozenset({"decision_id", "guideline", "reason", "cases", "refused_cases", "repeated"})
"""What of a call's line in the log becomes an attribute of its span."""

_FAULTS = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
"""Codes that are a server's fault, as OpenTelemetry's conventions for gRPC say."""

_EXPORT_S = 3
"""Seconds to wait for a collector, at the end too."""


class OtelTracing(Tracing):
    """Makes spans.

    Args:
        service_instance: tells this process from others of the same name.
    """

    makes_spans = True

    def __init__(self, service_instance: str) -> None:
        resource = Resource.create(
            {"service.version": version("rashpath"), "service.instance.id": service_instance}
        )
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "rashpath"}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(timeout=_EXPORT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("rashpath", version("rashpath"))
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, service: str, method: str, metadata: Metadata) -> Trace:
        """Begins the span of a call, as a child of its caller's span where it names one."""
        carrier = {key: value for key, value in metadata if key in _CONTEXT_KEYS}
        span = self._tracer.start_span(
            f"{service}/{method}",
            context=self._propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes={"rpc.system.name": "grpc", "rpc.method": f"{service}/{method}"},
        )
        return _SpanTrace(self._tracer, span)

    def close(self) -> None:
        """Exports what is left; takes a few seconds at most."""
        self._provider.shutdown()


class _SpanTrace(Trace):
    """One call with a span."""

    __slots__ = ("_span", "_tracer")

    def __init__(self, tracer: Tracer, span: Span) -> None:
        super().__init__(f"{span.get_span_context().trace_id:032x}")
        self._tracer = tracer
        self._span = span

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Makes a span below that of the call."""
        span = self._tracer.start_span(name, context=set_span_in_context(self._span))
        try:
            yield
        finally:
            # What an exception says may hold values: it is not recorded.
            span.end()

    def end(self, code: str, told: Mapping[str, Any]) -> None:
        """Ends the span of the call."""
        for name in _TOLD & told.keys():
            self._span.set_attribute(f"rashpath.{name}", told[name])
        self._span.set_attribute("rpc.response.status_code", code)
        if code in _FAULTS:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
