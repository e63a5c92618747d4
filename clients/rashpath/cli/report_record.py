"""Shows the record of a decision: its hashes, and what verification and replay found."""

from __future__ import annotations

from datetime import UTC

from rashpath.cli.html import NOTHING, Content, Html, bullets, definitions, element, table
from rashpath.cli.report_data import ReportData, counted, utc
from rashpath.v1 import audit_pb2, decision_pb2
from rashpath.v1.audit_pb2 import LedgerFault, ReplayOutcome

_OUTCOMES: dict[ReplayOutcome.ValueType, tuple[str, str, str]] = {
    audit_pb2.REPLAY_OUTCOME_IDENTICAL: (
        "good",
        "Replay: identical",
        "The recorded facts under the recorded guideline give the recorded answer, byte for byte.",
    ),
    audit_pb2.REPLAY_OUTCOME_SAME_FIELDS: (
        "good",
        "Replay: same fields",
        "Another semantics version decides today; every recorded field came out the same.",
    ),
    audit_pb2.REPLAY_OUTCOME_DIFFERENT: (
        "bad",
        "Replay: different",
        "The same semantics version gives another answer: the record or the engine is broken.",
    ),
    audit_pb2.REPLAY_OUTCOME_ENGINE_DIFFERS: (
        "warn",
        "Replay: the engine differs",
        "Another semantics version decides today and gives another answer. It is the engine's "
        "difference, not a sign of tampering.",
    ),
    audit_pb2.REPLAY_OUTCOME_ERASED: (
        "warn",
        "Replay: not possible",
        "The content of the decision was erased.",
    ),
    audit_pb2.REPLAY_OUTCOME_GUIDELINE_MISSING: (
        "bad",
        "Replay: not possible",
        "The guideline of the recorded digest is not kept.",
    ),
}
_VERDICTS = {
    decision_pb2.VERDICT_APPLIES: "applies",
    decision_pb2.VERDICT_DOES_NOT_APPLY: "does not apply",
    decision_pb2.VERDICT_UNDETERMINED: "open",
}
_EDGES = {
    decision_pb2.EDGE_OUTCOME_TAKEN: "taken",
    decision_pb2.EDGE_OUTCOME_REFUSED: "refused",
    decision_pb2.EDGE_OUTCOME_OPEN: "open",
    decision_pb2.EDGE_OUTCOME_UNVISITED: "unvisited",
}


def checks(data: ReportData) -> Html:
    """Returns at a glance whether record, ledger and replay are as they should be."""
    return element(
        "section",
        _check(*_ledger_state(data)),
        _check(*_replay_state(data)),
        _check(*_content_state(data)),
        class_="checks",
        aria_label="Checks",
    )


def record(data: ReportData) -> Html:
    """Returns the record as it stands in the ledger."""
    raw = data.record
    pairs: list[tuple[str, Content]] = [
        ("Decision", _hash(raw.id)),
        ("Recorded", utc(raw.time.ToDatetime(tzinfo=UTC)) if raw.HasField("time") else ""),
        ("Caller", raw.caller),
        ("Chain", _hash(raw.chain)),
        ("Position in the chain", str(raw.sequence) if raw.sequence else ""),
        ("Hash of the record", _hash(data.recorded.record_hash)),
        ("Hash of the one before", _hash(raw.previous_hash.hex())),
        ("Commitment to the content", _hash(raw.envelope_commitment.hex())),
        ("Hash of the ciphertext", _hash(raw.ciphertext_digest.hex())),
        ("Keyed hash of the request id", _hash(raw.request_hash.hex())),
        ("Guideline", f"{raw.guideline_id} {raw.guideline_version}".strip()),
        ("Digest of the guideline", _hash(raw.guideline_digest)),
        ("Semantics version", raw.semantics_version),
        ("Software version", raw.engine_version),
    ]
    return definitions(pairs)


def verification(data: ReportData) -> Html:
    """Returns what the verification of the whole ledger found."""
    state, title, text = _ledger_state(data)
    found = data.verification
    if found is None:
        return element("p", text)
    pairs: list[tuple[str, Content]] = [
        ("Records", str(found.records)),
        ("Chains", str(found.chains)),
        ("Envelopes", str(found.envelopes)),
        ("Decisions erased", str(found.erased)),
        ("Beyond the checkpoint", str(found.beyond_checkpoint)),
    ]
    faults = [
        (
            _fault_kind(fault),
            (_hash(fault.chain), f" at {fault.sequence}" if fault.sequence else ""),
            _hash(fault.record_id),
            fault.text,
        )
        for fault in found.faults
    ]
    return element(
        "div",
        element("p", element("strong", title), f". {text}"),
        definitions(pairs),
        table("Faults", ("Kind", "Chain", "First bad record", "What is wrong"), faults)
        if faults
        else NOTHING,
        class_="alert" if state == "bad" else "",
    )


