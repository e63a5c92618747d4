"""Who calls, as their client certificate says.

grpc has verified the certificate against the client CA in the handshake. A connection may outlive
its certificate, so that expiry and revocation are looked at in each call.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from rashpath.audit.record import ANONYMOUS
from rashpath.service.identity.access import Access
from rashpath.service.identity.roles import Caller, Role
from rashpath.service.identity.unknown import Why, unauthenticated

_ALTERNATIVE_NAMES = "x509_subject_alternative_name"
_COMMON_NAME = "x509_common_name"
_PEM = "x509_pem_cert"

_LONGEST_NAME = 256
_RESERVED = ("token:", "jwt:")
"""Beginnings of the names of callers with tokens: no certificate can take one."""

_CALLER = frozenset({Role.CALLER})


@dataclass(frozen=True, slots=True)
class _Paper:
    """What is read of a certificate: SHA-256 of its DER, in lowercase hex; end, epoch seconds."""

    fingerprint: str
    valid_until_s: float


def caller_by_certificate(context: Any, access: Access | None, now_s: float) -> Caller | None:
    """Returns who calls by their certificate; None where none was presented.

    The roles are those of the first subject alternative name that the access file lists. A
    certificate that it does not list has none. Without an access file every certificate is a
    caller's, named by its first alternative name, else by its common name.

    Args:
        context: the call's.
        access: the access file's content; None: there is none.
        now_s: seconds since 1970.

    Raises:
        Refusal: the certificate has expired, was revoked, or has no name that can be used
            (UNAUTHENTICATED).
    """
    presented = context.auth_context()
    pem = next(iter(presented.get(_PEM, ())), b"")
    if not pem:
        return None
    paper = _read(bytes(pem))
    if now_s >= paper.valid_until_s:
        raise unauthenticated(Why.CERTIFICATE_EXPIRED)
    names = [_text(each) for each in presented.get(_ALTERNATIVE_NAMES, ())]
    if access is None:
        names = names or [_text(each) for each in presented.get(_COMMON_NAME, ())]
        return Caller(_usable(names), _CALLER)
    if paper.fingerprint in access.revoked:
        raise unauthenticated(Why.CERTIFICATE_REVOKED)
    for name in names:
        roles = access.certificates.get(name)
        if roles is not None:
            return Caller(_usable([name]), roles)
    return Caller(_usable(names), frozenset())


@lru_cache(maxsize=1024)
def _read(pem: bytes) -> _Paper:
    certificate = x509.load_pem_x509_certificate(pem)
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return _Paper(digest, certificate.not_valid_after_utc.timestamp())


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else bytes(name).decode("utf-8", "replace")


def _usable(names: list[str]) -> str:
    """Returns the first name; refuses one that could be taken for another caller's."""
    name = names[0] if names else ""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise unauthenticated(Why.CERTIFICATE_WITHOUT_NAME)
    if name == ANONYMOUS or name.startswith(_RESERVED):
        raise unauthenticated(Why.CERTIFICATE_WITHOUT_NAME)
    return name
