"""Asks servers under test, in raw bytes too, and opens their ledgers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from rashpath.audit import AuditConfig, OpenStore, open_to_read
from rashpath.audit.reading import Filters
from rashpath.audit.verify import verify
from rashpath.v1.audit_service_pb2 import VerifyLedgerResponse
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase, Rash, Trend
from rashpath.v1.guideline_pb2 import Audience
from tests.conformance.expectations import case_files

EVALUATE = "/rashpath.v1.DecisionService/Evaluate"
OWN_CHANNEL = [("grpc.use_local_subchannel_pool", 1)]
SPREADING = PatientCase(rash=Rash(trend=Trend.TREND_SPREADING))
IMPROVING = PatientCase(rash=Rash(trend=Trend.TREND_IMPROVING))


def requests(count: int) -> list[EvaluateRequest]:
    """Returns requests over all case files, in every view and audience."""
    files = case_files()
    return [
        EvaluateRequest(
            patient_case=files[number % len(files)].case,
            view=(View.VIEW_BASIC, View.VIEW_FULL)[number % 2],
            audience=(Audience.AUDIENCE_CLINICIAN, Audience.AUDIENCE_PATIENT)[number // 2 % 2],
        )
        for number in range(count)
    ]


def database(server: Any) -> Path:
    """Returns the file of a server's ledger."""
    path: Path = server.log.with_name("audit.db")
    return path


@contextmanager
def reading(path: Path, **config: Any) -> Iterator[OpenStore]:
    """Opens a ledger to be read."""
    opened = open_to_read(AuditConfig(f"sqlite:///{path}", **config))
    try:
        yield opened
    finally:
        opened.store.close()


def verified(path: Path, **config: Any) -> VerifyLedgerResponse:
    """Returns what a verification of a ledger finds."""
    with reading(path, **config) as opened:
        return verify(opened.store, opened.trusted, opened.reader.seal)


def recorded_ids(path: Path, **config: Any) -> list[str]:
    """Returns the ids of all decisions of a ledger, the oldest first."""
    with reading(path, **config) as opened:
        return [each.record.id for each in opened.reader.all(Filters())]


def answer_bytes(address: str, request: EvaluateRequest, timeout: float = 15) -> bytes:
    """Returns an answer in the very bytes that were sent."""
    with grpc.insecure_channel(address, OWN_CHANNEL) as channel:
        answer: bytes = channel.unary_unary(EVALUATE)(request.SerializeToString(), timeout=timeout)
    return answer
