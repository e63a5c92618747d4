"""Client certificates: which ones open, and that a change of the files counts at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from rashpath.client import Client, ClientError, Tls
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.identity.papers import (
    Authority,
    authority,
    eventually,
    expired,
    static_tokens,
    tls_of,
    write_server_files,
)

ACCESS = """
revoked = [{revoked}]

[certificates]
"ward-7.example" = ["caller"]
"spiffe://clinic/audit" = ["auditor"]
"both@clinic.example" = ["caller", "auditor"]
"""


@dataclass(frozen=True, slots=True)
class Clinic:
    """A server with required client certificates and an access file."""

    server: Any
    authority: Authority
    access: Path
    token: str

    def outcome(self, tls: Tls | None, token: str | None = None) -> str:
        """Returns how a call over a connection of its own ends: OK, or the code of its error."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        with Client(
            self.server.address,
            tls=tls,
            token=token,
            retries=0,
            timeout_s=3,
            channel_options=options,
        ) as client:
            try:
                client.evaluate(PatientCase())
            except ClientError as error:
                return f"{error.code} {error.metadata.get('why', '')}".strip()
        return "OK"

    def write(self, revoked: str = "") -> None:
        """Writes the access file anew, with one certificate revoked."""
        listed = f'"{revoked}"' if revoked else ""
        token_lines = self.access.read_text().partition("[tokens")[1:]
        self.access.write_text(ACCESS.format(revoked=listed) + "".join(token_lines))


def open_clinic(start_server: Callable[..., Any], folder: Path) -> Clinic:
    """Starts a server that knows a ward, an auditor, and one who is both; and a token besides."""
    made = authority(folder)
    access = folder / "access.toml"
    tokens = static_tokens(access, {"nurse": "caller"}, more=ACCESS.format(revoked=""))
    server = start_server(**made.settings, access_file=access)
    return Clinic(server, made, access, tokens["nurse"])


@pytest.fixture(scope="module")
def clinic(
    start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    """A server whose files stay, or are put back."""
    made = open_clinic(start_server, tmp_path_factory.mktemp("clinic"))
    yield made
    made.server.stop()


@pytest.fixture(scope="module")
def spoiled(
    start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    """A server whose files are spoiled and replaced."""
    made = open_clinic(start_server, tmp_path_factory.mktemp("spoiled"))
    yield made
    made.server.stop()


def fingerprint(issued: trustme.LeafCert) -> str:
    """Returns what `openssl x509 -fingerprint -sha256` says of a certificate."""
    certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, 64, 2))


def test_who_opens_and_who_does_not(clinic: Clinic) -> None:
    """A listed name opens; no certificate, another CA's, an expired one, a name that is not listed
    and a role that does not fit do not."""
    ours = clinic.authority
    assert clinic.outcome(ours.tls("ward-7.example")) == "OK"
    assert clinic.outcome(ours.tls(None)) == "UNAVAILABLE"
    assert clinic.outcome(None) == "UNAVAILABLE"
    assert clinic.outcome(ours.tls("ward-7.example", trustme.CA())) == "UNAVAILABLE"
    assert clinic.outcome(expired(ours, "ward-7.example")) == "UNAVAILABLE"
    assert clinic.outcome(ours.tls("ward-8.example")) == "PERMISSION_DENIED"
    assert clinic.outcome(ours.tls("WARD-7.example.evil.example")) == "PERMISSION_DENIED"
    named = tls_of(ours.ca.issue_cert("x.example", common_name="ward-7.example"), ours)
    assert clinic.outcome(named) == "PERMISSION_DENIED"


def test_names_of_other_kinds_open_too(clinic: Clinic) -> None:
    """An e-mail address can be listed as well as a host; the ledger records it."""
    tls = clinic.authority.tls("both@clinic.example")
    with clinic.server.client(tls=tls) as client:
        answer = client.evaluate(PatientCase())
        record = client.get_decision(answer.decision_id).decision.record
    assert record.caller == "both@clinic.example"


def test_a_token_over_a_certificate_counts(clinic: Clinic) -> None:
    """Where a token is shown, its holder calls, whoever's certificate encrypts; a bad token is not
    made good by a certificate that would do."""
    ours = clinic.authority
    assert clinic.outcome(ours.tls("gateway.example"), clinic.token) == "OK"
    assert clinic.outcome(ours.tls("gateway.example")) == "PERMISSION_DENIED"
    bad = clinic.token[:-1] + ("A" if clinic.token[-1] != "A" else "B")
    why = "UNAUTHENTICATED token_unknown"
    assert clinic.outcome(ours.tls("ward-7.example"), bad) == why


