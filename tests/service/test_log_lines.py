"""A log that cannot be written costs its lines, and nothing else."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rashpath.service.log import make_log
from rashpath.v1.facts_pb2 import PatientCase


def test_lines_that_cannot_be_written_are_counted(tmp_path: Path) -> None:
    """While no file may grow nothing is raised; then the log says how many lines it lost, and each
    line that is there can be read, but for the end of the one that was cut."""
    path = tmp_path / "log"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with path.open("w") as stream:
        log = make_log("info", stream)
        log.info("first")
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, hard))
        try:
            for _ in range(3):
                log.info("lost")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        log.info("after")
        log.info("last")
    first, cut, lost, after, last = path.read_text().splitlines()
    assert [json.loads(line)["event"] for line in (first, after, last)] == [
        "first",
        "after",
        "last",
    ]
    assert json.loads(lost)["lost"] == 3
    assert len(cut) == 20


def test_a_closed_reader_of_the_log_is_no_fault(tmp_path: Path) -> None:
    """Where the program that reads the log has gone, nothing is raised; another one is told."""
    path = tmp_path / "log"
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, path.open("w") as other:
        log = make_log("info", stream)
        log.info("read by somebody")
        os.close(reader)
        log.info("read by nobody")
        log.info("read by nobody")
        os.dup2(other.fileno(), writer)
        log.info("read again")
    lines = [json.loads(line) for line in path.read_text().splitlines() if line]
    assert [line["event"] for line in lines] == ["lines of the log were lost", "read again"]
    assert lines[0]["lost"] == 2


def test_a_server_without_room_for_its_log_goes_on(start_server: Callable[..., Any]) -> None:
    """Where there is no room for a line of the log, callers are answered; here nothing is to be
    recorded, so nothing else needs room."""
    server = start_server(audit_mode="off")
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    with server.client() as client:
        client.evaluate(PatientCase())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (server.log.stat().st_size + 9, before[1]))
        ids = {client.evaluate(PatientCase()).decision_id for _ in range(20)}
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        client.evaluate(PatientCase())
    assert len(ids) == 20
    lines = server.log.read_text().splitlines()
    assert json.loads(lines[-2])["lost"] == 20
    assert server.stop() == 0
