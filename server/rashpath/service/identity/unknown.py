"""Why the server does not know who calls, and what they are told about it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from rashpath.service.errors import Refusal
from rashpath.v1.errors_pb2 import ErrorReason

_RETRY_KEYS_S = 1.0


class Why(StrEnum):
    """What is wrong with a token or a certificate."""

    NO_CREDENTIALS = "no_credentials"
    MALFORMED_HEADER = "malformed_header"
    TOKEN_TOO_LARGE = "token_too_large"
    TOKEN_MALFORMED = "token_malformed"
    TOKEN_UNKNOWN = "token_unknown"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"
    TOKEN_ALGORITHM = "token_algorithm"
    TOKEN_KEY_UNKNOWN = "token_key_unknown"
    TOKEN_SIGNATURE = "token_signature"
    TOKEN_AUDIENCE = "token_audience"
    TOKEN_ISSUER = "token_issuer"
    TOKEN_CLAIM = "token_claim"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_WITHOUT_NAME = "certificate_without_name"


_TEXTS: Mapping[Why, str] = {
    Why.NO_CREDENTIALS: "the call carries no token; send `authorization: Bearer TOKEN`",
    Why.MALFORMED_HEADER: "the metadata `authorization` must be one `Bearer TOKEN`",
    Why.TOKEN_TOO_LARGE: "the token is larger than this server takes",
    Why.TOKEN_MALFORMED: "the token cannot be read",
    Why.TOKEN_UNKNOWN: "this server does not know the token",
    Why.TOKEN_EXPIRED: "the token has expired; get a new one",
    Why.TOKEN_NOT_YET_VALID: "the token is not valid yet; is the clock right?",
    Why.TOKEN_ALGORITHM: "the token is not signed by an algorithm that this server takes",
    Why.TOKEN_KEY_UNKNOWN: "the token is not signed by a key that this server knows",
    Why.TOKEN_SIGNATURE: "the signature of the token is wrong",
    Why.TOKEN_AUDIENCE: "the token is for another audience",
    Why.TOKEN_ISSUER: "the token is from another issuer",
    Why.TOKEN_CLAIM: "the token lacks a claim that this server needs, or has a wrong one",
    Why.CERTIFICATE_EXPIRED: "the client certificate has expired",
    Why.CERTIFICATE_REVOKED: "the client certificate is revoked",
    Why.CERTIFICATE_WITHOUT_NAME: "the client certificate has no name that this server can use",
}


def unauthenticated(why: Why) -> Refusal:
    """Returns the refusal of somebody whom the server does not know."""
    reason = ErrorReason.ERROR_REASON_UNAUTHENTICATED
    return Refusal(reason, _TEXTS[why], metadata={"why": why})


def keys_missing() -> Refusal:
    """Returns the refusal where the keys of the issuer cannot be had at present."""
    return Refusal(
        ErrorReason.ERROR_REASON_IDENTITY_UNAVAILABLE,
        "the keys that tokens are checked with cannot be had at present; try again shortly",
        retry_after_s=_RETRY_KEYS_S,
    )