def test_a_revoked_certificate_closes_without_restart(clinic: Clinic) -> None:
    """Once its fingerprint is in the access file a certificate opens no more, not even over a
    connection that was there before; one of the same name that was issued anew does."""
    ours = clinic.authority
    issued = ours.ca.issue_cert("ward-7.example")
    with clinic.server.client(tls=tls_of(issued, ours)) as client:
        client.evaluate(PatientCase())
        clinic.write(revoked=fingerprint(issued))

        def again() -> str:
            try:
                client.evaluate(PatientCase())
            except ClientError as error:
                return str(error.metadata.get("why"))
            return "OK"

        assert eventually(again, "certificate_revoked") == "certificate_revoked"
    assert clinic.outcome(ours.tls("ward-7.example")) == "OK"
    clinic.write()


def test_a_name_taken_off_the_list_closes_without_restart(spoiled: Clinic) -> None:
    """Who is no longer listed may do nothing; a faulty file in between changes nothing."""
    tls = spoiled.authority.tls("ward-7.example")
    before, told = spoiled.access.read_text(), faults(spoiled)
    spoiled.access.write_text("[certificates\n")
    assert eventually(lambda: str(faults(spoiled) > told), "True") == "True"
    assert spoiled.outcome(tls) == "OK"
    spoiled.access.write_text('[certificates]\n"ward-9.example" = ["caller"]\n')
    assert eventually(lambda: spoiled.outcome(tls), "PERMISSION_DENIED") == "PERMISSION_DENIED"
    assert spoiled.outcome(spoiled.authority.tls("ward-9.example")) == "OK"
    spoiled.access.write_text(before)
    assert eventually(lambda: spoiled.outcome(tls), "OK") == "OK"


def test_certificates_are_replaced_without_restart(spoiled: Clinic) -> None:
    """A new server certificate and a new client CA hold for the next handshake: who has papers of
    the old CA is refused, and a half-written pair of files changes nothing."""
    old, new = spoiled.authority, trustme.CA()
    folder = spoiled.access.parent
    key, told = (folder / "server.key").read_bytes(), faults(spoiled)
    (folder / "server.key").write_text("half")
    assert eventually(lambda: str(faults(spoiled) > told), "True") == "True"
    assert spoiled.outcome(old.tls("ward-7.example")) == "OK"
    (folder / "server.key").write_bytes(key)
    write_server_files(folder, new)
    (folder / "clients.pem").write_bytes(new.cert_pem.bytes())
    fresh = Authority(new, old.settings)
    assert eventually(lambda: spoiled.outcome(fresh.tls("ward-7.example")), "OK") == "OK"
    assert spoiled.outcome(old.tls("ward-7.example")) == "UNAVAILABLE"
    assert spoiled.outcome(Tls(new.cert_pem.bytes(), *_pair(old.ca))) == "UNAVAILABLE"


def test_without_access_file_a_certificate_is_a_callers(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """Whom the CA signed may ask for decisions, and see nobody else's."""
    made = authority(tmp_path)
    server = start_server(**made.settings)
    with server.client(tls=made.tls("ward-7.example")) as client:
        answer = client.evaluate(PatientCase())
        assert client.explain_decision(answer.decision_id).decision.decision_id
        with pytest.raises(ClientError) as refusal:
            client.get_decision(answer.decision_id)
        assert refusal.value.code == "PERMISSION_DENIED"
    for name in ("anonymous", "token:nurse", "jwt:ward-7"):
        tls = tls_of(made.ca.issue_cert(common_name=name), made)
        with server.client(tls=tls) as client, pytest.raises(ClientError) as refusal:
            client.evaluate(PatientCase())
        assert refusal.value.metadata["why"] == "certificate_without_name"


def faults(clinic: Clinic) -> int:
    """Returns how many faulty files the server has told of."""
    return len([each for each in clinic.server.lines() if "is faulty" in each["event"]])


def _pair(ca: trustme.CA) -> tuple[bytes, bytes]:
    issued = ca.issue_cert("ward-7.example")
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    return chain, issued.private_key_pem.bytes()
