"""Files that hold keys: JSON, read and written so that only their owner gets at them."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from rashpath.audit.errors import KeyFileError

_OTHERS = 0o077
_BUT_GROUP_READS = 0o037
KEY_BYTES = 32


def read_key_file(path: Path) -> dict[str, Any]:
    """Returns the JSON object of a file of keys.

    Raises:
        KeyFileError: it cannot be read, is open to other users, or holds no JSON object. A file of
            root's may be readable by its group, as orchestrators mount secrets; any other must
            have the mode 0600 or less.
    """
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            data = file.read()
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise KeyFileError(f"the key file `{path}` cannot be read: {reason}") from None
    open_to = _BUT_GROUP_READS if state.st_uid == 0 else _OTHERS
    if stat.S_IMODE(state.st_mode) & open_to:
        raise KeyFileError(f"the key file `{path}` is open to others; run `chmod 600 {path}`")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise KeyFileError(f"the key file `{path}` holds no JSON object")
    return content


def write_key_file(path: Path, content: dict[str, Any]) -> None:
    """Writes a new file of keys with the mode 0600, whole or not at all.

    Raises:
        KeyFileError: it cannot be written.
        FileExistsError: the file is there; keys are never overwritten.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(content, indent=2).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            # A link never replaces what is there, as a rename would.
            os.link(draft, path)
        finally:
            draft.unlink()
    except FileExistsError:
        raise
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise KeyFileError(f"the key file `{path}` cannot be written: {reason}") from None


def key_text(key: bytes) -> str:
    """Returns a key as text, in base64."""
    return base64.b64encode(key).decode("ascii")


def key_of(path: Path, name: str, value: object) -> bytes:
    """Returns a key of 32 bytes from its text, base64 or hexadecimal.

    Raises:
        KeyFileError: it is not one; the text is not shown.
    """
    if isinstance(value, str):
        for decode in (bytes.fromhex, _base64):
            try:
                key = decode(value.strip())
            except ValueError:
                continue
            if len(key) == KEY_BYTES:
                return key
    raise KeyFileError(f"`{name}` in `{path}` is not a key of 32 bytes in base64 or hexadecimal")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError from error
