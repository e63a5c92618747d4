"""Changing the guidelines of a running server: no call is lost, and nothing bad gets to serve."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from rashpath.client import NotFound
from rashpath.service.health import RELOAD
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    BatchEvaluateResponse,
    EvaluateRequest,
    EvaluateResponse,
    GuidelineSelector,
)
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.metrics.scraping import scrape
from tests.service.reload.folders import (
    REFUSED,
    SHIPPED,
    SMALL,
    events,
    put,
    put_wrong_self_test,
    reload,
    shipped,
    text_of,
    wait,
)

EVALUATE = "/rashpath.v1.DecisionService/Evaluate"
BATCH = "/rashpath.v1.DecisionService/BatchEvaluate"
ONE = EvaluateRequest(patient_case=PatientCase())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with version 1.0.0 of a small guideline."""
    put(tmp_path, "1.0.0")
    return tmp_path


@pytest.fixture
def shipped_folder(tmp_path: Path) -> Path:
    """A folder with the shipped guideline."""
    put(tmp_path, "1.0.0", guideline=SHIPPED)
    return tmp_path


@pytest.fixture
def changing(start_server: Callable[..., Any], folder: Path) -> Any:
    """A server of that folder."""
    return start_server(guideline_dir=folder, metrics_address="127.0.0.1:0", audit_mode="off")


def health(server: Any, service: str) -> str:
    """Returns what the health says of a service."""
    with grpc.insecure_channel(server.address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        status = health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(status))


def versions(server: Any) -> set[str]:
    """Returns the versions that a server shows in its metrics."""
    return set(scrape(server).by("version", "rashpath_guideline_info"))


def test_a_reload_under_load_loses_no_call(
    start_server: Callable[..., Any], shipped_folder: Path
) -> None:
    """While four callers send without a pause, a new version comes in: every call is answered,
    none waits for long, each caller sees the old version and then the new one, and never back."""
    changing = start_server(guideline_dir=shipped_folder, audit_mode="off")
    stop = threading.Event()
    seen: list[list[tuple[str, float]]] = [[], [], [], []]
    codes: set[str] = set()

    def send(into: list[tuple[str, float]]) -> None:
        with grpc.insecure_channel(changing.address) as channel:
            method = channel.unary_unary(EVALUATE)
            while not stop.is_set():
                started = time.monotonic()
                call = method.future(ONE.SerializeToString(), timeout=20)
                codes.add(call.code().name)
                answer = EvaluateResponse.FromString(call.result())
                into.append((answer.guideline.version, time.monotonic() - started))

    callers = [threading.Thread(target=send, args=(into,)) for into in seen]
    for caller in callers:
        caller.start()
    time.sleep(0.3)
    put(shipped_folder, "1.1.0", guideline=SHIPPED)
    line = reload(changing)
    time.sleep(0.3)
    stop.set()
    for caller in callers:
        caller.join(20)
    assert codes == {"OK"}
    assert [each.partition(" ")[0].partition("@")[2] for each in line["guidelines"]] == [
        "1.0.0",
        "1.1.0",
    ]
    for into in seen:
        order = [version for version, _ in into]
        assert set(order) == {"1.0.0", "1.1.0"}
        assert order == sorted(order)
    assert max(seconds for into in seen for _, seconds in into) < 3


def test_several_versions_serve_at_once(changing: Any, folder: Path) -> None:
    """Whoever pins the older version goes on getting it; when it is taken away, is told so."""
    put(folder, "1.1.0")
    reload(changing)
    with changing.client() as client:
        old = client.evaluate(PatientCase(), guideline=GuidelineSelector(version="1.0.0"))
        new = client.evaluate(PatientCase())
        assert (old.guideline.version, new.guideline.version) == ("1.0.0", "1.1.0")
        pinned = GuidelineSelector(version="1.0.0", digest=old.guideline.digest)
        assert client.evaluate(PatientCase(), guideline=pinned).guideline == old.guideline
        assert versions(changing) == {"1.0.0", "1.1.0"}
        (folder / SMALL / "1.0.0.yaml").unlink()
        reload(changing)
        with pytest.raises(NotFound) as gone:
            client.evaluate(PatientCase(), guideline=pinned)
    assert gone.value.reason == "VERSION_NOT_FOUND"
    assert versions(changing) == {"1.1.0"}


