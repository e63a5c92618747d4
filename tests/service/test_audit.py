"""Every decision is recorded before it is answered, and can be taken up again by its id."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import trustme

from rashpath.client import (
    Client,
    InvalidCase,
    NotFound,
    PreconditionFailed,
    RequestIdReused,
    Tls,
)
from rashpath.v1 import audit_pb2
from rashpath.v1.decision_pb2 import Verdict, View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, GuidelineSelector
from tests.service.ledgers import (
    IMPROVING,
    SPREADING,
    answer_bytes,
    database,
    recorded_ids,
    requests,
    verified,
)

CONTENT = Path(__file__).parents[2] / "graph/rashpath/content"
GUIDELINE = "valacyclovir_spreading_rash"


def test_an_answer_can_be_taken_up_again(client: Client) -> None:
    """The ledger shows who asked, what was known, which guideline decided, and the very answer."""
    answer = client.evaluate(SPREADING, view=View.VIEW_FULL)
    shown = client.get_decision(answer.decision_id).decision
    assert shown.record.id == answer.decision_id
    assert shown.record.kind == audit_pb2.RECORD_KIND_DECISION
    assert shown.record.caller == "anonymous"
    assert shown.record.engine_version == version("rashpath")
    assert shown.record.guideline_digest == answer.guideline.digest
    assert abs(shown.record.time.ToDatetime(UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    assert shown.patient_case == SPREADING
    assert shown.response == answer
    assert shown.request.view == View.VIEW_FULL
    assert {node.node: node.verdict for node in shown.walk} == {
        step.node: step.verdict for step in answer.path
    }


def test_every_answer_has_its_record(start_server: Callable[..., Any]) -> None:
    """Single answers and each item of a batch are in the ledger, and nothing else is."""
    server = start_server()
    with server.client() as client:
        answered = [client.evaluate(each.patient_case).decision_id for each in requests(5)]
        bad = EvaluateRequest(patient_case={"patient": {"age_years": 300}})
        with pytest.raises(InvalidCase):
            client.evaluate(bad.patient_case)
        results = client.batch_evaluate([*requests(5), bad]).results
        assert [each.HasField("error") for each in results] == [False] * 5 + [True]
        answered += [each.response.decision_id for each in results[:5]]
        listed = [each.record.id for each in client.decisions(page_size=3)]
    assert sorted(answered) == sorted(listed) == sorted(recorded_ids(database(server)))


def test_decisions_are_found_by_time_guideline_and_recommendation(
    start_server: Callable[..., Any],
) -> None:
    """An auditor finds the decisions of a day in which a recommendation applied."""
    server = start_server()
    before = datetime.now(UTC)
    with server.client() as client:
        spreading, improving = (
            client.evaluate(each, view=View.VIEW_FULL) for each in (SPREADING, IMPROVING)
        )
        told = {
            each.id for each in spreading.recommendations if each.verdict == Verdict.VERDICT_APPLIES
        } - {
            each.id for each in improving.recommendations if each.verdict == Verdict.VERDICT_APPLIES
        }
        found = {
            name: [each.record.id for each in client.decisions(**options)]
            for name, options in {
                "recommendation": {"recommendation": min(told)},
                "since": {"since": before},
                "until": {"until": before},
                "guideline": {"guideline": GUIDELINE},
                "another": {"guideline": "another"},
            }.items()
        }
    both = [improving.decision_id, spreading.decision_id]
    assert found == {
        "recommendation": [spreading.decision_id],
        "since": both,
        "until": [],
        "guideline": both,
        "another": [],
    }


def test_the_same_request_gets_the_same_answer_for_good(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """With its request id a request can be repeated, also after a restart and under a server that
    decides by another version by now: the answer is that of the first time, byte for byte."""
    request = EvaluateRequest(patient_case=SPREADING, request_id="ward-7/1")
    first = start_server()
    answer = answer_bytes(first.address, request)
    assert answer_bytes(first.address, request) == answer
    again = EvaluateRequest(patient_case=SPREADING, request_id="ward-7/1", view=View.VIEW_FULL)
    assert answer_bytes(first.address, again) == answer
    assert first.stop() == 0

    folder = tmp_path / GUIDELINE
    folder.mkdir()
    shutil.copy(CONTENT / GUIDELINE / "1.0.0.yaml", folder)
    text = (folder / "1.0.0.yaml").read_text()
    assert text.count('version: "1.0.0"') == 1
    newer = text.replace('version: "1.0.0"', 'version: "1.0.1"')
    (folder / "1.0.1.yaml").write_text(newer)
    url = f"sqlite:///{database(first)}"
    second = start_server(audit_url=url, guideline_dir=tmp_path)
    assert answer_bytes(second.address, request) == answer
    with second.client() as client:
        assert client.evaluate(SPREADING).guideline.version == "1.0.1"
        assert client.evaluate(SPREADING, request_id="ward-7/1").guideline.version == "1.0.0"
        with pytest.raises(RequestIdReused) as reused:
            client.evaluate(
                SPREADING, request_id="ward-7/1", guideline=GuidelineSelector(version="1.0.0")
            )
    assert reused.value.reason == "REQUEST_ID_REUSED"
    assert second.stop() == 0
    (folder / "1.0.0.yaml").unlink()
    third = start_server(audit_url=url, guideline_dir=tmp_path)
    assert answer_bytes(third.address, request) == answer
    with third.client() as client:
        ids = [each.record.id for each in client.decisions()]
        assert len(ids) == 2
        replayed = [client.replay_decision(each).result.outcome for each in ids]
        assert replayed == [audit_pb2.REPLAY_OUTCOME_IDENTICAL] * 2
        kept = client.get_decision(ids[1]).decision.record
        selector = GuidelineSelector(id=GUIDELINE, version="1.0.0", digest=kept.guideline_digest)
        assert client.get_guideline(selector).guideline.version == "1.0.0"
        with pytest.raises(NotFound):
            client.get_guideline(GuidelineSelector(version="1.0.0"))
        assert client.verify_ledger().sound


def test_a_request_id_belongs_to_one_case(client: Client) -> None:
    """With another case the same id is refused, and names the decision that it was used for."""
    answer = client.evaluate(SPREADING, request_id="case/1")
    with pytest.raises(RequestIdReused) as reused:
        client.evaluate(IMPROVING, request_id="case/1")
    assert (reused.value.code, reused.value.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert reused.value.metadata["decision_id"] == answer.decision_id
    with pytest.raises(InvalidCase):
        client.evaluate(SPREADING, request_id="x" * 129)


def test_items_of_a_batch_have_request_ids_of_their_own(client: Client) -> None:
    """A batch that is sent again gets the answers of the first time; an id used for another case
    fails its own item alone."""
    batch = [
        EvaluateRequest(patient_case=each.patient_case, request_id=f"batch/{number}")
        for number, each in enumerate(requests(3))
    ]
    first = client.batch_evaluate(batch)
    assert client.batch_evaluate(batch) == first
    batch[1].patient_case.patient.weight_kg = 61.5
    again = client.batch_evaluate([*batch, batch[2]])
    assert [each.error.code for each in again.results] == ["", "ALREADY_EXISTS", "", ""]
    assert again.results[3].response == first.results[2].response
    single = client.evaluate(batch[0].patient_case, request_id="batch/0")
    assert single == first.results[0].response


def test_one_new_id_twice_in_a_batch_is_one_decision(client: Client) -> None:
    """What is repeated within one batch is decided once."""
    one = EvaluateRequest(patient_case=SPREADING, request_id="twice/1")
    results = client.batch_evaluate([one, one]).results
    assert results[0].response == results[1].response


def test_two_workers_agree_on_one_answer(start_server: Callable[..., Any]) -> None:
    """The same request at both workers at once is recorded once, and answered alike."""
    server = start_server(workers=2)
    race = [
        EvaluateRequest(patient_case=SPREADING, request_id=f"race/{number // 8}")
        for number in range(32)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: answer_bytes(server.address, each), race))
    assert len({answers[number] for number in range(0, 32, 8)}) == 4
    assert all(answers[number] == answers[number // 8 * 8] for number in range(32))
    assert len(recorded_ids(database(server))) == 4
    assert verified(database(server)).sound


def test_without_a_ledger_nothing_of_it_is_answered(start_server: Callable[..., Any]) -> None:
    """With audit off a server decides, but refuses request ids and every question of an auditor."""
    server = start_server(audit_mode="off")
    with server.client() as client:
        answer = client.evaluate(SPREADING)
        asked: list[Callable[[], object]] = [
            lambda: client.evaluate(SPREADING, request_id="a"),
            lambda: client.get_decision(answer.decision_id),
            lambda: client.list_decisions(),
            lambda: client.verify_ledger(),
            lambda: client.replay_decision(answer.decision_id),
            lambda: client.create_checkpoint(),
            lambda: client.erase_decision(answer.decision_id, "a test"),
            lambda: client.explain_decision(answer.decision_id),
            lambda: client.render_decision(answer.decision_id),
        ]
        for ask in asked:
            with pytest.raises(PreconditionFailed) as off:
                ask()
            assert (off.value.code, off.value.reason) == ("FAILED_PRECONDITION", "AUDIT_OFF")
        batch = [EvaluateRequest(patient_case=SPREADING, request_id="a")]
        assert client.batch_evaluate(batch).results[0].error.code == "FAILED_PRECONDITION"
        assert client.healthy()
        assert client.healthy("rashpath.v1.DecisionService")
    assert not database(server).exists()
    assert any("audit is off" in each["event"] for each in server.lines())


def test_unencrypted_recording_is_said_at_the_start(server: Any) -> None:
    """Without a keyring the operator is warned that patients' data lie open."""
    warned = [each for each in server.lines() if each["level"] == "warning"]
    assert any("unencrypted" in each["event"] for each in warned)


