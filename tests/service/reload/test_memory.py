"""What served before a reload does not stay in memory."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rashpath.service.application import Application
from rashpath.service.log import make_log
from rashpath.service.served import load_served
from rashpath.service.server import Server
from rashpath.service.settings import load_settings
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.metrics.scraping import scrape
from tests.service.reload.folders import SHIPPED, put, reload

MOST_MB = 25


def test_the_guidelines_before_are_forgotten(tmp_path: Path) -> None:
    """Nothing keeps them once others serve: no cache of an engine, no count."""
    put(tmp_path, "1.0.0")
    settings = load_settings({"guideline_dir": tmp_path, "audit_mode": "off"}, {})
    old = load_served(settings, tmp_path)
    application = Application(old.guidelines, engine=old.engine)
    application.decide(EvaluateRequest(patient_case=PatientCase()))
    server = Server(application, settings, make_log("error", io.StringIO()))
    kept = weakref.ref(old.guidelines.all()[0])
    assert kept() is not None
    server.serve(load_served(settings, tmp_path))
    del old, application
    gc.collect()
    assert kept() is None


@pytest.mark.long
def test_memory_stays_flat_over_many_reloads(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """Twenty reloads of the shipped guideline take no more memory than five, within 25 MB. The
    short form is the test above."""
    put(tmp_path, "1.0.0", guideline=SHIPPED)
    server = start_server(guideline_dir=tmp_path, metrics_address="127.0.0.1:0", audit_mode="off")
    used = []
    with server.client() as client:
        for _ in range(20):
            client.evaluate(PatientCase())
            reload(server)
            used.append(scrape(server).value("process_resident_memory_bytes") / 1e6)
    assert max(used[15:]) - max(used[:5]) < MOST_MB, used
