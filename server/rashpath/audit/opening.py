"""Opens a ledger as it is configured: its store, its keys, and what writes or reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rashpath.audit.checkpoint import Checkpoints
from rashpath.audit.config import AuditConfig
from rashpath.audit.envelope import Seal
from rashpath.audit.errors import KeyFileError
from rashpath.audit.keyring import Keyring
from rashpath.audit.ledger import HANGS_S, Ledger
from rashpath.audit.outcome import Attempt
from rashpath.audit.reading import Reader
from rashpath.audit.signing import SigningKey, TrustedKeys
from rashpath.audit.store import Store, open_store


@dataclass(frozen=True, slots=True, eq=False)
class OpenStore:
    """A ledger opened to be read, replayed and verified.

    Args:
        store: the store.
        reader: reads it.
        trusted: keys whose signatures count; None: none is known.
    """

    store: Store
    reader: Reader
    trusted: TrustedKeys | None


def open_ledger(
    config: AuditConfig, on_attempt: Callable[[Attempt], None] = lambda _: None
) -> Ledger:
    """Opens a ledger to record in; makes it if it is not there.

    Args:
        config: what the operator set.
        on_attempt: called in the writing thread after each try to commit; must not raise.

    Raises:
        KeyFileError: a key file cannot be used, or PostgreSQL has no signing key.
        StoreError: the store cannot be used.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     ledger = open_ledger(AuditConfig(f"sqlite:///{folder}/audit.db"))
        ...     ledger.healthy, ledger.reader.seal.secret, ledger.close()
        (True, False, True)
    """
    keyring = None if config.keyring_file is None else Keyring.load(config.keyring_file)
    store = open_store(config.url, busy_timeout_s=config.busy_timeout_s)
    try:
        key = _signing_key(config, store)
        reader = Reader(store, Seal(keyring, store.ledger_key()))
        checkpoints = Checkpoints(
            store, key, every=config.checkpoint_every, folder=config.checkpoint_folder
        )
        return Ledger(
            store,
            reader,
            key,
            queue_limit=config.queue_limit,
            batch_limit=config.batch_limit,
            on_commit=checkpoints.committed,
            on_attempt=on_attempt,
            # Who waits for another's lock for as long as it was told to does not hang.
            hangs_s=max(HANGS_S, config.busy_timeout_s),
        )
    except BaseException:
        store.close()
        raise


def open_to_read(config: AuditConfig) -> OpenStore:
    """Opens a ledger, or a copy of one, without ever writing to it.

    Raises:
        KeyFileError: a key file that is given cannot be used.
        StoreError: the store cannot be used.
    """
    keyring = None if config.keyring_file is None else Keyring.load(config.keyring_file)
    store = open_store(config.url, change=False, busy_timeout_s=config.busy_timeout_s)
    try:
        trusted = _trusted(config, store)
        return OpenStore(store, Reader(store, Seal(keyring, store.ledger_key())), trusted)
    except BaseException:
        store.close()
        raise


def _trusted(config: AuditConfig, store: Store) -> TrustedKeys | None:
    if config.public_key_file is not None:
        return TrustedKeys.load(config.public_key_file)
    if config.signing_key_file is not None:
        return SigningKey.load(config.signing_key_file).trusted
    path = _beside(store)
    return SigningKey.load(path).trusted if path is not None and path.exists() else None


def _signing_key(config: AuditConfig, store: Store) -> SigningKey:
    if config.signing_key_file is not None:
        return SigningKey.load(config.signing_key_file)
    path = _beside(store)
    if path is None:
        raise KeyFileError("a ledger on PostgreSQL needs a `signing_key_file`")
    return SigningKey.load_or_generate(path)


def _beside(store: Store) -> Path | None:
    path = store.path
    return None if path is None else path.with_name(f"{path.name}.signing-key.json")
