"""Nothing of a patient leaves the ledger's contents: not in logs, errors, pictures or files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rashpath.audit.keyring import Keyring
from rashpath.client import ClientError, RequestIdReused
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, WholeNumber
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from rashpath.v1.guideline_service_pb2 import DiagramFormat
from tests.service.ledgers import database, verified

DICTIONARY = Dictionary.of(PatientCase.DESCRIPTOR)
REQUEST_ID = "canary-7719-ward-of-Ada"


def canaries() -> dict[str, int | float]:
    """Returns a value for every fact: of a number one that nothing else would hold by chance."""
    values: dict[str, int | float] = {}
    for number, fact in enumerate(DICTIONARY):
        match fact.kind:
            case Choice() as choice:
                values[fact.path] = choice.values[-1].number
            case DecimalNumber() as kind:
                least, most = kind.hard.minimum, kind.hard.maximum
                values[fact.path] = round(least + (most - least) * (0.3713 + number / 997), 6)
            case WholeNumber() as kind:
                values[fact.path] = round((kind.hard.minimum + kind.hard.maximum) * 0.37)
    return values


def texts(values: dict[str, int | float]) -> list[str]:
    """Returns how the values that are like nothing else are written."""
    return [repr(each) for each in values.values() if isinstance(each, float)]


def case_of(values: dict[str, int | float]) -> PatientCase:
    """Returns the case that gives some facts."""
    case = PatientCase()
    for path, value in values.items():
        group, name = path.split(".")
        setattr(getattr(case, group), name, value)
    return case


@pytest.fixture(scope="module")
def sealed(start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that encrypts what it records, and logs all that it can."""
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    Keyring.generate().save(path)
    return start_server(audit_keyring_file=path, log_level="debug")


def keyring(server: Any) -> Path:
    """Returns the keyring file of the server of these tests."""
    environ = Path(f"/proc/{server.process.pid}/environ").read_bytes().split(b"\0")
    name = b"RASHPATH_AUDIT_KEYRING_FILE="
    return Path(next(each for each in environ if each.startswith(name))[len(name) :].decode())


def test_no_value_is_in_a_log_an_error_or_a_file(sealed: Any) -> None:
    """Values of all facts, the request id and the answer go through every method, good and bad;
    afterwards neither log nor errors nor any byte of the database have them."""
    values = canaries()
    case = case_of(values)
    wanted = texts(values)
    assert len(wanted) >= 5
    failures = []
    with sealed.client() as client:
        answer = client.evaluate(case, request_id=REQUEST_ID, view=View.VIEW_FULL)
        assert client.evaluate(case, request_id=REQUEST_ID) is not None
        client.batch_evaluate([EvaluateRequest(patient_case=case, request_id=f"{REQUEST_ID}/b")])
        decision_id = answer.decision_id
        client.explain_decision(decision_id)
        client.render_decision(decision_id)
        client.replay_decision(decision_id)
        assert client.get_decision(decision_id).decision.patient_case == case
        listed = client.list_decisions(recommendation="emergency_review")
        with pytest.raises(RequestIdReused) as reused:
            client.evaluate(PatientCase(), request_id=REQUEST_ID)
        failures.append(reused.value)
        for path in (path for path, value in values.items() if isinstance(value, float)):
            beyond = case_of(values | {path: values[path] * 1e6})
            wanted.append(repr(values[path] * 1e6))
            for call in (client.evaluate, client.explain_path):
                with pytest.raises(ClientError) as refused:
                    call(beyond)
                failures.append(refused.value)
    said = "\n".join(
        [sealed.log.read_text(), str(listed)]
        + [f"{each} {each.fields} {each.metadata}" for each in failures]
    )
    assert [text for text in [*wanted, REQUEST_ID] if text in said] == []
    files = [database(sealed), *database(sealed).parent.glob("audit.db-*")]
    lying = b"".join(path.read_bytes() for path in files)
    assert decision_id.encode() in lying
    canary_bytes = [text.encode() for text in [*wanted, REQUEST_ID]]
    canary_bytes += [struct.pack("<d", each) for each in values.values() if isinstance(each, float)]
    canary_bytes += [case.SerializeToString(), answer.SerializeToString(deterministic=True)]
    assert [each for each in canary_bytes if each in lying] == []
    assert verified(database(sealed), keyring_file=keyring(sealed)).sound


def test_a_masked_picture_shows_no_value(sealed: Any) -> None:
    """With masked facts a picture can be handed on: in it stand no values, in the other they do."""
    values = canaries()
    with sealed.client() as client:
        decision_id = client.evaluate(case_of(values)).decision_id
        masked, plain = (
            client.render_decision(
                decision_id, format=DiagramFormat.DIAGRAM_FORMAT_SVG, mask_facts=mask
            ).content.decode()
            for mask in (True, False)
        )
    shown = [
        text for text in (f"{value:.6g}" for value in values.values() if value % 1) if text in plain
    ]
    assert [text for text in shown if text in masked] == []
    assert masked != plain


def test_an_encrypting_server_does_not_warn(sealed: Any) -> None:
    """With a keyring nothing lies open, and the start says nothing of the kind."""
    assert not any("unencrypted" in each["event"] for each in sealed.lines())
