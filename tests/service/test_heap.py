"""Memory for large answers: kept while they follow each other, and given back when none come."""

from __future__ import annotations

import platform
import statistics
import time
from pathlib import Path

import pytest

from rashpath.service.heap import LARGE_BYTES, QUIET_S
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from tests.bench.guidelines import shipped
from tests.bench.machine import resident_bytes
from tests.bench.whole_cases import KINDS, whole_cases
from tests.service.conftest import Start

CASES = 1_000
PAGE = 4096

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc can be told what to keep"
)


def faults(pid: int) -> int:
    """Returns how many pages a process has been given so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[7])


def test_memory_is_kept_between_large_answers_and_then_given_back(start_server: Start) -> None:
    """Of each answer's pages next to none are fetched anew; a while later they are all gone."""
    server = start_server(audit_mode="off")
    pid = server.process.pid
    requests = [
        EvaluateRequest(patient_case=case) for case in whole_cases(shipped(), KINDS[0], CASES)
    ]
    with server.client(timeout_s=60) as client:
        client.batch_evaluate(requests)  # its words are kept for good
        time.sleep(QUIET_S + 1)
        before = resident_bytes(pid)
        fetched: list[int] = []
        size = 0
        for _ in range(9):
            first = faults(pid)
            size = client.batch_evaluate(requests).ByteSize()
            fetched.append((faults(pid) - first) * PAGE)
        assert size > 10 * LARGE_BYTES
        assert statistics.median(fetched) < size / 4
        assert resident_bytes(pid) > before + size / 2
        end = time.monotonic() + QUIET_S + 10
        while resident_bytes(pid) > before + size / 2 and time.monotonic() < end:
            time.sleep(0.1)
        assert resident_bytes(pid) < before + size / 2
