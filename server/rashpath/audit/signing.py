"""Signs heads and checkpoints (Ed25519), and knows whose signatures to trust.

What is signed is the message with its signature cleared, serialised deterministically.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from rashpath.audit.errors import KeyFileError
from rashpath.audit.key_file import key_of, key_text, read_key_file, write_key_file
from rashpath.v1.audit_pb2 import Checkpoint, SignedHead

_ID_LENGTH = 16
_FIELDS = frozenset({"private_key", "public_keys"})
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_PUBLIC = b"PUBLIC KEY"
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Public keys whose signatures count, by id: raw, 32 bytes each."""

    keys: Mapping[str, bytes]

    @classmethod
    def load(cls, path: Path) -> TrustedKeys:
        """Returns the public keys of a PEM file: one or more Ed25519 keys, and nothing else.

        Raises:
            KeyFileError: the file cannot be read or used.
        """
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(f"the key file `{path}` cannot be read: {reason}") from None
        keys = {}
        for block in _PEM.finditer(data):
            if block[1] != _PUBLIC:
                kind = block[1].decode("ascii").lower()
                raise KeyFileError(f"`{path}` holds a {kind}, where public keys alone are expected")
            try:
                key = load_pem_public_key(block[0])
            except (ValueError, UnsupportedAlgorithm):
                raise KeyFileError(f"a public key in `{path}` cannot be read") from None
            if not isinstance(key, Ed25519PublicKey):
                raise KeyFileError(f"a public key in `{path}` is none of Ed25519")
            raw = key.public_bytes_raw()
            keys[key_id(raw)] = raw
        if not keys:
            raise KeyFileError(
                f"`{path}` holds no public key in PEM; `rashpath audit public-key` writes one"
            )
        return cls(keys)

    def pem(self) -> str:
        """Returns the keys as :meth:`load` reads them, in the order that they have here."""
        return "".join(
            Ed25519PublicKey.from_public_bytes(key)
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode("ascii")
            for key in self.keys.values()
        )

    def trusts(self, message: SignedHead | Checkpoint) -> bool:
        """Tells whether a head or checkpoint bears a good signature of a trusted key."""
        key = self.keys.get(message.key_id)
        if key is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(message.signature, _signed(message))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs, with the public keys of those that it replaced.

    Args:
        private: the key itself.
        older: public keys, raw, by id, whose signatures still count.

    Attributes:
        public: the public key, raw, 32 bytes.
        id: the first 16 hexadecimal digits of the SHA-256 of that.
    """

    private: Ed25519PrivateKey = field(repr=False)
    older: Mapping[str, bytes] = field(default_factory=dict)
    public: bytes = field(init=False, repr=False, compare=False)
    id: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Finds out the public part once: every commit is signed."""
        object.__setattr__(self, "public", self.private.public_key().public_bytes_raw())
        object.__setattr__(self, "id", key_id(self.public))

    @classmethod
    def generate(cls) -> SigningKey:
        """Returns a new random key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Returns the key of a file: `{"private_key": KEY, "public_keys": {ID: KEY}}`.

        Raises:
            KeyFileError: the file cannot be used.
        """
        content = read_key_file(path)
        unknown = sorted(set(content) - _FIELDS)
        if unknown:
            raise KeyFileError(f"`{unknown[0]}` in `{path}` is not part of a signing key")
        older = content.get("public_keys", {})
        if not isinstance(older, dict):
            raise KeyFileError(f"`public_keys` in `{path}` must give keys by id")
        return cls(
            Ed25519PrivateKey.from_private_bytes(
                key_of(path, "private_key", content.get("private_key"))
            ),
            {name: key_of(path, f"public_keys.{name}", key) for name, key in older.items()},
        )

    @classmethod
    def load_or_generate(cls, path: Path) -> SigningKey:
        """Returns the key of a file, which is made if it is not there; several may try at once.

        Raises:
            KeyFileError: the file cannot be used.
        """
        if not path.exists():
            # Where another process was faster, its key counts.
            with contextlib.suppress(FileExistsError):
                cls.generate().save(path)
        return cls.load(path)

    def save(self, path: Path) -> None:
        """Writes the key to a new file that only its owner can read.

        Raises:
            KeyFileError: it cannot be written.
            FileExistsError: the file is there.
        """
        content = {
            "private_key": key_text(self.private.private_bytes_raw()),
            "public_keys": {name: key_text(key) for name, key in self.older.items()},
        }
        write_key_file(path, content)

    def replaced(self) -> SigningKey:
        """Returns a new key that still trusts what this one and its elders signed."""
        return SigningKey(Ed25519PrivateKey.generate(), self.trusted.keys)

    @property
    def trusted(self) -> TrustedKeys:
        """The keys whose signatures count."""
        return TrustedKeys({**self.older, self.id: self.public})

    def sign(self, message: SignedHead | Checkpoint) -> None:
        """Puts the id of the key and its signature into a message."""
        message.key_id = self.id
        message.signature = b""
        message.signature = self.private.sign(message.SerializeToString(deterministic=True))


def key_id(public: bytes) -> str:
    """Returns the id of a public key."""
    return hashlib.sha256(public).hexdigest()[:_ID_LENGTH]


def _signed(message: SignedHead | Checkpoint) -> bytes:
    bare = copy.copy(message)
    bare.signature = b""
    return bare.SerializeToString(deterministic=True)
