"""Public keys of a token issuer: a JSON Web Key Set, read strictly.

A key is kept under its id together with each algorithm that it can be used with. A token's header
only picks from this table: it cannot name an algorithm that does not belong to the key, so that
neither `alg: none` nor a public key taken for a secret finds anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

_ALGORITHMS_OF_KIND: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RSA", ""): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""Kind and curve of a key, and what it can sign with; no symmetric algorithm is among them."""

ALGORITHMS = frozenset(each for names in _ALGORITHMS_OF_KIND.values() for each in names)

LARGEST = 256 << 10
"""Bytes of a key set."""

_MOST_KEYS = 100
_LEAST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192


class KeySetError(ValueError):
    """A text that is no key set, or one without a key that can be used."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of an issuer.

    Args:
        keys: by key id (empty: the key has none) and algorithm.
    """

    keys: Mapping[tuple[str, str], jwt.PyJWK]

    def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Returns the key of a token's header; None if there is none.

        A token that names no key gets the only one of its algorithm, if there is only one.
        """
        if key_id is not None:
            return self.keys.get((key_id, algorithm))
        fitting = [key for (_, each), key in self.keys.items() if each == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def read_key_set(data: bytes) -> KeySet:
    """Returns the usable keys of a JSON Web Key Set.

    Keys for other uses or of other kinds are left out, symmetric ones among them.

    Raises:
        KeySetError: it is too large, no key set, has two keys of one id, or no usable key.
    """
    if len(data) > LARGEST:
        raise KeySetError(f"is larger than {LARGEST} bytes")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise KeySetError("is not valid JSON") from None
    entries = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(entries, list) or len(entries) > _MOST_KEYS:
        raise KeySetError(f"has no list `keys` of at most {_MOST_KEYS}")
    keys: dict[tuple[str, str], jwt.PyJWK] = {}
    for entry in entries:
        for algorithm in _algorithms(entry):
            key_id = entry.get("kid", "")
            if (key_id, algorithm) in keys:
                raise KeySetError("has two keys of one id")
            key = _key(entry, algorithm)
            if key is not None:
                keys[key_id, algorithm] = key
    if not keys:
        raise KeySetError("has no key that can be used: RSA from 2048 bits, EC, or Ed25519")
    return KeySet(keys)


def _algorithms(entry: Any) -> tuple[str, ...]:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid", ""), str):
        return ()
    if entry.get("use", "sig") != "sig":
        return ()
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return ()
    kind, curve = entry.get("kty"), entry.get("crv", "")
    if not isinstance(kind, str) or not isinstance(curve, str):
        return ()
    algorithms = _ALGORITHMS_OF_KIND.get((kind, curve), ())
    named = entry.get("alg")
    return algorithms if named is None else tuple(each for each in algorithms if each == named)


def _key(entry: dict[str, Any], algorithm: str) -> jwt.PyJWK | None:
    public = {name: value for name, value in entry.items() if name not in ("d", "p", "q")}
    try:
        key = jwt.PyJWK(public, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    size = getattr(key.key, "key_size", _LEAST_RSA_BITS)
    if entry["kty"] == "RSA" and not _LEAST_RSA_BITS <= size <= _MOST_RSA_BITS:
        return None
    return key
