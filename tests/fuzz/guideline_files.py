"""Texts as guideline files: refused with every fault named, or a guideline that decides."""

from __future__ import annotations

from rashpath.facts.wording import Audience
from rashpath.guideline import GuidelineError, load_bytes
from rashpath.readings.engine import CompiledEngine, GraphEngine
from rashpath.v1.facts_pb2 import Patient, PatientCase, Rash, Trend
from tests.fuzz.outcome import FaultError, Outcome

_CASES = (
    PatientCase(),
    PatientCase(
        patient=Patient(age_years=45, weight_kg=70.0), rash=Rash(trend=Trend.TREND_SPREADING)
    ),
)


def guideline_file(data: bytes) -> Outcome:
    """Feeds one guideline file; by one that loads, both engines must decide two cases alike."""
    try:
        graph = load_bytes(data, "fuzz.yaml")
    except GuidelineError as error:
        if not error.problems or not all(each.text for each in error.problems):
            raise FaultError("refused without a reason") from None
        return Outcome.REFUSED
    compiled, plain = CompiledEngine(), GraphEngine()
    for case in _CASES:
        for audience in Audience:
            one = compiled.decide(graph, case, audience=audience, full=False)
            other = plain.decide(graph, case, audience=audience, full=False)
            if one is None or other is None or one.answer != other.answer:
                raise FaultError("the engines answer differently")
    return Outcome.ANSWERED
