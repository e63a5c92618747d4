"""Every method for every role: who may, who may not, and what a refusal gives away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from rashpath.client import Client, PermissionDenied, Unauthenticated
from rashpath.client.errors import error_of
from rashpath.service.identity.roles import ALL_ROLES, POLICY, Role
from rashpath.service.methods import SERVICES
from rashpath.v1 import audit_service_pb2, decision_service_pb2, guideline_service_pb2
from rashpath.v1.decision_service_pb2 import ExplainPathRequest
from rashpath.v1.facts_pb2 import PatientCase, Rash, Trend
from rashpath.v1.guideline_service_pb2 import RenderDiagramRequest
from tests.service.identity.papers import static_tokens

FILES = (audit_service_pb2, decision_service_pb2, guideline_service_pb2)
METHODS: dict[str, MethodDescriptor] = {
    method.full_name: method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
MAY = {
    "Evaluate": "caller",
    "BatchEvaluate": "caller",
    "ExplainPath": "caller auditor",
    "ListGuidelines": "caller auditor author",
    "GetGuideline": "caller auditor author",
    "RenderDiagram": "caller auditor author",
    "CompareGuidelines": "author",
    "GetDecision": "auditor",
    "ListDecisions": "auditor",
    "VerifyLedger": "auditor",
    "ReplayDecision": "auditor",
    "CreateCheckpoint": "auditor",
    "EraseDecision": "auditor",
}
"""Written out here a second time, so that a slip in the table of the product is seen."""

SPREADING = PatientCase(rash=Rash(trend=Trend.TREND_SPREADING))
CANARY = 83.6193


@dataclass(frozen=True, slots=True)
class Ward:
    """A server with a token for each role, and for another caller."""

    server: Any
    tokens: dict[str, str]

    def client(self, who: str) -> Client:
        """Returns a client of a token's holder."""
        client: Client = self.server.client(token=self.tokens[who])
        return client

    def call(self, who: str, method: str, data: bytes = b"") -> tuple[str, str]:
        """Calls a method with raw bytes; returns code and reason."""
        service, _, name = method.rpartition(".")
        metadata = [("authorization", f"Bearer {self.tokens[who]}")] if who else []
        with grpc.insecure_channel(self.server.address) as channel:
            try:
                channel.unary_unary(f"/{service}/{name}")(data, timeout=20, metadata=metadata)
            except grpc.RpcError as failure:
                error = error_of(failure)
                return error.code, error.reason
        return "OK", ""


