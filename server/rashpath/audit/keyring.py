"""The keyring: the keys that wrap data keys, and the key of the keyed hashes.

One wrapping key is current; the older ones stay so that what they wrapped can be read, until it is
wrapped anew and they can be retired. The index key never changes: request ids and recommendations
would no longer be found.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rashpath.audit.errors import KeyFileError
from rashpath.audit.key_file import KEY_BYTES, key_of, key_text, read_key_file, write_key_file

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FIELDS = frozenset({"current", "index_key", "keys"})


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that keep content secret.

    Args:
        current: id of the key that wraps new data keys.
        keys: all wrapping keys by id, 32 bytes each.
        index_key: key of the keyed hashes, 32 bytes.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)

    @classmethod
    def generate(cls, current: str = "1") -> Keyring:
        """Returns a keyring of new random keys.

        Example:
            >>> Keyring.generate("2026").current
            '2026'
        """
        keys = {current: secrets.token_bytes(KEY_BYTES)}
        return cls(current, keys, secrets.token_bytes(KEY_BYTES))

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Returns the keyring of a file: `{"current": ID, "index_key": KEY, "keys": {ID: KEY}}`.

        Raises:
            KeyFileError: the file cannot be used.
        """
        content = read_key_file(path)
        unknown = sorted(set(content) - _FIELDS)
        if unknown:
            raise KeyFileError(f"`{unknown[0]}` in `{path}` is not part of a keyring")
        keys = content.get("keys")
        if not isinstance(keys, dict) or not keys:
            raise KeyFileError(f"`keys` in `{path}` must name at least one key")
        for name in keys:
            if not _NAME.fullmatch(name):
                raise KeyFileError(f"a key id in `{path}` is not made of letters, digits, `._-`")
        current = content.get("current")
        if not isinstance(current, str) or current not in keys:
            raise KeyFileError(f"`current` in `{path}` names none of its `keys`")
        return cls(
            current,
            {name: key_of(path, f"keys.{name}", value) for name, value in keys.items()},
            key_of(path, "index_key", content.get("index_key")),
        )

    def save(self, path: Path) -> None:
        """Writes the keyring to a new file that only its owner can read.

        Raises:
            KeyFileError: it cannot be written.
            FileExistsError: the file is there.
        """
        keys = {name: key_text(key) for name, key in self.keys.items()}
        content = {"current": self.current, "index_key": key_text(self.index_key), "keys": keys}
        write_key_file(path, content)

    def rotated(self, current: str) -> Keyring:
        """Returns the keyring with a new current key; the older ones stay.

        Raises:
            KeyFileError: the id is taken or malformed.
        """
        if current in self.keys or not _NAME.fullmatch(current):
            raise KeyFileError(f"the keyring cannot take a new key named `{current[:64]}`")
        new = secrets.token_bytes(KEY_BYTES)
        return Keyring(current, {**self.keys, current: new}, self.index_key)
