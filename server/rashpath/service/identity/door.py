"""The door of the service: every call goes through it, before its request is read.

It finds out who calls, whether they may call this method, and whether they call too often. Nothing
here waits for anything.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any
from urllib.parse import unquote

from rashpath.service.call import Call
from rashpath.service.file_watch import FileWatch
from rashpath.service.identity.access import Access, StaticToken, load_access
from rashpath.service.identity.certificates import caller_by_certificate
from rashpath.service.identity.issuer_keys import KeyFile, KeyUrl
from rashpath.service.identity.known import KnownTokens
from rashpath.service.identity.rates import Rates
from rashpath.service.identity.roles import POLICY, Caller, require
from rashpath.service.identity.static_tokens import digest_of, find, is_static
from rashpath.service.identity.unknown import Why, unauthenticated
from rashpath.service.identity.web_tokens import TokenRules, WebTokens
from rashpath.service.log import Log
from rashpath.service.settings import Settings, SettingsError

LARGEST_TOKEN = 8192
"""Characters of a token."""

_HEADER = "authorization"
_SCHEME = "bearer "


class Door:
    """Lets in whom the settings let in.

    Args:
        settings: with some way to know callers, or a rate.
        log: told what changed in the files.

    Raises:
        SettingsError: a file is faulty, or does not go together with the settings.
    """

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._certificates = settings.tls_client_ca_file is not None
        self._access: Access | None = None
        self._watch = FileWatch([])
        self._known = KnownTokens()
        self._stale = False
        self._keys: KeyFile | KeyUrl | None = None
        self._web: WebTokens | None = None
        for path in (settings.access_file, settings.jwt_jwks_file):
            if path is not None:
                self._watch.add(path)
        if settings.access_file is not None:
            self._access = _fitting_access(settings)
        if settings.jwt_jwks_file is not None:
            self._keys = KeyFile(settings.jwt_jwks_file)
        elif settings.jwt_jwks_url is not None:
            self._keys = KeyUrl(
                settings.jwt_jwks_url,
                settings.jwt_jwks_refresh_s,
                settings.jwt_jwks_max_age_s,
                log,
                changed=self._keys_changed,
            )
        if self._keys is not None:
            rules = TokenRules(
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer,
                name_claim=settings.jwt_name_claim,
                roles_claim=settings.jwt_roles_claim,
                clock_skew_s=settings.jwt_clock_skew_s,
            )
            self._web = WebTokens(rules, self._keys)
        self._tokens = self._web is not None or bool(self._access and self._access.tokens)
        self._asks = knows_callers(settings)
        self._rates = Rates(settings.caller_rate, settings.caller_burst)

    def admit(self, call: Call, method: str, context: Any) -> None:
        """Finds out who calls, and writes it into the call.

        Args:
            call: the call.
            method: full name of the method.
            context: the call's.

        Raises:
            Refusal: the caller is not known (UNAUTHENTICATED), may not call this method
                (PERMISSION_DENIED), calls too often (RATE_LIMITED), or it cannot be told
                (IDENTITY_UNAVAILABLE).
        """
        if self._asks:
            caller = self._caller(context)
            call.caller, call.roles = caller.name, caller.roles
            require(caller.roles, POLICY[method], f"`{call.method}`")
        if self._rates.limited:
            call.payer = call.caller or _place(context)
            self._rates.charge(call.payer)

    def owe(self, call: Call, calls: int) -> None:
        """Counts further calls, such as the cases of a batch; they are paid for afterwards."""
        if self._rates.limited:
            self._rates.owe(call.payer, calls)

    def look_at_files(self) -> None:
        """Takes over what changed in the files; a faulty one is told and changes nothing."""
        changed = self._watch.changed()
        try:
            if self._settings.access_file in changed:
                self._access = _fitting_access(self._settings)
                # INVARIANT: a file can let somebody in, but never open the door for all.
                self._tokens = self._tokens or bool(self._access.tokens)
                self._log.info("the access file was read again")
            if isinstance(self._keys, KeyFile) and self._settings.jwt_jwks_file in changed:
                self._keys.reload()
                self._log.info("the key set was read again")
        except SettingsError as error:
            self._log.error(
                "a changed file is faulty; what was read before still holds",
                problems=list(error.problems),
            )
        if changed:
            self._known.forget()

    def close(self) -> None:
        """Ends what works for the door."""
        if isinstance(self._keys, KeyUrl):
            self._keys.close()

    def _caller(self, context: Any) -> Caller:
        header = _authorization(context)
        if header is not None and self._tokens:
            return self._holder(header)
        if self._certificates:
            caller = caller_by_certificate(context, self._access, time.time())
            if caller is not None:
                return caller
        raise unauthenticated(Why.NO_CREDENTIALS)

    def _holder(self, header: str) -> Caller:
        if header[: len(_SCHEME)].lower() != _SCHEME:
            raise unauthenticated(Why.MALFORMED_HEADER)
        token = header[len(_SCHEME) :].strip()
        if len(token) > LARGEST_TOKEN:
            raise unauthenticated(Why.TOKEN_TOO_LARGE)
        digest = digest_of(token)
        if self._stale:
            self._stale = False
            self._known.forget()
        known = self._known.find(digest)
        if known is not None:
            return known
        if is_static(token):
            listed = find(digest, self._access.tokens if self._access is not None else ())
            caller, ends_s = _static(listed)
        elif self._web is not None:
            claims = self._access.claims if self._access is not None else {}
            caller, ends_s = self._web.caller(token, claims)
        else:
            raise unauthenticated(Why.TOKEN_UNKNOWN)
        self._known.remember(digest, caller, ends_s)
        return caller

    def _keys_changed(self) -> None:
        # Called in a thread; the table belongs to the event loop, which empties it before its use.
        self._stale = True


def open_door(settings: Settings, log: Log) -> Door | None:
    """Returns the door that the settings ask for; None: the server knows nobody and lets all in.

    Raises:
        SettingsError: as :class:`Door`.
    """
    if knows_callers(settings) or settings.caller_rate > 0:
        return Door(settings, log)
    return None


def knows_callers(settings: Settings) -> bool:
    """Tells whether the settings name any way to know who calls."""
    return (
        settings.tls_client_ca_file is not None
        or settings.access_file is not None
        or settings.jwt_jwks_file is not None
        or settings.jwt_jwks_url is not None
    )


def _fitting_access(settings: Settings) -> Access:
    """Reads the access file; refuses entries that nothing in the settings could ever use."""
    assert settings.access_file is not None  # asked for only where there is one
    access = load_access(settings.access_file)
    web = settings.jwt_jwks_file is not None or settings.jwt_jwks_url is not None
    problems = []
    if (access.certificates or access.revoked) and settings.tls_client_ca_file is None:
        problems.append("`certificates` and `revoked` need the setting `tls_client_ca_file`")
    if access.claims and not web:
        problems.append("`claims` need the setting `jwt_jwks_file` or `jwt_jwks_url`")
    if problems:
        raise SettingsError(f"{settings.access_file}: {each}" for each in problems)
    return access


def _static(listed: StaticToken | None) -> tuple[Caller, float]:
    if listed is None:
        raise unauthenticated(Why.TOKEN_UNKNOWN)
    if time.time() >= listed.valid_until_s:
        raise unauthenticated(Why.TOKEN_EXPIRED)
    return Caller(f"token:{listed.name}", listed.roles), listed.valid_until_s


def _authorization(context: Any) -> str | None:
    found = [value for key, value in context.invocation_metadata() if key == _HEADER]
    if not found:
        return None
    if len(found) > 1 or not isinstance(found[0], str):
        raise unauthenticated(Why.MALFORMED_HEADER)
    return found[0]


def _place(context: Any) -> str:
    """Returns where a call comes from: an IPv4 address, or the network of an IPv6 one."""
    kind, _, rest = str(context.peer()).partition(":")
    host = unquote(rest.rpartition(":")[0]).strip("[]").partition("%")[0]
    if kind == "ipv6":
        try:
            return str(ipaddress.ip_network(f"{host}/64", strict=False))
        except ValueError:
            return host
    return host or kind
