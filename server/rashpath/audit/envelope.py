"""Seals the content of a record, so that it can be read with a key, verified, and erased.

Each content has a data key of its own. The data key is wrapped by a key of the keyring and lies in
a table of its own: to erase a content is to delete its data key. Without a keyring the data keys
lie there unwrapped; content can then be erased all the same, but it is not secret.

What is encrypted is a random salt and the packed content, padded to blocks of 1 KiB, so that its
size says little. Contents of format 0, which older software wrote, were packed with zlib; beside
them stand keyed tags of the recommendations that apply, always the same number of them and in no
order: who holds the keys can tell whether one is among them, nobody else, and nobody once the data
key is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rashpath.audit.errors import KeyUnknownError, LedgerDamagedError
from rashpath.audit.keyring import Keyring
from rashpath.audit.packing import LARGEST, Dictionary, pack_plainly, unpack

PLAIN = ""
"""The key id of a data key that is not wrapped."""

FORMAT = 1
"""The format of new contents."""

_ZLIB = 0
"""The format of contents packed with zlib and with tags beside them."""

TAG_BYTES = 16

_KEY_BYTES = 32
_NONCE_BYTES = 12
_SALT_BYTES = 32
_BLOCK = 1024
_LENGTH_BYTES = 4

_DRAWN = struct.Struct(f"{_SALT_BYTES}s{_KEY_BYTES}s{_NONCE_BYTES}s")
"""What is drawn by chance for a content: salt, data key and nonce."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed content, as it is stored.

    Args:
        format: how it is packed and sealed, as its record says.
        nonce: of the encryption.
        tags: keyed tags, 16 bytes each, in format 0; else empty.
        ciphertext: the content.
    """

    format: int
    nonce: bytes
    tags: bytes
    ciphertext: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of what lies in the table of envelopes."""
        parts = self.nonce, self.tags, self.ciphertext
        if self.format == _ZLIB:
            return hashlib.sha256(b"".join(parts)).digest()
        # What differs in length must not run together; in format 0 the lengths are fixed.
        before = _before_nonce(self.format, len(self.nonce), len(self.tags))
        return hashlib.sha256(b"".join((before, *parts))).digest()


class Sealed(NamedTuple):
    """A content that was just sealed, in the format of new contents.

    Args:
        nonce: of the encryption.
        ciphertext: the content.
        digest: SHA-256 of what lies in the table of envelopes.
        key_id: the key of the keyring that wraps the data key; empty: it is not wrapped.
        wrapped_key: the data key.
        commitment: SHA-256 of salt and packed content.
        dictionary: what it is packed with; None: nothing.
    """

    nonce: bytes
    ciphertext: bytes
    digest: bytes
    key_id: str
    wrapped_key: bytes
    commitment: bytes
    dictionary: Dictionary | None

    def __repr__(self) -> str:
        """Shows no key."""
        return f"Sealed(digest={self.digest.hex()}, key_id={self.key_id!r})"

    @property
    def envelope(self) -> Envelope:
        """What is stored of it."""
        return Envelope(FORMAT, self.nonce, b"", self.ciphertext)


@dataclass(frozen=True, slots=True)
class Opened:
    """A content that was opened.

    Args:
        content: the content.
        commitment: what its record must say of it.
    """

    content: bytes = field(repr=False)
    commitment: bytes