@pytest.fixture(scope="module")
def ward(start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Ward:
    """A server that knows a caller, another caller, an auditor and an author."""
    path: Path = tmp_path_factory.mktemp("ward") / "access.toml"
    roles = {"caller": "caller", "other": "caller", "auditor": "auditor", "author": "author"}
    tokens = static_tokens(path, roles)
    return Ward(start_server(access_file=path), tokens)


def test_the_table_has_every_method_of_every_service() -> None:
    """A method that is new in the contract is served only once it is said who may call it."""
    assert set(POLICY) == set(METHODS)
    assert {each.containing_service.full_name for each in METHODS.values()} == SERVICES
    assert {each.name: set(POLICY[name]) for name, each in METHODS.items()} == {
        name: {Role(word) for word in words.split()} for name, words in MAY.items()
    }


@pytest.mark.parametrize("who", [*sorted(ALL_ROLES), ""])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_for_its_roles_alone(ward: Ward, method: str, who: str) -> None:
    """Whoever has none of a method's roles is refused before the request is even read; junk for a
    request shows whether it was."""
    code, reason = ward.call(who, method, data=b"\xff\xff")
    if not who:
        assert (code, reason) == ("UNAUTHENTICATED", "UNAUTHENTICATED")
    elif who in MAY[METHODS[method].name].split():
        assert (code, reason) == ("INVALID_ARGUMENT", "DOCUMENT_MALFORMED")
    else:
        assert (code, reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")


def test_each_role_can_do_its_work(ward: Ward) -> None:
    """A caller decides and explains, an auditor looks back, an author compares."""
    with ward.client("caller") as caller:
        answer = caller.evaluate(SPREADING)
        assert caller.batch_evaluate([]).results == []
        assert caller.explain_path(SPREADING).decision.urgency == answer.urgency
        assert caller.render_diagram(RenderDiagramRequest(patient_case=SPREADING)).content
        assert caller.get_guideline().guideline.id == answer.guideline.id
    with ward.client("auditor") as auditor:
        record = auditor.get_decision(answer.decision_id).decision.record
        assert record.caller == "token:caller"
        assert auditor.explain_decision(answer.decision_id).decision.decision_id == record.id
        assert auditor.render_decision(answer.decision_id).content
        assert auditor.verify_ledger().sound
        assert auditor.list_guidelines().guidelines
    with ward.client("author") as author:
        assert author.compare_guidelines().equivalent
        assert author.render_diagram(RenderDiagramRequest()).content
        assert author.get_guideline().guideline.nodes


def test_a_caller_explains_decisions_of_its_own_only(ward: Ward) -> None:
    """Of another's decision a caller does not even learn whether it is there: an id that was never
    given out is refused in the very same words."""
    with ward.client("caller") as caller, ward.client("other") as other:
        own = caller.evaluate(SPREADING).decision_id
        theirs = other.evaluate(SPREADING).decision_id
        assert caller.explain_decision(own).decision.decision_id == own
        refusals = []
        for decision_id in (theirs, "0" * 26, "no id at all"):
            with pytest.raises(PermissionDenied) as refusal:
                caller.explain_decision(decision_id)
            refusals.append(refusal.value)
    assert len({(each.code, each.reason, each.message, each.fields) for each in refusals}) == 1
    assert len({str(sorted(each.metadata.items())) for each in refusals}) == 1


def test_an_erased_decision_is_like_one_that_never_was(ward: Ward) -> None:
    """Another's erasure is no caller's business either."""
    with ward.client("other") as other, ward.client("auditor") as auditor:
        theirs = other.evaluate(SPREADING).decision_id
        auditor.erase_decision(theirs, "test")
    with ward.client("caller") as caller:
        with pytest.raises(PermissionDenied) as erased:
            caller.explain_decision(theirs)
        with pytest.raises(PermissionDenied) as absent:
            caller.explain_decision("0" * 26)
    assert erased.value.message == absent.value.message


def test_nothing_of_the_ledger_reaches_a_caller(ward: Ward) -> None:
    """By no method does a caller or an author see what somebody else's patient had."""
    with ward.client("other") as other:
        case = PatientCase(patient={"weight_kg": CANARY})
        theirs = other.evaluate(case, request_id="r-1").decision_id
    for who in ("caller", "author"):
        with ward.client(who) as client:
            for ask in (
                client.get_decision,
                client.explain_decision,
                client.render_decision,
                client.replay_decision,
            ):
                with pytest.raises(PermissionDenied) as refusal:
                    ask(theirs)
                assert str(CANARY) not in repr(vars(refusal.value))
            for ask_all in (client.list_decisions, client.verify_ledger, client.create_checkpoint):
                with pytest.raises(PermissionDenied):
                    ask_all()
    with ward.client("caller") as caller:
        own = caller.evaluate(case, request_id="r-1").decision_id
    assert own != theirs
    assert str(CANARY) not in ward.server.log.read_text()


def test_an_auditor_decides_nothing(ward: Ward) -> None:
    """Who audits does not ask about patients of its own, nor draw or explain them."""
    with ward.client("auditor") as auditor:
        for ask in (auditor.evaluate, auditor.explain_path):
            with pytest.raises(PermissionDenied):
                ask(SPREADING)
        with pytest.raises(PermissionDenied, match="`caller`"):
            auditor.render_diagram(RenderDiagramRequest(patient_case=SPREADING))


def test_every_refusal_is_logged_with_its_caller(ward: Ward) -> None:
    """Who was refused, what they called and why stand in the log, as a warning."""
    data = ExplainPathRequest(patient_case=SPREADING).SerializeToString()
    assert ward.call("author", "rashpath.v1.DecisionService.ExplainPath", data)[0] != "OK"
    line = [each for each in ward.server.lines() if each["event"] == "call"][-1]
    assert (line["level"], line["caller"]) == ("warning", "token:author")
    assert (line["method"], line["reason"]) == ("ExplainPath", "PERMISSION_DENIED")
    assert ward.call("", "rashpath.v1.AuditService.GetDecision")[0] == "UNAUTHENTICATED"
    line = [each for each in ward.server.lines() if each["event"] == "call"][-1]
    assert (line["level"], line["reason"]) == ("warning", "UNAUTHENTICATED")
    assert line["why"] == "no_credentials"
    assert "caller" not in line


def test_health_and_reflection_ask_nobody(ward: Ward) -> None:
    """Probes need no token; reflection tells the contract, which is public, where it is enabled."""
    with ward.server.client() as nobody:
        assert nobody.healthy()
        assert nobody.healthy("rashpath.v1.DecisionService")
        with pytest.raises(Unauthenticated) as refusal:
            nobody.evaluate(SPREADING)
    assert refusal.value.metadata == {"why": "no_credentials"}
