"""Opens the ledger that the settings name, and says what an operator should know about it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rashpath.audit import AuditConfig, Ledger, open_ledger
from rashpath.audit.errors import StoreError
from rashpath.audit.outcome import Attempt
from rashpath.service.log import Log
from rashpath.service.settings import Settings, SettingsError

_SQLITE = "sqlite:///"


def open_audit(
    settings: Settings, log: Log, on_attempt: Callable[[Attempt], None] = lambda _: None
) -> Ledger | None:
    """Opens the ledger to record in; None where audit is off.

    Args:
        settings: the settings.
        log: the log.
        on_attempt: called in the ledger's thread after each try to commit; must not raise.

    Raises:
        SettingsError: the ledger cannot be opened.
    """
    if settings.audit_mode == "off":
        log.warning("audit is off: decisions are answered without a record")
        return None
    _make_folder(settings.audit_url)
    try:
        ledger = open_ledger(audit_config(settings), on_attempt)
    except StoreError as error:
        raise SettingsError([f"the audit ledger cannot be opened: {error}"]) from None
    if not ledger.reader.seal.secret:
        log.warning(
            "no `audit_keyring_file`: recorded patient data lie unencrypted in the ledger",
            store=shown_url(settings.audit_url),
        )
    log.info("recording decisions", store=shown_url(settings.audit_url), chain_key=ledger.key.id)
    return ledger


def audit_config(settings: Settings) -> AuditConfig:
    """Returns what the settings say of the ledger."""
    return AuditConfig(
        url=settings.audit_url,
        mode=settings.audit_mode,
        keyring_file=settings.audit_keyring_file,
        signing_key_file=settings.audit_signing_key_file,
        queue_limit=settings.audit_queue_limit,
        batch_limit=settings.audit_batch_limit,
        busy_timeout_s=settings.audit_busy_timeout_s,
        checkpoint_every=settings.audit_checkpoint_every,
        checkpoint_folder=settings.audit_checkpoint_dir,
    )


def shown_url(url: str) -> str:
    """Returns a store's URL without what may be secret in it.

    >>> shown_url("postgresql://rash@db.example/audit?sslmode=require")
    'postgresql://db.example/audit'
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def _make_folder(url: str) -> None:
    """Makes the folder of an SQLite file, for nobody else to read."""
    if url.startswith(_SQLITE):
        folder = Path(url.removeprefix(_SQLITE).partition("?")[0]).parent
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError as error:
            text = f"the folder `{folder}` cannot be made: {error.strerror}"
            raise SettingsError([text]) from None
