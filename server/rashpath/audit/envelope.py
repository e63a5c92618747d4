"""Seals the content of a record, so that it can be read with a key, verified, and erased.

Each content has a data key of its own. The data key is wrapped by a key of the keyring and lies in
a table of its own: to erase a content is to delete its data key. Without a keyring the data keys
lie there unwrapped; content can then be erased all the same, but it is not secret.

The plaintext is compressed and padded to blocks of 1 KiB, so that its size says little. Beside it
stand keyed tags of the recommendations that apply, always the same number of them and in no order:
who holds the keys can tell whether one is among them, nobody else, and nobody once the data key is
gone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rashpath.audit.errors import KeyUnknownError, LedgerDamagedError
from rashpath.audit.keyring import Keyring

PLAIN = ""
"""The key id of a data key that is not wrapped."""

TAG_BYTES = 16
TAGS = 64
"""Tags beside one content; more recommendations at once than that are a fault of ours."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_BLOCK = 1024
_LENGTH_BYTES = 4
_LARGEST = 64 << 20
"""Bytes of a content, unpacked: what says it is larger is damaged."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed content, as it is stored.

    Args:
        nonce: of the encryption.
        tags: keyed tags, 64 of 16 bytes.
        ciphertext: the content.
        key_id: the key of the keyring that wraps the data key; empty: it is not wrapped.
        wrapped_key: the data key.
        commitment: SHA-256 of the content, which begins with a random salt.
    """

    nonce: bytes
    tags: bytes
    ciphertext: bytes
    key_id: str
    wrapped_key: bytes = field(repr=False)
    commitment: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of what lies in the table of envelopes."""
        return envelope_digest(self.nonce, self.tags, self.ciphertext)


def envelope_digest(nonce: bytes, tags: bytes, ciphertext: bytes) -> bytes:
    """Returns SHA-256 of a stored envelope; nonce and tags have fixed lengths."""
    return hashlib.sha256(b"".join((nonce, tags, ciphertext))).digest()


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

    def seal(self, id: str, content: bytes, recommendations: Iterable[str]) -> Sealed:
        """Seals the content of a record.

        Args:
            id: id of the record, to which the content is bound.
            content: bytes that begin with a random salt.
            recommendations: ids of those that apply, at most 64.

        Raises:
            ValueError: more than 64 recommendations.
        """
        data_key = AESGCM.generate_key(256)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        tags = self._tags(data_key, recommendations)
        packed = zlib.compress(content, 1)
        size = -(-(len(packed) + _LENGTH_BYTES) // _BLOCK) * _BLOCK
        padded = (len(packed).to_bytes(_LENGTH_BYTES, "big") + packed).ljust(size, b"\0")
        return Sealed(
            nonce,
            tags,
            AESGCM(data_key).encrypt(nonce, padded, _bound(id, tags)),
            self._current,
            self.wrap(id, data_key),
            hashlib.sha256(content).digest(),
        )

    def open(
        self, id: str, keys: Mapping[str, bytes], nonce: bytes, tags: bytes, ciphertext: bytes
    ) -> bytes:
        """Returns the content that was sealed.

        Args:
            id: id of the record.
            keys: its data key as wrapped, by id of the wrapping key; at least one.
            nonce: as stored.
            tags: as stored.
            ciphertext: as stored.

        Raises:
            KeyUnknownError: the keyring holds none of the wrapping keys.
            LedgerDamagedError: what is stored is not what was sealed.
        """
        data_key = self.unwrap(id, keys)
        try:
            padded = AESGCM(data_key).decrypt(nonce, ciphertext, _bound(id, tags))
            length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
            packed = padded[_LENGTH_BYTES : _LENGTH_BYTES + length]
            return zlib.decompressobj().decompress(packed, _LARGEST)
        except (InvalidTag, ValueError, zlib.error):
            raise LedgerDamagedError(f"the content of `{id}` is not what was recorded") from None

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
        """Tells whether a recommendation applied in a sealed decision.

        Raises:
            KeyUnknownError: the keyring holds none of the wrapping keys.
            LedgerDamagedError: the data key is not what was stored.
        """
        key = hmac.digest(self._tag_key, self.unwrap(id, keys), "sha256")
        tag = hmac.digest(key, recommendation.encode(), "sha256")[:TAG_BYTES]
        return any(hmac.compare_digest(tag, each) for each in _split(tags))

    def _tags(self, data_key: bytes, recommendations: Iterable[str]) -> bytes:
        key = hmac.digest(self._tag_key, data_key, "sha256")
        tags = [hmac.digest(key, id.encode(), "sha256")[:TAG_BYTES] for id in recommendations]
        if len(tags) > TAGS:
            raise ValueError(f"{len(tags)} recommendations apply at once, more than {TAGS}")
        tags.extend(_split(secrets.token_bytes((TAGS - len(tags)) * TAG_BYTES)))
        # Sorted, their places say nothing: all of them look random.
        return b"".join(sorted(tags))


def _split(tags: bytes) -> Iterator[bytes]:
    return (tags[start : start + TAG_BYTES] for start in range(0, len(tags), TAG_BYTES))


def _bound(id: str, tags: bytes) -> bytes:
    return id.encode() + b"\0" + tags


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(secret)
