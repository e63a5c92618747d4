"""The log: one JSON line a call, and nothing of any patient."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest

from rashpath.client import Client, InvalidCase
from rashpath.service.application import Application
from rashpath.service.log import LibraryLog, log_fault, make_log
from rashpath.service.server import Server
from rashpath.service.settings import load_settings
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase

CANARY = "83.6193"


def test_a_call_leaves_one_line(server: Any, client: Client) -> None:
    """Method, code, duration, size, decision and guideline can be read by a program."""
    answer = client.evaluate(PatientCase())
    line = [each for each in server.lines() if each["event"] == "call"][-1]
    assert line["method"] == "Evaluate"
    assert line["code"] == "OK"
    assert line["decision_id"] == answer.decision_id
    assert line["guideline"] == f"{answer.guideline.id}@{answer.guideline.version}"
    assert line["duration_ms"] > 0
    assert line["request_bytes"] >= 2
    assert line["peer"] == "ipv4"


def test_a_refusal_is_logged_with_its_reason(server: Any, client: Client) -> None:
    """The log says why a call was refused, but not what was in it."""
    with pytest.raises(InvalidCase):
        client.evaluate(PatientCase(patient={"weight_kg": 8361.93}))
    line = [each for each in server.lines() if each["event"] == "call"][-1]
    assert (line["code"], line["reason"]) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


def test_no_value_of_a_patient_is_logged(server: Any, client: Client) -> None:
    """A canary in a good case, a faulty one, a batch and a what-if is nowhere in the log."""
    good = PatientCase(patient={"weight_kg": float(CANARY)})
    client.evaluate(good)
    client.batch_evaluate([EvaluateRequest(patient_case=good)])
    client.explain_path(good, what_if={"patient.height_cm": CANARY})
    for bad in ({"patient.weight_kg": f"{CANARY}x"}, {f"rash.{CANARY}": "SPREADING"}):
        with pytest.raises(InvalidCase):
            client.explain_path(good, what_if=bad)
    assert CANARY not in server.log.read_text()


def test_a_fault_is_told_by_an_incident_and_logged_without_its_text() -> None:
    """An unexpected exception is INTERNAL; what it says stays out of log and answer."""
    stream = io.StringIO()
    asyncio.run(_fail(make_log("info", stream)))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    fault = next(each for each in lines if each["event"] == "unexpected fault")
    call = next(each for each in lines if each["event"] == "call")
    assert fault["exception"] == "ValueError"
    assert fault["incident"] == call["incident"]
    assert any("test_log.py" in frame for frame in fault["frames"])
    assert (call["code"], call["reason"]) == ("INTERNAL", "INTERNAL")
    assert CANARY not in stream.getvalue()


class _Broken:
    """Guidelines that fail when asked, and say too much."""

    def select(self, _: object) -> object:
        raise ValueError(f"weight {CANARY}")


async def _fail(log: Any) -> None:
    application = replace(Application.load(), guidelines=_Broken())
    server = Server(application, load_settings({"address": "127.0.0.1:0"}, {}), log)
    await server.start()
    async with grpc.aio.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await channel.unary_unary("/rashpath.v1.DecisionService/Evaluate")(b"\x0a\x00")
    assert failure.value.code() is grpc.StatusCode.INTERNAL
    assert CANARY not in repr(failure.value)
    assert "incident" in (failure.value.details() or "")
    await server.drain()


@pytest.fixture
def library() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger of some library whose records go to our log."""
    stream = io.StringIO()
    logger = logging.getLogger("some.library")
    logger.handlers[:] = [LibraryLog(make_log("info", stream))]
    logger.propagate = False
    yield logger, stream
    logger.handlers.clear()
    logger.propagate = True


def test_what_libraries_log_is_json_without_details(
    library: tuple[logging.Logger, io.StringIO],
) -> None:
    """Arguments, further lines and tracebacks of foreign records may hold anything: they go."""
    logger, stream = library
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("it failed: %s\nwith more", CANARY)
    line = json.loads(stream.getvalue())
    assert line["event"] == "it failed: %s"
    assert line["exception"] == "ValueError"
    assert line["level"] == "error"
    assert CANARY not in stream.getvalue()


def test_the_level_is_kept() -> None:
    """Below the level that was set, nothing is written."""
    stream = io.StringIO()
    log = make_log("error", stream)
    log.warning("not this")
    log_fault(log, "a1", ValueError(CANARY))
    assert [json.loads(each)["event"] for each in stream.getvalue().splitlines()] == [
        "unexpected fault"
    ]
