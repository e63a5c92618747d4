"""Packs contents (Zstandard) with a dictionary of what recurs in the answers of a guideline.

A dictionary is named by its SHA-256 and kept in the ledger beside the records that name it. It
holds words of the guideline and nothing of a patient; see :mod:`rashpath.audit.dictionary`.
"""

from __future__ import annotations

import hashlib
import threading

import zstandard

from rashpath.audit.errors import LedgerDamagedError

LARGEST = 64 << 20
"""Bytes of a content, unpacked: what says it is larger is damaged."""

_LEVEL = 1
"""The fastest of the levels that use the whole dictionary; higher ones cost more than they save."""


class Dictionary:
    """What contents are packed with.

    Args:
        content: its bytes.

    Attributes:
        content: its bytes.
        digest: SHA-256 of them, hexadecimal.

    Example:
        >>> dictionary = Dictionary(b"words that recur in answers")
        >>> unpack(dictionary.pack(b"words that recur in answers"), dictionary)
        b'words that recur in answers'
    """

    __slots__ = ("_compressor", "_decompressor", "_lock", "content", "digest")

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.digest = dictionary_digest(content)
        self._compressor: zstandard.ZstdCompressor | None = None
        self._decompressor: zstandard.ZstdDecompressor | None = None
        # Each serves one thread at a time.
        self._lock = threading.Lock()

    def pack(self, content: bytes) -> bytes:
        """Returns a content packed with this dictionary."""
        with self._lock:
            if self._compressor is None:
                words = zstandard.ZstdCompressionDict(self.content)
                words.precompute_compress(level=_LEVEL)
                self._compressor = _compressor(words)
            return self._compressor.compress(content)

    def decompress(self, packed: bytes) -> bytes:
        """Returns what was packed with this dictionary; see :func:`unpack`, which checks first.

        Raises:
            zstandard.ZstdError: it was not packed so.
        """
        with self._lock:
            if self._decompressor is None:
                words = zstandard.ZstdCompressionDict(self.content)
                self._decompressor = zstandard.ZstdDecompressor(dict_data=words)
            return self._decompressor.decompress(packed, allow_extra_data=False)


def dictionary_digest(content: bytes) -> str:
    """Returns the name of a dictionary, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def pack_plainly(content: bytes) -> bytes:
    """Returns a content packed without a dictionary."""
    return _compressor(None).compress(content)


def unpack(packed: bytes, dictionary: Dictionary | None) -> bytes:
    """Returns a content that was packed.

    Args:
        packed: its packed bytes, and nothing after them.
        dictionary: what it was packed with; None: nothing.

    Raises:
        LedgerDamagedError: it was not packed so, or is larger than 64 MiB.
    """
    try:
        # What states no size is none of ours, and might grow without end.
        if not 0 <= zstandard.frame_content_size(packed) <= LARGEST:
            raise LedgerDamagedError("a packed content does not state a size that it can have")
        if dictionary is None:
            return zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
        return dictionary.decompress(packed)
    except zstandard.ZstdError:
        raise LedgerDamagedError("a packed content cannot be unpacked") from None


def _compressor(words: zstandard.ZstdCompressionDict | None) -> zstandard.ZstdCompressor:
    # The ciphertext and the record's digests tell of damage; the record names the dictionary.
    return zstandard.ZstdCompressor(
        level=_LEVEL, dict_data=words, write_checksum=False, write_dict_id=False
    )
