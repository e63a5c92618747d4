"""What an operator may set about the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """How decisions are recorded.

    Args:
        url: `sqlite:///FILE` or `postgresql://...`.
        mode: `required`: no answer without a record; `off`: no ledger.
        keyring_file: keys that encrypt content; None: the data keys lie open beside it, and the
            server says so at start.
        signing_key_file: the key that signs; None: `FILE.signing-key.json` beside an SQLite file,
            made if it is not there. PostgreSQL needs one.
        public_key_file: keys whose signatures count, in PEM, where a ledger is read alone and its
            signing key is not at hand; it goes before `signing_key_file`.
        queue_limit: most records that wait to be written, 1 or more.
        batch_limit: most records of one commit, 1 to 10000.
        checkpoint_every: records of this process after which it makes a checkpoint; 0: never.
        checkpoint_folder: where checkpoints are written besides the store, best on another
            machine; None: nowhere.
        busy_timeout_s: seconds to wait for another process to finish its commit.
    """

    url: str = "sqlite:///audit.db"
    mode: Literal["required", "off"] = "required"
    keyring_file: Path | None = None
    signing_key_file: Path | None = None
    public_key_file: Path | None = None
    queue_limit: int = 4096
    batch_limit: int = 512
    checkpoint_every: int = 10_000
    checkpoint_folder: Path | None = None
    busy_timeout_s: float = 5.0
