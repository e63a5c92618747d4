"""Builds the data of a report from real output of the engine, and a record made by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rashpath.cli.report_data import ReportData
from rashpath.facts import Audience, fill, given, parse
from rashpath.guideline import DecisionGraph
from rashpath.readings.answer import OUTCOMES, VERDICTS, answer
from rashpath.readings.explanation import explain
from rashpath.readings.walk import walk
from rashpath.v1 import audit_pb2, audit_service_pb2, facts_pb2, guideline_pb2
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.guideline_service_pb2 import GetGuidelineResponse, RenderDiagramResponse

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "example" / "spreading.yaml"
DECISION = "01JDB7Q9V2M8K4T6W3XNRYHCFA"

MADE = datetime(2026, 11, 23, 16, 5, 9, tzinfo=UTC)
SVG = b"""<?xml version="1.0" encoding="UTF-8"?>
<svg width="400pt" height="200pt" viewBox="0 0 400 200" xmlns="http://www.w3.org/2000/svg"
 xmlns:xlink="http://www.w3.org/1999/xlink">
<title>The way</title><desc>From the start to foscarnet.</desc>
<g id="graph0" class="graph" transform="scale(1 1) translate(4 196)">
<ellipse fill="none" stroke="black" cx="60" cy="-100" rx="50" ry="20"/>
<text text-anchor="middle" x="60" y="-96" font-family="Arial" font-size="12">Start</text>
<path fill="none" stroke="#0072B2" stroke-width="3" d="M110,-100C160,-100 210,-100 250,-100"/>
<polygon fill="#0072B2" stroke="#0072B2" points="250,-104 260,-100 250,-96"/>
<polygon fill="#D6E8F5" stroke="#0072B2" points="260,-120 380,-120 380,-80 260,-80"/>
<text text-anchor="middle" x="320" y="-96" font-family="Arial" font-size="12">foscarnet</text>
</g></svg>"""


def read(path: Path) -> facts_pb2.PatientCase:
    """Returns the case of a file."""
    document = parse(path.read_bytes(), str(path))
    return fill(facts_pb2.PatientCase, document.value, document.places, str(path))


def data(
    graph: DecisionGraph,
    case: facts_pb2.PatientCase | None = None,
    *,
    audience: Audience = Audience.CLINICIAN,
    sent_to: Audience | None = None,
    svg: bytes = SVG,
    caller: str = "ward-7",
    request_id: str = "order-2026-0815",
) -> ReportData:
    """Returns what a report of one case tells, sound in every respect.

    Args:
        graph: the guideline.
        case: the facts; None: those of the example.
        audience: whom the report is for.
        sent_to: whom the answer was sent to; None: the same.
        svg: the drawing.
        caller: who asked.
        request_id: the caller's id of the request.
    """
    case = read(EXAMPLE) if case is None else case
    sent_to = audience if sent_to is None else sent_to
    facts = given(case, graph.dictionary)
    walked = walk(graph, facts)
    sent = answer(walked, audience=sent_to, full=True)
    sent.decision_id = DECISION
    recorded = audit_pb2.RecordedDecision(
        record=record(graph, caller),
        record_hash=digest("record").hex(),
        patient_case=case,
        response=sent,
        walk=[
            audit_pb2.WalkedNode(
                node=step.node.id,
                verdict=VERDICTS[step.verdict],
                outcomes=[OUTCOMES[each.outcome] for each in step.edges],
            )
            for step in walked.steps
        ],
        request=EvaluateRequest(
            audience=guideline_pb2.Audience.Value(f"AUDIENCE_{sent_to.name}"),
            request_id=request_id,
        ),
    )
    return ReportData(
        decision=audit_service_pb2.GetDecisionResponse(decision=recorded),
        explained=explain(graph, facts, audience=audience),
        diagram=RenderDiagramResponse(content=svg, media_type="image/svg+xml"),
        guideline=GetGuidelineResponse(info=graph.info(), guideline=graph.guideline),
        verification=audit_service_pb2.VerifyLedgerResponse(
            sound=True, records=1204, chains=3, envelopes=1198, erased=6, beyond_checkpoint=1204
        ),
        replay=audit_service_pb2.ReplayDecisionResponse(
            result=audit_pb2.ReplayResult(
                decision_id=DECISION,
                outcome=audit_pb2.REPLAY_OUTCOME_IDENTICAL,
                recorded_semantics_version="1",
                semantics_version="1",
            )
        ),
        audience=audience.value,
        made=MADE,
        made_by="rashpath 0.1.0",
    )


def record(graph: DecisionGraph, caller: str = "ward-7") -> audit_pb2.AuditRecord:
    """Returns the record of the decision."""
    made = audit_pb2.AuditRecord(
        id=DECISION,
        kind=audit_pb2.RECORD_KIND_DECISION,
        caller=caller,
        request_hash=digest("request"),
        guideline_id=graph.guideline.id,
        guideline_version=graph.guideline.version,
        guideline_digest=graph.digest,
        engine_version="0.1.0",
        semantics_version="1",
        envelope_commitment=digest("envelope"),
        ciphertext_digest=digest("ciphertext"),
        chain="01JDB7Q0000000000000000000",
        sequence=417,
        previous_hash=digest("the one before"),
    )
    made.time.FromDatetime(datetime(2026, 11, 23, 14, 2, 41))
    return made


def erased(graph: DecisionGraph) -> ReportData:
    """Returns what is left of a decision whose content was erased."""
    whole = data(graph)
    recorded = audit_pb2.RecordedDecision(
        record=whole.record, record_hash=whole.recorded.record_hash, erased=True
    )
    return replace(
        whole,
        decision=audit_service_pb2.GetDecisionResponse(decision=recorded),
        explained=None,
        diagram=None,
        replay=audit_service_pb2.ReplayDecisionResponse(
            result=audit_pb2.ReplayResult(
                decision_id=DECISION, outcome=audit_pb2.REPLAY_OUTCOME_ERASED
            )
        ),
        missing=("The explanation: the content of the decision was erased.",),
    )


def digest(text: str) -> bytes:
    """Returns 32 bytes that stand for a hash."""
    return hashlib.sha256(text.encode()).digest()
