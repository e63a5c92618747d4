"""Static tokens: 256 random bits that we make, of which servers keep a hash.

A hash without salt or stretching is right for such tokens, and only for such: nobody can try all of
2^256. So a token that was not made here, a password for instance, is not hashed either.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from rashpath.service.identity.access import StaticToken

PREFIX = "rashpath_"
_BYTES = 32
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


def new_token() -> str:
    """Returns a new token: `rashpath_` and 43 characters.

    >>> is_static(new_token())
    True
    """
    return PREFIX + secrets.token_urlsafe(_BYTES)


def is_static(token: str) -> bool:
    """Tells whether a text has the form of a static token."""
    return _TOKEN.fullmatch(token) is not None


def digest_of(token: str) -> bytes:
    """Returns what a server keeps of a token: its SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def find(digest: bytes, tokens: Iterable[StaticToken]) -> StaticToken | None:
    """Returns the token of a digest; None if none is listed.

    Every entry is compared, each in constant time, so that the time taken says nothing about which
    one it was, nor how much of it was right.
    """
    found = None
    for each in tokens:
        if hmac.compare_digest(each.digest, digest):
            found = each
    return found
