"""Shows what the ledger holds: lists of decisions, one decision, and what a verification found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from rashpath.cli.page import Line
from rashpath.cli.report_data import counted, utc
from rashpath.cli.words import citations, fact_label, urgency_words, verdict_words
from rashpath.facts.check import given
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.show import show
from rashpath.v1 import audit_pb2, decision_pb2, facts_pb2
from rashpath.v1.audit_pb2 import AuditRecord, LedgerFault, RecordedDecision, ReplayResult
from rashpath.v1.audit_service_pb2 import VerifyLedgerResponse
from rashpath.v1.decision_service_pb2 import EvaluateResponse

_FAULT = "LEDGER_FAULT_KIND_"
_OUTCOME = "REPLAY_OUTCOME_"
_SHOWN = (decision_pb2.VERDICT_APPLIES, decision_pb2.VERDICT_UNDETERMINED)


def listed_decision(decision: RecordedDecision) -> Line:
    """Returns the line of one decision in a list."""
    record = decision.record
    return Line(
        f"{record_time(record)}  {record.id}  {record.guideline_id}@{record.guideline_version}",
        right="erased" if decision.erased else record.caller,
    )


def decision_page(decision: RecordedDecision) -> Iterator[Line]:
    """Yields the page of one recorded decision."""
    record = decision.record
    yield Line(f"Decision {record.id}", style="bold")
    yield from _pairs(
        ("recorded", f"{record_time(record)} UTC"),
        ("caller", record.caller),
        ("request id", decision.request.request_id),
        ("guideline", f"{record.guideline_id} {record.guideline_version}"),
        ("digest", record.guideline_digest),
        ("software", f"{record.engine_version}, semantics {record.semantics_version}"),
        ("chain", f"{record.chain}, record {record.sequence}"),
        ("record hash", decision.record_hash),
    )
    if decision.erased:
        yield Line()
        yield Line("Its content was erased for good; the record stays.")
        return
    yield Line()
    yield Line("Facts as given", style="bold")
    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    facts = given(decision.patient_case, dictionary)
    for path, value in facts.items():
        yield Line(f"{fact_label(path, 'clinician')}: {show(dictionary[path], value)}", mark="  - ")
    if not facts:
        yield Line("none", mark="  ")
    yield from _answer(decision.response)
    yield Line()
    taken = sum(node.verdict == decision_pb2.VERDICT_APPLIES for node in decision.walk)
    yield Line(f"Walk: {counted(len(decision.walk), 'node')}, {taken} of them apply")
    yield Line(f"Why: rashpath explain --decision {record.id}")


def verification_page(found: VerifyLedgerResponse, *, checkpoint: str = "") -> Iterator[Line]:
    """Yields what a verification found.

    Args:
        found: what was found.
        checkpoint: id of the checkpoint given; empty: none was.
    """
    state = "The ledger is sound" if found.sound else "THE LEDGER IS NOT SOUND"
    yield Line(
        f"{state}: {counted(found.records, 'record')} in {counted(found.chains, 'chain')}, "
        f"{counted(found.envelopes, 'content')} verified, {found.erased} erased",
        style="bold green" if found.sound else "bold red",
    )
    if checkpoint:
        beyond = counted(found.beyond_checkpoint, "record lies", "records lie")
        yield Line(f"{beyond} beyond the checkpoint {checkpoint}")
        if found.beyond_checkpoint:
            yield Line("whether more were cut off behind these cannot be told", mark="  ")
    else:
        yield Line(
            "Without a checkpoint kept elsewhere (`--checkpoint FILE`), records cut off at the "
            "end would not be missed."
        )
    for fault in found.faults:
        yield Line(fault_text(fault), mark="  x ", style="red")


def fault_text(fault: LedgerFault) -> str:
    """Returns one fault with the record that it names."""
    kind = audit_pb2.LedgerFaultKind.Name(fault.kind).removeprefix(_FAULT).replace("_", " ").lower()
    named = f"record {fault.record_id}" if fault.record_id else ""
    place = f"chain {fault.chain}" if fault.chain else ""
    if fault.chain and fault.sequence:
        place += f" at {fault.sequence}"
    where = ", ".join(part for part in (named, place) if part)
    return ": ".join(part for part in (kind, where, fault.text) if part)


def replay_text(result: ReplayResult) -> str:
    """Returns the line of one replay."""
    text = f"{result.decision_id}  {outcome_words(result.outcome)}"
    return f"{text}: {'; '.join(result.differences)}" if result.differences else text


def outcome_words(outcome: audit_pb2.ReplayOutcome.ValueType) -> str:
    """Returns the outcome of a replay in words, such as ``engine differs``."""
    name = audit_pb2.ReplayOutcome.Name(outcome)
    return name.removeprefix(_OUTCOME).replace("_", " ").lower()


def record_time(record: AuditRecord) -> str:
    """Returns when a record was assembled, UTC, to the second."""
    return utc(record.time.ToDatetime(tzinfo=UTC)).removesuffix(" UTC")


def _pairs(*pairs: tuple[str, str]) -> Iterator[Line]:
    for name, text in pairs:
        if text:
            yield Line(text, mark=f"  {name:<12}")


def _answer(answer: EvaluateResponse) -> Iterator[Line]:
    yield Line()
    words = urgency_words(answer.urgency) if answer.urgency else "NOTHING SETTLED THAT APPLIES"
    if answer.urgency_not_excluded != answer.urgency:
        words += f" ({urgency_words(answer.urgency_not_excluded)} not excluded)"
    yield Line(f"Answer as sent: {words}", style="bold")
    yield from _verdicts(answer.recommendations)


def _verdicts(results: Iterable[decision_pb2.RecommendationResult]) -> Iterator[Line]:
    for verdict in _SHOWN:
        for each in results:
            if each.verdict == verdict:
                right = citations(each.statements) or " ".join(each.sources)
                yield Line(f"{each.id}: {verdict_words(verdict)}", mark="  - ", right=right)
