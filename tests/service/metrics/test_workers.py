"""The metrics of several processes, as one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from rashpath.v1.facts_pb2 import PatientCase
from tests.service.metrics.scraping import Scrape, scrape, until

OWN_CHANNEL = [("grpc.use_local_subchannel_pool", 1)]
DECISIONS = "rashpath_decisions_total"


def decide(server: Any, times: int) -> None:
    """Has cases decided, each over a connection of its own, so that every worker gets some."""
    for _ in range(times):
        with server.client(channel_options=OWN_CHANNEL, retries=3) as client:
            client.evaluate(PatientCase())


def workers(server: Any) -> list[int]:
    """Returns the processes that ever served, but for the parent."""
    lines = [each for each in server.lines() if each["event"].startswith("rashpath serving on")]
    return [each["pid"] for each in lines if each["pid"] != server.process.pid]


def test_workers_add_up_and_nothing_falls_when_one_dies(start_server: Callable[..., Any]) -> None:
    """One port shows all workers; what a killed one had counted still counts, and its loss does."""
    server = start_server(workers=2, metrics_address="127.0.0.1:0")
    decide(server, 20)
    before = scrape(server)
    assert before.value(DECISIONS) == 20
    assert before.value("grpc_server_handled_total", grpc_method="Evaluate") == 20
    assert before.value("rashpath_ledger_records_total") == 20
    assert before.value("rashpath_workers") == 2
    assert before.value("rashpath_requests_in_flight_limit") == 512
    per_worker = {each["worker"] for each in server.lines() if each["event"] == "call"}
    assert len(per_worker) == 2

    os.kill(workers(server)[0], signal.SIGKILL)

    def replaced(seen: Scrape) -> bool:
        return seen.value("rashpath_workers_ended_total") == 1 and (
            seen.value("rashpath_workers") == 2
        )

    after = until(server, replaced)
    assert after.value("rashpath_workers_ended_total") == 1
    assert after.value("rashpath_workers") == 2
    assert after.value(DECISIONS) == 20
    assert after.value("process_cpu_seconds_total") >= before.value("process_cpu_seconds_total")
    decide(server, 5)
    assert scrape(server).value(DECISIONS) == 25
    assert server.stop() == 0
