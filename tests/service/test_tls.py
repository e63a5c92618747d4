"""Encrypted connections, with and without certificates of clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from rashpath.client import Client, Tls, Unavailable
from rashpath.service.settings import SettingsError, load_settings
from rashpath.service.tls import server_certificates
from rashpath.v1.facts_pb2 import PatientCase


@dataclass(frozen=True, slots=True)
class Papers:
    """Certificates on disk and in memory."""

    ca: trustme.CA
    certificate: Path
    key: Path
    client_ca: Path


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """A certificate for localhost, and the CA that signs clients."""
    folder = tmp_path_factory.mktemp("papers")
    ca = trustme.CA()
    issued = ca.issue_cert("localhost", "127.0.0.1")
    made = Papers(ca, folder / "server.pem", folder / "server.key", folder / "clients.pem")
    made.certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    made.key.write_bytes(issued.private_key_pem.bytes())
    made.client_ca.write_bytes(ca.cert_pem.bytes())
    return made


@pytest.fixture(scope="module")
def encrypted(start_server: Callable[..., Any], papers: Papers) -> Any:
    """A server with TLS, for any client."""
    return start_server(tls_certificate_file=papers.certificate, tls_key_file=papers.key)


@pytest.fixture(scope="module")
def mutual(start_server: Callable[..., Any], papers: Papers) -> Any:
    """A server with TLS, for clients with a certificate only."""
    return start_server(
        tls_certificate_file=papers.certificate,
        tls_key_file=papers.key,
        tls_client_ca_file=papers.client_ca,
    )


def client_papers(ca: trustme.CA, trusted: trustme.CA) -> Tls:
    """Returns TLS with a client certificate that `ca` signed."""
    issued = ca.issue_cert("client@example.org")
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    return Tls(trusted.cert_pem.bytes(), chain, issued.private_key_pem.bytes())


def end_of_call(server: Any, tls: Tls | None) -> str:
    """Returns how a call over such a connection ends: `OK`, or the code that it is refused with."""
    with Client(server.address, tls=tls, retries=0, timeout_s=3) as client:
        try:
            client.evaluate(PatientCase())
        except Unavailable as refused:
            return refused.code
    return "OK"


def test_an_encrypted_call_is_answered(encrypted: Any, papers: Papers) -> None:
    """A client that trusts the CA gets its answer, with a token too."""
    tls = Tls(papers.ca.cert_pem.bytes())
    with Client(encrypted.address, tls=tls, token="secret-token") as client:
        assert client.evaluate(PatientCase()).decision_id
    assert "secret-token" not in encrypted.log.read_text()


def test_another_authority_is_not_trusted(encrypted: Any) -> None:
    """A server whose certificate somebody else signed is not talked to."""
    assert end_of_call(encrypted, Tls(trustme.CA().cert_pem.bytes())) == "UNAVAILABLE"


def test_plain_text_is_not_answered(encrypted: Any) -> None:
    """A server with TLS takes no unencrypted call."""
    assert end_of_call(encrypted, None) == "UNAVAILABLE"


def test_a_client_with_a_certificate_is_let_in(mutual: Any, papers: Papers) -> None:
    """Where clients must show a certificate, one that the CA signed opens."""
    with Client(mutual.address, tls=client_papers(papers.ca, papers.ca)) as client:
        assert client.evaluate(PatientCase()).decision_id


def test_a_client_without_or_with_a_foreign_certificate_is_not(mutual: Any, papers: Papers) -> None:
    """No certificate, or one of another authority, gets no answer."""
    assert end_of_call(mutual, Tls(papers.ca.cert_pem.bytes())) == "UNAVAILABLE"
    assert end_of_call(mutual, client_papers(trustme.CA(), papers.ca)) == "UNAVAILABLE"


def test_faulty_files_are_refused_at_the_start(papers: Papers, tmp_path: Path) -> None:
    """A key of another certificate, or a file that is neither, is a fault of the settings."""
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    stray = tmp_path / "stray.key"
    stray.write_bytes(papers.ca.issue_cert("other").private_key_pem.bytes())
    for certificate, key, client_ca in (
        (junk, papers.key, None),
        (papers.certificate, junk, None),
        (papers.certificate, stray, None),
        (papers.certificate, papers.key, junk),
    ):
        settings = load_settings(
            {
                "tls_certificate_file": certificate,
                "tls_key_file": key,
                "tls_client_ca_file": client_ca,
            },
            {},
        )
        with pytest.raises(SettingsError):
            server_certificates(settings)


def test_a_certificate_needs_its_key() -> None:
    """Half of TLS is not quietly served as none."""
    with pytest.raises(SettingsError, match="must be set together"):
        load_settings({"tls_certificate_file": Path(__file__)}, {})
    with pytest.raises(SettingsError, match="needs `tls_certificate_file`"):
        load_settings({"tls_client_ca_file": Path(__file__)}, {})