def replay(data: ReportData) -> Html:
    """Returns what the replay found."""
    state, title, text = _replay_state(data)
    if data.replay is None:
        return element("p", text)
    result = data.replay.result
    return element(
        "div",
        element("p", element("strong", title), f". {text}"),
        definitions(
            [
                ("Recorded semantics", result.recorded_semantics_version),
                ("Present semantics", result.semantics_version),
            ]
        ),
        (element("h4", "Differences"), bullets(result.differences))
        if result.differences
        else NOTHING,
        class_="alert" if state == "bad" else "",
    )


def recorded_walk(data: ReportData) -> Html:
    """Returns every node of the recorded walk with its verdict and what became of its edges."""
    if not data.recorded.walk:
        return element("p", "The walk is not there.")
    heads: dict[str, list[str]] = {}
    for edge in data.content.edges:
        heads.setdefault(edge.from_node, []).append(edge.to_node)
    items = []
    for node in data.recorded.walk:
        names = heads.get(node.node, [])
        edges = [
            f"{_EDGES.get(outcome, 'not stated')} to {names[place]}"
            if place < len(names)
            else _EDGES.get(outcome, "not stated")
            for place, outcome in enumerate(node.outcomes)
            if outcome != decision_pb2.EDGE_OUTCOME_UNVISITED
        ]
        items.append(
            element(
                "li",
                element("code", node.node),
                " ",
                element("strong", _VERDICTS.get(node.verdict, "no verdict")),
                element("div", ", ".join(edges), class_="soft") if edges else NOTHING,
            )
        )
    return element("ol", items, class_="walk")


def _ledger_state(data: ReportData) -> tuple[str, str, str]:
    found = data.verification
    if found is None:
        return "warn", "Ledger: not verified", "No verification was made for this report."
    kept = (
        "Without a checkpoint kept elsewhere, records cut off at the end would not be seen."
        if found.beyond_checkpoint >= found.records
        else f"{counted(found.beyond_checkpoint, 'record')} lie beyond the checkpoint given."
    )
    counts = f"{counted(found.records, 'record')} in {counted(found.chains, 'chain')}"
    if found.sound and not found.faults:
        return "good", "Ledger: sound", f"{counts} verified. {kept}"
    ours = [fault for fault in found.faults if _touches(fault, data)]
    if ours:
        return (
            "bad",
            "Ledger: this decision's chain is damaged",
            f"{counts} were read; {counted(len(ours), 'fault')} in the chain of this decision.",
        )
    return (
        "bad",
        "Ledger: not sound",
        f"{counts} were read; {counted(len(found.faults), 'fault')}, none in the chain of this "
        "decision.",
    )


def _touches(fault: LedgerFault, data: ReportData) -> bool:
    return fault.record_id == data.record.id or fault.chain in ("", data.record.chain)


def _replay_state(data: ReportData) -> tuple[str, str, str]:
    if data.replay is None:
        return "warn", "Replay: not made", "No replay was made for this report."
    return _OUTCOMES.get(
        data.replay.result.outcome, ("warn", "Replay: no outcome", "The replay told no outcome.")
    )


def _content_state(data: ReportData) -> tuple[str, str, str]:
    if data.recorded.erased:
        return (
            "warn",
            "Content: erased",
            "Facts, walk and answer were erased for good; the record of them stays.",
        )
    if data.sent is None:
        return "warn", "Content: not shown", "The ledger did not hand out the content."
    if data.strayed:
        return "bad", "Words: not of the record", "The explanation differs from the recorded walk."
    if data.explained is None:
        return "warn", "Words: not there", "The recorded walk could not be put into words."
    return (
        "good",
        "Words: agree with the record",
        f"All {counted(len(data.recorded.walk), 'recorded verdict')} are those explained here.",
    )


def _check(state: str, title: str, text: str) -> Html:
    return element(
        "div",
        element("strong", title),
        element("span", text, class_="small"),
        class_=f"check {state}",
    )


def _hash(text: str) -> Html:
    return element("span", text, class_="hash") if text else NOTHING


def _fault_kind(fault: LedgerFault) -> str:
    name = audit_pb2.LedgerFaultKind.Name(fault.kind)
    return name.removeprefix("LEDGER_FAULT_KIND_").replace("_", " ").lower()
