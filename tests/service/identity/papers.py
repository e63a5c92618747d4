"""Certificates, tokens and access files for servers under test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from rashpath.client import Tls
from rashpath.service.identity.static_tokens import digest_of, new_token

AUDIENCE = "rashpath-test"
ISSUER = "https://issuer.example"

Signer = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA, and the files of a server that it signed and whose clients it signs."""

    ca: trustme.CA
    settings: Mapping[str, Path]

    def tls(self, name: str | None, signer: trustme.CA | None = None) -> Tls:
        """Returns TLS with a client certificate of a name; None: without one."""
        trusted = self.ca.cert_pem.bytes()
        if name is None:
            return Tls(trusted)
        return tls_of((signer or self.ca).issue_cert(name), self)


def tls_of(issued: trustme.LeafCert, authority: Authority) -> Tls:
    """Returns TLS with this client certificate."""
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    return Tls(authority.ca.cert_pem.bytes(), chain, issued.private_key_pem.bytes())


def expired(authority: Authority, name: str) -> Tls:
    """Returns TLS with a client certificate that has expired."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    return tls_of(authority.ca.issue_cert(name, not_after=past), authority)


def authority(folder: Path, ca: trustme.CA | None = None) -> Authority:
    """Makes a CA with the files of a server for this machine."""
    ca = ca or trustme.CA()
    write_server_files(folder, ca)
    (folder / "clients.pem").write_bytes(ca.cert_pem.bytes())
    return Authority(
        ca,
        {
            "tls_certificate_file": folder / "server.pem",
            "tls_key_file": folder / "server.key",
            "tls_client_ca_file": folder / "clients.pem",
        },
    )


def write_server_files(folder: Path, ca: trustme.CA) -> None:
    """Writes certificate and key of a server, in place of those that are there."""
    issued = ca.issue_cert("localhost", "127.0.0.1")
    (folder / "server.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    (folder / "server.key").write_bytes(issued.private_key_pem.bytes())


@dataclass(slots=True)
class Issuer:
    """An issuer of JSON Web Tokens with one key."""

    key: Signer
    key_id: str
    algorithm: str

    @classmethod
    def make(cls, algorithm: str = "ES256", key_id: str = "k1") -> Issuer:
        """Returns an issuer with a new key for an algorithm."""
        key: Signer
        match algorithm:
            case "ES256":
                key = ec.generate_private_key(ec.SECP256R1())
            case "EdDSA":
                key = ed25519.Ed25519PrivateKey.generate()
            case _:
                key = rsa.generate_private_key(65537, 2048)
        return cls(key, key_id, algorithm)

    def jwk(self, **more: Any) -> dict[str, Any]:
        """Returns the public key as a JSON Web Key."""
        maker = jwt.get_algorithm_by_name(self.algorithm)
        public = json.loads(maker.to_jwk(self.key.public_key()))
        public.pop("key_ops", None)
        return {**public, "kid": self.key_id, "use": "sig", **more}

    def key_set(self) -> str:
        """Returns the key set that holds the key."""
        return json.dumps({"keys": [self.jwk()]})

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Returns a token that is right but for what the claims change; None takes one away."""
        now = time.time()
        content = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "ward-7",
            "iat": int(now),
            "exp": int(now) + 300,
            "roles": ["caller"],
        } | claims
        content = {name: value for name, value in content.items() if value is not None}
        headers = {"kid": self.key_id} | dict(header or {})
        return jwt.encode(content, self.key, self.algorithm, headers)


def static_tokens(path: Path, roles: Mapping[str, str], more: str = "") -> dict[str, str]:
    """Writes an access file with a token for each name, with the roles given as words."""
    tokens = {name: new_token() for name in roles}
    lines = []
    for name, words in roles.items():
        listed = ", ".join(f'"{word}"' for word in words.split())
        digest = digest_of(tokens[name]).hex()
        lines += [f"[tokens.{name}]", f'sha256 = "{digest}"', f"roles = [{listed}]"]
    path.write_text("\n".join([more, *lines, ""]))
    return tokens


def eventually(outcome: Callable[[], str], wanted: str, within_s: float = 10.0) -> str:
    """Returns the outcome once it is the wanted one, else the last one before the time is over."""
    end = time.monotonic() + within_s
    while (found := outcome()) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    return found