@pytest.fixture
def callers(start_server: Callable[..., Any], tmp_path: Path) -> Iterator[list[Client]]:
    """Clients of one server with certificates of two people."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost", "127.0.0.1")
    (tmp_path / "server.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    (tmp_path / "server.key").write_bytes(issued.private_key_pem.bytes())
    (tmp_path / "clients.pem").write_bytes(ca.cert_pem.bytes())
    names = ("ada@example.org", "ben@example.org")
    lines = [f'"{name}" = ["caller", "auditor"]' for name in names]
    (tmp_path / "access.toml").write_text("\n".join(["[certificates]", *lines]))
    server = start_server(
        tls_certificate_file=tmp_path / "server.pem",
        tls_key_file=tmp_path / "server.key",
        tls_client_ca_file=tmp_path / "clients.pem",
        access_file=tmp_path / "access.toml",
    )
    made = []
    for name in names:
        own = ca.issue_cert(name)
        chain = b"".join(each.bytes() for each in own.cert_chain_pems)
        tls = Tls(ca.cert_pem.bytes(), chain, own.private_key_pem.bytes())
        made.append(server.client(tls=tls))
    yield made
    for each in made:
        each.close()


def test_a_request_id_is_its_callers_own(callers: list[Client]) -> None:
    """Two people may use the same id; the record names who asked, as their certificate does."""
    ada, ben = callers
    first = ada.evaluate(SPREADING, request_id="1")
    second = ben.evaluate(IMPROVING, request_id="1")
    assert first.decision_id != second.decision_id
    assert ada.evaluate(SPREADING, request_id="1") == first
    recorded = {each.record.id: each.record.caller for each in ben.decisions()}
    assert recorded == {
        first.decision_id: "ada@example.org",
        second.decision_id: "ben@example.org",
    }


def test_a_page_token_of_nobody_is_refused(client: Client) -> None:
    """What no page has given out, and a page that is too large, are faults of the caller."""
    for options in ({"page_token": "x"}, {"page_size": 1001}, {"page_size": -1}):
        with pytest.raises(InvalidCase):
            client.list_decisions(**options)
    with pytest.raises(ValueError, match="time zone"):
        client.list_decisions(since=datetime(2026, 1, 31))
    with pytest.raises(NotFound) as missing:
        client.get_decision("nope")
    assert missing.value.reason == "DECISION_NOT_FOUND"
