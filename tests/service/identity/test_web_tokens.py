"""JSON Web Tokens: the right one opens, and every way of being wrong is refused by its name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rashpath.client import PermissionDenied, TooLarge, Unauthenticated
from rashpath.client.errors import error_of
from rashpath.service.identity.door import LARGEST_TOKEN
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.identity.papers import AUDIENCE, ISSUER, Issuer
from tests.service.ledgers import EVALUATE

SKEW_S = 5.0
ONE = EvaluateRequest(patient_case=PatientCase())


@dataclass(frozen=True, slots=True)
class Clinic:
    """A server that trusts one issuer."""

    server: Any
    issuer: Issuer
    rsa: Issuer

    def why(self, token: str) -> str:
        """Returns why a token is refused; empty where it opens."""
        with self.server.client(token=token) as client:
            try:
                client.evaluate(PatientCase())
            except Unauthenticated as error:
                return error.metadata["why"]
        return ""


@pytest.fixture(scope="module")
def clinic(start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """A server that takes the tokens of an issuer with an EC and an RSA key."""
    issuer, rsa = Issuer.make(), Issuer.make("RS256", "k2")
    path: Path = tmp_path_factory.mktemp("clinic") / "jwks.json"
    path.write_text(json.dumps({"keys": [issuer.jwk(), rsa.jwk()]}))
    server = start_server(
        jwt_jwks_file=path, jwt_audience=AUDIENCE, jwt_issuer=ISSUER, jwt_clock_skew_s=SKEW_S
    )
    return Clinic(server, issuer, rsa)


def segment(content: Any) -> str:
    """Returns a part of a token."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(token: str) -> dict[str, Any]:
    """Returns what a token says, unverified."""
    return jwt.decode(token, options={"verify_signature": False})


def test_a_right_token_opens(clinic: Clinic) -> None:
    """Its holder may do what its roles say, under the name that the ledger records."""
    with clinic.server.client(token=clinic.issuer.token(roles=["caller", "auditor"])) as client:
        answer = client.evaluate(PatientCase())
        record = client.get_decision(answer.decision_id).decision.record
    assert record.caller == "jwt:ward-7"
    assert clinic.why(clinic.rsa.token()) == ""
    assert clinic.why(clinic.issuer.token(aud=["another", AUDIENCE])) == ""


def test_roles_come_from_the_claim(clinic: Clinic) -> None:
    """A list or a text of words; what is no role of ours gives none, and no role gives nothing."""
    assert clinic.why(clinic.issuer.token(roles="openid caller")) == ""
    for roles in (["nurse"], [], None, {"caller": True}, [1, None], "callers"):
        with (
            clinic.server.client(token=clinic.issuer.token(roles=roles)) as client,
            pytest.raises(PermissionDenied),
        ):
            client.evaluate(PatientCase())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"exp": int(time.time()) - 3600}, "token_expired"),
        ({"exp": None}, "token_claim"),
        ({"exp": "soon"}, "token_malformed"),
        ({"exp": float("inf")}, "token_malformed"),
        ({"nbf": int(time.time()) + 3600}, "token_not_yet_valid"),
        ({"iat": int(time.time()) + 3600}, "token_not_yet_valid"),
        ({"aud": "somebody-else"}, "token_audience"),
        ({"aud": AUDIENCE + "x"}, "token_audience"),
        ({"aud": None}, "token_claim"),
        ({"iss": "https://elsewhere.example"}, "token_issuer"),
        ({"iss": None}, "token_claim"),
        ({"sub": None}, "token_claim"),
        ({"sub": ""}, "token_claim"),
        ({"sub": "ward\n7"}, "token_claim"),
        ({"sub": "w" * 300}, "token_claim"),
    ],
)
def test_a_wrong_claim_closes(clinic: Clinic, changed: dict[str, Any], why: str) -> None:
    """Expired, too early, for another audience, from another issuer, or without a name."""
    assert clinic.why(clinic.issuer.token(**changed)) == why


def test_clocks_may_differ_a_little_but_not_more(clinic: Clinic) -> None:
    """The skew that the settings allow counts on both ends of a token's life."""
    now = int(time.time())
    assert clinic.why(clinic.issuer.token(exp=now - 1)) == ""
    assert clinic.why(clinic.issuer.token(nbf=now + 2)) == ""
    assert clinic.why(clinic.issuer.token(exp=now - int(SKEW_S) - 1)) == "token_expired"


def test_a_token_that_was_right_expires(clinic: Clinic) -> None:
    """That a token was found right a moment ago does not make it last longer."""
    token = clinic.issuer.token(exp=int(time.time()) - int(SKEW_S) + 2)
    assert clinic.why(token) == ""
    time.sleep(2.1)
    assert clinic.why(token) == "token_expired"


