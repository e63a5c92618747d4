"""Tokens of callers, and settings files of operators."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from rashpath.service.errors import Refusal
from rashpath.service.identity.key_set import KeySet, read_key_set
from rashpath.service.identity.roles import Caller
from rashpath.service.identity.web_tokens import TokenRules, WebTokens
from rashpath.service.settings import SettingsError, load_settings
from rashpath.v1.errors_pb2 import ErrorReason
from tests.fuzz.outcome import FaultError, Outcome
from tests.service.identity.papers import AUDIENCE, ISSUER, Issuer


class _Keys:
    """The keys of one issuer, in memory."""

    def __init__(self, key_set: KeySet) -> None:
        self._key_set = key_set

    def current(self) -> KeySet:
        return self._key_set

    def renew(self) -> bool:
        return False


@cache
def _issued() -> tuple[WebTokens, bytes, Caller]:
    """Returns what reads tokens, a right one, and whose it is."""
    issuer = Issuer.make()
    rules = TokenRules(AUDIENCE, ISSUER, "sub", "roles", 0.0)
    reader = WebTokens(rules, _Keys(read_key_set(issuer.key_set().encode())))
    right = issuer.token()
    return reader, right.encode(), reader.caller(right, {})[0]


def right_token() -> bytes:
    """Returns a token that opens; its key is new in each run, and so is the token."""
    return _issued()[1]


def token(data: bytes) -> Outcome:
    """Feeds one token; whatever opens must be its true holder's, who alone has the key."""
    reader, _, holder = _issued()
    try:
        caller, _ = reader.caller(data.decode("latin-1"), {})
    except Refusal as refusal:
        if refusal.reason != ErrorReason.ERROR_REASON_UNAUTHENTICATED or not refusal.message:
            raise FaultError(f"refused as {refusal.reason}") from None
        return Outcome.REFUSED
    if caller != holder:
        raise FaultError("a token opens for somebody else")
    return Outcome.ANSWERED


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="rashpath-fuzz-")


def settings_file(data: bytes) -> Outcome:
    """Feeds one settings file."""
    path = Path(_folder().name) / "settings.toml"
    path.write_bytes(data)
    try:
        load_settings({}, {}, path)
    except SettingsError as error:
        if not all(error.problems):
            raise FaultError("refused without a reason") from None
        return Outcome.REFUSED
    return Outcome.ANSWERED
