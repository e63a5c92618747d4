"""What a server shows of itself on its metrics port, after real calls."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from rashpath.client import Client, InvalidCase
from rashpath.service.metrics.catalogue import METRICS
from rashpath.v1.decision_pb2 import DecisionStatus, Verdict
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase, Trend
from rashpath.v1.guideline_pb2 import Urgency
from tests.service.metrics.scraping import metrics_address, scrape, until

ID = "valacyclovir_spreading_rash"
CANARY = "83.6193"
SPREADING = PatientCase(rash={"trend": Trend.TREND_SPREADING})


@pytest.fixture(scope="module")
def counted(start_server: Callable[..., Any]) -> Any:
    """A server that counts."""
    return start_server(metrics_address="127.0.0.1:0")


@pytest.fixture
def caller(counted: Any) -> Iterator[Client]:
    """A client of it."""
    with counted.client() as client:
        yield client


def test_calls_are_counted_by_method_and_code(counted: Any, caller: Client) -> None:
    """Whoever watches sees how many calls came, how they ended, and how long they took."""
    before = scrape(counted)
    caller.evaluate(SPREADING)
    caller.list_guidelines()
    with pytest.raises(InvalidCase):
        caller.evaluate(PatientCase(patient={"weight_kg": 8361.93}))
    now = scrape(counted)

    def risen(name: str, **labels: str) -> float:
        return now.value(name, **labels) - before.value(name, **labels)

    handled = "grpc_server_handled_total"
    assert risen("grpc_server_started_total", grpc_method="Evaluate") == 2
    assert risen(handled, grpc_method="Evaluate", grpc_code="OK") == 1
    assert risen(handled, grpc_method="Evaluate", grpc_code="INVALID_ARGUMENT") == 1
    assert risen(handled, grpc_method="ListGuidelines", grpc_code="OK") == 1
    assert risen("rashpath_refusals_total", reason="INVALID_REQUEST") == 1
    assert risen("grpc_server_handling_seconds_count", grpc_method="Evaluate") == 2
    assert 0 < risen("grpc_server_handling_seconds_sum", grpc_method="Evaluate") < 10
    assert risen("grpc_server_handling_seconds_bucket", grpc_method="Evaluate", le="+Inf") == 2


def test_decisions_are_counted_by_version_and_recommendation(counted: Any, caller: Client) -> None:
    """What rose by one is exactly what the answer said applies, is open, and is asked for."""
    before = scrape(counted)
    answer = caller.evaluate(SPREADING)
    now = scrape(counted)
    version = {"guideline": ID, "version": answer.guideline.version}

    def risen(label: str, name: str, **labels: str) -> set[str]:
        old = before.by(label, name, **version, **labels)
        new = now.by(label, name, **version, **labels)
        assert {count - old.get(key, 0) for key, count in new.items()} <= {0, 1}
        return {key for key, count in new.items() if count > old.get(key, 0)}

    def said(verdict: Verdict.ValueType) -> set[str]:
        return {each.id for each in answer.recommendations if each.verdict == verdict}

    name = "rashpath_recommendations_total"
    assert risen("recommendation", name, verdict="APPLIES") == said(Verdict.VERDICT_APPLIES)
    undetermined = said(Verdict.VERDICT_UNDETERMINED)
    assert risen("recommendation", name, verdict="UNDETERMINED") == undetermined
    assert len(undetermined) > 3
    missing = {question.fact for question in answer.questions}
    assert risen("fact", "rashpath_missing_facts_total") == missing
    status = DecisionStatus.Name(answer.status).removeprefix("DECISION_STATUS_")
    urgency = Urgency.Name(answer.urgency).removeprefix("URGENCY_")
    assert risen("status", "rashpath_decisions_total", urgency=urgency) == {status}


def test_each_case_of_a_batch_is_counted(counted: Any, caller: Client) -> None:
    """A batch is one call, but as many decisions as it has good cases."""
    before = scrape(counted)
    good = EvaluateRequest(patient_case=SPREADING)
    caller.batch_evaluate([good, EvaluateRequest(), good])
    now = scrape(counted)
    decisions = "rashpath_decisions_total"
    assert now.value(decisions) - before.value(decisions) == 2
    assert now.value("rashpath_refusals_total", reason="CASE_MISSING") == 1
    assert now.value("grpc_server_handled_total", grpc_method="BatchEvaluate", grpc_code="OK") == 1


def test_the_ledger_is_watched(counted: Any, caller: Client) -> None:
    """Records, commits, the queue, and whether it can be written."""
    caller.evaluate(SPREADING)
    seen = scrape(counted)
    records = seen.value("rashpath_ledger_records_total")
    assert records == seen.value("rashpath_decisions_total") > 0
    assert 0 < seen.value("rashpath_ledger_commit_seconds_count") <= records
    assert seen.value("rashpath_ledger_writable") == 1
    assert seen.value("rashpath_ledger_queue_records") == 0
    assert seen.value("rashpath_ledger_queue_limit_records") == 4096
    assert seen.value("rashpath_ledger_commit_failures_total") == 0


def test_what_is_in_flight_shows_while_it_is(
    counted: Any, work_for: Callable[[float], Any]
) -> None:
    """A long batch is seen at work, though the event loop is busy with it, and not afterwards."""
    work = work_for(1.5)
    with grpc.insecure_channel(counted.address) as channel:
        method = channel.unary_unary("/rashpath.v1.DecisionService/BatchEvaluate")
        batch = method.future(work.SerializeToString(), timeout=60)
        during = until(counted, lambda seen: seen.value("rashpath_requests_in_flight") == 1, 5)
        assert during.value("rashpath_requests_in_flight") == 1
        assert not batch.done()
        batch.cancel()
    after = until(counted, lambda seen: seen.value("rashpath_requests_in_flight") == 0)
    assert after.value("rashpath_requests_in_flight") == 0
    assert after.value("rashpath_requests_in_flight_limit") == 256


def test_what_runs_is_named(counted: Any, caller: Client) -> None:
    """Build, guideline with digest and review status, and the process itself."""
    guideline = caller.evaluate(SPREADING).guideline
    seen = scrape(counted)
    assert seen.value("rashpath_build_info", version="0.1.0", semantics_version="1") == 1
    labels = {"guideline": ID, "version": guideline.version, "digest": guideline.digest}
    assert seen.value("rashpath_guideline_info", **labels, default="true") == 1
    assert seen.by("review_status", "rashpath_guideline_info") == {"UNDER_REVIEW": 1}
    assert seen.value("rashpath_workers") == 1
    assert seen.value("process_resident_memory_bytes") > 1e7


def test_every_metric_of_the_catalogue_is_shown_and_no_other(counted: Any, caller: Client) -> None:
    """The catalogue is the list that dashboards may rely on."""
    caller.evaluate(SPREADING)
    with pytest.raises(InvalidCase):
        caller.evaluate(PatientCase(patient={"weight_kg": 8361.93}))
    shown = {sample.name for sample in scrape(counted).samples}
    for suffix in ("_bucket", "_count", "_sum"):
        shown = {name.removesuffix(suffix) for name in shown}
    assert shown == {metric.name for metric in METRICS}


def test_no_value_of_a_patient_is_shown(counted: Any, caller: Client) -> None:
    """A weight that was given, in a good case and in a faulty one, is nowhere in the metrics."""
    caller.evaluate(PatientCase(patient={"weight_kg": float(CANARY)}))
    with pytest.raises(InvalidCase):
        caller.explain_path(SPREADING, what_if={"patient.height_cm": f"{CANARY}x"})
    text = scrape(counted).text
    assert ID in text
    assert CANARY not in text


def test_labels_that_a_caller_makes_up_do_not_enter(counted: Any, caller: Client) -> None:
    """Whoever asks for guidelines, methods or facts that do not exist adds no series."""
    before = {(each.name, *sorted(each.labels.items())) for each in scrape(counted).samples}
    with grpc.insecure_channel(counted.address) as channel:
        method = channel.unary_unary("/rashpath.v1.DecisionService/MadeUp")
        with pytest.raises(grpc.RpcError):
            method(b"", timeout=5)
    with pytest.raises(InvalidCase):
        caller.explain_path(SPREADING, what_if={"made.up": "1"})
    after = {(each.name, *sorted(each.labels.items())) for each in scrape(counted).samples}
    assert "made" not in str(sorted(after - before)).lower()


def test_an_openmetrics_reader_gets_openmetrics(counted: Any) -> None:
    """Present Prometheus servers ask for the newer form."""
    request = urllib.request.Request(
        f"http://{metrics_address(counted)}/metrics",
        headers={"Accept": "application/openmetrics-text; version=1.0.0"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert answer.read().endswith(b"# EOF\n")


def test_nothing_is_counted_unless_asked_for(server: Any) -> None:
    """Without `metrics_address` there is no port."""
    assert not any("metrics_address" in line for line in server.lines())


def test_a_port_in_use_stops_the_start(
    counted: Any, environment: Callable[..., dict[str, str]]
) -> None:
    """A server whose metrics cannot be read does not start as if all were well."""
    variables = {
        "RASHPATH_ADDRESS": "127.0.0.1:0",
        "RASHPATH_METRICS_ADDRESS": metrics_address(counted),
        "RASHPATH_AUDIT_MODE": "off",
    }
    done = subprocess.run(
        [sys.executable, "-m", "rashpath.service"],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "`metrics_address`: cannot listen on" in done.stderr.splitlines()[-1]
