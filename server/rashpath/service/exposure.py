"""Who can reach the server: it refuses to serve other machines in the open, unless told so."""

from __future__ import annotations

from rashpath.service.address import is_loopback
from rashpath.service.identity.door import knows_callers
from rashpath.service.log import Log
from rashpath.service.settings import Settings, SettingsError


def require_closed(settings: Settings) -> None:
    """Checks that whoever can reach the server must encrypt and say who they are.

    Raises:
        SettingsError: other machines could, without TLS or unknown, and the settings do not say
            that this is understood.
    """
    missing = _missing(settings)
    if missing and not settings.insecure_i_understand:
        raise SettingsError(
            f"`{settings.address}` can be reached by other machines: {each}; or, where something "
            "in front of the server does this, say `--insecure-i-understand`"
            for each in missing
        )


def tell_exposure(settings: Settings, log: Log) -> None:
    """Says in the log what the operator has said to understand."""
    for each in _missing(settings):
        log.warning(f"serving other machines in the open: {each}", address=settings.address)
    if not knows_callers(settings):
        log.info("callers are not asked who they are: each may do everything")


def _missing(settings: Settings) -> list[str]:
    if is_loopback(settings.address):
        return []
    missing = []
    if settings.tls_certificate_file is None:
        missing.append("encrypt by `tls_certificate_file` and `tls_key_file`")
    if not knows_callers(settings):
        missing.append(
            "know callers by `tls_client_ca_file`, `access_file`, `jwt_jwks_file` or `jwt_jwks_url`"
        )
    return missing