class Seal:
    """Seals and opens contents, and makes the keyed hashes.

    Args:
        keyring: the keys; None: data keys are not wrapped.
        ledger_key: a random value of the ledger itself, which stands in for the index key where
            there is no keyring.
    """

    def __init__(self, keyring: Keyring | None, ledger_key: bytes) -> None:
        self._current = PLAIN if keyring is None else keyring.current
        keys = {} if keyring is None else keyring.keys
        self._wrapping = {id: AESGCM(key) for id, key in keys.items()}
        secret = ledger_key if keyring is None else keyring.index_key
        self._request_key = _derived(secret, b"rashpath request ids")
        self._tag_key = _derived(secret, b"rashpath recommendations")

    @property
    def secret(self) -> bool:
        """True where a keyring keeps contents secret."""
        return self._current != PLAIN

    @property
    def current(self) -> str:
        """Id of the key that wraps new data keys; empty without a keyring."""
        return self._current

    def seal(self, id: str, content: bytes, dictionary: Dictionary | None = None) -> Sealed:
        """Seals the content of a record.

        Args:
            id: id of the record, to which the content is bound.
            content: bytes.
            dictionary: what to pack it with; None: nothing.
        """
        (sealed,) = self.seal_all((id,), (content,), dictionary)
        return sealed

    def seal_all(
        self, ids: Sequence[str], contents: Iterable[bytes], dictionary: Dictionary | None = None
    ) -> list[Sealed]:
        """Seals the contents of records, each with a data key of its own.

        Args:
            ids: ids of the records.
            contents: their contents, in the same order; each is asked for when it is its turn.
            dictionary: what to pack them with; None: nothing.
        """
        pack = pack_plainly if dictionary is None else dictionary.pack
        # One draw for all: each costs a call of the system.
        drawn = _DRAWN.iter_unpack(secrets.token_bytes(_DRAWN.size * len(ids)))
        found = []
        for id, content, (salt, data_key, nonce) in zip(ids, contents, drawn, strict=True):
            packed = pack(content)
            said = b"".join((salt, len(packed).to_bytes(_LENGTH_BYTES, "big"), packed))
            padded = said.ljust(-(-len(said) // _BLOCK) * _BLOCK, b"\0")
            ciphertext = AESGCM(data_key).encrypt(nonce, padded, _bound(FORMAT, id, b""))
            sealed = Sealed(
                nonce,
                ciphertext,
                hashlib.sha256(b"".join((_BEFORE_NONCE, nonce, ciphertext))).digest(),
                self._current,
                self.wrap(id, data_key),
                hashlib.sha256(said).digest(),
                dictionary,
            )
            found.append(sealed)
        return found

    def open(
        self,
        id: str,
        keys: Mapping[str, bytes],
        envelope: Envelope,
        dictionary: Dictionary | None = None,
    ) -> Opened:
        """Returns the content that was sealed.

        Args:
            id: id of the record.
            keys: its data key as wrapped, by id of the wrapping key; at least one.
            envelope: as stored.
            dictionary: what it is packed with; None: nothing.

        Raises:
            KeyUnknownError: the keyring holds none of the wrapping keys.
            LedgerDamagedError: what is stored is not what was sealed.
        """
        data_key = self.unwrap(id, keys)
        bound = _bound(envelope.format, id, envelope.tags)
        try:
            padded = AESGCM(data_key).decrypt(envelope.nonce, envelope.ciphertext, bound)
            if envelope.format == _ZLIB:
                _, packed = _cut(padded)
                content = zlib.decompressobj().decompress(packed, LARGEST)
                return Opened(content, hashlib.sha256(content).digest())
            if envelope.format == FORMAT:
                end, packed = _cut(padded, _SALT_BYTES)
                return Opened(unpack(packed, dictionary), hashlib.sha256(padded[:end]).digest())
        except (InvalidTag, ValueError, zlib.error, LedgerDamagedError):
            pass
        raise LedgerDamagedError(f"the content of `{id}` is not what was recorded")

    def wrap(self, id: str, data_key: bytes) -> bytes:
        """Returns a data key wrapped under the current key; random nonces serve 2^32 of them."""
        if not self.secret:
            return data_key
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._wrapping[self._current].encrypt(nonce, data_key, id.encode())

    def unwrap(self, id: str, keys: Mapping[str, bytes]) -> bytes:
        """Returns a data key.

        Raises:
            KeyUnknownError: the keyring holds none of the wrapping keys.
            LedgerDamagedError: it is not what was wrapped.
        """
        for key_id, wrapped in keys.items():
            if key_id == PLAIN and len(wrapped) == _KEY_BYTES:
                return wrapped
            if (wrapping := self._wrapping.get(key_id)) is not None:
                nonce, rest = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
                try:
                    return wrapping.decrypt(nonce, rest, id.encode())
                except (InvalidTag, ValueError):
                    raise LedgerDamagedError(
                        f"the data key of `{id}` is not what was stored"
                    ) from None
        if PLAIN in keys:
            raise LedgerDamagedError(f"the data key of `{id}` is not what was stored")
        raise KeyUnknownError(next(iter(keys), PLAIN))

    def request_hash(self, caller: str, request_id: str) -> bytes:
        """Returns the keyed hash of a caller's request id; empty where there is none."""
        if not request_id:
            return b""
        text = f"{len(caller.encode())}:{caller}{request_id}".encode()
        return hmac.digest(self._request_key, text, "sha256")

    def tagged(self, id: str, keys: Mapping[str, bytes], tags: bytes, recommendation: str) -> bool:
        """Tells whether a recommendation applied in a sealed decision of format 0.

        Raises:
            KeyUnknownError: the keyring holds none of the wrapping keys.
            LedgerDamagedError: the data key is not what was stored.
        """
        key = hmac.digest(self._tag_key, self.unwrap(id, keys), "sha256")
        tag = hmac.digest(key, recommendation.encode(), "sha256")[:TAG_BYTES]
        return any(hmac.compare_digest(tag, each) for each in _split(tags))


def _before_nonce(*numbers: int) -> bytes:
    """Returns what is hashed before an envelope: its format, the lengths of nonce and tags."""
    return b"".join(number.to_bytes(_LENGTH_BYTES, "big") for number in numbers)


_BEFORE_NONCE = _before_nonce(FORMAT, _NONCE_BYTES, 0)
"""The same for a new content."""


def _split(tags: bytes) -> Iterator[bytes]:
    return (tags[start : start + TAG_BYTES] for start in range(0, len(tags), TAG_BYTES))


def _cut(padded: bytes, start: int = 0) -> tuple[int, bytes]:
    """Returns where the packed bytes end that follow their length, and those bytes."""
    first = start + _LENGTH_BYTES
    end = first + int.from_bytes(padded[start:first], "big")
    return end, padded[first:end]


def _bound(format: int, id: str, tags: bytes) -> bytes:
    """Returns what a ciphertext is bound to."""
    if format == _ZLIB:
        return id.encode() + b"\0" + tags
    return b"%s\0%d\0%s" % (id.encode(), format, tags)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(secret)
