"""Reloading several processes: all of them, or none."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rashpath.service.health import RELOAD
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.metrics.scraping import scrape
from tests.service.reload.folders import REFUSED, events, put, reload, wait
from tests.service.reload.test_reload import health

OWN_CHANNEL = [("grpc.use_local_subchannel_pool", 1)]


def workers(server: Any) -> list[int]:
    """Returns the processes that ever served, but for the parent."""
    lines = [each for each in server.lines() if each["event"].startswith("rashpath serving on")]
    return [each["pid"] for each in lines if each["pid"] != server.process.pid]


def answers(server: Any, times: int) -> list[str]:
    """Returns the versions that decide, asked over connections of their own."""
    found = []
    for _ in range(times):
        with server.client(channel_options=OWN_CHANNEL, retries=3) as client:
            found.append(client.evaluate(PatientCase()).guideline.version)
    return found


def test_all_workers_swap_or_none(start_server: Callable[..., Any], tmp_path: Path) -> None:
    """After one SIGHUP to the parent both workers serve the new version. A bad one is refused by
    all; and a worker that is lost while the bad file lies there is replaced by one that serves what
    the others serve, and that says in its health that a reload was refused."""
    put(tmp_path, "1.0.0")
    server = start_server(
        guideline_dir=tmp_path, workers=2, metrics_address="127.0.0.1:0", audit_mode="off"
    )
    assert set(answers(server, 10)) == {"1.0.0"}
    put(tmp_path, "1.1.0")
    line = reload(server)
    assert line["processes"] == 2
    assert set(answers(server, 20)) == {"1.1.0"}
    assert len({each["worker"] for each in server.lines() if each["event"] == "call"}) == 2

    bad = put(tmp_path, "1.2.0", "id: [")
    line = reload(server, REFUSED)
    # Both workers found it: it is told once, and by the place where it lies.
    assert [problem.partition(":")[0] for problem in line["problems"]] == [str(bad)]
    assert set(answers(server, 10)) == {"1.1.0"}
    assert health(server, RELOAD) == "NOT_SERVING"

    def replaced(count: int) -> bool:
        return len(workers(server)) == count

    before = workers(server)
    for number, pid in enumerate(before[:2], 1):
        os.kill(pid, signal.SIGKILL)
        assert wait(partial(replaced, 2 + number))
    assert set(answers(server, 10)) == {"1.1.0"}
    assert wait(lambda: health(server, RELOAD) == "NOT_SERVING")
    assert scrape(server).value("rashpath_guideline_reload_refused") == 1

    bad.unlink()
    reload(server)
    assert wait(lambda: health(server, RELOAD) == "SERVING")
    seen = scrape(server)
    assert seen.by("outcome", "rashpath_guideline_reloads_total") == {"SWAPPED": 2, "REFUSED": 1}
    assert server.stop() == 0


def test_a_reload_overtakes_the_start_of_a_worker(
    start_server: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that began to start with the older guidelines makes way for one with the new ones.
    The private copies, from which workers start, are for this user only, and none stays."""
    folder, scratch = tmp_path / "guidelines", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    put(folder, "1.0.0")
    monkeypatch.setenv("TMPDIR", str(scratch))
    server = start_server(guideline_dir=folder, workers=2, audit_mode="off")
    copies = list(scratch.glob("rashpath-guidelines-*"))
    assert [copy.stat().st_mode & 0o777 for copy in copies] == [0o700]

    os.kill(workers(server)[0], signal.SIGKILL)
    assert wait(lambda: events(server, "a worker ended"))
    time.sleep(0.6)  # the next one starts after 0.2 s, and takes a second or more
    put(folder, "1.1.0")
    assert reload(server)["processes"] == 1
    assert wait(lambda: events(server, "a worker makes way for another"))
    assert wait(lambda: len(workers(server)) == 4)
    assert set(answers(server, 12)) == {"1.1.0"}
    assert len(events(server, "a worker ended")) == 1

    reload(server)
    after = list(scratch.glob("rashpath-guidelines-*"))
    assert len(after) == 1
    assert after != copies
    assert server.stop() == 0
    assert list(scratch.iterdir()) == []