def test_a_bad_version_leaves_the_old_one_serving(changing: Any, folder: Path) -> None:
    """A file that cannot be loaded, one under a wrong name, and one that fails its self-test are
    each refused as a whole; log, health and metrics say so, until the folder is mended."""
    good = text_of("1.1.0")
    for problem, spoil in (
        (
            "'trned' not found",
            lambda: put(folder, "1.1.0", good.replace("rash.trend", "rash.trned")),
        ),
        ("belongs into", lambda: put(folder, "1.1.0", text_of("1.2.0"))),
        ("fails its self-test", lambda: put_wrong_self_test(folder, "1.1.0")),
    ):
        spoil()
        line = reload(changing, REFUSED)
        assert any(problem in each for each in line["problems"]), line["problems"]
        assert str(folder) in line["problems"][0]
        with changing.client() as client:
            assert client.evaluate(PatientCase()).guideline.version == "1.0.0"
        assert health(changing, RELOAD) == "NOT_SERVING"
        assert health(changing, "") == "SERVING"
        assert scrape(changing).value("rashpath_guideline_reload_refused") == 1
    assert versions(changing) == {"1.0.0"}
    (folder / SMALL / "1.1.0.release.json").unlink()
    reload(changing)
    assert health(changing, RELOAD) == "SERVING"
    seen = scrape(changing)
    assert seen.value("rashpath_guideline_reload_refused") == 0
    assert seen.by("outcome", "rashpath_guideline_reloads_total") == {"SWAPPED": 1, "REFUSED": 3}
    assert versions(changing) == {"1.0.0", "1.1.0"}


def test_what_the_start_demands_a_reload_demands_too(
    start_server: Callable[..., Any], shipped_folder: Path
) -> None:
    """With `require_certificate`, a version without a certificate does not get in later either."""
    release = shipped_folder / SHIPPED / "1.0.0.release.json"
    release.write_bytes(shipped("1.0.0.release.json"))
    server = start_server(guideline_dir=shipped_folder, require_certificate=True, audit_mode="off")
    put(shipped_folder, "1.1.0", guideline=SHIPPED)
    line = reload(server, REFUSED)
    assert any("`require_certificate` is set" in problem for problem in line["problems"])
    with server.client() as client:
        assert client.evaluate(PatientCase()).guideline.version == "1.0.0"


def test_a_batch_is_decided_by_one_version(changing: Any, folder: Path) -> None:
    """A batch that is under way when the guidelines change ends as it began."""
    # The full view is walked plainly, which takes longer than a reload.
    whole = EvaluateRequest(patient_case=ONE.patient_case, view=View.VIEW_FULL)
    work = BatchEvaluateRequest(requests=[whole] * 8000)
    put(folder, "1.1.0")
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(changing.address, options) as channel:
        method = channel.unary_unary(BATCH)
        batch = method.future(work.SerializeToString(), timeout=60)
        reload(changing)
        assert not batch.done()
        results = BatchEvaluateResponse.FromString(batch.result()).results
    assert {each.response.guideline.version for each in results} == {"1.0.0"}
    with changing.client() as client:
        assert client.evaluate(PatientCase()).guideline.version == "1.1.0"


def test_what_changes_on_disk_is_taken_in_by_itself(
    start_server: Callable[..., Any], folder: Path
) -> None:
    """With `reload_watch_s`, a new file serves soon; a bad one is tried once, not over and over;
    and where nothing changes nothing is reloaded."""
    server = start_server(guideline_dir=folder, reload_watch_s=0.1, audit_mode="off")
    time.sleep(0.6)
    assert events(server, "guidelines reloaded") == []
    put(folder, "1.1.0")
    assert wait(lambda: events(server, "guidelines reloaded"))
    with server.client() as client:
        assert client.evaluate(PatientCase()).guideline.version == "1.1.0"
    put(folder, "1.2.0", "id: [")
    assert wait(lambda: events(server, REFUSED))
    time.sleep(0.6)
    assert len(events(server, REFUSED)) == 1
    assert len(events(server, "guidelines reloaded")) == 1


def test_a_storm_of_signals_ends_in_a_few_reloads(changing: Any, folder: Path) -> None:
    """What is asked for during a reload is done once more after it, not once for each signal."""
    put(folder, "1.1.0")
    for _ in range(200):
        changing.process.send_signal(signal.SIGHUP)
    assert wait(lambda: events(changing, "guidelines reloaded"))
    time.sleep(0.5)
    assert 1 <= len(events(changing, "guidelines reloaded")) < 20
    with changing.client() as client:
        assert client.evaluate(PatientCase()).guideline.version == "1.1.0"
    assert changing.stop() == 0


def test_a_terminal_that_hangs_up_stops_the_server(
    environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """Whoever closes the window in which a server runs does not leave it running unseen."""
    ready = tmp_path / "address"
    terminal, end = pty.openpty()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rashpath.service"],
            env=environment(
                RASHPATH_ADDRESS="127.0.0.1:0",
                RASHPATH_READY_FILE=str(ready),
                RASHPATH_AUDIT_MODE="off",
            ),
            stdin=end,
            stderr=log,
            start_new_session=True,
        )
    os.close(end)
    try:
        assert wait(ready.exists)
        os.close(terminal)
        process.send_signal(signal.SIGHUP)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