def test_a_token_without_signature_is_refused(clinic: Clinic) -> None:
    """`alg: none`, in any spelling, with or without something in the place of a signature."""
    body = claims(clinic.issuer.token())
    for name in ("none", "None", "NONE", "nOnE", ""):
        for signature in ("", "AAAA"):
            head = segment({"alg": name, "typ": "JWT", "kid": "k1"})
            assert clinic.why(f"{head}.{segment(body)}.{signature}") == "token_algorithm"


def test_a_public_key_is_no_secret(clinic: Clinic) -> None:
    """Key confusion: a token signed by HMAC with the issuer's public key, in every form in which it
    is known, is refused for its algorithm."""
    public = clinic.rsa.key.public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(clinic.rsa.jwk()).encode(),
        b"",
    ]
    body = segment(claims(clinic.rsa.token()))
    for secret in secrets:
        head = segment({"alg": "HS256", "typ": "JWT", "kid": "k2"})
        signature = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
        assert clinic.why(f"{head}.{body}.{segment(signature)}") == "token_algorithm"


def test_a_key_signs_by_its_own_algorithm_only(clinic: Clinic) -> None:
    """A header that names another kind of algorithm than its key has finds no key."""
    token = clinic.rsa.token(header={"kid": "k1"})
    assert clinic.why(token) == "token_key_unknown"
    stranger = Issuer.make("EdDSA", "k1")
    assert clinic.why(stranger.token()) == "token_key_unknown"


def test_another_key_or_a_changed_token_is_refused(clinic: Clinic) -> None:
    """A stranger's signature under a known key's id, and a claim changed after signing."""
    stranger = Issuer.make("ES256", "k1")
    assert clinic.why(stranger.token()) == "token_signature"
    assert clinic.why(Issuer.make("ES256", "k9").token()) == "token_key_unknown"
    head, _, signature = clinic.issuer.token(roles=["caller"]).split(".")
    body = claims(clinic.issuer.token()) | {"roles": ["auditor"]}
    assert clinic.why(f"{head}.{segment(body)}.{signature}") == "token_signature"


def test_a_header_brings_no_key_of_its_own(clinic: Clinic) -> None:
    """Keys, addresses of keys and paths that a token brings along are not looked at."""
    stranger = Issuer.make("ES256", "k1")
    for header in (
        {"jwk": stranger.jwk()},
        {"jku": "https://evil.example/jwks.json"},
        {"kid": "../../dev/null"},
        {"x5u": "https://evil.example/x.pem"},
    ):
        assert clinic.why(stranger.token(header=header)) in {"token_signature", "token_key_unknown"}
    assert clinic.why(stranger.token(header={"crit": ["exp"]})) == "token_malformed"


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a.b.c", "....", segment({"alg": "ES256"}) + "..", "[" * 4000]
)
def test_junk_is_refused(clinic: Clinic, token: str) -> None:
    """What is no token at all opens nothing and breaks nothing."""
    assert clinic.why(token) in {
        "token_malformed",
        "token_key_unknown",
        "token_signature",
    }
    assert clinic.why(clinic.issuer.token()) == ""


def test_an_oversized_token_is_refused(clinic: Clinic) -> None:
    """A token beyond the limit is refused unread, one beyond grpc's limit by grpc itself."""
    token = clinic.issuer.token(padding="x" * LARGEST_TOKEN)
    assert clinic.why(token) == "token_too_large"
    with clinic.server.client(token="x" * 40_000) as client, pytest.raises(TooLarge):
        client.evaluate(PatientCase())
    assert clinic.why(clinic.issuer.token()) == ""


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Basic d2FyZDo3"],
        ["Bearer"],
        ["Bearer "],
        ["Bearer,{}"],
        ["{}"],
        ["Bearer {}", "Bearer {}"],
    ],
)
def test_the_header_must_be_one_bearer_token(clinic: Clinic, headers: list[str]) -> None:
    """No header, another scheme, no token or two of them: none is guessed at."""
    token = clinic.issuer.token()
    metadata = [("authorization", each.format(token)) for each in headers]
    assert code_of(clinic.server.address, metadata) == "UNAUTHENTICATED"


def test_the_scheme_may_be_spelt_in_any_case(clinic: Clinic) -> None:
    """As HTTP has it."""
    metadata = [("authorization", f"bEARER {clinic.issuer.token()}")]
    assert code_of(clinic.server.address, metadata) == "OK"


def test_no_token_is_ever_logged(clinic: Clinic) -> None:
    """Neither a good nor a bad token stands in the log, not even a part of one."""
    good, bad = clinic.issuer.token(), Issuer.make().token()
    clinic.why(good)
    clinic.why(bad)
    text = clinic.server.log.read_text()
    for token in (good, bad):
        for part in token.split("."):
            assert part not in text


def code_of(address: str, metadata: list[tuple[str, str]]) -> str:
    """Returns the status code of a call with this metadata."""
    with grpc.insecure_channel(address) as channel:
        try:
            method = channel.unary_unary(EVALUATE)
            method(ONE.SerializeToString(), timeout=10, metadata=metadata)
        except grpc.RpcError as failure:
            return error_of(failure).code
    return "OK"
