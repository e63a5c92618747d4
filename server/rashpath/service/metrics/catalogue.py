"""Every metric that there is: its name, what it says, its labels, and how processes add up.

The `grpc_server_*` ones have the names and labels that gRPC servers of other languages use, and the
`process_*` ones those of every Prometheus client, so that ready-made dashboards fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a metric is, and how the numbers of several processes become one."""

    COUNTER = "only ever rises; processes add up, those that have ended too"
    HISTOGRAM = "counts by size; processes add up, those that have ended too"
    SUM = "a level; the living processes add up"
    HIGHEST = "a level; the highest of the living processes counts"
    LOWEST = "a level; the lowest of the living processes counts"

    @property
    def outlives(self) -> bool:
        """Whether what an ended process counted still counts."""
        return self in (Kind.COUNTER, Kind.HISTOGRAM)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Args:
        name: its name; that of a counter ends in `_total`.
        kind: what it is.
        help: one sentence for whoever reads a dashboard.
        labels: names of its labels, in order.
        bounds: upper bounds of a histogram's buckets, rising, in the metric's unit.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


_RPC = ("grpc_type", "grpc_service", "grpc_method")
_GUIDELINE = ("guideline", "version")
_CALL_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0),
)
_COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

RPC_STARTED = Metric(
    "grpc_server_started_total", Kind.COUNTER, "Calls that came in, by method.", _RPC
)
RPC_HANDLED = Metric(
    "grpc_server_handled_total",
    Kind.COUNTER,
    "Calls that were answered or refused, by method and status code.",
    (*_RPC, "grpc_code"),
)
RPC_SECONDS = Metric(
    "grpc_server_handling_seconds",
    Kind.HISTOGRAM,
    "Seconds from a call's arrival to its answer or refusal, by method.",
    _RPC,
    _CALL_SECONDS,
)
REFUSALS = Metric(
    "rashpath_refusals_total",
    Kind.COUNTER,
    "Calls and cases of batches that were refused, by the reason in the catalogue of errors and by "
    "what is wrong with a token or certificate.",
    ("grpc_method", "reason", "why"),
)
IN_FLIGHT = Metric(
    "rashpath_requests_in_flight", Kind.SUM, "Requests that have come in and have no answer yet."
)
IN_FLIGHT_LIMIT = Metric(
    "rashpath_requests_in_flight_limit",
    Kind.SUM,
    "Requests in flight beyond which more are refused (concurrent_requests, all workers).",
)
DECISIONS = Metric(
    "rashpath_decisions_total",
    Kind.COUNTER,
    "Decisions that were made, by guideline version, whether facts are missing, and urgency.",
    (*_GUIDELINE, "status", "urgency"),
)
RECOMMENDATIONS = Metric(
    "rashpath_recommendations_total",
    Kind.COUNTER,
    "Decisions in which a recommendation applied or was undetermined.",
    (*_GUIDELINE, "recommendation", "verdict"),
)
MISSING_FACTS = Metric(
    "rashpath_missing_facts_total",
    Kind.COUNTER,
    "Decisions that asked for a fact, since it was missing and mattered.",
    (*_GUIDELINE, "fact"),
)
LEDGER_QUEUE = Metric(
    "rashpath_ledger_queue_records", Kind.SUM, "Records that wait to be written to the ledger."
)
LEDGER_QUEUE_LIMIT = Metric(
    "rashpath_ledger_queue_limit_records",
    Kind.SUM,
    "Waiting records beyond which decisions are refused (audit_queue_limit, all workers).",
)
LEDGER_WRITABLE = Metric(
    "rashpath_ledger_writable",
    Kind.LOWEST,
    "1 while every worker can write the ledger, 0 while one cannot.",
)
LEDGER_RECORDS = Metric(
    "rashpath_ledger_records_total", Kind.COUNTER, "Records that were committed to the ledger."
)
LEDGER_FAILURES = Metric(
    "rashpath_ledger_commit_failures_total", Kind.COUNTER, "Commits to the ledger that failed."
)
LEDGER_SECONDS = Metric(
    "rashpath_ledger_commit_seconds",
    Kind.HISTOGRAM,
    "Seconds of a commit to the ledger that succeeded.",
    (),
    _COMMIT_SECONDS,
)
LEDGER_CHECKPOINT = Metric(
    "rashpath_ledger_checkpoint_timestamp_seconds",
    Kind.HIGHEST,
    "When the newest checkpoint of the ledger was made, seconds since 1970; 0: there is none.",
)
BUILD = Metric(
    "rashpath_build_info",
    Kind.HIGHEST,
    "1, with what is running in its labels.",
    ("version", "semantics_version", "python_version", "grpc_version"),
)
GUIDELINE = Metric(
    "rashpath_guideline_info",
    Kind.HIGHEST,
    "1 for each guideline version that is served; `default` tells whether requests that name no "
    "version get it.",
    (*_GUIDELINE, "digest", "review_status", "default"),
)
GUIDELINES_LOADED = Metric(
    "rashpath_guidelines_loaded_timestamp_seconds",
    Kind.LOWEST,
    "When the guidelines that serve were loaded, seconds since 1970.",
)
RELOADS = Metric(
    "rashpath_guideline_reloads_total",
    Kind.COUNTER,
    "Reloads of the guidelines by how they ended: SWAPPED or REFUSED.",
    ("outcome",),
)
RELOAD_REFUSED = Metric(
    "rashpath_guideline_reload_refused",
    Kind.HIGHEST,
    "1 while older guidelines serve, since the last reload was refused.",
)
WORKERS = Metric("rashpath_workers", Kind.SUM, "Processes that answer calls.")
WORKERS_ENDED = Metric(
    "rashpath_workers_ended_total", Kind.COUNTER, "Workers that ended without being told to."
)
CPU = Metric("process_cpu_seconds_total", Kind.COUNTER, "Processor time used, all processes.")
MEMORY = Metric(
    "process_resident_memory_bytes", Kind.SUM, "Resident memory of all processes, in bytes."
)
FILES = Metric(
    "process_open_fds", Kind.HIGHEST, "Open file descriptors of the process that has most."
)
FILES_LIMIT = Metric("process_max_fds", Kind.LOWEST, "File descriptors that a process may open.")
STARTED = Metric(
    "process_start_time_seconds", Kind.LOWEST, "When the process started, seconds since 1970."
)

METRICS: tuple[Metric, ...] = (
    *(RPC_STARTED, RPC_HANDLED, RPC_SECONDS, REFUSALS, IN_FLIGHT, IN_FLIGHT_LIMIT),
    *(DECISIONS, RECOMMENDATIONS, MISSING_FACTS),
    *(LEDGER_QUEUE, LEDGER_QUEUE_LIMIT, LEDGER_WRITABLE, LEDGER_RECORDS, LEDGER_FAILURES),
    *(LEDGER_SECONDS, LEDGER_CHECKPOINT),
    *(BUILD, GUIDELINE, GUIDELINES_LOADED, RELOADS, RELOAD_REFUSED, WORKERS, WORKERS_ENDED),
    *(CPU, MEMORY, FILES, FILES_LIMIT, STARTED),
)
BY_NAME = {metric.name: metric for metric in METRICS}
