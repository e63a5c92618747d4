"""JSON Web Tokens: whose they are, once signature, audience, issuer and times are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from rashpath.service.errors import Refusal
from rashpath.service.identity.issuer_keys import IssuerKeys
from rashpath.service.identity.key_set import ALGORITHMS
from rashpath.service.identity.roles import Caller, Role, Roles
from rashpath.service.identity.unknown import Why, keys_missing, unauthenticated

_LONGEST_NAME = 200
_MOST_VALUES = 1000

_REFUSED: tuple[tuple[type[Exception], Why], ...] = (
    (jwt.ExpiredSignatureError, Why.TOKEN_EXPIRED),
    (jwt.ImmatureSignatureError, Why.TOKEN_NOT_YET_VALID),
    (jwt.InvalidAudienceError, Why.TOKEN_AUDIENCE),
    (jwt.InvalidIssuerError, Why.TOKEN_ISSUER),
    (jwt.MissingRequiredClaimError, Why.TOKEN_CLAIM),
    (jwt.InvalidSignatureError, Why.TOKEN_SIGNATURE),
    (jwt.InvalidAlgorithmError, Why.TOKEN_ALGORITHM),
    (jwt.InvalidKeyError, Why.TOKEN_KEY_UNKNOWN),
)


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say.

    Args:
        audience: must be among its `aud`.
        issuer: must be its `iss`.
        name_claim: the claim that names its holder.
        roles_claim: the claim that lists what its holder is trusted with.
        clock_skew_s: seconds by which the issuer's clock may differ, 0 or more.
    """

    audience: str
    issuer: str
    name_claim: str
    roles_claim: str
    clock_skew_s: float


@dataclass(frozen=True, slots=True)
class WebTokens:
    """Reads the tokens of one issuer."""

    rules: TokenRules
    keys: IssuerKeys

    def caller(self, token: str, claims: Mapping[str, Roles]) -> tuple[Caller, float]:
        """Returns who holds a token, and when it ends, in seconds since 1970.

        Args:
            token: the token.
            claims: roles by value of the roles claim; empty: the roles' own names count.

        Raises:
            Refusal: the token is not right (UNAUTHENTICATED), or the issuer's keys cannot be had
                (IDENTITY_UNAVAILABLE).
        """
        key = self._key(token)
        try:
            content = jwt.decode(
                token,
                key,
                # INVARIANT: the key set fixes the algorithm; the token's header only picked a key.
                algorithms=[key.algorithm_name],
                audience=self.rules.audience,
                issuer=self.rules.issuer,
                leeway=self.rules.clock_skew_s,
                options={"require": ["exp", "aud", "iss"]},
            )
            ends_s = float(content["exp"]) + self.rules.clock_skew_s
        except Exception as error:  # whatever a token makes the library do, it opens nothing
            raise unauthenticated(_why(error)) from None
        name = content.get(self.rules.name_claim)
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise unauthenticated(Why.TOKEN_CLAIM)
        if len(name) > _LONGEST_NAME:
            raise unauthenticated(Why.TOKEN_CLAIM)
        return Caller(f"jwt:{name}", _roles(content.get(self.rules.roles_claim), claims)), ends_s

    def _key(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except Exception:  # as above
            raise unauthenticated(Why.TOKEN_MALFORMED) from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise unauthenticated(Why.TOKEN_ALGORITHM)
        if key_id is not None and not isinstance(key_id, str):
            raise unauthenticated(Why.TOKEN_MALFORMED)
        key_set = self.keys.current()
        if key_set is None:
            raise keys_missing()
        key = key_set.find(key_id, algorithm)
        if key is None:
            raise self._no_such_key()
        return key

    def _no_such_key(self) -> Refusal:
        # A new key may just have come into use: they are asked for, but the call does not wait.
        return keys_missing() if self.keys.renew() else unauthenticated(Why.TOKEN_KEY_UNKNOWN)


def _why(error: Exception) -> Why:
    for kind, why in _REFUSED:
        if isinstance(error, kind):
            return why
    return Why.TOKEN_MALFORMED


def _roles(value: Any, claims: Mapping[str, Roles]) -> Roles:
    """Returns the roles that a claim stands for: a list of texts, or one text of words."""
    values = value.split() if isinstance(value, str) else value
    if not isinstance(values, list):
        return frozenset()
    granted: set[Role] = set()
    known = claims or {role.value: frozenset({role}) for role in Role}
    for each in values[:_MOST_VALUES]:
        if isinstance(each, str):
            granted |= known.get(each, frozenset())
    return frozenset(granted)
